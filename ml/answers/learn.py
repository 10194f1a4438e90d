"""Trains the answerer's network on pairs, on whatever backend Keras has."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from ml.answers.network import Shape, build
from ml.answers.pairs import Pair
from ml.answers.states import Halves, States
from ml.answers.subwords import END, Shortlist

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Batch = tuple[dict[str, npt.NDArray[Any]], Ints, Ints]
# Answers of more pieces are cut where the network learns.
TARGET = 96
_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A pair as the network gets it: states (S, width) and places that begin with the tag and end with the end."""

    source: Halves
    target: tuple[int, ...]
    topic: int = -1


@dataclass(frozen=True, slots=True)
class Figures:
    """How well pairs are foretold: `exact` is the part whose every piece is the likeliest one given those
    before it, which is the part that greedy search writes exactly; `topic` the part whose topic is the likeliest."""

    perplexity: float
    exact: float
    topic: float
    pairs: int


def item(states: States, shortlist: Shortlist, pair: Pair) -> Item:
    """A pair whose source was read."""
    target = shortlist.target(pair.target)[:TARGET]
    return Item(states.of(pair.source), (shortlist.control(pair.tag), *target, END), pair.topic)


def batch(items: Sequence[Item]) -> Batch:
    """Inputs, the pieces to be written (B, T) and topics (B,), padded with noughts at the end."""
    targets = np.zeros((len(items), max(len(one.target) for one in items)), np.int32)
    longest = max(len(one.source) for one in items)
    sources = np.zeros((len(items), longest, items[0].source.shape[1]), np.float32)
    for row, one in enumerate(items):
        targets[row, : len(one.target)] = one.target
        sources[row, : len(one.source)] = one.source
    topics = np.array([one.topic for one in items], np.int32)
    return {"source": sources, "target": targets[:, :-1]}, targets[:, 1:], topics


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

    def compile(self, rate: float, steps: int) -> None:
        """A cosine from a short rise to nought over `steps` batches; topics are not learnt, see `learn_topics`."""
        schedule = keras.optimizers.schedules.CosineDecay(
            rate / 10, steps, alpha=0.01, warmup_target=rate, warmup_steps=max(steps // 20, 1)
        )
        losses = {"pieces": smoothed_loss}
        if self.shape.topics:
            losses["topics"] = topic_loss
        weights = {name: float(name == "pieces") for name in losses}
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4, clipnorm=1.0)
        self.model.compile(optimizer, losses, loss_weights=weights, jit_compile=False)

    def learn_topics(
        self, rounds: Iterable[Sequence[Item]], rate: float, size: int = 64
    ) -> Iterator[float]:
        """Learns the topics alone and gives each round's loss.

        That costs a fraction of the writing. It leaves the reading as it is then, so that the writing has firm ground.
        """
        reader = keras.Model(self.model.input["source"], self.model.output["topics"])
        optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0)
        reader.compile(optimizer, topic_loss, jit_compile=False)
        for number, items in enumerate(rounds, 1):
            optimizer.learning_rate = rate / number
            order, lost = self.rng.permutation(len(items)), list[float]()
            for start in range(0, len(order), size):
                inputs, _, topics = batch([items[int(n)] for n in order[start : start + size]])
                lost.append(float(np.ravel(reader.train_on_batch(inputs["source"], topics))[0]))
            yield float(np.mean(lost))
        for layer in reader.layers:
            layer.trainable = False

    def step(self, items: Sequence[Item]) -> float:
        """One batch; returns its loss."""
        inputs, targets, topics = batch(items)
        wanted = {"pieces": targets} | ({"topics": topics} if self.shape.topics else {})
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
        lost = seen = right = topic = 0.0
        for group in self.batches(items, tokens):
            inputs, wanted, topics = batch(group)
            found = self.model.predict_on_batch(inputs)
            logits, kept = np.asarray(found["pieces"]), wanted != 0
            gold = np.take_along_axis(log_softmax(logits), wanted[..., None], -1)[..., 0]
            lost -= float(gold[kept].sum())
            seen += float(kept.sum())
            right += float(((logits.argmax(-1) == wanted) | ~kept).all(axis=1).sum())
            if self.shape.topics:
                topic += float((np.asarray(found["topics"]).argmax(-1) == topics).sum())
        count = max(len(items), 1)
        return Figures(math.exp(lost / max(seen, 1)), right / count, topic / count, len(items))


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
