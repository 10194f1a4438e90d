"""Ranks answers for a question: a softmax over sentence vectors, signs and words, and the NLU's intent, weighed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from ml.answers.index import Entry, Forms
from ml.answers.vectors import Vectors
from ml.answers.words import in_english, normal

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
FEATURES = ("meaning", "meaning_nearest", "meaning_answer", "signs_mean", "signs_nearest", "intent")
_DECAY = 0.05


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
        rows = [(self._place[e.id], question) for e in entries for question in e.questions]
        self.owners = np.array([owner for owner, _ in rows], np.int32)
        self.spoken = [spoken(question) for _, question in rows]
        self.forms = vectors.of(self.spoken)
        languages = sorted({entry.language for entry in entries if entry.questions})
        self._signs = {language: self._forms(language) for language in languages}
        self._answers = {language: self._answer_vectors(language) for language in languages}
        self._intents = self._intents_of(entries)
        self._runs = _Runs(self.owners, len(self.ids))

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
        here = [entry for entry in self.entries if entry.language == language]
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

    def features(self, query: Query, head: Head) -> Floats:
        """How each id compares with the question, by `FEATURES`: (len(ids), 6). The best wording counts."""
        every = [self._features(wording, query, head) for wording in query.variants]
        return (
            np.max(every, axis=0) if every else np.zeros((len(self.ids), len(FEATURES)), np.float32)
        )

    def _features(self, wording: str, query: Query, head: Head) -> Floats:
        vector = self._vectors.one(spoken(wording))
        nothing = np.zeros(len(self.ids), np.float32)
        signs = self._signs.get(query.language)
        nearest, means = signs.scores(wording) if signs else (nothing, nothing)
        answers = self._answers.get(query.language)
        agrees = self._intents.get(query.intent)
        columns = (
            head.scores(vector),
            self._runs.largest(self.forms @ vector),
            nothing if answers is None else answers @ vector,
            means,
            nearest,
            nothing if agrees is None else agrees * np.float32(query.confidence),
        )
        return np.stack(columns, axis=-1)


class _Runs:
    """The largest of each owner's numbers; nought for one that owns none."""

    def __init__(self, owners: Ints, count: int) -> None:
        self._order = np.argsort(owners, kind="stable")
        counts = np.bincount(owners, minlength=count)
        self._have = np.flatnonzero(counts)
        self._starts = (np.cumsum(counts) - counts)[self._have]
        self._count = count

    def largest(self, values: Floats) -> Floats:
        found = np.zeros(self._count, np.float32)
        if len(self._have):
            found[self._have] = np.maximum.reduceat(values[self._order], self._starts)
        return found


def spoken(text: str) -> str:
    """A text as the sentence encoder reads it."""
    return in_english(normal(text))
