"""Cuts a message into tokens with their places: words, digit runs, single Han characters, marks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Letters and digits never share a token, so that "2x", "x2" and "500ml" come apart by themselves.
_TOKEN = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)?|\n|\t|[^\s]")
_HAN = re.compile(rf"[{HAN}]")


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is folded (full-width to plain); `start` and `end` count in the message as sent."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def _fold_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def fold(text: str) -> str:
    """Full-width to plain, character by character, so that every place stays where it was."""
    return text if text.isascii() else "".join(map(_fold_character, text))


def tokenize(text: str) -> list[Token]:
    folded = fold(text)
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(folded)]


def has_han(text: str) -> bool:
    return bool(_HAN.search(text))
