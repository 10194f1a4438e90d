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
from ml.answers.gate import SIGNS, Doubles, Gate, signs
from ml.answers.index import Entry
from ml.answers.rank import FEATURES, Floats, Head, Index, Query, fit_head
from ml.answers.ranker import (
    HEAD,
    SETTINGS,
    VECTORS,
    Ranker,
    Ranking,
    Writes,
    forms_of,
)
from ml.answers.vectors import Encodes, Vectors
from ml.answers.words import spoken
from ml.serving import Card, save_card

Flags = npt.NDArray[np.bool_]
MOST_WRONG = 0.01
"""The share of all questions that may be answered wrongly, on questions of writers that gate and mix did not see.

Half of what is allowed: at 0.015 held-out questions were answered wrongly twice as often (0.028 and 0.036).
"""
WITHIN_TWO = 0.6
"""Asking back is worth it where at least so often one of the two offered is right."""
MORE_STEPS = 12
"""Steps that take a head from nobody's questions to those of all writers but one."""
TOGETHER = 2
"""So many writers at once are left out of what their questions are judged by: a head each would take twice as long."""
SEED = 7


@dataclass(frozen=True)
class Judged:
    """A question and the ids of all answers that are right; none: it is to be handed over.

    `untold` are ids that would not be sent to it, but asked about (a product or an order that it does not name). What
    one writer wrote is judged by what was learnt without it, also where it is a question form by now.
    """

    query: Query
    right: frozenset[str]
    writer: str
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Seen:
    """All questions against all candidates: features (questions, ids, 6), right and untold ids (questions, ids)."""

    features: Floats
    right: Flags
    untold: Flags
    languages: npt.NDArray[np.str_]
    groups: npt.NDArray[np.int_]
    """Which writers' questions are judged together: (questions,)."""

    @property
    def answerable(self) -> Flags:
        return np.asarray(self.right.any(axis=1))


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
    found = _gated(index, head, entries, questions, encoder, writer, out / VECTORS, say)
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
    say: Callable[[str], None],
) -> Ranking:
    encoded = [encoder.read(spoken(judged.query.variants[0])) for judged in questions]
    read = [writer.read(one) if writer else None for one in encoded]
    features = _unseen(index, head, questions, [one.vector for one in encoded], say)
    seen = _seen(index, questions, features)
    # Where there is no answer, whatever goes to a person is right.
    right = seen.right | (~seen.answerable[:, None] & index.reserved)
    mix, scores = _mixed(seen, right)
    blank = Gate([0.0] * len(SIGNS), [1.0] * len(SIGNS), [0.0] * len(SIGNS), 0.0, 1.0, 1.0)
    card = Card("answers: ranking and gate", [], "", {}, {}, SEED, "", 0.0)
    asking = Ranker(
        entries, Ranking(head, mix, blank, forms_of(entries), card, vectors), encoder, writer
    )
    best = scores.argmax(axis=1)
    rows = np.stack(
        [
            signs(f, s, index.reserved, asking.heard(judged.query, one, index.ids[b]))
            for judged, one, f, s, b in zip(
                questions, read, seen.features, scores, best, strict=True
            )
        ]
    )
    every = np.arange(len(best))
    agreed = seen.right[every, best]
    held = index.reserved[best] | seen.untold[every, best]
    sure = gate.unseen(rows, agreed, ~held, seen.groups)
    wrong = ~agreed & ~held
    send = gate.threshold(sure, wrong, MOST_WRONG)
    offered = ~index.reserved[best]
    ask = _asking_from(sure[offered], seen.right[offered], scores[offered], send)
    fitted = gate.fit(rows[~held], agreed[~held], send, ask)
    sent = (sure >= send) & ~held
    figures = {
        f"{name}, {language}": value
        for language in np.unique(seen.languages)
        for name, value in _figures(seen, sent, best, seen.languages == language).items()
    }
    card = replace(
        card,
        data=[
            f"{len(index.owners)} question forms of {len(index.ids)} candidates, synthetic",
            f"{len(questions)} questions of {len({j.writer for j in questions})} writers, synthetic",
        ],
        split="gate and mix: each writer's questions by what was learnt from the others'",
        figures=figures
        | {"calibration error": round(gate.calibration_error(sure[~held], agreed[~held]), 4)},
        date=datetime.now(UTC).date().isoformat(),
    )
    return Ranking(head, mix, fitted, forms_of(entries), card, vectors)


def _figures(seen: _Seen, sent: Flags, best: npt.NDArray[np.int_], here: Flags) -> dict[str, float]:
    right = seen.right[np.arange(len(best)), best]
    answerable = here & seen.answerable
    return {
        "right of answerable": round(float((sent & right)[answerable].mean()), 4),
        "wrong but sent": round(float((sent & ~right)[here].mean()), 4),
        "best is right, of answerable": round(float(right[answerable].mean()), 4),
    }


def _unseen(
    index: Index,
    head: Head,
    questions: Sequence[Judged],
    vectors: Sequence[Floats],
    say: Callable[[str], None],
) -> list[Floats]:
    """Each question's features, from an index and a head that know none of its writer's questions (nor another's)."""
    found: dict[int, Floats] = {}
    wordings = [set(judged.query.variants) for judged in questions]
    # One head that knows nobody's questions makes few steps enough for those that know all but one writer's.
    nobody = index.without(set().union(*wordings))
    start = head if nobody is index else fit_head(nobody.forms, nobody.owners, nobody.ids)
    writers = sorted({judged.writer for judged in questions})
    for place in range(0, len(writers), TOGETHER):
        out = writers[place : place + TOGETHER]
        rows = [row for row, judged in enumerate(questions) if judged.writer in out]
        rest = index.without(set().union(*(wordings[row] for row in rows)))
        say(f"questions of {', '.join(out)}: {len(index.owners) - len(rest.owners)} forms less")
        other = head
        if rest is not index:
            other = fit_head(rest.forms, rest.owners, rest.ids, start, MORE_STEPS)
        for row in rows:
            found[row] = rest.features(questions[row].query, vectors[row], other)
    return [found[row] for row in range(len(questions))]


def _seen(index: Index, questions: Sequence[Judged], features: Sequence[Floats]) -> _Seen:
    writers = sorted({judged.writer for judged in questions})
    return _Seen(
        np.stack(features),
        np.array([[id_ in judged.right for id_ in index.ids] for judged in questions]),
        np.array([[id_ in judged.untold for id_ in index.ids] for judged in questions]),
        np.array([judged.query.language for judged in questions]),
        np.array([writers.index(judged.writer) // TOGETHER for judged in questions]),
    )


def _mixed(seen: _Seen, right: Flags) -> tuple[dict[str, Floats], Floats]:
    """How much each feature weighs in each language; and each question's scores by weights found without its writer."""
    mix: dict[str, Floats] = {}
    scores = np.zeros(right.shape, np.float32)
    known = right.any(axis=1)
    for language in np.unique(seen.languages):
        here = seen.languages == language
        mix[str(language)] = fit_mix(seen.features[here & known], right[here & known])
        for group in np.unique(seen.groups):
            kept = here & known & (seen.groups != group)
            asked = here & (seen.groups == group)
            scores[asked] = seen.features[asked] @ fit_mix(seen.features[kept], right[kept])
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


def _asking_from(sure: Doubles, right: Flags, scores: Floats, send: float) -> float:
    """The least probability from which on, below `send`, offering the two best is worth it."""
    two = np.argsort(-scores, axis=1)[:, :2]
    within = np.asarray(np.take_along_axis(right, two, axis=1).any(axis=1))
    below = np.flatnonzero(sure < send)
    below = below[np.argsort(-sure[below], kind="stable")]
    share = np.cumsum(within[below]) / np.arange(1, len(below) + 1)
    worth = np.flatnonzero(share >= WITHIN_TWO)
    return float(sure[below[worth[-1]]]) if len(worth) else send
