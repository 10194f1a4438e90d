"""The photo collections that the model is trained on, as lists of files with labels of `categories.yml`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ml.photos.categories import categories
from ml.photos.look import KEPT, squared

Bytes = npt.NDArray[np.uint8]
CLOTHING, GROCERY = "clothing", "grocery"
STRANGERS = "Other"


@dataclass(frozen=True, slots=True)
class Photo:
    """A file and its label; `label` is empty for a photo of none of the categories."""

    path: Path
    label: str
    collection: str
    held_out: bool


class NoPhotos(Exception):
    """The folder does not hold the collections; the text says what is missing."""


def photos(folder: Path) -> list[Photo]:
    """All photos of the three collections below `folder`; raises `NoPhotos`.

    `clothing` is Grigorev's clothing dataset (small), `clothing_more` the rest of the full one, `grocery` Klasson et
    al. 2019, "A Hierarchical Grocery Store Image Dataset"; each with the split that it came with.
    """
    try:
        return [*_clothing(folder), *_more_clothing(folder), *_grocery(folder)]
    except (OSError, KeyError, ValueError) as error:
        raise NoPhotos(f"{folder} does not hold the photo collections: {error}") from error


def _known(label: str) -> str:
    """The label as `categories.yml` spells it; empty where it has none."""
    spelled = {one.lower(): one for category in categories() for one in category.labels}
    return spelled.get(label.lower(), "")


def _clothing(folder: Path) -> Iterator[Photo]:
    for split in ("train", "validation"):
        for path in sorted((folder / "clothing" / split).glob("*/*.jpg")):
            yield Photo(path, _known(path.parent.name), CLOTHING, split == "validation")


def _more_clothing(folder: Path) -> Iterator[Photo]:
    """All to train with, but those of no category, which only judge."""
    with (folder / "clothing_more" / "labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = folder / "clothing_more" / f"{row['image']}.jpg"
            if path.is_file():
                stranger = row["label"] == STRANGERS
                yield Photo(path, "" if stranger else _known(row["label"]), CLOTHING, stranger)


def _grocery(folder: Path) -> Iterator[Photo]:
    with (folder / "grocery" / "classes.csv").open(encoding="utf-8") as file:
        names = {row["Class ID (int)"]: row["Class Name (str)"] for row in csv.DictReader(file)}
    for split in ("train", "val"):
        lines = (folder / "grocery" / f"{split}.txt").read_text("utf-8").splitlines()
        for path, fine, _ in (line.split(", ") for line in lines if line.strip()):
            yield Photo(folder / "grocery" / path, _known(names[fine]), GROCERY, split == "val")


def read(some: Sequence[Photo]) -> Bytes:
    """The pixels of photos: (N, KEPT, KEPT, 3), RGB."""
    found = np.empty((len(some), KEPT, KEPT, 3), np.uint8)
    for row, photo in enumerate(some):
        image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
        if image is None:
            raise NoPhotos(f"{photo.path} cannot be read")
        found[row] = squared(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), KEPT)
    return found
