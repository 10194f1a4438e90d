"""The likeliest tag sequence that is proper BIO (Viterbi over allowed steps)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_NEVER = -1e4


@lru_cache(maxsize=8)
def allowed_steps(tags: tuple[str, ...]) -> Floats:
    """0 where `tags[j]` may follow `tags[i]`, else a big minus: I-x needs B-x or I-x before it."""
    steps = np.zeros((len(tags), len(tags)), np.float32)
    for j, after in enumerate(tags):
        if after.startswith("I-"):
            for i, before in enumerate(tags):
                if before[2:] != after[2:]:
                    steps[i, j] = _NEVER
    return steps


def best_tags(probabilities: Floats, tags: Sequence[str]) -> list[str]:
    """`probabilities` is (tokens, tags)."""
    if not len(probabilities):
        return []
    steps = allowed_steps(tuple(tags))
    scores = np.log(np.maximum(probabilities, 1e-9))
    starts = np.array([_NEVER if t.startswith("I-") else 0.0 for t in tags], np.float32)
    best, trail = scores[0] + starts, []
    for row in scores[1:]:
        options = best[:, None] + steps
        trail.append(options.argmax(axis=0))
        best = options.max(axis=0) + row
    path = [int(best.argmax())]
    for back in reversed(trail):
        path.append(int(back[path[-1]]))
    return [tags[number] for number in reversed(path)]
