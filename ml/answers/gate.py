"""How sure it is that the best candidate answers the question: a calibrated probability, and what is done at which.

A logistic regression over a few signs of agreement (Platt 1999 for the calibration: it is fitted on questions that
nothing else was fitted on). Its weights are plain numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SIGNS = (
    "chance", "lead", "score", "head", "meaning", "answer", "words", "signs",
    "head_first", "meaning_first", "words_first", "signs_first",
    "nearest_meaning", "nearest_signs", "surest_head",
    "chinese", "stranger", "intent", "written", "fluency", "topic",
)  # fmt: skip
"""What the gate looks at.

`chance` is the log of the candidate's share of all candidates' scores, `lead` its distance to the next one's; then its
six features (see `rank.FEATURES`, without the intent), whether it is first by each, and the best of any candidate.
`stranger` is the NLU's confidence that the question is none of the shop's, `intent` that it is of the candidate's
intents; `written` whether the network wrote this very answer, `fluency` the probability of a token of what it wrote,
`topic` the network's probability of this answer's id (0 each where it was not asked).
"""


@dataclass(frozen=True)
class Heard:
    """What others made of the question: the NLU and the network, 0..1 each."""

    chinese: bool = False
    stranger: float = 0.0
    intent: float = 0.0
    written: float = 0.0
    fluency: float = 0.0
    topic: float = 0.0


def signs(features: Floats, scores: Floats, best: int, heard: Heard) -> Doubles:
    """The signs for one candidate: (len(SIGNS),); `features` is (ids, 6), `scores` (ids,)."""
    share = log_softmax(scores.astype(np.float64))
    others = np.delete(share, best)
    lead = share[best] - (others.max() if len(others) else -20.0)
    five = features[:, :5].astype(np.float64)
    first = five.argmax(axis=0)[[0, 1, 3, 4]] == best
    most = five.max(axis=0)[[1, 4, 0]]
    given = (
        heard.chinese, heard.stranger, heard.intent, heard.written, heard.fluency, heard.topic,
    )  # fmt: skip
    return np.array([share[best], lead, scores[best], *five[best], *first, *most, *given])


@dataclass(frozen=True)
class Gate:
    """The probability of signs, and the thresholds: from `send` on an answer is sent, from `ask` on it is asked back."""

    means: Sequence[float]
    scales: Sequence[float]
    weights: Sequence[float]
    bias: float
    send: float
    ask: float

    def probability(self, row: Doubles) -> float:
        """0..1."""
        standard = (row - np.asarray(self.means)) / np.asarray(self.scales)
        return float(expit(standard @ np.asarray(self.weights) + self.bias))

    @classmethod
    def of(cls, kept: Mapping[str, object]) -> Gate:
        """The gate of a settings file; raises `KeyError`, `TypeError`."""
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]


def fit(rows: Doubles, right: npt.NDArray[np.bool_], send: float, ask: float) -> Gate:
    """The gate for signs (questions, len(SIGNS)) of which the best candidate was right or not."""
    means, scales = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    machine = LogisticRegression(C=0.3, max_iter=2000).fit((rows - means) / scales, right)
    return Gate(
        means.tolist(),
        scales.tolist(),
        machine.coef_[0].tolist(),
        float(machine.intercept_[0]),
        send,
        ask,
    )


def unseen(rows: Doubles, right: npt.NDArray[np.bool_], folds: int = 10, seed: int = 7) -> Doubles:
    """Each question's probability by a gate that was fitted without it: (questions,)."""
    fold = np.random.default_rng(seed).permutation(len(rows)) % folds
    found = np.zeros(len(rows))
    for number in range(folds):
        kept = fit(rows[fold != number], right[fold != number], 1.0, 1.0)
        for row in np.flatnonzero(fold == number):
            found[row] = kept.probability(rows[row])
    return found


def threshold(probability: Doubles, wrong: npt.NDArray[np.bool_], most: float) -> float:
    """The least probability from which on at most `most` of all questions are answered wrongly."""
    order = np.argsort(-probability, kind="stable")
    allowed = np.flatnonzero(np.cumsum(wrong[order]) <= most * len(wrong))
    return float(probability[order[allowed[-1]]]) if len(allowed) else 1.0


def calibration_error(probability: Doubles, right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): the mean gap of confidence and accuracy over equal bins."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = (
        np.mean(place == number)
        * abs(probability[place == number].mean() - right[place == number].mean())
        for number in np.unique(place)
    )
    return float(sum(gaps))
