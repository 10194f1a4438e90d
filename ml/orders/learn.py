"""Trains a tagging network on labelled texts, on whatever backend Keras has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from ml.orders.encode import Encoder, Text, Vocabulary
from ml.orders.network import Shape, build

Floats = npt.NDArray[np.float32]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its tags and how much it counts."""

    text: Text
    tags: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train."""

    epochs: int
    batch: int = 32
    rate: float = 2e-3
    seed: int = 1


class Learner:
    """Fits one network; `logits` tags with it as it stands."""

    def __init__(
        self, shape: Shape, vocabulary: Vocabulary, tags: Sequence[str], plan: Plan
    ) -> None:
        self.shape = shape
        self.plan = plan
        self.encoder = Encoder(vocabulary)
        self.tags = {tag: number for number, tag in enumerate(tags)}
        self.model = build(shape, plan.seed)
        self.rng = np.random.default_rng(plan.seed)

    def fit(
        self, examples: Sequence[Example], say: Say, check: Callable[[Learner], str] | None = None
    ) -> Learner:
        steps = self.plan.epochs * (len(examples) // self.plan.batch + 1)
        rate = keras.optimizers.schedules.CosineDecay(
            self.plan.rate / 10, steps, warmup_target=self.plan.rate, warmup_steps=steps // 20
        )
        self.model.compile(
            keras.optimizers.Adam(rate, clipnorm=1.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        for epoch in range(self.plan.epochs):
            began = time.monotonic()
            loss = float(np.mean([self._step(batch) for batch in self._batches(examples)]))
            seen = f" {check(self)}" if check else ""
            say(
                f"epoch {epoch + 1}/{self.plan.epochs} loss {loss:.4f}{seen} {time.monotonic() - began:.0f} s"
            )
        return self

    def logits(self, texts: Sequence[Text]) -> list[Floats]:
        found: list[Floats] = []
        for start in range(0, len(texts), 128):
            some = texts[start : start + 128]
            batch = self.encoder.batch(some)
            scores = np.asarray(self.model.predict_on_batch(batch.inputs()))
            found += [scores[row, : len(text.tokens)] for row, text in enumerate(some)]
        return found

    def save(self, path: Path) -> None:
        """The weights to train on; without the optimizer's memory, which is twice as large."""
        plain = build(self.shape, self.plan.seed)
        plain.set_weights(self.model.get_weights())
        plain.save(path)

    def _step(self, examples: Sequence[Example]) -> float:
        batch = self.encoder.batch([e.text for e in examples])
        wanted = np.zeros(batch.words.shape, np.int32)
        weights = np.zeros(batch.words.shape, np.float32)
        for row, example in enumerate(examples):
            wanted[row, : len(example.tags)] = [self.tags[tag] for tag in example.tags]
            weights[row, : len(example.tags)] = example.weight
        return float(self.model.train_on_batch(batch.inputs(), wanted, sample_weight=weights))

    def _batches(self, examples: Sequence[Example]) -> Iterator[list[Example]]:
        """Texts of like length together, in another mixture every epoch."""
        lengths = np.array([len(e.tags) for e in examples]) * self.rng.uniform(
            0.85, 1.15, len(examples)
        )
        order = np.argsort(lengths)
        groups = [order[i : i + self.plan.batch] for i in range(0, len(order), self.plan.batch)]
        self.rng.shuffle(groups)
        for group in groups:
            yield [examples[int(row)] for row in group]


def best_temperature(logits: Sequence[Floats], wanted: Sequence[Sequence[int]]) -> float:
    """The temperature under which held-out tags are likeliest (Guo et al. 2017)."""
    scores = np.concatenate(logits)
    gold = np.concatenate([np.asarray(w, np.int64) for w in wanted])
    options = np.geomspace(0.5, 4.0, 43)
    return float(min(options, key=lambda t: _loss(scores / t, gold)))


def _loss(scores: Floats, gold: npt.NDArray[np.int64]) -> float:
    top = scores.max(axis=1, keepdims=True)
    total = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
    return float((total - scores[np.arange(len(gold)), gold]).mean())
