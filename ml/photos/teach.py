"""New categories from a few photos: a regularised linear classifier on the network's embeddings, made in a moment.

It tells the taught categories from each other and from everything else; photos of the shipped categories stand for that
(the background), so that these are not hurt. What is left goes to the shipped categories by their own probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from ml.serving import ModelError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
BACKGROUND = "background.npz"
BEHIND = 12
"""So many photos of each label are in it."""
FEWEST = 5
STRENGTH = 30.0
"""How far the weights may go (scikit-learn's C)."""
WEIGHT = 20.0
"""What a taught photo weighs against one of the background, of which there are hundreds."""


@dataclass(frozen=True, eq=False)
class Taught:
    """Tells taught categories, by their names, from all else."""

    names: tuple[str, ...]
    centre: Floats
    weights: Floats
    bias: Floats

    def probabilities(self, embeddings: Floats) -> Floats:
        """Of each taught category, and of none of them: (N, names + 1)."""
        logits = centred(embeddings, self.centre) @ self.weights + self.bias
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def teach(shots: Mapping[str, Floats], background: Floats) -> Taught:
    """From embeddings (n, width) of each category and of the background; raises `ValueError` where there are none."""
    names = tuple(shots)
    if not names or not all(len(some) for some in shots.values()):
        raise ValueError("there are no photos to learn from")
    centre = background.mean(axis=0)
    rows = np.concatenate([*shots.values(), background])
    counts = [len(some) for some in shots.values()]
    labels = np.repeat(np.arange(len(names) + 1), [*counts, len(background)])
    weights = np.where(labels < len(names), WEIGHT, 1.0)
    machine = LogisticRegression(C=STRENGTH, max_iter=500)
    machine.fit(centred(rows, centre), labels, sample_weight=weights)
    coefficients, bias = machine.coef_.T, machine.intercept_
    if len(names) == 1:  # scikit-learn keeps one column for two classes
        coefficients = np.hstack([-coefficients / 2, coefficients / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    return Taught(names, centre, coefficients.astype(np.float32), bias.astype(np.float32))


def background_rows(labels: Ints, rng: np.random.Generator) -> Ints:
    """Which photos, by the labels of all, stand for all else: a few of each label."""
    return np.concatenate(
        [rng.permutation(np.flatnonzero(labels == label))[:BEHIND] for label in np.unique(labels)]
    )


def read_background(folder: Path) -> Floats:
    """Embeddings of some training photos of every shipped category: (N, width); raises `ModelError`."""
    try:
        with np.load(folder / BACKGROUND, allow_pickle=False) as arrays:
            return np.asarray(arrays["embeddings"], np.float32)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{folder} holds no background ({error}): fetch the weights anew"
        ) from error


def centred(embeddings: Floats, centre: Floats) -> Floats:
    """Where embeddings (N, width) lie as seen from a centre (width,): (N, width), each of length 1."""
    return unit(embeddings - centre)


def unit(vectors: Floats) -> Floats:
    """Vectors (N, width) made of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
