"""Trains the photo network from scratch, fits temperature and thresholds, and writes it with its card."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from ml.photos.categories import categories
from ml.photos.classifier import (
    SETTINGS,
    SMALL,
    WHOLE,
    PhotoClassifier,
    Settings,
    owners,
    probabilities,
)
from ml.photos.data import GROCERY, NoPhotos, Photo, photos, read
from ml.photos.evaluate import judge
from ml.photos.export import export, quantise
from ml.photos.learn import Learner, Plan, fastest_precision, in_precision, logits_of
from ml.photos.look import squared_all
from ml.photos.network import Shape, build, build_pretrained
from ml.photos.teach import BACKGROUND, background_rows
from ml.photos.unseen import Photos, measure
from ml.serving import Card, Json, replacing, save_card

Say = Callable[[str], None]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
SIZE = 128
"""Side of the photos where the network serves."""
SURE = 0.95
"""So often are categories right that no person has to look at."""
KNOWN = 0.95
"""So many of the photos of known categories are not taken for strangers."""
PRETRAINED = "MobileNetV2, ImageNet"
FINE_TUNING = Plan(epochs=15, sizes=((SIZE, 1.0),), rate=0.01, decay=1e-3)
"""How to train a pretrained network."""
_CALIBRATED = 256
_LOOKED_AT_EVERY = 10


def train(
    folder: Path,
    out: Path,
    say: Say,
    seed: int = 7,
    plan: Plan | None = None,
    shape: Shape | None = None,
    pretrained: bool = False,
) -> Card:
    """Trains on the collections below `folder`, writes the model into `out`, and returns its card.

    From scratch, or with `pretrained` from MobileNetV2 as ImageNet taught it. On a GPU where the backend of Keras has
    one. `out` stays as it was until the new model is there; how well it can be taught is measured after that, and goes
    into its card. Raises `NoPhotos`, `NoWeights`.
    """
    began = time.monotonic()
    plan = plan or (FINE_TUNING if pretrained else Plan())
    labels = tuple(label for one in categories() for label in one.labels)
    shape = shape or Shape(len(labels))
    network: dict[str, Json] = {"network": PRETRAINED} if pretrained else shape.to_dict()
    precision = fastest_precision()

    def fresh() -> keras.Model:
        with in_precision(precision):
            return build_pretrained(len(labels), seed) if pretrained else build(shape, seed)

    model = fresh()
    data = _Data.of(folder, labels)
    say(f"{len(data.known)} photos, {len(data.held)} held out, {model.count_params()} weights")
    learner = Learner(model, data.known, data.answers, len(labels), plan, seed)
    for epoch, lost in enumerate(learner.epochs(), 1):
        line = f"epoch {epoch} of {plan.epochs}: loss {lost:.3f}"
        if epoch % _LOOKED_AT_EVERY == 0:
            right = _top1(logits_of(model, data.held, SIZE), data.right, labels)
            line += f", right as it stands {right:.3f}"
        say(line)
    card = Card(
        name="photos",
        data=[f"{len(data.known)} photos: clothing (small and full, CC0), grocery (MIT)"],
        split="the collections' own validation parts held out for figures, temperature and thresholds",
        figures={},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round((time.monotonic() - began) / 60, 1),
        settings={
            "backend": keras.backend.backend(),
            "device": str(keras.ops.zeros(1).device),  # every backend can say that
            "precision": precision,
            **asdict(plan),
            **network,
        },
    )
    with replacing(out) as new:
        export(model, new / WHOLE)
        card = finished(new, card, data, labels, seed)
    taught, base = measure(
        Photos(data.known, data.answers),
        Photos(data.held, data.right),
        labels,
        _of_grocery(data, labels),
        plan,
        fresh,
        seed,
        say,
    )
    card = replace(card, figures={**card.figures, **taught}, baselines=base)
    return save_card(out, card, list(card.files))


def _of_grocery(data: _Data, labels: Sequence[str]) -> list[int]:
    """The categories that stand for a shop's own in the measure of teaching: they look like packaged goods the most."""
    owner = owners(labels)
    found = {
        int(owner[label].argmax())
        for label, photo in zip(data.right, data.judged, strict=True)
        if photo.collection == GROCERY
    }
    return sorted(found)


@dataclass(frozen=True, eq=False)
class _Data:
    """Photos (N, KEPT, KEPT, 3) to train with, to judge by, and of no category; and the numbers of their labels."""

    known: Bytes
    answers: Ints
    judged: Sequence[Photo]
    held: Bytes
    right: Ints
    strangers: Bytes

    @classmethod
    def of(cls, folder: Path, labels: Sequence[str]) -> _Data:
        """From the collections; raises `NoPhotos`."""
        every = photos(folder)
        place = {label: number for number, label in enumerate(labels)}
        known = [one for one in every if one.label and not one.held_out]
        judged = [one for one in every if one.label and one.held_out]
        if not known or not judged:
            raise NoPhotos(f"{folder} holds no photos to train with")
        numbers = [np.array([place[one.label] for one in some]) for some in (known, judged)]
        strangers = [one for one in every if not one.label]
        return cls(read(known), numbers[0], judged, read(judged), numbers[1], read(strangers))


def finished(folder: Path, card: Card, data: _Data, labels: Sequence[str], seed: int) -> Card:
    """What is made from the graph in `folder`: the 8-bit one, settings that are fitted to it, background, card."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(data.known))[:_CALIBRATED]
    quantise(folder / WHOLE, folder / SMALL, squared_all(data.known[chosen], SIZE))
    files = [WHOLE, SMALL, SETTINGS]
    Settings(SIZE, tuple(labels), 1.0, 0.0, 0.0).write(folder)
    save_card(folder, card, files)
    _write_background(folder, data, rng)
    provisional, held = PhotoClassifier.load(folder), squared_all(data.held, SIZE)
    nearness = provisional.see(held).nearness
    fitted(labels, provisional.logits(held), nearness, data.right).write(folder)
    save_card(folder, card, [*files, BACKGROUND])
    figures = {
        f"{what}, {name}": value
        for file, name in ((WHOLE, "full precision"), (SMALL, "8 bit"))
        for what, value in judge(
            PhotoClassifier.load(folder, file), data.judged, data.held, data.strangers
        ).items()
    }
    (folder / WHOLE).unlink()  # what serves is kept; what it lost by 8 bits stands in the card
    return save_card(folder, replace(card, figures=figures), [SMALL, SETTINGS, BACKGROUND])


def _write_background(folder: Path, data: _Data, rng: np.random.Generator) -> None:
    """Embeddings of a few photos of each label, as the 8-bit graph has them."""
    rows = background_rows(data.answers, rng)
    embeddings = PhotoClassifier.load(folder).see(squared_all(data.known[rows], SIZE)).embeddings
    np.savez_compressed(folder / BACKGROUND, embeddings=embeddings.astype(np.float16))


def fitted(labels: Sequence[str], logits: Floats, nearness: Floats, right: Ints) -> Settings:
    """Temperature and thresholds by held-out photos: logits (N, labels), nearness (N,), the label of each (N,)."""
    owner = owners(labels)
    category = owner[right].argmax(axis=1)
    rows = np.arange(len(right))

    def lost(log_temperature: float) -> float:
        found = probabilities(logits, owner, float(np.exp(log_temperature)))
        return -float(np.log(np.maximum(found[rows, category], 1e-9)).mean())

    temperature = float(np.exp(minimize_scalar(lost, bounds=(-3, 3), method="bounded").x))
    found = probabilities(logits, owner, temperature)
    sure, good = found.max(axis=1), found.argmax(axis=1) == category
    return Settings(
        SIZE,
        tuple(labels),
        temperature,
        review_above(sure, good),
        float(np.quantile(nearness, 1 - KNOWN)),
    )


def review_above(sure: Floats, good: npt.NDArray[np.bool_], wanted: float = SURE) -> float:
    """The least probability from which on so many are right."""
    order = np.argsort(-sure)
    share = np.cumsum(good[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= wanted)
    return float(sure[order[enough[-1]]]) if len(enough) else 1.0


def _top1(logits: Floats, right: Ints, labels: Sequence[str]) -> float:
    owner = owners(labels)
    found = probabilities(logits, owner, 1.0).argmax(axis=1)
    return float((found == owner[right].argmax(axis=1)).mean())
