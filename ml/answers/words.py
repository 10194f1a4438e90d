"""Questions as the ranker compares them: one normal form, its words, and Chinese said in English word by word.

The gloss is no translation: lists of words written by hand and the longest match. The sentence encoder knows English
only, and this gives it something to go by; words and signs themselves are compared beside it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from ml.orders.tokens import HAN, fold, has_han

_GLOSSES = Path(__file__).resolve().parents[2] / "nlu" / "glosses.txt"
_WORD = re.compile(rf"\{{\w+\}}|\d+|[{HAN}]|[^\W\d_{HAN}]+(?:'[^\W\d_{HAN}]+)?")
_LONG_DRAWN = re.compile(r"([^\d])\1{2,}")
_RUN = re.compile(rf"[{HAN}]+")
_SPOKEN = {"{product}": "the item", "{order_number}": "number 12345"}
MOST_SIGNS = 600


def normal(text: str) -> str:
    """Full-width as plain, small letters, simplified signs, no unseen signs, `sooooo` as `soo`; cut at `MOST_SIGNS`."""
    plain = fold(unicodedata.normalize("NFKC", text[:MOST_SIGNS])).lower().replace("’", "'")
    seen = "".join(s for s in plain if unicodedata.category(s) not in ("Cf", "Cs", "Co"))
    return " ".join(_LONG_DRAWN.sub(r"\1\1", seen).split())[:MOST_SIGNS]


def words(text: str) -> list[str]:
    """Words, numbers, placeholders and single Han signs of a normal text."""
    return _WORD.findall(text)


def in_english(text: str) -> str:
    """A normal text as the sentence encoder may read it; Chinese words that no list has are left out."""
    for placeholder, spoken in _SPOKEN.items():
        text = text.replace(placeholder, f" {spoken} ")
    text = text.replace("{", " ").replace("}", " ").replace("_", " ")
    if has_han(text):
        text = _RUN.sub(lambda run: f" {_glossed(run.group())} ", text)
    return " ".join(text.split())


def _glossed(run: str) -> str:
    glosses, longest = _glosses()
    english, start = [], 0
    while start < len(run):
        lengths = range(min(longest, len(run) - start), 0, -1)
        length = next((n for n in lengths if run[start : start + n] in glosses), 0)
        if length:
            english.append(glosses[run[start : start + length]])
        start += length or 1
    return " ".join(english)


@lru_cache(maxsize=1)
def _glosses() -> tuple[dict[str, str], int]:
    """The gloss of each Chinese word, and how many signs the longest word has."""
    found: dict[str, str] = {}
    for line in _GLOSSES.read_text(encoding="utf-8").splitlines():
        gloss, _, chinese = line.partition(":")
        for word in chinese.split():
            found.setdefault(word, gloss.strip())
    return found, max(map(len, found))
