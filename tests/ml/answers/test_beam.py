"""Beam search on a decoder whose best answer is not the greedy one."""

import numpy as np
import pytest

from ml.answers.beam import Floats, Ints, Step, normalised, search

END = 0
# After 9 (the start), 1 looks better than 2, but what follows 2 is nearly certain.
CHAINS = {
    9: {1: 0.6, 2: 0.4},
    1: {3: 0.4, 4: 0.3, END: 0.3},
    2: {5: 1.0},
    3: {END: 1.0},
    4: {END: 1.0},
    5: {END: 1.0},
}


def step(last: Ints, state: Floats) -> Step:
    rows = [[CHAINS[int(piece)].get(n, 1e-9) for n in range(6)] for piece in last]
    pieces = np.tile(np.arange(6), (len(last), 1))
    return Step(np.log(rows).astype(np.float32), pieces, state, np.ones((len(last), 1), np.float32))


def found(beams: int) -> list[tuple[tuple[int, ...], float]]:
    state = np.zeros((1, 1), np.float32)
    return [(one.pieces, one.log_probability) for one in search(step, 9, END, state, beams, 10)]


def test_greedy_search_takes_the_best_piece_of_each_step() -> None:
    assert [pieces for pieces, _ in found(1)] == [(1, 3, END)]


def test_a_beam_finds_the_likelier_answer_and_orders_by_rank() -> None:
    best = found(4)
    assert best[0][0] == (2, 5, END)
    assert best[0][1] == pytest.approx(np.log(0.4), abs=1e-5)
    ranks = [normalised(lost, len(pieces)) for pieces, lost in best]
    assert ranks == sorted(ranks, reverse=True)


def test_an_answer_without_an_end_is_cut() -> None:
    def endless(last: Ints, state: Floats) -> Step:
        ones = np.ones((len(last), 1))
        return Step(
            (-0.1 * ones).astype(np.float32),
            (2 * ones).astype(np.int64),
            state,
            ones.astype(np.float32),
        )

    (one,) = search(endless, 9, END, np.zeros((1, 1), np.float32), 2, 7)
    assert one.pieces == (2,) * 7
    assert len(one.attention) == 7
