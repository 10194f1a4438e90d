"""Finds the answer to a question among those that are there now: similarities, the network's word, and the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from ml.answers.answerer import Read
from ml.answers.gate import Gate, Heard, signs
from ml.answers.index import Entry
from ml.answers.pairs import tidied
from ml.answers.rank import FEATURES, Floats, Head, Index, Query, fit_columns
from ml.answers.types import Generated
from ml.answers.vectors import Encodes, Vectors
from ml.answers.words import spoken, words
from ml.sentence import Encoded
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
SURE = 0.995
"""A question that is answered so surely is not read again in parts."""
MORE_STEPS = 30
"""Steps that fit a trained head to files that have changed since."""


def shipped() -> Path:
    """The folder of the committed ranking."""
    return Path(__file__).parent / "weights" / "ranking"


class Writes(Protocol):
    """The network, as far as ranking asks it."""

    @property
    def known(self) -> Collection[str]:
        """The ids of the answers that it was trained on."""

    def read(self, encoded: Encoded) -> Read:
        """A question as the network reads it, for the other two."""

    def generate(
        self, question: Encoded | Read, language: str, beams: int = 4
    ) -> Sequence[Generated]:
        """Answers that it writes, the likeliest first."""

    def score(self, question: Encoded | Read, language: str, answers: Sequence[str]) -> Floats:
        """The mean natural log-probability of a token of each answer."""


@dataclass(frozen=True)
class Ranking:
    """What was learnt: a head over ids (`forms` says of which question forms), each feature's weight by language, the gate."""

    head: Head
    mix: Mapping[str, Floats]
    gate: Gate
    forms: Mapping[str, str]
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


class Ranker:
    """Ranks the entries that it was made of; used by many threads."""

    def __init__(
        self, entries: Sequence[Entry], ranking: Ranking, encoder: Encodes, writer: Writes | None
    ) -> None:
        """Where the entries are not those that the head was trained on, it is fitted to them."""
        self.gate = ranking.gate
        self._mix = ranking.mix
        self._encoder, self._writer = encoder, writer
        self._index = Index(entries, Vectors(encoder, [ranking.vectors]))
        self._answers = {(e.language, e.id): e.answer for e in entries if e.answer}
        self._head = fitted(self._index, ranking)

    def rank(self, query: Query) -> list[Found]:
        """The best candidates, likeliest first; only the first one's probability is the gate's."""
        if not self._index.ids or not query.variants:
            return []
        encoded = self._read(query)
        found = self._ranked(query, encoded, self._writer.read(encoded) if self._writer else None)
        both = self._both(query, found)
        return [both, *found] if both else found

    def written(self, query: Query) -> Generated | None:
        """What the network writes to a question, for people who want to see where it looks."""
        if self._writer is None or not query.variants:
            return None
        found = self._writer.generate(self._read(query), query.language, 1)
        return found[0] if found else None

    def _both(self, query: Query, whole: Sequence[Found]) -> Found | None:
        """Two answers in one, where the whole points to both and each part is answered more surely than the whole.

        A comma alone makes no second question: what one answer settles should not get another one too.
        """
        if whole[0].probability >= SURE:
            return None
        near = [one.ids[0] for one in whole[:NEAR]]
        least = max(self.gate.send, whole[0].probability)
        for pair in halves(query.variants[0]):
            found = list(self._surer(pair, query.language, near, least))
            ids = tuple(one.ids[0] for one in found)
            if len(ids) == len(pair) == len(set(ids)):
                return Found(ids, min(one.probability for one in found), found[0].parts)
        return None

    def _surer(
        self, pair: Sequence[str], language: str, near: Sequence[str], least: float
    ) -> Iterator[Found]:
        """The best candidate of each part, up to one that is no surer than `least`.

        Signs and words are asked only where the vectors already point to two of the candidates, and the network, which
        is slow, not at all.
        """
        parts = [Query((part,), language) for part in pair]
        for part, read in zip(parts, self._apart(parts, near), strict=False):
            found = self._ranked(part, read, None)[0]
            if found.probability <= least:
                return
            yield found

    def _apart(self, parts: Sequence[Query], near: Sequence[str]) -> Sequence[Encoded]:
        """The parts as they were read, if the head has another candidate for each, each among the whole's first."""
        read: list[Encoded] = []
        seen: set[str] = set()
        for part in parts:
            read.append(self._read(part))
            seen.add(self._index.ids[int(self._head.scores(read[-1].vector).argmax())])
            if not seen <= set(near):
                return ()
        return read if len(seen) == len(parts) else ()

    def _ranked(self, query: Query, encoded: Encoded, read: Read | None) -> list[Found]:
        features, scores = self.scores(query, encoded.vector)
        order = np.argsort(-scores, kind="stable")[:MOST_FOUND]
        best = self._index.ids[order[0]]
        heard = self.heard(query, read, best)
        sure = self.gate.probability(signs(features, scores, self._index.reserved, heard))
        parts = dict(zip(FEATURES, map(float, features[order[0]]), strict=True)) | {
            "likelihood": heard.likelihood or 0.0,
        }  # fmt: skip
        shares = np.exp(scores[order] - scores[order[0]])
        found = [Found((best,), sure, parts)]
        # The others share what the first leaves, by their scores.
        rest = shares[1:] / max(float(shares[1:].sum()), 1e-9) * (1 - sure)
        for place, share in zip(order[1:], rest, strict=True):
            found.append(Found((self._index.ids[place],), min(float(share), sure)))
        return found

    def _read(self, query: Query) -> Encoded:
        return self._encoder.read(spoken(query.variants[0]))

    def scores(self, query: Query, vector: Floats) -> tuple[Floats, Floats]:
        """Features (ids, len(FEATURES)) and their weighed sums (ids,)."""
        features = self._index.features(query, vector, self._head)
        return features, np.asarray(features @ self._mix[query.language], np.float32)

    def heard(self, query: Query, read: Read | None, best: str) -> Heard:
        """What the NLU and the network say of a candidate; the network is asked of answers that it knows alone."""
        stranger = query.confidence if query.intent == STRANGER else 0.0
        chinese, length = query.language == "zh", len(query.variants[0])
        answer = self._answers.get((query.language, best))
        if self._writer is None or read is None or answer is None:
            return Heard(chinese, length, stranger)
        if best.partition(":")[2] not in self._writer.known:  # it came after the training
            return Heard(chinese, length, stranger)
        score = float(self._writer.score(read, query.language, [tidied(answer)])[0])
        return Heard(chinese, length, stranger, float(np.exp(score)))


def halves(question: str) -> Sequence[tuple[str, str]]:
    """A question cut in two where two may have been asked: at most two ways, the middle one first."""
    cuts = [(m.start(), m.end()) for m in _BREAK.finditer(question)]
    pairs = [(question[:a].strip(), question[b:].strip()) for a, b in cuts]
    long = [pair for pair in pairs if min(map(_weight, pair)) >= LEAST_PART]
    return sorted(long, key=lambda pair: abs(_weight(pair[0]) - _weight(pair[1])))[:2]


def _weight(part: str) -> int:
    """Han signs, and words twice: about how much a part says."""
    return sum(1 if not word.isascii() else 2 for word in words(part))


def forms_of(entries: Sequence[Entry]) -> dict[str, str]:
    """A hash of each id's question forms: the head fits only what it was trained on."""
    rows: dict[str, list[str]] = {}
    for entry in entries:
        rows.setdefault(entry.id, []).extend(f"{entry.language}\0{q}" for q in entry.questions)
    return {
        id_: sha256("\n".join(sorted(forms)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        for id_, forms in rows.items()
    }


def fitted(index: Index, ranking: Ranking) -> Head:
    """The head for what is there now: the weights of ids that are new or have other forms are fitted anew."""
    head = Head(index.ids, ranking.head.onto(index.ids))
    now = forms_of(index.entries)
    other = [n for n, id_ in enumerate(index.ids) if now[id_] != ranking.forms.get(id_)]
    if not other or not len(index.owners):
        return head
    return fit_columns(index.forms, index.owners, head, other, MORE_STEPS)
