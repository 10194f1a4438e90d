"""Fits the photo network on photos that lie in memory; on whatever backend Keras has."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import keras
import numpy as np
import numpy.typing as npt

from ml.photos.augment import Views, augmented, mixed
from ml.photos.look import squared_all

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Batch = tuple[Floats, dict[str, Floats]]
_AHEAD = 8
_WARM_UP = 3
_BATCHES_TO_NORM = 60


def fastest_precision() -> str:
    """The policy of numbers that this machine trains fastest by: bfloat16, where the processor reckons in it.

    Weights, the norms' statistics and the loss stay in single precision (Micikevicius et al. 2018).
    """
    processor = Path("/proc/cpuinfo")
    fast = processor.exists() and "avx512_bf16" in processor.read_text("utf-8")
    return "mixed_bfloat16" if fast else "float32"


@contextmanager
def in_precision(policy: str) -> Iterator[None]:
    """Layers that are made within reckon by `policy`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; the defaults made the committed weights, but for what decision 17 names.

    `sizes` are the side of the views, and the part of the epochs that each has: small ones first cost less. `views`
    says how far these go from the photos; so many batches (`mixed`, a part) are two photos in one, but for the
    last epochs (`plain`, a part). `average` is the memory of the weights' moving mean. `decay` is Keras' own, which
    does not go through the momentum: with one of 0.9, a tenth of it is the weight decay of papers.
    """

    epochs: int = 100
    sizes: tuple[tuple[int, float], ...] = ((96, 0.6), (128, 0.4))
    batch: int = 64
    rate: float = 0.1
    decay: float = 5e-4
    smoothing: float = 0.1
    views: Views = field(default_factory=Views)
    mixed: float = 0.5
    plain: float = 0.07
    average: float = 0.998

    def size(self, epoch: int) -> int:
        """The side of the views in an epoch."""
        so_far = 0.0
        for size, part in self.sizes:
            so_far += part
            if epoch < so_far * self.epochs - 1e-9:
                return size
        return self.sizes[-1][0]


class Learner:
    """Fits one network to photos (N, H, W, 3) and their labels (N,), numbers below `count`."""

    def __init__(
        self, model: keras.Model, photos: Bytes, labels: Ints, count: int, plan: Plan, seed: int
    ) -> None:
        self.model, self._plan = model, plan
        self._photos, self._labels, self._count = photos, labels, count
        self._rng = np.random.default_rng(seed)
        self._steps = max(len(photos) // plan.batch, 1)
        self._optimizer = self._compiled()

    def epochs(self) -> Iterator[float]:
        """Trains; gives each epoch's loss, and at the end has the weights' moving mean in place."""
        batches = self._ahead()
        for _ in range(self._plan.epochs):
            losses = [self.model.train_on_batch(*next(batches)) for _ in range(self._steps)]
            yield float(np.mean([np.ravel(loss)[0] for loss in losses]))
        self._optimizer.finalize_variable_values(self.model.trainable_variables)
        self._norm()

    def _compiled(self) -> keras.optimizers.Optimizer:
        plan = self._plan
        warm_up = min(_WARM_UP, plan.epochs - 1)
        schedule = keras.optimizers.schedules.CosineDecay(
            plan.rate / 20,
            self._steps * (plan.epochs - warm_up),
            alpha=0.001,
            warmup_target=plan.rate,
            warmup_steps=self._steps * warm_up,
        )
        optimizer = keras.optimizers.SGD(
            schedule,
            0.9,
            nesterov=True,
            weight_decay=plan.decay,
            use_ema=True,
            ema_momentum=plan.average,
        )
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        loss = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=plan.smoothing
        )
        self.model.compile(optimizer, {"logits": loss}, jit_compile=False)
        return optimizer

    def _norm(self) -> None:
        """The norms' means and spreads, which were those of other weights, anew."""
        size = self._plan.sizes[-1][0]
        for _ in range(min(_BATCHES_TO_NORM, 4 * self._steps)):
            rows = self._rng.permutation(len(self._photos))[: self._plan.batch]
            self.model(squared_all(self._photos[rows], size).astype(np.float32), training=True)

    def _ahead(self) -> Iterator[Batch]:
        """Batches that another thread makes while the network learns from those before; the same ones for a seed."""
        made: queue.Queue[Batch | Exception] = queue.Queue(_AHEAD)

        def make() -> None:
            try:
                for epoch in range(self._plan.epochs):
                    order = self._rng.permutation(len(self._photos))
                    for step in range(self._steps):
                        rows = order[step * self._plan.batch : (step + 1) * self._plan.batch]
                        made.put(self._batch(rows, epoch))
            except Exception as error:
                made.put(error)

        Thread(target=make, daemon=True).start()
        while True:
            batch = made.get()
            if isinstance(batch, Exception):
                raise batch
            yield batch

    def _batch(self, rows: Ints, epoch: int) -> Batch:
        plan, rng = self._plan, self._rng
        views = [augmented(self._photos[row], plan.size(epoch), plan.views, rng) for row in rows]
        photos = np.stack(views).astype(np.float32)
        labels = np.eye(self._count, dtype=np.float32)[self._labels[rows]]
        if epoch < plan.epochs * (1 - plan.plain) and rng.random() < plan.mixed:
            photos, labels = mixed(photos, labels, rng)
        return photos, {"logits": labels}


def logits_of(model: keras.Model, photos: Bytes, size: int) -> Floats:
    """The logits of photos (N, H, W, 3) looked at with a side of `size`: (N, labels)."""
    found = []
    for start in range(0, len(photos), 64):
        batch = squared_all(photos[start : start + 64], size)
        found.append(np.asarray(model.predict_on_batch(batch)["logits"]))
    return np.concatenate(found)
