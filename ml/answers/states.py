"""Keeps what the sentence encoder reads in texts while a network learns from it: computed once, in half precision."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ml.answers.words import spoken
from ml.sentence import Encoded

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
# Texts of more pieces are cut where the network learns.
SOURCE = 64
_LOOKED_AT = 20_000


class Reads(Protocol):
    """A sentence encoder that hands out the states of a text's pieces."""

    def read(self, text: str) -> Encoded:
        """A text whole."""


class States:
    """The states of texts, by their text."""

    def __init__(self, encoder: Reads, texts: Iterable[str]) -> None:
        """Reads all texts, on every core: a runtime's session lets others run meanwhile."""
        self._encoder = encoder
        new = list(dict.fromkeys(map(spoken, texts)))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._known = dict(zip(new, pool.map(self._read, new), strict=True))

    def of(self, text: str) -> Halves:
        """The states of a text that was read: (pieces, width)."""
        return self._known[spoken(text)]

    def standard(self) -> tuple[Floats, Floats]:
        """Mean and spread of the states of all texts, or of some where there are many: (width,) each."""
        every = list(self._known.values())
        rows = np.concatenate(every[:: 1 + len(every) // _LOOKED_AT]).astype(np.float32)
        return rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-2)

    def _read(self, text: str) -> Halves:
        return self._encoder.read(text).inner.states[:SOURCE].astype(np.float16)
