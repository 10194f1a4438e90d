"""Trains the answerer's network on pairs, on whatever backend Keras has."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from ml.answers.network import Shape, build
from ml.answers.pairs import Pair
from ml.answers.subwords import AND, END, Subwords

Ints = npt.NDArray[np.int32]
Say = Callable[[str], None]
# Texts longer than this are cut where the network learns.
SOURCE, TARGET = 64, 96
_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Item:
    """A pair as piece numbers; the target begins with its tag and ends with the end."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    topic: int = -1


@dataclass(frozen=True, slots=True)
class Figures:
    """How well pairs are foretold: `exact` is the part whose every piece is the likeliest one given those
    before it, which is the part that greedy search writes exactly."""

    perplexity: float
    exact: float
    pairs: int


def item(subwords: Subwords, pair: Pair, sample: float = 0.0) -> Item:
    """Cuts a pair into pieces; `sample` as in `Subwords.encode`, for the source alone."""
    target = [subwords.controls[pair.tag]]
    for number, part in enumerate(pair.target.split(f" {AND} ")):
        target += [subwords.controls[AND]] * bool(number) + subwords.encode(part)
    source = subwords.encode(pair.source, sample)[:SOURCE]
    return Item(tuple(source), (*target[:TARGET], END), pair.topic)


def padded(rows: Sequence[Sequence[int]]) -> Ints:
    """Rows of numbers, padded with noughts at the end: (rows, longest)."""
    filled = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for number, row in enumerate(rows):
        filled[number, : len(row)] = row
    return filled


def smoothed_loss(wanted: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy with label smoothing, mean over the tokens that are no padding; wanted (B, T).

    Smoothing by e adds e x (score of the wanted piece - mean score) to the plain cross-entropy.
    """
    kept = ops.cast(ops.not_equal(wanted, 0), logits.dtype)
    places = ops.expand_dims(ops.cast(wanted, "int32"), -1)
    gold = ops.squeeze(ops.take_along_axis(logits, places, axis=-1), -1)
    plain = ops.sparse_categorical_crossentropy(wanted, logits, from_logits=True)
    lost = plain + _SMOOTHING * (gold - ops.mean(logits, axis=-1))
    return lost * kept / ops.mean(kept)


def topic_loss(wanted: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy of the topics that are known (not negative); wanted (B,)."""
    known = ops.cast(wanted >= 0, logits.dtype)
    lost = ops.sparse_categorical_crossentropy(ops.maximum(wanted, 0), logits, from_logits=True)
    return lost * known


class Learner:
    """Fits one network."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape = shape
        self.model = build(shape, seed)
        self.rng = np.random.default_rng(seed)

    def compile(self, rate: float, steps: int, topic_weight: float = 0.0) -> None:
        """A cosine from a short rise to nought over `steps` batches."""
        schedule = keras.optimizers.schedules.CosineDecay(
            rate / 10, steps, alpha=0.01, warmup_target=rate, warmup_steps=max(steps // 20, 1)
        )
        losses = {"pieces": smoothed_loss}
        if self.shape.topics:
            losses["topics"] = topic_loss
        weights = {name: topic_weight if name == "topics" else 1.0 for name in losses}
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4, clipnorm=1.0)
        self.model.compile(optimizer, losses, loss_weights=weights, jit_compile=False)

    def step(self, items: Sequence[Item]) -> float:
        """One batch; returns its loss."""
        sources, targets = padded([i.source for i in items]), padded([i.target for i in items])
        wanted = {"pieces": targets[:, 1:]}
        if self.shape.topics:
            wanted["topics"] = np.array([i.topic for i in items], np.int32)
        inputs = {"source": sources, "target": targets[:, :-1]}
        return float(np.ravel(self.model.train_on_batch(inputs, wanted))[0])

    def batches(self, items: Sequence[Item], tokens: int) -> Iterator[list[Item]]:
        """Items of like length together, about `tokens` target tokens in a batch, in random order."""
        lengths = np.array([max(len(i.target), len(i.source)) for i in items])
        order = np.argsort(lengths * self.rng.uniform(0.9, 1.1, len(items)))
        groups: list[list[Item]] = [[]]
        longest = 0
        for row in order:
            longest = max(longest, int(lengths[row]))
            if groups[-1] and (len(groups[-1]) + 1) * longest > tokens:
                groups.append([])
                longest = int(lengths[row])
            groups[-1].append(items[int(row)])
        for number in self.rng.permutation(len(groups)):
            yield groups[number]

    def figures(self, items: Sequence[Item], tokens: int = 3000) -> Figures:
        """Perplexity and exactness without dropout."""
        lost = seen = right = 0.0
        for group in self.batches(items, tokens):
            sources, targets = padded([i.source for i in group]), padded([i.target for i in group])
            inputs = {"source": sources, "target": targets[:, :-1]}
            logits = np.asarray(self.model.predict_on_batch(inputs)["pieces"])
            wanted, kept = targets[:, 1:], targets[:, 1:] != 0
            gold = np.take_along_axis(log_softmax(logits), wanted[..., None], -1)[..., 0]
            lost -= float(gold[kept].sum())
            seen += float(kept.sum())
            right += float(((logits.argmax(-1) == wanted) | ~kept).all(axis=1).sum())
        return Figures(math.exp(lost / max(seen, 1)), right / max(len(items), 1), len(items))

    def topic_right(self, items: Sequence[Item], tokens: int = 3000) -> float:
        """The part of items whose topic is the likeliest one."""
        right = 0.0
        for group in self.batches(items, tokens):
            inputs = {
                "source": padded([i.source for i in group]),
                "target": padded([i.target for i in group])[:, :-1],
            }
            scores = np.asarray(self.model.predict_on_batch(inputs)["topics"])
            right += float((scores.argmax(-1) == [i.topic for i in group]).sum())
        return right / max(len(items), 1)


def log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


class Clock:
    """Minutes since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self._began) / 60
