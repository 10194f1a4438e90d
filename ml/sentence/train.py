"""Trains the adapters: questions of one answer, in both languages, come to lie together and apart from all others'.

Each answer has a unit vector; a question's centred unit vector times these, times a learnt sharpness, are the logits of
a softmax (NormFace, Wang et al. 2017). The vectors of the answers are thrown away: what stays is the encoder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from keras import ops
from tokenizers import Tokenizer

from ml.sentence.encoder import ADAPTERS
from ml.sentence.network import SCALE, Adapted, Block, build, mean_of
from ml.sentence.package import LINEAR, WIDTH, Weights, tokenizer
from ml.serving import Card, save_card

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Say = Callable[[str], None]
LONGEST = 48
EVEN = 4
"""Texts are padded to a multiple of this, so that few shapes have to be compiled."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast; `lower` layers stay as they are."""

    lower: int = 4
    rank: int = 16
    epochs: int = 4
    batch: int = 64
    rate: float = 1e-3
    sharpness: float = 16.0
    held_part: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A text by the states of the lower layers (tokens, 384), and the number of what it asks for."""

    states: Floats
    label: int


class Learner(keras.Model):  # type: ignore[misc]
    """The upper layers with the vectors of all answers on top: logits (B, answers)."""

    def __init__(
        self, upper: keras.Model, centre: Floats, answers: Floats, sharpness: float
    ) -> None:
        super().__init__()
        self.upper, self.centre = upper, centre
        self.answers = self.add_weight(shape=answers.shape, initializer="zeros", name="answers")
        self.answers.assign(answers)
        self.sharpness = self.add_weight(shape=(), initializer="ones", name="sharpness")
        self.sharpness.assign(sharpness)

    def call(
        self, inputs: dict[str, keras.KerasTensor], training: bool = False
    ) -> keras.KerasTensor:
        mean = mean_of(self.upper(inputs, training=training), inputs["kept"])
        vector = ops.normalize(mean - self.centre, axis=-1)
        return self.sharpness * ops.matmul(
            vector, ops.transpose(ops.normalize(self.answers, axis=-1))
        )


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    weights: Weights,
    out: Path,
    say: Say,
    seed: int = 7,
    plan: Plan | None = None,
) -> Card:
    """Learns from texts and what they ask for; writes adapters and card into `out`.

    Raises `ValueError` where there are fewer than two different labels.
    """
    plan, began = plan or Plan(), time.monotonic()
    names = sorted(set(labels))
    if len(names) < 2:
        raise ValueError("there is nothing to tell apart: at least two answers need questions")
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    say(f"{len(texts)} texts through the lower layers")
    states = _lowered(texts, weights, plan.lower)
    number = {name: n for n, name in enumerate(names)}
    items = [Labelled(s, number[label]) for s, label in zip(states, labels, strict=True)]
    held_rows = set(rng.permutation(len(items))[: len(items) // plan.held_part].tolist())
    known = [item for row, item in enumerate(items) if row not in held_rows]
    held = [items[row] for row in sorted(held_rows)]
    learner = _learner(known, weights, len(names), seed, plan)
    right = _fit(learner, known, held, rng, say, plan)
    centre = _vectors(learner.upper, known, plan.batch).mean(axis=0)
    arrays: dict[str, npt.NDArray[np.generic]] = {"centre": centre, **_learnt(learner.upper)}
    np.savez(out / ADAPTERS, allow_pickle=False, **arrays)
    card = Card(
        name="sentence encoder: adapters of multilingual-e5-small",
        data=[f"{len(texts)} question forms of {len(names)} answers, synthetic"],
        split=f"one form in {plan.held_part} (seeded draw) held out for the figure",
        figures={"right answer's vector is nearest, held-out forms": round(right, 4)},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round((time.monotonic() - began) / 60, 1),
        settings=asdict(plan),
    )
    return save_card(out, card, [ADAPTERS])


def _learner(
    known: Sequence[Labelled], weights: Weights, answers: int, seed: int, plan: Plan
) -> Learner:
    """Each answer's vector begins as the mean of its questions'."""
    upper = build(weights, plan.lower, rank=plan.rank, seed=seed)
    vectors = _vectors(upper, known, plan.batch)
    centre = vectors.mean(axis=0)
    means = np.zeros((answers, WIDTH), np.float32)
    np.add.at(means, [item.label for item in known], vectors - centre)
    return Learner(upper, centre, means, plan.sharpness)


def _fit(
    learner: Learner,
    known: Sequence[Labelled],
    held: Sequence[Labelled],
    rng: np.random.Generator,
    say: Say,
    plan: Plan,
) -> float:
    """The share of held-out texts whose answer's vector is nearest, after the last epoch."""
    steps = plan.epochs * len(list(_batches(known, plan.batch, rng)))
    schedule = keras.optimizers.schedules.CosineDecay(
        plan.rate / 10, steps, alpha=0.05, warmup_target=plan.rate, warmup_steps=steps // 12 + 1
    )
    learner.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.01, clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    right = 0.0
    for epoch in range(plan.epochs):
        lost = [
            float(np.ravel(learner.train_on_batch(padded(group), _labels(group)))[0])
            for group in _batches(known, plan.batch, rng)
        ]
        right = _right(learner, held, plan.batch, rng)
        say(f"epoch {epoch + 1} of {plan.epochs}: loss {np.mean(lost):.3f}, held out {right:.3f}")
    return right


def _right(
    learner: Learner, held: Sequence[Labelled], batch: int, rng: np.random.Generator
) -> float:
    found = [
        np.asarray(learner.predict_on_batch(padded(group))).argmax(axis=1) == _labels(group)
        for group in _batches(held, batch, rng)
    ]
    return float(np.concatenate(found).mean()) if found else 0.0


def _learnt(upper: keras.Model) -> dict[str, npt.NDArray[np.float16]]:
    found: dict[str, npt.NDArray[np.float16]] = {}
    for block in upper.layers:
        if isinstance(block, Block):
            layer = block.name.removeprefix("block")
            for name in LINEAR:
                adapted: Adapted = block.maps[name]
                found[f"{layer}.{name}.down"] = np.asarray(adapted.down).astype(np.float16)
                found[f"{layer}.{name}.up"] = (SCALE * np.asarray(adapted.up)).astype(np.float16)
    return found


def _lowered(texts: Sequence[str], weights: Weights, layers_: int) -> list[Floats]:
    """Each text after the lower layers: (tokens, 384)."""
    cut = tokenizer(weights)
    cut.enable_truncation(LONGEST)
    rows = [embed(text, cut, weights) for text in texts]
    lower = build(weights, 0, layers_)
    found: dict[int, Floats] = {}
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for start in range(0, len(order), 128):
        places = order[start : start + 128]
        states = np.asarray(lower.predict_on_batch(padded([Labelled(rows[p], 0) for p in places])))
        found |= {p: states[n, : len(rows[p])] for n, p in enumerate(places)}
    return [found[row] for row in range(len(rows))]


def embed(text: str, cut: Tokenizer, weights: Weights) -> Floats:
    """What the first layer reads: (tokens, 384)."""
    words, places = weights.embedded()
    tokens = cut.encode(text).ids
    read = words[tokens] + places[: len(tokens)]
    apart = read - read.mean(axis=1, keepdims=True)
    spread = np.sqrt((apart**2).mean(axis=1, keepdims=True) + 1e-12)
    return np.asarray(apart / spread * weights.vector("emb.ln.w") + weights.vector("emb.ln.b"))


def _vectors(upper: keras.Model, items: Sequence[Labelled], batch: int) -> Floats:
    """Unit vectors, not centred: (items, 384)."""
    found = np.zeros((len(items), WIDTH), np.float32)
    order = sorted(range(len(items)), key=lambda row: len(items[row].states))
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        inputs = padded([items[place] for place in places])
        states = upper.predict_on_batch(inputs)
        found[places] = np.asarray(mean_of(states, inputs["kept"]))
    return found


def _batches(
    items: Sequence[Labelled], batch: int, rng: np.random.Generator
) -> Iterator[list[Labelled]]:
    """Texts of like length together, in random order."""
    lengths = np.array([len(item.states) for item in items]) + rng.uniform(0, 3, len(items))
    order = np.argsort(lengths // 3 + rng.uniform(0, 0.5, len(items)))
    groups = [order[start : start + batch] for start in range(0, len(items), batch)]
    for group in rng.permutation(len(groups)):
        yield [items[int(row)] for row in groups[group]]


def padded(items: Sequence[Labelled]) -> dict[str, npt.NDArray[np.generic]]:
    """States (B, T, 384) with noughts at the end, and which are kept: (B, T)."""
    longest = -(-max(len(item.states) for item in items) // EVEN) * EVEN
    states = np.zeros((len(items), longest, WIDTH), np.float32)
    kept = np.zeros((len(items), longest), bool)
    for row, item in enumerate(items):
        states[row, : len(item.states)] = item.states
        kept[row, : len(item.states)] = True
    return {"states": states, "kept": kept}


def _labels(items: Sequence[Labelled]) -> Ints:
    return np.array([item.label for item in items], np.int32)
