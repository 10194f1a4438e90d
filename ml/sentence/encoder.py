"""Serves the sentence encoder: an ONNX graph that is written once on each machine and kept, run on one thread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from ml.sentence.graph import MOST_TOKENS, Adapters, written
from ml.sentence.package import WIDTH, read_package, tokenizer
from ml.serving import ModelError, load_model

Floats = npt.NDArray[np.float32]
ADAPTERS = "adapters.npz"
VOCABULARY = "pieces.json"
BEGIN_PIECE = "<s>"


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as the encoder reads it: its pieces, their states (n, 384), and the unit vector that is made of them."""

    pieces: tuple[str, ...]
    states: Floats
    vector: Floats

    @property
    def inner(self) -> Encoded:
        """The same without the marks of begin and end, where there is something between them.

        Attention over states would rest on these two, which sum the text up.
        """
        if len(self.pieces) < 3 or self.pieces[0] != BEGIN_PIECE:
            return self
        return Encoded(self.pieces[1:-1], self.states[1:-1], self.vector)


class SentenceEncoder:
    """Texts in, unit vectors out; may be shared by threads."""

    def __init__(self, graph: bytes, vocabulary: str) -> None:
        """Starts a session on a graph that `written` made."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_str(vocabulary)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)

    def read(self, text: str) -> Encoded:
        """A text whole; what is longer than `MOST_TOKENS` pieces is cut."""
        found = self._tokenizer.encode(_sound(text))
        tokens = np.array(found.ids, dtype=np.int64)
        vector, states = self._session.run(["vector", "states"], {"tokens": tokens})
        return Encoded(tuple(found.tokens), states, vector)

    def vector(self, text: str) -> Floats:
        """The unit vector of a text: (384,)."""
        tokens = np.array(self._tokenizer.encode(_sound(text)).ids, dtype=np.int64)
        return np.asarray(self._session.run(["vector"], {"tokens": tokens})[0], np.float32)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """The vectors of many texts, each the same as alone: (len(texts), 384)."""
        if len(texts) == 1:
            return self.vector(texts[0])[np.newaxis]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(self.vector, texts))
        return np.array(found, np.float32).reshape(len(texts), WIDTH)

    @classmethod
    def kept(cls, folder: Path) -> SentenceEncoder:
        """The encoder whose graph lies in `folder`; it is written there first where it is not (some seconds).

        Raises `ModelError` where the package is not installed or our adapters are not what their card says.
        """
        model = load_model(shipped())
        path = folder / f"{model.card.files[ADAPTERS][:16]}.onnx"
        pieces = folder / VOCABULARY
        if not path.is_file() or not pieces.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            weights = read_package()
            _put(pieces, tokenizer(weights).to_str().encode())
            _put(path, written(weights, read_adapters(shipped() / ADAPTERS)))
        return cls(path.read_bytes(), pieces.read_text(encoding="utf-8"))


def shipped() -> Path:
    """The folder of the committed adapters."""
    return Path(__file__).parent / "weights"


def read_adapters(path: Path) -> Adapters:
    """What `train.py` wrote; raises `ModelError`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name].astype(np.float32) for name in arrays.files}
        names = {name.rpartition(".")[0] for name in found} - {""}
        maps = {name: (found[f"{name}.down"], found[f"{name}.up"]) for name in names}
        return Adapters(maps, found["centre"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path} holds no adapters ({error}): fetch the weights anew") from error


def _put(path: Path, content: bytes) -> None:
    """Two processes may do it at once: each puts a whole file there."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


def _sound(text: str) -> str:
    """Without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "ignore").decode()
