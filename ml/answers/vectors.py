"""Keeps the sentence vectors of texts in files, a byte a number, so that only new texts cost time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ml.sentence import Encoded

Floats = npt.NDArray[np.float32]


class Encodes(Protocol):
    """A sentence encoder."""

    def read(self, text: str) -> Encoded:
        """A text's pieces, their states and its unit vector."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of texts, a row each."""


class Vectors:
    """Vectors of texts by the SHA-256 of the text; those not known are made."""

    def __init__(self, encoder: Encodes, files: Iterable[Path] = ()) -> None:
        """Files that are missing or damaged only cost the time to make their vectors again."""
        self._encoder = encoder
        self._known: dict[int, npt.NDArray[np.int8]] = {}
        for path in files:
            self._read(path)

    def of(self, texts: Sequence[str]) -> Floats:
        """Unit vectors: (len(texts), width)."""
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            made = self._encoder.vectors(list(new.values()))
            self._known.update(zip(new, _bytes(made), strict=True))
        if not keys:
            return self._encoder.vectors([])
        found = np.stack([self._known[key] for key in keys]).astype(np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def save(self, path: Path, texts: Sequence[str]) -> None:
        """Writes the vectors of these texts, whole or not at all."""
        self.of(texts)
        keys = sorted({_key(text) for text in texts})
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez_compressed(
                file, keys=np.array(keys, np.uint64), rows=np.stack([self._known[k] for k in keys])
            )
        partial.replace(path)

    def _read(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                keys, rows = file["keys"], file["rows"]
        except (OSError, ValueError, KeyError, BadZipFile):
            return
        if rows.dtype == np.int8 and rows.ndim == 2 and keys.shape == rows.shape[:1]:
            self._known.update((int(key), row) for key, row in zip(keys, rows, strict=True))


def _bytes(vectors: Floats) -> npt.NDArray[np.int8]:
    """Each row as whole numbers of -127..127; the length is lost, the direction stays."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.round(vectors / largest * 127), np.int8)


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
