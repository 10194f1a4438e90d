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

from ml.answers.rank import FEATURES

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SIGNS = (
    "chance", "lead", "next_lead", "score", "lead_over_reserved",
    *FEATURES,
    *(f"{name}_lead" for name in FEATURES),
    *(f"{name}_first" for name in FEATURES),
    *(f"{name}_most" for name in FEATURES),
    "chinese", "length", "stranger", "likelihood",
)  # fmt: skip
"""What the gate looks at.

`chance` is the log of the candidate's share of all candidates' scores, `lead` its distance to the next one's,
`next_lead` the next one's to the third; `lead_over_reserved` how far it is ahead of the first that goes to a
person. Of each feature: its value, how far it is ahead of the next candidate's, whether the candidate is
first by it, and the most that any candidate has. `length` is the log of the question's signs, `stranger` the NLU's
confidence that the question is none of the shop's, and `likelihood` the network's probability of a token of its text.
"""


@dataclass(frozen=True)
class Heard:
    """What others made of the question: the NLU and the network, 0..1 each; the network's is None where it knows not."""

    chinese: bool = False
    length: int = 1
    stranger: float = 0.0
    likelihood: float | None = None


def signs(features: Floats, scores: Floats, reserved: Flags, heard: Heard) -> Doubles:
    """The signs for the best candidate: (len(SIGNS),); NaN where the network does not know it.

    `features` is (ids, len(FEATURES)), `scores` and `reserved` (ids,).
    """
    share = log_softmax(scores.astype(np.float64))
    first, second, third = _three(share)
    values = features.astype(np.float64)
    return np.array(
        [
            share[first],
            share[first] - share[second],
            share[second] - share[third],
            scores[first],
            share[first] - share[reserved].max(initial=-20.0),
            *values[first],
            *(values[first] - values[second]),
            *(values.argmax(axis=0) == first),
            *values.max(axis=0),
            heard.chinese,
            np.log(max(heard.length, 1)),
            heard.stranger,
            np.nan if heard.likelihood is None else heard.likelihood,
        ]
    )


def _three(share: Doubles) -> tuple[int, int, int]:
    """The places of the three largest; where there are fewer, the last again."""
    order = np.argsort(-share, kind="stable")[:3]
    found = [int(order[min(place, len(order) - 1)]) for place in range(3)]
    return found[0], found[1], found[2]


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
        """0..1; a sign that is not known counts as its mean."""
        standard = (row - np.asarray(self.means)) / np.asarray(self.scales)
        return float(expit(np.nan_to_num(standard) @ np.asarray(self.weights) + self.bias))

    @classmethod
    def of(cls, kept: Mapping[str, object]) -> Gate:
        """The gate of a settings file; raises `KeyError`, `TypeError`, `ValueError`."""
        found = cls(**{name: kept[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]
        if not len(found.means) == len(found.scales) == len(found.weights) == len(SIGNS):
            raise ValueError("its gate looks at other signs")
        return found


def fit(rows: Doubles, right: Flags, send: float, ask: float) -> Gate:
    """The gate for signs (questions, len(SIGNS)) of which the best candidate was right or not.

    The questions are to be those that would be sent if the gate were sure: what goes to a person anyway is so easily
    told from the rest that a gate which learns from it too tells the rest less well (docs/quality.md).
    """
    known = ~np.isnan(rows)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, rows, 0.0).sum(axis=0) / counts
    apart = np.where(known, rows - means, 0.0)
    scales = np.maximum(np.sqrt((apart**2).sum(axis=0) / counts), 1e-6)
    machine = LogisticRegression(C=0.1, max_iter=3000).fit(apart / scales, right)
    return Gate(
        means.tolist(),
        scales.tolist(),
        machine.coef_[0].tolist(),
        float(machine.intercept_[0]),
        send,
        ask,
    )


def unseen(rows: Doubles, right: Flags, asked: Flags, folds: npt.NDArray[np.int_]) -> Doubles:
    """Each question's probability by a gate that was fitted without the questions of its fold: (questions,).

    Those that are not `asked` are not learnt from, as in `fit`.
    """
    found = np.zeros(len(rows))
    for number in np.unique(folds):
        known = asked & (folds != number)
        kept = fit(rows[known], right[known], 1.0, 1.0)
        for row in np.flatnonzero(folds == number):
            found[row] = kept.probability(rows[row])
    return found


def threshold(probability: Doubles, wrong: Flags, most: float) -> float:
    """The least probability from which on at most `most` of all questions are answered wrongly."""
    order = np.argsort(-probability, kind="stable")
    allowed = np.flatnonzero(np.cumsum(wrong[order]) <= most * len(wrong))
    return float(probability[order[allowed[-1]]]) if len(allowed) else 1.0


def calibration_error(probability: Doubles, right: Flags, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): the mean gap of confidence and accuracy over equal bins."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = (
        np.mean(place == number)
        * abs(probability[place == number].mean() - right[place == number].mean())
        for number in np.unique(place)
    )
    return float(sum(gaps))
