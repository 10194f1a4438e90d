"""The shipped photo model, and a process that looks at photos for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.skills.photos.decoding import Lookers
from ml.photos.classifier import PhotoClassifier, shipped


@pytest.fixture(scope="module")
def classifier() -> PhotoClassifier:
    return PhotoClassifier.load(shipped())


@pytest.fixture(scope="module")
def lookers(classifier: PhotoClassifier) -> Iterator[Lookers]:
    with Lookers(classifier.settings.size, 1) as made:
        yield made
