"""Questions as the ranker compares them: one normal form, its words, and how the sentence encoder reads it."""

from __future__ import annotations

import re
import unicodedata

from ml.orders.tokens import HAN, fold, has_han

_WORD = re.compile(rf"\{{\w+\}}|\d+|[{HAN}]|[^\W\d_{HAN}]+(?:'[^\W\d_{HAN}]+)?")
_LONG_DRAWN = re.compile(r"([^\d])\1{2,}")
_SPOKEN = {
    "{product}": (" the item ", "这个商品"),
    "{order_number}": (" number 12345 ", "订单12345"),
}
MOST_SIGNS = 600


def normal(text: str) -> str:
    """Full-width as plain, small letters, simplified signs, no unseen signs, `sooooo` as `soo`; cut at `MOST_SIGNS`."""
    plain = fold(unicodedata.normalize("NFKC", text[:MOST_SIGNS])).lower().replace("’", "'")
    seen = "".join(s for s in plain if unicodedata.category(s) not in ("Cf", "Cs", "Co"))
    return " ".join(_LONG_DRAWN.sub(r"\1\1", seen).split())[:MOST_SIGNS]


def words(text: str) -> list[str]:
    """Words, numbers, placeholders and single Han signs of a normal text."""
    return _WORD.findall(text)


def spoken(text: str) -> str:
    """A text as the sentence encoder reads it: its normal form, with words where placeholders stand."""
    text = normal(text)
    chinese = has_han(text)
    for placeholder, wordings in _SPOKEN.items():
        text = text.replace(placeholder, wordings[chinese])
    return " ".join(text.replace("{", " ").replace("}", " ").replace("_", " ").split())
