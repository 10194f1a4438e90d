"""Turns tokens into the arrays the network reads: word, characters, shape and two marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ml.orders.tokens import has_han

Ints = npt.NDArray[np.int32]
PAD, UNKNOWN = 0, 1
CHARACTERS = 12
SHAPES = 18
MARKS = 5
GAPS = 3


@dataclass(frozen=True, slots=True)
class Text:
    """One text to tag. `marks` says how each token stands to the catalogue, `gaps` what is before it."""

    tokens: Sequence[str]
    marks: Sequence[int] = ()
    gaps: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of one batch: (batch, time), `characters` (batch, time, 12); 0 pads."""

    words: Ints
    characters: Ints
    shapes: Ints
    marks: Ints
    gaps: Ints
    lengths: Ints

    def inputs(self) -> dict[str, Ints]:
        return {
            "words": self.words,
            "characters": self.characters,
            "shapes": self.shapes,
            "marks": self.marks,
            "gaps": self.gaps,
        }


@dataclass(frozen=True)
class Vocabulary:
    """Known words and characters, in the order of their numbers; kept in the card."""

    words: tuple[str, ...]
    characters: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], least: int = 2) -> Vocabulary:
        words: Counter[str] = Counter()
        for tokens in texts:
            words.update(map(plain_word, tokens))
        characters = Counter(c for word in words for c in word)
        kept = sorted(w for w, n in words.items() if n >= least)
        return cls(tuple(kept), tuple(sorted(c for c, n in characters.items() if n >= 2)))


def plain_word(token: str) -> str:
    """Lower case, and digits alike: which digits a number has says nothing about what it is."""
    word = token.lower()
    return "".join("0" if c.isdigit() else c for c in word) if not word.isalpha() else word


@lru_cache(maxsize=65536)
def shape_of(token: str) -> int:
    """0 pads; digits by length, Han, capitals, marks."""
    if token.isdigit():
        return min(len(token), 11)
    if has_han(token):
        return 12
    if not token.isalpha():
        return 13 if any(c.isalnum() for c in token) else 14
    if token.islower():
        return 15
    return 16 if token.isupper() and len(token) > 1 else 17


class Encoder:
    """Looks tokens up once and remembers them: most tokens repeat."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._words: Mapping[str, int] = {w: i + 2 for i, w in enumerate(vocabulary.words)}
        self._characters = {c: i + 2 for i, c in enumerate(vocabulary.characters)}
        self._known: dict[str, tuple[int, list[int], int]] = {}

    def batch(self, texts: Sequence[Text]) -> Batch:
        lengths = np.array([len(t.tokens) for t in texts], np.int32)
        size = (len(texts), max(int(lengths.max(initial=0)), 1))
        words, shapes = np.zeros(size, np.int32), np.zeros(size, np.int32)
        marks, gaps = np.zeros(size, np.int32), np.zeros(size, np.int32)
        characters = np.zeros((*size, CHARACTERS), np.int32)
        for row, text in enumerate(texts):
            n = len(text.tokens)
            if not n:
                continue
            looked_up = [self._look_up(token) for token in text.tokens]
            words[row, :n] = [entry[0] for entry in looked_up]
            characters[row, :n] = [entry[1] for entry in looked_up]
            shapes[row, :n] = [entry[2] for entry in looked_up]
            marks[row, :n] = text.marks if len(text.marks) else 0
            gaps[row, :n] = text.gaps if len(text.gaps) else 0
        return Batch(words, characters, shapes, marks, gaps, lengths)

    def _look_up(self, token: str) -> tuple[int, list[int], int]:
        entry = self._known.get(token)
        if entry is None:
            word = plain_word(token)
            entry = (self._words.get(word, UNKNOWN), self._spell(word), shape_of(token))
            if len(self._known) < 100_000:
                self._known[token] = entry
        return entry

    def _spell(self, word: str) -> list[int]:
        """The first eight and the last four characters of a long word."""
        half = CHARACTERS * 2 // 3
        cut = word if len(word) <= CHARACTERS else word[:half] + word[half - CHARACTERS :]
        numbers = [self._characters.get(c, UNKNOWN) for c in cut]
        return numbers + [PAD] * (CHARACTERS - len(numbers))
