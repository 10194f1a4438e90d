"""Serves the photo model: probabilities of categories, and embeddings by which new categories are taught."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from scipy.special import softmax

from ml.photos.categories import Category, categories
from ml.photos.teach import BACKGROUND, centred, read_background, unit
from ml.serving import Card, ModelError, load_model

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
SETTINGS = "settings.json"
_AT_ONCE = 32
WHOLE, SMALL = "photos.onnx", "photos-int8.onnx"
INPUT, EMBEDDING, LOGITS = "photos", "embedding", "logits"


def shipped() -> Path:
    """The folder of the committed model."""
    return Path(__file__).with_name("weights")


@dataclass(frozen=True)
class Settings:
    """What belongs to a network: the side of its photos, its labels, and what was fitted on held-out photos.

    `temperature` divides the logits; below `review` a category is to be looked at by a person (above, 95 % are right);
    a photo whose nearness is below `stranger` shows none of the categories.
    """

    size: int
    labels: tuple[str, ...]
    temperature: float
    review: float
    stranger: float

    def write(self, folder: Path) -> None:
        """Into `folder`."""
        (folder / SETTINGS).write_text(json.dumps(asdict(self)) + "\n", "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Settings:
        """From `folder`; raises `ValueError`, `TypeError` or `OSError`."""
        kept = json.loads((folder / SETTINGS).read_text("utf-8"))
        return cls(**(kept | {"labels": tuple(kept["labels"])}))


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network makes of photos: probabilities (N, categories), embeddings (N, width) of length 1.

    `nearness` (N,) is the cosine to the nearest photo of the background: low where a photo is like none that is known.
    """

    probabilities: Floats
    embeddings: Floats
    nearness: Floats


class PhotoClassifier:
    """The network with its settings; may be shared by threads.

    `background` (N, width) are embeddings of known photos; there are none yet while a model is made.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        settings: Settings,
        card: Card,
        background: Floats,
    ) -> None:
        self.settings, self.card, self.background = settings, card, background
        self.categories: tuple[Category, ...] = categories()
        self._session = session
        self._owner = owners(settings.labels)
        self._centre = background.mean(axis=0) if len(background) else None
        self._known = centred(background, self._centre) if self._centre is not None else None

    @classmethod
    def load(cls, folder: Path, file: str = SMALL) -> PhotoClassifier:
        """Loads the checked files of `folder`; raises `ModelError` with what to do where that fails."""
        model = load_model(folder)
        try:
            made = (folder / BACKGROUND).exists()
            background = read_background(folder) if made else np.zeros((0, 0), np.float32)
            return cls(model.session(file), Settings.read(folder), model.card, background)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} holds no photo model ({error}): train it anew") from error

    @property
    def name(self) -> str:
        """Tells whose embeddings they are: those of another model mean something else."""
        return f"{self.card.name}-{self.card.date}-{self.card.files.get(SMALL, '')[:6]}"

    def see(self, photos: Bytes) -> Seen:
        """Looks at photos (N, S, S, 3) of the model's size, RGB."""
        embeddings, logits = self._run(photos)
        found = probabilities(logits, self._owner, self.settings.temperature)
        embeddings = unit(embeddings)
        return Seen(found, embeddings, self._nearness(embeddings))

    def _nearness(self, embeddings: Floats) -> Floats:
        """Nearest neighbour from the centre of what is known (after Sun et al. 2022, deep nearest neighbours).

        One, where there is no background yet.
        """
        if self._centre is None or self._known is None:
            return np.ones(len(embeddings), np.float32)
        cosines = centred(embeddings, self._centre) @ self._known.T
        return np.asarray(cosines.max(axis=1), np.float32)

    def logits(self, photos: Bytes) -> Floats:
        """What the network says of photos (N, S, S, 3) before anything is fitted: (N, labels)."""
        return self._run(photos)[1]

    def _run(self, photos: Bytes) -> tuple[Floats, Floats]:
        """A few at a time, which keeps the memory small."""
        parts = [
            self._session.run([EMBEDDING, LOGITS], {INPUT: photos[start : start + _AT_ONCE]})
            for start in range(0, len(photos), _AT_ONCE)
        ]
        embeddings, logits = zip(*parts, strict=True)
        return np.concatenate(embeddings), np.concatenate(logits)


def owners(labels: Sequence[str]) -> Floats:
    """Which category each label is a kind of: (labels, categories), ones and noughts; raises `ValueError`."""
    place = {label: n for n, one in enumerate(categories()) for label in one.labels}
    if missing := [label for label in labels if label not in place]:
        raise ValueError(f"categories.yml has no {', '.join(missing)}")
    found = np.zeros((len(labels), len(categories())), np.float32)
    found[np.arange(len(labels)), [place[label] for label in labels]] = 1
    return found


def probabilities(logits: Floats, owner: Floats, temperature: float) -> Floats:
    """Of categories (N, categories), from logits of their kinds (N, labels)."""
    return np.asarray(softmax(logits / temperature, axis=1) @ owner, np.float32)
