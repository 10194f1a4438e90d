"""Chinese said in English, word by word, so that the English sentence encoder has something to go by.

No translation: a list of words of shop talk (nlu/glosses.txt, written by hand) and the longest match. It is one view
among three; the words and signs themselves are the others.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from nlu.tokenizer import HAN

GLOSSES = Path(__file__).with_name("glosses.txt")
RUN = re.compile(f"[{HAN}]+")


@lru_cache(maxsize=1)
def _glosses() -> tuple[dict[str, str], int]:
    """The gloss of each Chinese word, and how many signs the longest word has."""
    found: dict[str, str] = {}
    for line in GLOSSES.read_text(encoding="utf-8").splitlines():
        gloss, _, words = line.partition(":")
        for word in words.split():
            found.setdefault(word, gloss.strip())
    return found, max(map(len, found))


def glossed(text: str) -> str:
    """A normal text with its Chinese words as English ones; words that are not in the list are left out."""
    return " ".join(RUN.sub(lambda run: f" {_english(run.group())} ", text).split())


def _english(run: str) -> str:
    glosses, longest = _glosses()
    english, start = [], 0
    while start < len(run):
        lengths = range(min(longest, len(run) - start), 0, -1)
        length = next((n for n in lengths if run[start : start + n] in glosses), 0)
        if length:
            english.append(glosses[run[start : start + length]])
        start += length or 1
    return " ".join(english)
