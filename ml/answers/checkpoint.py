"""Keeps a network to train on: half-precision arrays by layer, sizes and vocabulary, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from ml.answers.learn import Learner
from ml.answers.network import Shape
from ml.answers.subwords import GAP, Shortlist, Subwords
from ml.serving import ModelError, load_model

_FILES = ("weights.npz", "shape.json")
# Belongs to one shop's answers and is learnt anew from every start.
_OWN = ("topics", "subject", "hint", "bridge")
# Have a row for each piece.
_BY_PIECE = ("embedding/0", "pieces/0")


def save_weights(learner: Learner, subwords: Subwords, folder: Path) -> tuple[str, ...]:
    """Writes the network and its vocabulary into `folder` and says which files they are."""
    arrays = {
        path: np.asarray(weight, np.float16)
        for path, weight in weights_of(learner.model).items()
        if not path.startswith(_OWN)
    }
    np.savez_compressed(folder / _FILES[0], **arrays)  # type: ignore[arg-type]
    shape = replace(learner.shape, topics=0)
    (folder / _FILES[1]).write_text(json.dumps(shape.to_dict()) + "\n", encoding="utf-8")
    return (*_FILES, *subwords.save(folder))


def load_weights(
    folder: Path, seed: int, shortlist: Shortlist, changed: Callable[[Shape], Shape]
) -> Learner:
    """A learner that starts from the checked files of `folder`, writes the pieces of `shortlist` alone, and has its

    sizes `changed` where that is free.
    """
    model = load_model(folder)
    try:
        shape = Shape(**json.loads((model.folder / _FILES[1]).read_text(encoding="utf-8")))
        gap = shortlist.control(GAP)
        learner = Learner(changed(replace(shape, pieces=len(shortlist.pieces), gap=gap)), seed)
        with np.load(model.folder / _FILES[0], allow_pickle=False) as arrays:
            for path, weight in weights_of(learner.model).items():
                if not path.startswith(_OWN):
                    kept = arrays[path].astype(np.float32)
                    weight.assign(kept[[*shortlist.pieces]] if path in _BY_PIECE else kept)
    except (KeyError, IndexError, TypeError, ValueError, OSError) as error:
        raise ModelError(
            f"{folder} does not hold the start of an answerer ({error}): pretrain it anew"
        ) from error
    return learner


def weights_of(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight once, as `layer/number`: a layer that borrows another's does not count it again."""
    found: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    for layer in model.layers:
        for number, weight in enumerate(layer.weights):
            if id(weight) not in seen:
                found[f"{layer.name}/{number}"] = weight
            seen.add(id(weight))
    return found
