"""Beam search over a step decoder, with length normalisation and a narrowing beam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
# So many likeliest pieces of each place are handed out; a beam can be as wide.
LIKELIEST = 8

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# A hypothesis so many nats behind the best one is given up: most questions then need a beam of one or two.
BEHIND = 6.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the decoder gave for each hypothesis: its likeliest pieces, state and attention."""

    log_probs: Floats  # (B, K)
    pieces: Ints  # (B, K)
    state: Floats  # (B, D)
    attention: Floats  # (B, S)


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """Pieces with the end, their summed log-probability, and a row of attention for each."""

    pieces: tuple[int, ...]
    log_probability: float
    attention: tuple[Floats, ...]

    @property
    def rank(self) -> float:
        return normalised(self.log_probability, len(self.pieces))


def normalised(log_probability: float, length: int) -> float:
    """The mean per piece: label smoothing makes every piece cost about as much, however sure the network is."""
    return log_probability / length


def search(
    step: Callable[[Ints, Floats], Step],
    start: int,
    end: int,
    state: Floats,
    beams: int,
    longest: int,
) -> list[Hypothesis]:
    """Up to `beams` finished hypotheses, best first; those cut at `longest` pieces end there.

    `step` takes the last pieces (B,) and states (B, D). With one beam this is greedy search.
    """
    live = [Hypothesis((), 0.0, ())]
    last, done = np.array([start], np.int64), list[Hypothesis]()
    for _ in range(longest):
        found = step(last, state)
        live, parents = _grown(live, found, beams)
        done += [one for one in live if one.pieces[-1] == end]
        open_ = [n for n, one in enumerate(live) if one.pieces[-1] != end]
        live = [live[n] for n in open_]
        if not live or _is_settled(live, done, beams):
            break
        last = np.array([one.pieces[-1] for one in live], np.int64)
        state = found.state[[parents[n] for n in open_]]
    return sorted(done or live, key=lambda one: one.rank, reverse=True)[:beams]


def _grown(live: list[Hypothesis], found: Step, beams: int) -> tuple[list[Hypothesis], list[int]]:
    """The `beams` best continuations, and which hypothesis each continues."""
    totals = found.log_probs + np.array([[one.log_probability] for one in live], np.float32)
    width = totals.shape[1]
    order = np.argsort(-totals, axis=None, kind="stable")[:beams]
    kept = [int(n) for n in order if totals.flat[n] > totals.flat[order[0]] - BEHIND]
    grown = [
        Hypothesis(
            (*live[n // width].pieces, int(found.pieces.flat[n])),
            float(totals.flat[n]),
            (*live[n // width].attention, found.attention[n // width]),
        )
        for n in kept
    ]
    return grown, [n // width for n in kept]


def _is_settled(live: list[Hypothesis], done: list[Hypothesis], beams: int) -> bool:
    """No open hypothesis can still matter: enough are finished, and each is better than any open one."""
    if len(done) < beams:
        best = max((one.log_probability for one in done), default=-np.inf)
        return all(one.log_probability < best - BEHIND for one in live)
    worst = sorted((one.rank for one in done), reverse=True)[beams - 1]
    return all(one.rank < worst for one in live)
