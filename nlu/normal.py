"""The one normal form of a text for understanding what is meant: what looks or reads alike becomes the same.

Training and serving call `normal`. Entities are read from the text as it was sent: their offsets count in that.
"""

from __future__ import annotations

import re
import unicodedata

from nlu.tokenizer import HAN, words
from nlu.traditional import TO_SIMPLIFIED

LONG_DRAWN = re.compile(r"([^\d])\1{2,}")
IS_HAN = re.compile(f"[{HAN}]")
NUMBER = re.compile(r"\d[\d.,:/-]*")
CODE = re.compile(r"[^\W\d_]{1,5}[-_]?\d{3,}(?:[-_]?[^\W_]+)*")
ADDRESS = re.compile(r"https?://\S+|\S+@\S+\.\S+")


def normal(text: str) -> str:
    """Full-width as plain, small letters, simplified signs, no unseen signs, `sooooo` as `soo`."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(TO_SIMPLIFIED).replace("’", "'")
    seen = "".join(sign for sign in plain if unicodedata.category(sign) not in ("Cf", "Cs"))
    return LONG_DRAWN.sub(r"\1\1", seen)


def pieces(text: str) -> list[str]:
    """A normal text as a classifier counts it: words, single Han signs, and kinds of numbers instead of numbers."""
    return [piece for word in words(text) for piece in _pieces_of(word)]


def _pieces_of(word: str) -> list[str]:
    if IS_HAN.match(word):
        return list(word)
    if ADDRESS.fullmatch(word):
        return ["<address>"]
    if CODE.fullmatch(word):
        return ["<code>"]
    if NUMBER.fullmatch(word):
        return [f"<number of {min(len(word), 6)}>"]
    return [word]
