"""Teaching measured on categories that a network has not seen."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from ml.photos.categories import categories
from ml.photos.learn import Plan
from ml.photos.network import Shape, build
from ml.photos.unseen import Photos, measure

LABELS = tuple(label for one in categories() for label in one.labels)
SMALLEST = Shape(len(LABELS), 8, (8, 16), (1, 1), (1, 2), 4)
PLAN = Plan(epochs=3, sizes=((64, 1.0),), batch=8)


def fresh() -> keras.Model:
    return build(SMALLEST, 7)


def coloured(each: int, first: int) -> Photos:
    """`each` photos of each of five categories, every one of a colour of its own."""
    rng = np.random.default_rng(first)
    photos, labels = [], []
    for place, label in enumerate(("hat", "pants", "polo", "Avocado", "Banana")):
        colour = np.array([place % 2, place // 2 % 2, place // 4]) * 200 + 25
        for _ in range(each):
            photos.append(np.clip(colour + rng.normal(0, 6, (64, 64, 3)), 0, 255))
            labels.append(LABELS.index(label))
    return Photos(np.stack(photos).astype(np.uint8), np.array(labels))


@pytest.mark.slow
def test_categories_that_colours_tell_apart_are_learnt_from_a_few_photos() -> None:
    """The untrained network tells colours apart, too, and so do the baseline's histograms."""
    known, held = coloured(28, 1), coloured(6, 2)
    names = [one.category for one in categories()]
    new = [names.index(name) for name in ("avocado", "banana")]
    figures, base = measure(known, held, LABELS, new, PLAN, fresh, 7, lambda _: None)
    assert set(figures) == {
        f"{what}, {shots} photos each{how}"
        for shots in (5, 20)
        for what, how in (
            ("taught", ", as served"), ("taught", ", among the ten"), ("known ones lose by it", ""),
        )
    }  # fmt: skip
    assert base["taught, 20 photos each, among the ten"] > 0.8
    assert figures["taught, 20 photos each, among the ten"] > 0.9
    assert abs(figures["known ones lose by it, 20 photos each"]) <= 1


def test_where_too_few_photos_are_there_nothing_is_measured() -> None:
    few = coloured(3, 1)
    assert measure(few, few, LABELS, [0, 1], PLAN, fresh, 7, lambda _: None) == ({}, {})
