"""Measures the photo model on held-out photos, with its baseline from the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.photos.baselines import hogs, support_vectors
from ml.photos.categories import categories
from ml.photos.classifier import PhotoClassifier, owners, probabilities, shipped
from ml.photos.data import CLOTHING, GROCERY, Photo, photos, read
from ml.photos.look import squared_all

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_BINS = 15
SEED = 7


@dataclass(frozen=True)
class Row:
    """One figure, with the baseline's where there is one."""

    data: str
    measure: str
    ours: float
    baseline: float | None = None
    baseline_name: str = ""


def judge(
    classifier: PhotoClassifier, judged: Sequence[Photo], held: Bytes, strangers: Bytes
) -> dict[str, float]:
    """Figures on held-out photos (N, H, W, 3) and on photos of none of the categories."""
    settings = classifier.settings
    found, near = seen(classifier, held)
    category = _categories(judged)
    sure, good = found.max(axis=1), found.argmax(axis=1) == category
    third = np.sort(found, axis=1)[:, -3]
    among = found[np.arange(len(found)), category] >= third
    above = sure >= settings.review
    figures = {
        f"top-1, {name}": float(good[_of(judged, name)].mean()) for name in (CLOTHING, GROCERY)
    }
    figures |= {
        "top-3": float(among.mean()),
        "calibration error": calibration_error(sure, good),
        "not to be reviewed": float(above.mean()),
        "right where not to be reviewed": float(good[above].mean()) if above.any() else 0.0,
        "taken for a stranger": float((near < settings.stranger).mean()),
    }
    if len(strangers):
        told, far = seen(classifier, strangers)
        flagged = far < settings.stranger
        figures["strangers flagged"] = float(flagged.mean())
        doubtful = flagged | (told.max(axis=1) < settings.review)
        figures["strangers flagged or to be reviewed"] = float(doubtful.mean())
    return {name: round(value, 4) for name, value in figures.items()}


def seen(classifier: PhotoClassifier, some: Bytes) -> tuple[Floats, Floats]:
    """Probabilities of categories (N, categories) and nearness (N,) for photos of any one size."""
    found = classifier.see(squared_all(some, classifier.settings.size))
    return found.probabilities, found.nearness


def calibration_error(sure: Floats, good: Flags) -> float:
    """Expected calibration error over 15 bins of like width (Guo et al. 2017)."""
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return float(
        sum(
            abs(float(good[place == n].mean()) - float(sure[place == n].mean()))
            * float((place == n).mean())
            for n in range(_BINS)
            if (place == n).any()
        )
    )


def evaluate(folder: Path, say: Callable[[str], None] | None = None) -> Iterator[Row]:
    """The shipped model, and HOG with a linear SVM; raises `NoPhotos`, `ModelError`.

    Where there is a `say`, a plain network is trained as well, which takes about an hour and is told to it.
    """
    every = photos(folder)
    judged = [one for one in every if one.label and one.held_out]
    held = read(judged)
    strangers = read([one for one in every if not one.label])
    base = _baseline(every, judged, held)
    ours = judge(PhotoClassifier.load(shipped()), judged, held, strangers)
    for measure, value in ours.items():
        yield Row("held out", measure, value, base.get(measure), "HOG + SVM")
    if say:
        for measure, value in _plain(every, judged, held, say).items():
            yield Row("held out", measure, ours[measure], value, "plain residual network")


def _plain(
    every: Sequence[Photo], judged: Sequence[Photo], held: Bytes, say: Callable[[str], None]
) -> dict[str, float]:
    from ml.photos.learn import logits_of  # only here is Keras needed
    from ml.photos.plain import SIZE, plain_network

    labels = [label for one in categories() for label in one.labels]
    known = [one for one in every if one.label and not one.held_out]
    numbers = np.array([labels.index(one.label) for one in known])
    model = plain_network(read(known), numbers, len(labels), SEED, say)
    found = probabilities(logits_of(model, held, SIZE), owners(labels), 1.0)
    return _top1(found.argmax(axis=1), judged)


def _baseline(every: Sequence[Photo], judged: Sequence[Photo], held: Bytes) -> dict[str, float]:
    known = [one for one in every if one.label and not one.held_out]
    machine = support_vectors(SEED).fit(hogs(read(known)), _categories(known))
    return _top1(machine.predict(hogs(held)), judged)


def _top1(found: Ints, judged: Sequence[Photo]) -> dict[str, float]:
    good = found == _categories(judged)
    return {f"top-1, {name}": float(good[_of(judged, name)].mean()) for name in (CLOTHING, GROCERY)}


def _categories(some: Sequence[Photo]) -> Ints:
    labels = [label for one in categories() for label in one.labels]
    owner = owners(labels).argmax(axis=1)
    place = {label: int(owner[n]) for n, label in enumerate(labels)}
    return np.array([place[one.label] for one in some])


def _of(some: Sequence[Photo], collection: str) -> Flags:
    return np.array([one.collection == collection for one in some])
