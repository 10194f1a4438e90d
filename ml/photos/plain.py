"""The plain residual network that ours is compared with: plain views, forty epochs."""

from __future__ import annotations

from collections.abc import Callable

import keras

from ml.photos.augment import Views
from ml.photos.learn import Bytes, Ints, Learner, Plan, fastest_precision, in_precision
from ml.photos.network import Shape, build

SIZE = 96
PLAN = Plan(
    epochs=40,
    sizes=((SIZE, 1.0),),
    views=Views(least=0.7, strength=0.0, erased=0.0),
    mixed=0.2,
    plain=0.0,
)


def shape(labels: int) -> Shape:
    """1.2 million weights: a block a stage, no squeeze-and-excitation."""
    return Shape(labels, 32, (32, 64, 128, 256), (1, 1, 1, 1), (1, 2, 2, 2), 0, 0.0)


def plain_network(
    photos: Bytes,
    labels: Ints,
    count: int,
    seed: int,
    say: Callable[[str], None],
) -> keras.Model:
    """Trained on photos (N, H, W, 3) and their labels (N,), numbers below `count`; about an hour on two cores."""
    with in_precision(fastest_precision()):
        model = build(shape(count), seed)
    for epoch, lost in enumerate(Learner(model, photos, labels, count, PLAN, seed).epochs(), 1):
        say(f"plain network: epoch {epoch} of {PLAN.epochs}: loss {lost:.3f}")
    return model
