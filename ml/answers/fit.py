"""Fits the ranking to a shop's entries, and its gate to questions that were written by somebody who saw no forms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import softmax

from ml.answers import gate
from ml.answers.gate import Doubles, Gate
from ml.answers.index import Entry
from ml.answers.rank import FEATURES, Floats, Head, Index, Query, fit_head, spoken
from ml.answers.ranker import HEAD, SETTINGS, VECTORS, Ranker, Ranking, Writes, forms_of
from ml.answers.vectors import Encodes, Vectors
from ml.serving import Card, save_card

Flags = npt.NDArray[np.bool_]
FOLDS = 5
MOST_WRONG = 0.004
"""The share of all questions that may be answered wrongly on the questions that the threshold is chosen on.

A fifth of what is allowed: at 0.012 the held-out questions were answered wrongly four times as often.
"""
WITHIN_TWO = 0.6
"""Asking back is worth it where at least so often one of the two offered is right."""
SEED = 7


@dataclass(frozen=True)
class Judged:
    """A question and the ids of all answers that are right; none: it is to be handed over."""

    query: Query
    right: frozenset[str]


@dataclass(frozen=True)
class _Seen:
    """All questions against all candidates: features (questions, ids, 6), and which ids are right (questions, ids)."""

    features: Floats
    right: Flags
    languages: npt.NDArray[np.str_]
    fold: npt.NDArray[np.int_]


def train(
    entries: Sequence[Entry],
    questions: Sequence[Judged],
    encoder: Encodes,
    writer: Writes | None,
    out: Path,
    say: Callable[[str], None],
) -> Card:
    """Writes head, vectors, mix, gate and card into `out`."""
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    vectors = Vectors(encoder)
    say(f"vectors of {sum(len(e.questions) for e in entries)} question forms")
    index = Index(entries, vectors)
    vectors.save(out / VECTORS, [*index.spoken, *(spoken(e.answer) for e in entries)])
    say("the head over all answers")
    head = fit_head(index.forms, index.owners, index.ids)
    say(f"the gate, on {len(questions)} questions")
    found = _gated(index, head, entries, questions, encoder, writer, out / VECTORS)
    settings = {
        "ids": list(head.ids),
        "forms": forms_of(entries),
        "mix": {name: [round(float(w), 4) for w in row] for name, row in found.mix.items()},
        "gate": asdict(found.gate),
    }
    (out / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", "utf-8")
    np.savez_compressed(out / HEAD, weights=head.weights.astype(np.float16))
    minutes = round((time.monotonic() - began) / 60, 1)
    return save_card(out, replace(found.card, minutes=minutes), [SETTINGS, HEAD, VECTORS])


def _gated(
    index: Index,
    head: Head,
    entries: Sequence[Entry],
    questions: Sequence[Judged],
    encoder: Encodes,
    writer: Writes | None,
    vectors: Path,
) -> Ranking:
    seen = _seen(index, head, questions)
    mix, scores = _mixed(seen)
    blank = Gate(
        [0.0] * len(gate.SIGNS), [1.0] * len(gate.SIGNS), [0.0] * len(gate.SIGNS), 0.0, 1.0, 1.0
    )
    card = Card("answers: ranking and gate", [], "", {}, {}, SEED, "", 0.0)
    asking = Ranker(
        entries, Ranking(head, mix, blank, forms_of(entries), card, vectors), encoder, writer
    )
    rows = np.stack(
        [_signs(asking, j, f, s) for j, f, s in zip(questions, seen.features, scores, strict=True)]
    )
    best = scores.argmax(axis=1)
    reserved = np.array([id_ not in {e.id for e in entries if e.answer} for id_ in index.ids])
    unanswerable = ~seen.right.any(axis=1)
    right = seen.right[np.arange(len(best)), best] | (unanswerable & reserved[best])
    sure = gate.unseen(rows, right)
    wrong = ~right & ~reserved[best]
    send = gate.threshold(sure, wrong, MOST_WRONG)
    ask = _asking_from(sure, seen.right, scores, send)
    fitted = gate.fit(rows, right, send, ask)
    sent = (sure >= send) & ~reserved[best]
    figures = {
        "right of answerable": round(float((sent & right).sum() / (~unanswerable).sum()), 4),
        "wrong but sent": round(float((sent & wrong).mean()), 4),
        "best is right, of answerable": round(float(right[~unanswerable].mean()), 4),
        "calibration error": round(gate.calibration_error(sure, right), 4),
    }
    card = replace(
        card,
        data=[
            f"{len(index.owners)} question forms of {len(index.ids)} candidates, synthetic",
            f"{len(questions)} validation questions, synthetic",
        ],
        split=f"gate and mix: {FOLDS} and 10 folds of the validation questions",
        figures=figures,
        date=datetime.now(UTC).date().isoformat(),
    )
    return Ranking(head, mix, fitted, forms_of(entries), card, vectors)


def _seen(index: Index, head: Head, questions: Sequence[Judged]) -> _Seen:
    features = np.stack([index.features(judged.query, head) for judged in questions])
    right = np.array([[id_ in judged.right for id_ in index.ids] for judged in questions])
    languages = np.array([judged.query.language for judged in questions])
    fold = np.random.default_rng(SEED).permutation(len(questions)) % FOLDS
    return _Seen(features, right, languages, fold)


def _mixed(seen: _Seen) -> tuple[dict[str, Floats], Floats]:
    """How much each feature weighs in each language; and each question's scores by weights found without it."""
    mix: dict[str, Floats] = {}
    scores = np.zeros(seen.right.shape, np.float32)
    for language in np.unique(seen.languages):
        here = (seen.languages == language) & seen.right.any(axis=1)
        mix[str(language)] = fit_mix(seen.features[here], seen.right[here])
        for number in range(FOLDS):
            kept = here & (seen.fold != number)
            asked = (seen.languages == language) & (seen.fold == number)
            scores[asked] = seen.features[asked] @ fit_mix(seen.features[kept], seen.right[kept])
    return mix, scores


def fit_mix(features: Floats, right: Flags, penalty: float = 1e-3) -> Floats:
    """The weights (features,) under which a softmax over the candidates gives the right ones most (listwise, ListNet).

    `features` is (questions, ids, features), `right` (questions, ids) with at least one for each question.
    """
    wide = features.astype(np.float64)
    spread = np.maximum(wide.reshape(-1, wide.shape[-1]).std(axis=0), 1e-6)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        chances = softmax(wide @ weights, axis=1)
        mass = np.maximum((chances * right).sum(axis=1, keepdims=True), 1e-12)
        slope = np.einsum("ij,ijk->k", chances - chances * right / mass, wide) / len(wide)
        scaled = weights * spread
        return float(
            -np.log(mass).mean() + penalty * scaled @ scaled
        ), slope + 2 * penalty * scaled * spread

    found = minimize(loss, np.full(len(FEATURES), 0.5), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, np.float32)


def _signs(ranker: Ranker, judged: Judged, features: Floats, scores: Floats) -> Doubles:
    best = int(scores.argmax())
    return gate.signs(features, scores, best, ranker.heard(judged.query, best)[1])


def _asking_from(sure: Doubles, right: Flags, scores: Floats, send: float) -> float:
    """The least probability from which on, below `send`, offering the two best is worth it."""
    two = np.argsort(-scores, axis=1)[:, :2]
    within = np.asarray(np.take_along_axis(right, two, axis=1).any(axis=1))
    below = np.flatnonzero(sure < send)
    below = below[np.argsort(-sure[below], kind="stable")]
    share = np.cumsum(within[below]) / np.arange(1, len(below) + 1)
    worth = np.flatnonzero(share >= WITHIN_TWO)
    return float(sure[below[worth[-1]]]) if len(worth) else send
