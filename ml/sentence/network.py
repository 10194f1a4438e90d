"""The encoder's upper layers in Keras 3 with adapters (LoRA, Hu et al. 2021), for training alone.

    x W + b  ->  x W + b + scale (x down) up      W, b stay; down (inputs, rank) and up (rank, outputs) are learnt

The lower layers never change, so their outputs are computed once. Written against `keras.ops` only.
"""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from ml.sentence.graph import EPSILON
from ml.sentence.package import HEADS, LAYERS, LINEAR, WIDTH, Weights

Floats = npt.NDArray[np.float32]
Shape = tuple[int | None, ...]
SCALE = 2.0
DROPOUT = 0.1


class Adapted(layers.Layer):  # type: ignore[misc]
    """A linear map that stays as it is, and what is learnt on top of it; `rank` 0 learns nothing."""

    def __init__(
        self, matrix: Floats, bias: Floats, rank: int, seed: int, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.matrix, self.offset, self.rank, self.seed = matrix, bias, rank, seed

    def build(self, x_shape: Shape) -> None:
        inputs, outputs = self.matrix.shape
        self.kernel = self.add_weight(
            shape=(inputs, outputs), initializer=_given(self.matrix), trainable=False
        )
        self.bias = self.add_weight(
            shape=(outputs,), initializer=_given(self.offset), trainable=False
        )
        if self.rank:
            first = keras.initializers.RandomNormal(stddev=inputs**-0.5, seed=self.seed)
            self.down = self.add_weight(shape=(inputs, self.rank), initializer=first, name="down")
            self.up = self.add_weight(shape=(self.rank, outputs), initializer="zeros", name="up")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        plain = ops.matmul(x, self.kernel) + self.bias
        if not self.rank:
            return plain
        return plain + SCALE * ops.matmul(ops.matmul(x, self.down), self.up)


def _given(array: Floats) -> object:
    return lambda shape, dtype=None: ops.convert_to_tensor(array, dtype)


class Block(layers.Layer):  # type: ignore[misc]
    """A layer of BERT: states (B, T, 384), kept (B, T) -> states (B, T, 384)."""

    def __init__(self, weights: Weights, layer: int, rank: int, seed: int) -> None:
        super().__init__(name=f"block{layer}")
        self.maps = {
            name: Adapted(
                np.ascontiguousarray(weights.matrix(layer, name)),
                weights.vector(f"l{layer}.{name}.b"),
                rank,
                seed + number,
            )
            for number, name in enumerate(LINEAR)
        }
        self.norms = {
            part: tuple(weights.vector(f"l{layer}.{part}.{end}") for end in "wb")
            for part in ("aln", "oln")
        }
        self.hide = layers.Dropout(DROPOUT, seed=seed)

    def build(self, x_shape: Shape, kept_shape: Shape) -> None:
        for name, width in LINEAR.items():
            self.maps[name].build((None, None, width))

    def call(
        self, x: keras.KerasTensor, kept: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        met = self.maps["ao"](self._attention(x, kept))
        x = self._normed(x + self.hide(met, training=training), "aln")
        thought = self.maps["fo"](ops.gelu(self.maps["fi"](x), approximate=False))
        return self._normed(x + self.hide(thought, training=training), "oln")

    def _attention(self, x: keras.KerasTensor, kept: keras.KerasTensor) -> keras.KerasTensor:
        length = ops.shape(x)[1]
        apart = (-1, length, HEADS, WIDTH // HEADS)
        query, key, value = (
            ops.transpose(ops.reshape(self.maps[name](x), apart), (0, 2, 1, 3)) for name in "qkv"
        )
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * (WIDTH // HEADS) ** -0.5
        hidden = (1.0 - ops.cast(kept, scores.dtype)) * -1e9
        weights = ops.softmax(scores + hidden[:, None, None, :], axis=-1)
        seen = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(seen, (-1, length, WIDTH))

    def _normed(self, x: keras.KerasTensor, part: str) -> keras.KerasTensor:
        scale, shift = self.norms[part]
        return normed(x) * scale + shift


def normed(x: keras.KerasTensor) -> keras.KerasTensor:
    """Each row with mean 0 and variance 1."""
    apart = x - ops.mean(x, axis=-1, keepdims=True)
    return apart * ops.rsqrt(ops.mean(ops.square(apart), axis=-1, keepdims=True) + EPSILON)


def build(
    weights: Weights, first: int, last: int = LAYERS, rank: int = 0, seed: int = 7
) -> keras.Model:
    """Layers `first` to `last` (not it): {states (B, T, 384), kept (B, T)} -> states (B, T, 384)."""
    states = keras.Input((None, WIDTH), name="states")
    kept = keras.Input((None,), dtype="bool", name="kept")
    found = states
    for layer in range(first, last):
        found = Block(weights, layer, rank, seed + 10 * layer)(found, kept)
    return keras.Model({"states": states, "kept": kept}, found)


def mean_of(states: keras.KerasTensor, kept: keras.KerasTensor) -> keras.KerasTensor:
    """The mean of the kept states as a unit vector: (B, 384)."""
    ones = ops.expand_dims(ops.cast(kept, states.dtype), -1)
    mean = ops.sum(states * ones, axis=1) / ops.sum(ones, axis=1)
    return ops.normalize(mean, axis=-1)
