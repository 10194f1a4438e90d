"""Measures teaching on categories that a network has never seen: ten are left out of a short training, then taught.

The shipped network knows every category that there are photos of, so another one stands in for it: the same, trained
for a third of the epochs at the smallest side. Its probabilities are not calibrated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.preprocessing import StandardScaler

from ml.photos.baselines import hogs
from ml.photos.classifier import owners, probabilities
from ml.photos.learn import Learner, Plan
from ml.photos.look import squared_all
from ml.photos.teach import background_rows, teach, unit

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
NEW = 10
SHOTS = (5, 20)
DRAWS = 5
LEAST = 10
"""So many photos of a new category are left to judge by."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos (N, H, W, 3) and their labels (N,)."""

    pixels: Bytes
    labels: Ints

    def where(self, chosen: npt.NDArray[np.bool_]) -> Photos:
        """Some of them."""
        return Photos(self.pixels[chosen], self.labels[chosen])


def measure(
    known: Photos,
    held: Photos,
    labels: Sequence[str],
    may_be_new: Sequence[int],
    plan: Plan,
    fresh: Callable[[], keras.Model],
    seed: int,
    say: Callable[[str], None],
) -> tuple[dict[str, float], dict[str, float]]:
    """Figures and those of the baseline: top-1 over all photos of ten new categories that were not taught with.

    `fresh` makes an untrained network. `may_be_new` are categories to choose from, of those with enough photos; nothing
    where there are not two. "As served" means beside the categories that the network knows, any of which may win; the
    baseline has to tell only the ten from each other.
    """
    rng = np.random.default_rng(seed)
    owner = owners(labels)
    both = Photos(
        np.concatenate([known.pixels, held.pixels]), np.concatenate([known.labels, held.labels])
    )
    category = owner[both.labels].argmax(axis=1)
    counts = np.bincount(category, minlength=owner.shape[1])
    enough = [one for one in may_be_new if counts[one] >= max(SHOTS) + LEAST]
    new = np.sort(rng.permutation(enough)[:NEW])
    if len(new) < 2:
        return {}, {}
    unseen = np.isin(category, new)
    seen = known.where(~unseen[: len(known.labels)])
    plan = replace(plan, epochs=max(plan.epochs // 3, 1), sizes=((plan.sizes[0][0], 1.0),))
    learner = Learner(model := fresh(), seen.pixels, seen.labels, len(labels), plan, seed)
    for epoch, lost in enumerate(learner.epochs(), 1):
        say(f"without {len(new)} categories: epoch {epoch} of {plan.epochs}: loss {lost:.3f}")
    size = plan.sizes[0][0]
    background, _ = _see(model, seen.pixels[background_rows(seen.labels, rng)], size, owner)
    others = held.where(~unseen[len(known.labels) :])
    trial = _Trial(
        *_see(model, both.pixels[unseen], size, owner),
        np.searchsorted(new, category[unseen]),
        hogs(both.pixels[unseen]),
        background,
        *_see(model, others.pixels, size, owner),
        owner[others.labels].argmax(axis=1),
    )
    drawn = [trial.draw(shots, rng) for shots in SHOTS for _ in range(DRAWS)]
    return _means(ours for ours, _ in drawn), _means(base for _, base in drawn)


@dataclass(frozen=True, eq=False)
class _Trial:
    """Photos of the new categories (n): embeddings, probabilities of the known ones, number of the new one, HOG; the

    background's embeddings; held-out photos of known categories (m): embeddings, probabilities, categories.
    """

    embeddings: Floats
    found: Floats
    place: Ints
    plain: Floats
    background: Floats
    held: Floats
    held_found: Floats
    right: Ints

    def draw(
        self, shots: int, rng: np.random.Generator
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Teaches with so many photos of each, drawn anew: figures, and the baseline's."""
        ids = range(int(self.place.max()) + 1)
        chosen = [rng.permutation(np.flatnonzero(self.place == one))[:shots] for one in ids]
        rest = np.setdiff1d(np.arange(len(self.place)), np.concatenate(chosen))
        lesson = teach({str(one): self.embeddings[chosen[one]] for one in ids}, self.background)
        scale = StandardScaler().fit(self.plain[np.concatenate(chosen)])
        prototypes = np.stack([scale.transform(self.plain[some]).mean(axis=0) for some in chosen])
        own = lesson.probabilities(self.embeddings[rest])
        served = np.hstack([own[:, :-1], self.found[rest] * own[:, -1:]]).argmax(axis=1)
        beside = lesson.probabilities(self.held)
        after = np.hstack([self.held_found * beside[:, -1:], beside[:, :-1]]).argmax(axis=1)
        before = self.held_found.argmax(axis=1)
        name, wanted = f"taught, {shots} photos each", self.place[rest]
        ours = {
            f"{name}, as served": float((served == wanted).mean()),
            f"{name}, among the ten": float((own[:, :-1].argmax(axis=1) == wanted).mean()),
            f"known ones lose by it, {shots} photos each": float(
                (before == self.right).mean() - (after == self.right).mean()
            ),
        }
        plainly = cdist(scale.transform(self.plain[rest]), prototypes).argmin(axis=1) == wanted
        return ours, {f"{name}, among the ten": float(plainly.mean())}


def _see(model: keras.Model, photos: Bytes, size: int, owner: Floats) -> tuple[Floats, Floats]:
    """Embeddings of length 1, and probabilities of the known categories."""
    embeddings, logits = [], []
    for start in range(0, len(photos), 64):
        found = model.predict_on_batch(squared_all(photos[start : start + 64], size))
        embeddings.append(np.asarray(found["embedding"]))
        logits.append(np.asarray(found["logits"]))
    return unit(np.concatenate(embeddings)), probabilities(np.concatenate(logits), owner, 1.0)


def _means(drawn: Iterable[Mapping[str, float]]) -> dict[str, float]:
    together: defaultdict[str, list[float]] = defaultdict(list)
    for figures in drawn:
        for name, value in figures.items():
            together[name].append(value)
    return {name: round(float(np.mean(values)), 4) for name, values in together.items()}
