"""Finds the answer to a question among those that are there now: similarities, the network's word, and the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from ml.answers.gate import Gate, Heard, signs
from ml.answers.index import Entry
from ml.answers.pairs import tidied
from ml.answers.rank import FEATURES, Floats, Head, Index, Query, fit_head
from ml.answers.types import Generated
from ml.answers.vectors import Encodes, Vectors
from ml.answers.words import words
from ml.serving import Card, ModelError, load_model

SETTINGS, HEAD, VECTORS = "ranking.json", "head.npz", "vectors.npz"
STRANGER = "nlu_fallback"
MOST_FOUND = 10
NEAR = 5
"""Both answers to a question in two parts must be among so many of the whole question's candidates."""
_BREAK = re.compile(
    r"[?？;；!！。]\s*|[,，]?\s*\b(?:and also|and|also|plus)\b\s*|[,，]?(?:另外|还有|还想问|顺便问下|顺便|以及)|[,，]\s*"
)
LEAST_PART = 4
MORE_STEPS = 12
"""Steps that fit a trained head to files that have changed since."""


def shipped() -> Path:
    """The folder of the committed ranking."""
    return Path(__file__).parent / "weights" / "ranking"


class Writes(Protocol):
    """The network, as far as ranking asks it."""

    def generate(self, question: str, language: str, beams: int = 4) -> Sequence[Generated]:
        """Answers that it writes, the likeliest first."""

    def topics(self, question: str) -> Mapping[str, float]:
        """The probability of each answer's id."""


@dataclass(frozen=True)
class Ranking:
    """What was learnt: a head over ids, how much each feature weighs in each language, and the gate."""

    head: Head
    mix: Mapping[str, Floats]
    gate: Gate
    forms: str
    card: Card
    vectors: Path

    @classmethod
    def load(cls, folder: Path) -> Ranking:
        """Loads the checked files of a folder; raises `ModelError`."""
        card = load_model(folder).card
        try:
            kept = json.loads((folder / SETTINGS).read_text("utf-8"))
            with np.load(folder / HEAD, allow_pickle=False) as arrays:
                head = Head(tuple(kept["ids"]), arrays["weights"].astype(np.float32))
            mix = {name: np.asarray(row, np.float32) for name, row in kept["mix"].items()}
            return cls(head, mix, Gate.of(kept["gate"]), kept["forms"], card, folder / VECTORS)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} holds no ranking ({error}): train it anew") from error


@dataclass(frozen=True)
class Found:
    """Ids that together answer a question, with the probability that they do, and what that was made of."""

    ids: tuple[str, ...]
    probability: float
    parts: Mapping[str, float] = field(default_factory=dict)
    generated: Generated | None = None


class Ranker:
    """Ranks the entries that it was made of; used by many threads."""

    def __init__(
        self, entries: Sequence[Entry], ranking: Ranking, encoder: Encodes, writer: Writes | None
    ) -> None:
        """Where the entries are not those that the head was trained on, it is fitted to them."""
        self.gate = ranking.gate
        self._mix = ranking.mix
        self._writer = writer
        self._index = Index(entries, Vectors(encoder, [ranking.vectors]))
        self._answers = {
            (e.language, tidied(e.answer)): e.id for e in reversed(entries) if e.answer
        }
        self._intents = {
            id_: frozenset(i for e in entries if e.id == id_ for i in e.intents)
            for id_ in self._index.ids
        }
        self._head = fitted(self._index, ranking)

    def rank(self, query: Query) -> list[Found]:
        """The best candidates, likeliest first; only the first one's probability is the gate's."""
        if not self._index.ids:
            return []
        found = self._ranked(query)
        both = self._both(query, found)
        return [both, *found] if both else found

    def _both(self, query: Query, whole: Sequence[Found]) -> Found | None:
        """Two answers in one, where each part of the question is surely answered and the whole points to both."""
        near = [one.ids[0] for one in whole[:NEAR]]
        for pair in halves(query.variants[0] if query.variants else ""):
            parts = [replace(query, variants=(p,), intent="", confidence=0.0) for p in pair]
            # The network is slow: it is asked only where the rest already points to two of the candidates.
            if not all(self._first(part) in near for part in parts):
                continue
            found = [self._ranked(part)[0] for part in parts]
            ids = tuple(one.ids[0] for one in found)
            sure = min(one.probability for one in found)
            if len(set(ids)) == len(ids) and sure >= self.gate.send:
                return Found(ids, sure, found[0].parts)
        return None

    def _first(self, query: Query) -> str:
        return self._index.ids[int(self.scores(query)[1].argmax())]

    def _ranked(self, query: Query) -> list[Found]:
        features, scores = self.scores(query)
        order = np.argsort(-scores, kind="stable")[:MOST_FOUND]
        generated, heard = self.heard(query, int(order[0]))
        row = signs(features, scores, int(order[0]), heard)
        sure = self.gate.probability(row)
        parts = dict(zip((*FEATURES,), map(float, features[order[0]]), strict=True)) | {
            "written": heard.written, "fluency": heard.fluency, "topic": heard.topic,
        }  # fmt: skip
        shares = np.exp(scores[order] - scores[order[0]])
        found = [Found((self._index.ids[order[0]],), sure, parts, generated)]
        # The others share what the first leaves, by their scores.
        rest = shares[1:] / max(float(shares[1:].sum()), 1e-9) * (1 - sure)
        for place, share in zip(order[1:], rest, strict=True):
            found.append(Found((self._index.ids[place],), min(float(share), sure)))
        return found

    def scores(self, query: Query) -> tuple[Floats, Floats]:
        """Features (ids, 6) and their weighed sums (ids,)."""
        features = self._index.features(query, self._head)
        mix = self._mix[query.language][: features.shape[1]]
        return features, np.asarray(features[:, : len(mix)] @ mix, np.float32)

    def heard(self, query: Query, best: int) -> tuple[Generated | None, Heard]:
        """What the NLU and the network say of a candidate."""
        id_ = self._index.ids[best]
        stranger = query.confidence if query.intent == STRANGER else 0.0
        agrees = query.confidence if query.intent in self._intents[id_] else 0.0
        if self._writer is None or not query.variants:
            return None, Heard(query.language == "zh", stranger, agrees)
        written = self._writer.generate(query.variants[0], query.language, 1)
        topic = self._writer.topics(query.variants[0]).get(id_.partition(":")[2], 0.0)
        first = written[0] if written else None
        same = first is not None and self.writes(first, query.language) == (id_,)
        fluency = float(np.exp(first.per_token)) if first else 0.0
        return first, Heard(query.language == "zh", stranger, agrees, float(same), fluency, topic)

    def writes(self, generated: Generated, language: str) -> tuple[str, ...]:
        """The ids of the present answers that the network wrote out; empty where one is no answer of now."""
        found = [self._answers.get((language, tidied(part)), "") for part in generated.parts]
        return tuple(found) if found and all(found) else ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The candidates, in the order of the features' rows."""
        return self._index.ids


def halves(question: str) -> Sequence[tuple[str, str]]:
    """A question cut in two where two may have been asked: at most two ways, the middle one first."""
    cuts = [(m.start(), m.end()) for m in _BREAK.finditer(question)]
    pairs = [(question[:a].strip(), question[b:].strip()) for a, b in cuts]
    long = [pair for pair in pairs if min(map(_weight, pair)) >= LEAST_PART]
    return sorted(long, key=lambda pair: abs(_weight(pair[0]) - _weight(pair[1])))[:2]


def _weight(part: str) -> int:
    """Han signs, and words twice: about how much a part says."""
    return sum(1 if not word.isascii() else 2 for word in words(part))


def forms_of(entries: Sequence[Entry]) -> str:
    """A hash of all question forms and whose they are: the head fits only what it was trained on."""
    rows = sorted(f"{e.id}\0{e.language}\0{question}" for e in entries for question in e.questions)
    return sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def fitted(index: Index, ranking: Ranking) -> Head:
    """The head for what is there now."""
    if not len(index.owners) or forms_of(index.entries) == ranking.forms:
        return Head(index.ids, ranking.head.onto(index.ids))
    return fit_head(index.forms, index.owners, index.ids, ranking.head, MORE_STEPS)
