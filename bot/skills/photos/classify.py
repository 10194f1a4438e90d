"""Puts photos into categories: what each shows, what is wrong with it, which are the same."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from itertools import islice
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bot.skills.photos.decoding import Found, Lookers, Refused
from bot.skills.photos.sources import Named
from bot.skills.photos.teaching import Classifies
from ml.photos.categories import Category
from ml.photos.classifier import Seen
from ml.photos.look import Look

BATCH = 16
TOP = 3
NONE_OF_THESE = "none_of_these"
SAME_BITS, LIKE_BITS, LIKE_COSINE = 4, 14, 0.9
"""Photos whose hashes differ in so few bits are the same; in a few more, where their embeddings are close too."""
SAME_COLOURS = 40
"""But not where the colour of any field is further apart than this (of 255): a mug may come in five."""
_GRID = 4
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Guess:
    """A category with its probability, which is calibrated for the shipped ones."""

    category: Category
    confidence: float


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What tells the same photo again: its hash, its embedding (width,), and the colours of a grid over it (48,)."""

    hash: int
    embedding: Floats
    colours: Bytes

    def to_json(self) -> dict[str, Any]:
        """To be kept."""
        return {
            "hash": self.hash,
            "embedding": _text(self.embedding.astype(np.float16)),
            "colours": _text(self.colours),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], embedded: bool = True) -> Fingerprint:
        """As it was kept; without its embedding (an empty one) where that is of another model."""
        coded = b64decode(kept["embedding"]) if embedded else b""
        colours = np.frombuffer(b64decode(kept["colours"]), np.uint8)
        return cls(int(kept["hash"]), np.frombuffer(coded, np.float16).astype(np.float32), colours)


Marked = tuple[str, Fingerprint]
"""A photo's name, and what tells it again."""


@dataclass(frozen=True)
class Classified:
    """A photo: its likeliest categories, whether a person should look, and why; or `refused` with the reason.

    `duplicate_of` is the name of the first photo that shows the same.
    """

    name: str
    top: tuple[Guess, ...] = ()
    review: bool = True
    warnings: tuple[str, ...] = ()
    duplicate_of: str | None = None
    refused: str = ""
    fingerprint: Fingerprint | None = None

    def to_json(self) -> dict[str, Any]:
        """For a job's own record."""
        mark = self.fingerprint
        return {
            "name": self.name,
            "top": [[*astuple(guess.category)[:4], guess.confidence] for guess in self.top],
            "review": self.review,
            "warnings": list(self.warnings),
            "refused": self.refused,
            "mark": mark.to_json() if mark else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], embedded: bool = True) -> Classified:
        """From a job's own record; not `embedded` where another model made its embedding."""
        top = tuple(
            Guess(Category(category, taxonomy_id, name, name_zh, ()), sure)
            for category, taxonomy_id, name, name_zh, sure in kept["top"]
        )
        mark = Fingerprint.from_json(kept["mark"], embedded) if kept["mark"] else None
        warnings = tuple(kept["warnings"])
        return cls(kept["name"], top, kept["review"], warnings, None, kept["refused"], mark)


def _text(array: npt.NDArray[Any]) -> str:
    return b64encode(array.tobytes()).decode()


class _Seen:
    """The photos so far, by hash, embedding and colours; `before` are known from the start.

    Without an embedding, as photos have it that another model saw, they are told by their hash alone.
    """

    def __init__(self, before: Iterable[Marked]) -> None:
        self._names: list[str] = []
        self._colours: list[Bytes] = []
        self._hashes = np.zeros(0, np.uint64)
        self._embeddings = np.zeros((0, 0), np.float16)
        self._before = deque(before)

    def first(self, name: str, mark: Fingerprint) -> str | None:
        """The first photo that shows the same as this one, which is one of them from now on."""
        while self._before:
            self._add(*self._before.popleft())
        count = len(self._names)
        found = None
        if count:
            apart = np.bitwise_count(self._hashes[:count] ^ np.uint64(mark.hash))
            near = np.flatnonzero(apart <= LIKE_BITS)
            like = apart[near] <= SAME_BITS
            if len(mark.embedding) == self._embeddings.shape[1]:
                like |= self._embeddings[near].astype(np.float32) @ mark.embedding >= LIKE_COSINE
            same = near[like]
            found = next((self._names[n] for n in same if self._coloured_so(n, mark)), None)
        self._add(name, mark)
        return found

    def _coloured_so(self, place: int, mark: Fingerprint) -> bool:
        apart = np.abs(self._colours[place].astype(int) - mark.colours)
        return int(apart.max()) <= SAME_COLOURS

    def _add(self, name: str, mark: Fingerprint) -> None:
        count, width = len(self._names), max(self._embeddings.shape[1], len(mark.embedding))
        if count == len(self._hashes) or width > self._embeddings.shape[1]:
            rows = max(2 * count, 256)
            self._hashes = np.append(self._hashes[:count], np.zeros(rows - count, np.uint64))
            before, self._embeddings = self._embeddings, np.zeros((rows, width), np.float16)
            self._embeddings[:count, : before.shape[1]] = before[:count]
        self._hashes[count] = mark.hash
        self._embeddings[count] = mark.embedding if len(mark.embedding) else 0
        self._names.append(name)
        self._colours.append(mark.colours)


def classify(
    photos: Iterable[Named], classifier: Classifies, lookers: Lookers
) -> Iterator[Classified]:
    """Each photo in order, a batch at a time; a refused one goes through with its reason."""
    looks = lookers.looks(photos)
    while batch := tuple(islice(looks, BATCH)):
        yield from _batch(batch, classifier)


def with_duplicates(
    photos: Iterable[Classified], before: Iterable[Marked] = ()
) -> Iterator[Classified]:
    """The photos, each with the first one before it, or of `before`, that shows the same."""
    seen = _Seen(before)
    for photo in photos:
        mark = photo.fingerprint
        yield replace(photo, duplicate_of=seen.first(photo.name, mark)) if mark else photo


def _batch(batch: tuple[Found[str], ...], classifier: Classifies) -> Iterator[Classified]:
    looks = [look for _, look in batch if isinstance(look, Look)]
    seen = classifier.see(np.stack([look.pixels for look in looks])) if looks else None
    row = 0
    for name, look in batch:
        if isinstance(look, Refused) or seen is None:
            yield Classified(name, refused=look.reason if isinstance(look, Refused) else "broken")
            continue
        yield _classified(name, look, seen, row, classifier)
        row += 1


def _classified(name: str, look: Look, seen: Seen, row: int, classifier: Classifies) -> Classified:
    found = seen.probabilities[row]
    order = np.argsort(-found, kind="stable")[:TOP]
    top = tuple(Guess(classifier.categories[n], float(found[n])) for n in order)
    sure = top[0].confidence
    stranger = bool(seen.nearness[row] < classifier.settings.stranger)
    review = stranger or sure < classifier.settings.review
    grid = cv2.resize(look.pixels, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    mark = Fingerprint(look.hash, seen.embeddings[row], np.asarray(grid, np.uint8).ravel())
    none = (NONE_OF_THESE,) if stranger else ()
    return Classified(name, top, review, (*none, *look.warnings), fingerprint=mark)
