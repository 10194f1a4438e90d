"""Ranks answers for a question: a softmax over sentence vectors, signs and words, and the NLU's intent, weighed together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from ml.answers.index import Entry, Forms
from ml.answers.vectors import Vectors
from ml.answers.words import spoken

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
FEATURES = (
    "meaning", "meaning_nearest", "meaning_answer", "signs_mean", "signs_nearest", "intent",
)  # fmt: skip
_DECAY = 0.05
LIKELY = 64
"""So many ids, the likeliest by the head, are compared with form by form."""


@dataclass(frozen=True, eq=False)
class Head:
    """A softmax over answers' ids: `weights` is (width + 1, len(ids)), the last row the bias."""

    ids: tuple[str, ...]
    weights: Floats

    def scores(self, vectors: Floats) -> Floats:
        """Natural log-probabilities: (rows, len(ids))."""
        return np.asarray(
            log_softmax(vectors @ self.weights[:-1] + self.weights[-1], axis=-1), np.float32
        )

    def onto(self, ids: Sequence[str]) -> Floats:
        """The weights for other ids; those not known start from nought."""
        place = {id_: number for number, id_ in enumerate(self.ids)}
        weights = np.zeros((len(self.weights), len(ids)), np.float32)
        known = [number for number, id_ in enumerate(ids) if id_ in place]
        weights[:, known] = self.weights[:, [place[ids[number]] for number in known]]
        return weights


def fit_head(
    vectors: Floats, owners: Ints, ids: Sequence[str], start: Head | None = None, steps: int = 60
) -> Head:
    """Multinomial logistic regression with an L2 penalty, by L-BFGS; `start` makes few steps enough."""
    rows = np.arange(len(owners))
    inputs = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)])
    shape = (inputs.shape[1], len(ids))

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        told = log_softmax(inputs @ weights, axis=1)
        lost = _DECAY / 2 * float((weights[:-1] ** 2).sum()) - float(told[rows, owners].sum())
        wrong = np.exp(told)
        wrong[rows, owners] -= 1
        slope = inputs.T @ wrong
        slope[:-1] += _DECAY * weights[:-1]
        return lost, slope.ravel().astype(np.float64)

    first = start.onto(ids) if start else np.zeros(shape, np.float32)
    options = {"maxiter": steps, "maxcor": 8}
    found = minimize(
        loss, first.ravel().astype(np.float64), jac=True, method="L-BFGS-B", options=options
    )
    return Head(tuple(ids), found.x.reshape(shape).astype(np.float32))


def fit_columns(
    vectors: Floats, owners: Ints, head: Head, columns: Sequence[int], steps: int = 60
) -> Head:
    """The head with the weights of some ids fitted anew, by the loss of `fit_head`, and all others as they are."""
    inputs = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)])
    place = np.full(len(head.ids), -1)
    place[list(columns)] = np.arange(len(columns))
    owned = np.flatnonzero(place[owners] >= 0)
    own = place[owners[owned]]
    # What the others say does not change: the log of their sum stands for all of them.
    stay = inputs @ head.weights[:, place < 0]
    rest = logsumexp(stay, axis=1) if stay.shape[1] else np.full(len(inputs), -np.inf)
    del stay
    shape = (inputs.shape[1], len(columns))

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        logits = inputs @ weights
        total = np.logaddexp(rest, logsumexp(logits, axis=1))
        lost = _DECAY / 2 * float((weights[:-1] ** 2).sum()) + float(total.sum())
        lost -= float(logits[owned, own].sum())
        wrong = np.exp(logits - total[:, None])
        wrong[owned, own] -= 1
        slope = inputs.T @ wrong
        slope[:-1] += _DECAY * weights[:-1]
        return lost, slope.ravel().astype(np.float64)

    first = head.weights[:, list(columns)].ravel().astype(np.float64)
    options = {"maxiter": steps, "maxcor": 8}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options)
    weights = head.weights.copy()
    weights[:, list(columns)] = found.x.reshape(shape).astype(np.float32)
    return Head(head.ids, weights)


@dataclass(frozen=True, slots=True)
class Query:
    """A question: its wordings (the one with placeholders first), and what the NLU made of it (0..1; empty if nothing)."""

    variants: tuple[str, ...]
    language: str
    intent: str = ""
    confidence: float = 0.0


class Index:
    """What the entries are now, and how a question compares with each of their ids."""

    def __init__(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        self.ids = tuple(dict.fromkeys(entry.id for entry in entries))
        self._place = {id_: number for number, id_ in enumerate(self.ids)}
        self._vectors = vectors
        self.entries = entries
        told = {self._place[entry.id] for entry in entries if entry.answer}
        self.reserved = np.array([n not in told for n in range(len(self.ids))], bool)
        """Which ids have no answer and go to a person: (ids,)."""
        rows = sorted(
            ((self._place[e.id], question) for e in entries for question in e.questions),
            key=lambda row: row[0],
        )
        self.owners = np.array([owner for owner, _ in rows], np.int32)
        self.spoken = [spoken(question) for _, question in rows]
        self.forms = vectors.of(self.spoken)
        self._starts = np.searchsorted(self.owners, np.arange(len(self.ids) + 1))
        languages = sorted({entry.language for entry in entries if entry.questions})
        self._signs = {language: self._forms(language) for language in languages}
        self._answers = {language: self._answer_vectors(language) for language in languages}
        self._intents = self._intents_of(entries)

    def without(self, questions: Collection[str]) -> Index:
        """An index of the same ids that does not have these question forms."""
        kept = [
            replace(e, questions=tuple(q for q in e.questions if q not in questions))
            for e in self.entries
        ]
        return Index(kept, self._vectors) if kept != list(self.entries) else self

    def _forms(self, language: str) -> Forms:
        rows = [
            (self._place[e.id], q)
            for e in self.entries
            if e.language == language
            for q in e.questions
        ]
        return Forms([q for _, q in rows], [owner for owner, _ in rows], len(self.ids))

    def _answer_vectors(self, language: str) -> Floats:
        """(len(ids), width); noughts where an id has no answer in the language."""
        found = np.zeros((len(self.ids), self.forms.shape[1]), np.float32)
        here = [entry for entry in self.entries if entry.language == language and entry.answer]
        found[[self._place[e.id] for e in here]] = self._vectors.of(
            [spoken(e.answer) for e in here]
        )
        return found

    def _intents_of(self, entries: Sequence[Entry]) -> Mapping[str, Floats]:
        found: dict[str, Floats] = {}
        for entry in entries:
            for intent in entry.intents:
                has = found.setdefault(intent, np.zeros(len(self.ids), np.float32))
                has[self._place[entry.id]] = 1.0
        return found

    def features(self, query: Query, vector: Floats, head: Head) -> Floats:
        """How each id compares with the question, by `FEATURES`: (len(ids), 6); `vector` is the first wording's.

        By signs and words the best wording counts.
        """
        nothing = np.zeros(len(self.ids), np.float32)
        told = head.scores(vector)
        signs = self._signs.get(query.language)
        answers = self._answers.get(query.language)
        agrees = self._intents.get(query.intent)
        wordings = [signs.scores(wording) for wording in query.variants] if signs else []
        nearest, means = np.max(wordings, axis=0) if wordings else (nothing, nothing)
        columns = (
            told,
            self._nearest(vector, told),
            nothing if answers is None else answers @ vector,
            means,
            nearest,
            nothing if agrees is None else agrees * np.float32(query.confidence),
        )
        return np.stack(columns, axis=-1)

    def _nearest(self, vector: Floats, told: Floats) -> Floats:
        """The cosine of each id's nearest form, for the likeliest ids; the others get the least of these.

        All forms are tens of megabytes, which a question would wait for.
        """
        likely = np.argsort(-told)[:LIKELY]
        found = [
            float((self.forms[self._starts[n] : self._starts[n + 1]] @ vector).max(initial=-1.0))
            for n in likely
        ]
        nearest = np.full(len(self.ids), min(found, default=0.0), np.float32)
        nearest[likely] = found
        return nearest
