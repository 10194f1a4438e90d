"""Categories that a shop teaches: kept with their photos, known from the next photo on, beside the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from bot.skills.photos.decoding import Lookers
from bot.skills.photos.sources import Named
from bot.store.taught import (
    MOST_PHOTOS,
    TaughtInfo,
    TooMany,
    clean_name,
    taught,
    taught_mark,
    teach_photos,
)
from ml.photos.categories import Category
from ml.photos.classifier import PhotoClassifier, Seen, Settings
from ml.photos.look import Look, squared
from ml.photos.teach import FEWEST, Taught, teach

Bytes = npt.NDArray[np.uint8]


class Classifies(Protocol):
    """What puts photos into categories: the shipped model, or one with a shop's own categories beside."""

    @property
    def settings(self) -> Settings:
        """Size and thresholds."""

    @property
    def categories(self) -> Sequence[Category]:
        """What the columns of the probabilities are of."""

    def see(self, photos: Bytes) -> Seen:
        """Looks at photos (N, S, S, 3)."""


@dataclass(frozen=True)
class ShopClassifier:
    """The shipped model with a shop's own categories: what these leave is shared by the shipped ones."""

    shipped: PhotoClassifier
    own: Taught

    @property
    def settings(self) -> Settings:
        """The shipped model's."""
        return self.shipped.settings

    @property
    def categories(self) -> Sequence[Category]:
        """The shop's own ones last; they are no node of the taxonomy."""
        own = (Category(name, "", name, name, ()) for name in self.own.names)
        return (*self.shipped.categories, *own)

    def see(self, photos: Bytes) -> Seen:
        """Looks at photos (N, S, S, 3)."""
        seen = self.shipped.see(photos)
        found = self.own.probabilities(seen.embeddings)
        both = np.hstack([seen.probabilities * found[:, -1:], found[:, :-1]])
        taught_now = both.argmax(axis=1) >= len(self.shipped.categories)
        nearness = np.where(taught_now, 1.0, seen.nearness)  # what is taught is near to its own
        return Seen(np.asarray(both, np.float32), seen.embeddings, np.asarray(nearness, np.float32))


def of_shop(session: Session, shop: str, classifier: PhotoClassifier) -> Classifies:
    """What a shop's photos are put into categories by."""
    ready = [one for one in taught(session, shop) if len(one.photos) >= FEWEST]
    if not ready:
        return classifier
    size = classifier.settings.size
    shots = {one.name: classifier.see(_pixels(one, size)).embeddings for one in ready}
    return ShopClassifier(classifier, teach(shots, classifier.background))


class ShopClassifiers:
    """What each shop's photos are put into categories by; made anew only where it has taught something since."""

    def __init__(self, shipped: PhotoClassifier) -> None:
        self.shipped = shipped
        self._known: dict[str, tuple[object, Classifies]] = {}

    def of(self, session: Session, shop: str) -> Classifies:
        """The shop's."""
        mark = taught_mark(session, shop)
        known = self._known.get(shop)
        if known is None or known[0] != mark:
            known = self._known[shop] = mark, of_shop(session, shop, self.shipped)
        return known[1]


def _pixels(one: TaughtInfo, size: int) -> Bytes:
    """Of a category's photos, which we wrote ourselves, at the size of this model."""
    found = (cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR) for png in one.photos)
    read = [cv2.cvtColor(photo, cv2.COLOR_BGR2RGB) for photo in found if photo is not None]
    return np.stack([squared(np.asarray(photo, np.uint8), size) for photo in read])


@dataclass(frozen=True)
class Lesson:
    """What came of teaching: photos new and in all, and the refused ones with their reasons."""

    name: str
    new: int
    photos: int
    refused: tuple[tuple[str, str], ...]

    @property
    def ready(self) -> bool:
        """Whether there are enough photos."""
        return self.photos >= FEWEST


@dataclass(frozen=True)
class Shots:
    """Photos to teach from, as small pictures (PNG), and the refused ones with their reasons."""

    photos: tuple[bytes, ...]
    refused: tuple[tuple[str, str], ...]


def shots_of(photos: Iterable[Named], lookers: Lookers) -> Shots:
    """Looks at the photos; raises `TooMany` where there are more than a category may have."""
    kept: list[bytes] = []
    refused: list[tuple[str, str]] = []
    for number, (path, look) in enumerate(lookers.looks(photos), 1):
        if number > MOST_PHOTOS:
            raise TooMany(MOST_PHOTOS, "photos")
        if isinstance(look, Look):
            pixels = cv2.cvtColor(look.pixels, cv2.COLOR_RGB2BGR)
            kept.append(cv2.imencode(".png", pixels)[1].tobytes())
        else:
            refused.append((path, look.reason))
    return Shots(tuple(kept), tuple(refused))


def learn(session: Session, shop: str, name: str, shots: Shots) -> Lesson:
    """Add photos to a category of a shop; raises `TooMany`."""
    new, count = teach_photos(session, shop, name, shots.photos) if shots.photos else (0, 0)
    return Lesson(clean_name(name), new, count, shots.refused)
