"""Trains the photo network from scratch, fits temperature and thresholds, and writes it with its card."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from ml.photos.categories import categories
from ml.photos.classifier import (
    SETTINGS,
    Network,
    PhotoClassifier,
    Settings,
    owners,
    probabilities,
)
from ml.photos.data import CLOTHING, GROCERY, NoPhotos, Photo, photos, read
from ml.photos.evaluate import judge
from ml.photos.export import export, quantise
from ml.photos.learn import Learner, Plan, fastest_precision, in_precision, logits_of
from ml.photos.look import squared_all
from ml.photos.network import Shape, build, build_pretrained
from ml.photos.teach import BACKGROUND, background_rows
from ml.photos.unseen import Photos, measure
from ml.serving import Card, Json, ModelError, save_card

Say = Callable[[str], None]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
SIZE = 128
"""Side of the photos that a model is given; a network that learnt on smaller ones sees them made smaller."""
SURE = 0.95
"""So often are categories right that no person has to look at."""
KNOWN = 0.95
"""So many of the photos of known categories are not taken for strangers."""
PRETRAINED = "MobileNetV2, ImageNet"
FINE_TUNING = Plan(epochs=15, sizes=((SIZE, 1.0),), rate=3e-4)
"""How to train a pretrained network."""
_WHOLE = "photos.onnx"
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
    more: bool = False,
) -> Card:
    """Trains on the collections below `folder`, writes the model into `out`, and returns its card.

    From scratch, or with `pretrained` from MobileNetV2 as ImageNet taught it. On a GPU where the backend of Keras has
    one. With `more`, what is in `out` gets one network more, of another seed, and answers together with it. `out` stays
    as it was until the new model is there; how well it can be taught is measured after that, and goes into its card.
    Raises `NoPhotos`, `NoWeights`, and with `more` a `ModelError`.
    """
    began = time.monotonic()
    plan = plan or (FINE_TUNING if pretrained else Plan())
    labels = tuple(label for one in categories() for label in one.labels)
    earlier = _Earlier.of(out, labels) if more else _Earlier()
    seed += len(earlier.networks)
    shape = shape or Shape(len(labels))
    precision = fastest_precision()
    network: dict[str, Json] = {
        "seed": seed,
        "date": datetime.now(UTC).date().isoformat(),
        "backend": keras.backend.backend(),
        "devices": keras.distribution.list_devices(),
        "precision": precision,
        "optimizer": "AdamW",
        **asdict(plan),
        **({"network": PRETRAINED} if pretrained else shape.to_dict()),
    }

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
            right = _top1(logits_of(model, data.held, plan.size(epoch - 1)), data.right, labels)
            line += f", right as it stands {right:.3f}"
        say(line)
    minutes = round((time.monotonic() - began) / 60, 1)
    network["minutes"] = minutes
    card = Card(
        name="photos",
        data=[f"{len(data.known)} photos: clothing (small and full, CC0), grocery (MIT)"],
        split="the collections' own validation parts held out for figures, temperature and thresholds",
        figures={},
        baselines={},
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        minutes=minutes,
    )
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        export(model, new / _WHOLE)
        card = finished(new, card, network, plan.size(plan.epochs), data, labels, earlier)
        new.chmod(0o755)
        _put(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
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


def _put(new: Path, out: Path) -> None:
    """In the place of what was there, which goes only when the new folder has its name."""
    old = new.with_name(f"{new.name}-old")
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class _Earlier:
    """The networks that a model has already, their graphs, and what its card says of each; none for a new model."""

    networks: tuple[Network, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    told: tuple[Json, ...] = ()

    @classmethod
    def of(cls, folder: Path, labels: Sequence[str]) -> _Earlier:
        """Raises `ModelError`, also where the model has other labels."""
        classifier = PhotoClassifier.load(folder)
        told = classifier.card.settings.get("networks")
        if not isinstance(told, list):
            raise ModelError(f"the card in {folder} does not tell of its networks: train anew")
        if classifier.settings.labels != labels:
            raise ModelError(f"{folder} knows other categories: train anew, not one network more")
        files = {one.file: (folder / one.file).read_bytes() for one in classifier.settings.networks}
        return cls(classifier.settings.networks, files, tuple(told))

    def write(self, folder: Path) -> None:
        """The graphs as they were when the training began, whatever has become of theirs since."""
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


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


def finished(
    folder: Path,
    card: Card,
    told: Mapping[str, Json],
    side: int,
    data: _Data,
    labels: Sequence[str],
    earlier: _Earlier,
) -> Card:
    """What is made from the graph in `folder`, which sees photos of `side`, and the card of all.

    That is its 8-bit graph beside the earlier ones, settings that are fitted to all of them, and the background.
    `card` has no figures yet; `told` is what it is to say of the new network.
    """
    rng = np.random.default_rng(card.seed)
    chosen = rng.permutation(len(data.known))[:_CALIBRATED]
    names = (f"photos-{number}-int8.onnx" for number in itertools.count(1))
    small = Network(next(name for name in names if name not in earlier.files), side)
    quantise(folder / _WHOLE, folder / small.file, squared_all(data.known[chosen], side))
    alone: dict[str, float] = {}
    for network, name in ((Network(_WHOLE, side), "full precision"), (small, "8 bit")):
        alone |= _alone(folder, card, network, name, data, labels)
    (folder / _WHOLE).unlink()  # what serves is kept; what it lost by 8 bits stands in the card
    earlier.write(folder)
    networks = (*earlier.networks, small)
    card = replace(card, settings={"networks": [*earlier.told, {**told, "figures": alone}]})
    _write_background(folder, _served(folder, card, networks, labels), data, rng)
    files = [*(one.file for one in networks), SETTINGS, BACKGROUND]
    save_card(folder, card, files)
    held = squared_all(data.held, SIZE)
    fitted(PhotoClassifier.load(folder), held, data.right).write(folder)
    save_card(folder, card, files)
    figures = judge(PhotoClassifier.load(folder), data.judged, data.held, data.strangers)
    return save_card(folder, replace(card, figures=figures), files)


def _served(
    folder: Path, card: Card, networks: Sequence[Network], labels: Sequence[str]
) -> PhotoClassifier:
    """Networks in `folder` with nothing fitted yet."""
    Settings(tuple(networks), SIZE, tuple(labels), 1.0, 0.0, 0.0).write(folder)
    save_card(folder, card, [*(one.file for one in networks), SETTINGS])
    return PhotoClassifier.load(folder)


def _alone(
    folder: Path, card: Card, network: Network, name: str, data: _Data, labels: Sequence[str]
) -> dict[str, float]:
    """How often one network is right on its own."""
    logits = _served(folder, card, [network], labels).logits(squared_all(data.held, SIZE))
    kinds = np.array([one.collection for one in data.judged])
    return {
        f"top-1, {kind}, {name}": round(_top1(logits[of], data.right[of], labels), 4)
        for kind in (CLOTHING, GROCERY)
        if (of := kinds == kind).any()
    }


def _write_background(
    folder: Path, classifier: PhotoClassifier, data: _Data, rng: np.random.Generator
) -> None:
    """Embeddings of a few photos of each label, as the 8-bit graphs have them."""
    rows = background_rows(data.answers, rng)
    embeddings = classifier.see(squared_all(data.known[rows], SIZE)).embeddings
    np.savez_compressed(folder / BACKGROUND, embeddings=embeddings.astype(np.float16))


def fitted(classifier: PhotoClassifier, held: Bytes, right: Ints) -> Settings:
    """Its settings with temperature and thresholds by held-out photos (N, SIZE, SIZE, 3) and the label of each (N,)."""
    logits, owner = classifier.logits(held), owners(classifier.settings.labels)
    category, rows = owner[right].argmax(axis=1), np.arange(len(right))

    def lost(log_temperature: float) -> float:
        found = probabilities(logits, owner, float(np.exp(log_temperature)))
        return -float(np.log(np.maximum(found[rows, category], 1e-9)).mean())

    temperature = float(np.exp(minimize_scalar(lost, bounds=(-3, 3), method="bounded").x))
    found = probabilities(logits, owner, temperature)
    sure, good = found.max(axis=1), found.argmax(axis=1) == category
    nearness = classifier.see(held).nearness
    return replace(
        classifier.settings,
        temperature=temperature,
        review=review_above(sure, good),
        stranger=float(np.quantile(nearness, 1 - KNOWN)),
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
