"""Tags tokens with a trained network through ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.orders.catalogue import Catalogue
from ml.orders.encode import Encoder, Text, Vocabulary
from ml.orders.features import text_features
from ml.orders.tidy import tidy
from ml.orders.tokens import tokenize
from ml.orders.types import Label, Span
from ml.serving import Model, load_model

WEIGHTS = Path(__file__).parent / "weights"
WINDOW, OVERLAP = 256, 64
_BATCH_TOKENS = 6144
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a network must know beside its weights; a JSON file next to them."""

    vocabulary: Vocabulary
    tags: tuple[str, ...]
    temperature: float = 1.0

    @classmethod
    def read(cls, path: Path) -> Settings:
        found = json.loads(path.read_text(encoding="utf-8"))
        vocabulary = Vocabulary(tuple(found["words"]), tuple(found["characters"]))
        return cls(vocabulary, tuple(found["tags"]), float(found["temperature"]))

    def write(self, path: Path) -> None:
        content = {
            "tags": self.tags,
            "temperature": self.temperature,
            "characters": "".join(self.vocabulary.characters),
            "words": self.vocabulary.words,
        }
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


class Tagger:
    """Scores tags for sequences of tokens; batches sequences of like length."""

    def __init__(self, model: Model, name: str) -> None:
        self.session = model.session(f"{name}.onnx")
        self.settings = Settings.read(model.folder / f"{name}.json")
        self.encoder = Encoder(self.settings.vocabulary)

    def probabilities(self, texts: Sequence[Text]) -> list[Floats]:
        """For each text an array (tokens, tags) of calibrated probabilities."""
        found: list[Floats] = [np.zeros((0, len(self.settings.tags)), np.float32)] * len(texts)
        for rows in _batches([len(t.tokens) for t in texts]):
            logits = self.logits([texts[row] for row in rows])
            for row, scores in zip(rows, softmax(logits / self.settings.temperature), strict=True):
                found[row] = scores[: len(texts[row].tokens)]
        return found

    def logits(self, texts: Sequence[Text]) -> Floats:
        batch = self.encoder.batch(texts)
        flat = batch.characters.reshape(-1, batch.characters.shape[2])
        spelled, places = np.unique(flat, axis=0, return_inverse=True)
        inputs = {**batch.inputs(), "characters": spelled, "lengths": batch.lengths}
        inputs["tokens"] = places.reshape(batch.words.shape).astype(np.int32)
        return np.asarray(self.session.run(["logits"], inputs)[0], np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of like length, at most so many tokens together; empty rows are left out."""
    rows = sorted((r for r, n in enumerate(lengths) if n), key=lambda r: lengths[r])
    batch: list[int] = []
    for row in rows:
        if batch and lengths[row] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def softmax(logits: Floats) -> Floats:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), np.float32)


class TaggedSpans:
    """Finds the pieces of order messages with the trained tagger."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger
        tags = tagger.settings.tags
        self.labels = [Label(tag[2:]) for tag in tags if tag.startswith("B-")]
        self._begins = np.array([tags.index(f"B-{label}") for label in self.labels])
        self._inside = np.array([tags.index(f"I-{label}") for label in self.labels])

    def find(self, texts: Sequence[str], catalogue: Catalogue) -> list[list[Span]]:
        tokens = [tokenize(text) for text in texts]
        whole = [text_features(t, k, catalogue) for t, k in zip(texts, tokens, strict=True)]
        cuts = [_windows(len(k)) for k in tokens]
        pieces = [
            _cut(text, *window)
            for text, windows in zip(whole, cuts, strict=True)
            for window in windows
        ]
        scores = iter(self.tagger.probabilities(pieces))
        found = []
        for text, kept, windows in zip(texts, tokens, cuts, strict=True):
            joined = _joined([next(scores) for _ in windows], windows)
            spans = [
                Span(label, kept[first].start, kept[last].end, confidence)
                for label, first, last, confidence in self._spans(joined)
            ]
            found.append(tidy(text, spans))
        return found

    def _spans(self, scores: Floats) -> list[tuple[Label, int, int, float]]:
        """The likeliest label of each token (begin and inside together), cut where one begins."""
        if not len(scores):
            return []
        begins, inside = scores[:, self._begins], scores[:, self._inside]
        labels = begins + inside
        best = labels.argmax(axis=1)
        rows = np.arange(len(scores))
        sure = labels[rows, best]
        nothing = scores[:, 0] >= sure
        new = begins[rows, best] >= inside[rows, best]
        spans: list[tuple[Label, int, int, float]] = []
        for place in np.flatnonzero(~nothing):
            label, confidence = self.labels[best[place]], float(sure[place])
            follows = (
                spans and spans[-1][2] == place - 1 and spans[-1][0] is label and not new[place]
            )
            if follows:
                _, first, _, before = spans[-1]
                spans[-1] = (label, first, int(place), min(before, confidence))
            else:
                spans.append((label, int(place), int(place), confidence))
        return spans


def _windows(length: int) -> list[tuple[int, int]]:
    """Overlapping windows over a long text, so that time and memory stay bounded."""
    if length <= WINDOW:
        return [(0, length)]
    starts = range(0, length - OVERLAP, WINDOW - OVERLAP)
    return [(start, min(start + WINDOW, length)) for start in starts]


def _cut(text: Text, start: int, end: int) -> Text:
    return Text(text.tokens[start:end], text.marks[start:end], text.gaps[start:end])


def _joined(scores: Sequence[Floats], windows: Sequence[tuple[int, int]]) -> Floats:
    """Each window gives way to the next in the middle of their overlap."""
    parts = []
    for place, (found, (start, end)) in enumerate(zip(scores, windows, strict=True)):
        first = OVERLAP // 2 if place else 0
        last = end - start - (OVERLAP // 2 if place < len(windows) - 1 else 0)
        parts.append(found[first:last])
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


@lru_cache(maxsize=1)
def shipped() -> Model:
    """The committed weights, checked once per process."""
    return load_model(WEIGHTS)
