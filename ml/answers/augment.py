"""Makes other forms of a question: typing slips, dropped words, greetings, and two questions in one text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml.answers.pairs import Pair, is_chinese
from ml.answers.subwords import AND

# Words, placeholders and blanks stay whole; every Chinese sign is a piece of its own.
_PIECES = re.compile(r"\{\w+\}|[a-z0-9'’-]+|\s+|.", re.DOTALL)
_NEAR = dict(
    zip(
        "qwertyuiopasdfghjklzxcvbnm",
        "wa qes wrd etf ryg tuh yij uok ipl ol qsz adwx sfec dgrv fhtb gjyn hkum jlim ko asx zdc xfv cgb vhn bjm nk".split(),
        strict=True,
    )
)
_OPENERS = {
    "en": ("hi, ", "hello ", "hey ", "hi there, ", "ok so ", "sorry, ", "quick question: ", "one question, ", "just wondering, ", "good morning! ", "excuse me, ", "and ", "so "),
    "zh": ("你好，", "请问", "您好 ", "在吗 ", "亲，", "问一下 ", "想问下", "麻烦问下，", "那个，", "那", "请教一下，"),
}  # fmt: skip
_CLOSERS = {
    "en": (" please", " pls", " thanks", " thank you", "?", "??", " thx!", ", please let me know", "."),
    "zh": ("？", "?", " 谢谢", "，谢谢", "呢", "啊", "。", "，急", " 麻烦了"),
}  # fmt: skip
_JOINTS = {
    "en": (" and ", ". ", "? ", "? and ", ", also ", ". also, ", " and also ", "? also ", " plus ", ", and ", "?? ", ". another thing: ", ". oh and ", "\n"),
    "zh": ("，", "？", "。", "？还有", "，还有", "，另外", "。另外", " ", "，顺便问下", "？再问下", "，以及", "和"),
}  # fmt: skip


def noisy(text: str, rng: np.random.Generator, slips: float = 0.5) -> str:
    """The text as someone in a hurry types it; with `slips` 0 it stays as it is."""
    language = "zh" if is_chinese(text) else "en"
    pieces: list[str] = _PIECES.findall(text)
    if rng.random() < slips and len(pieces) > 3:
        pieces = _without_one(pieces, rng)
    if rng.random() < slips:
        place = int(rng.integers(len(pieces))) if pieces else 0
        pieces[place : place + 1] = [_slip(piece, rng) for piece in pieces[place : place + 1]]
    if rng.random() < slips * 0.6:
        pieces.insert(0, str(rng.choice(_OPENERS[language])))
    ending = str(rng.choice(_CLOSERS[language])) if rng.random() < slips * 0.6 else ""
    return " ".join(("".join(pieces).rstrip("?？.。!！") + ending).split()) or text


def _without_one(pieces: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Drops a word or a sign, but no placeholder."""
    free = [n for n, piece in enumerate(pieces) if not piece.isspace() and piece[0] != "{"]
    if not free:
        return list(pieces)
    gone = int(rng.choice(free))
    return [piece for n, piece in enumerate(pieces) if n != gone]


def _slip(word: str, rng: np.random.Generator) -> str:
    """Two letters swapped, one lost, doubled or its neighbour on the keyboard."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    place = int(rng.integers(1, len(word) - 1))
    before, sign, after = word[:place], word[place], word[place + 1 :]
    kind = int(rng.integers(4))
    if kind == 0:
        return before[:-1] + sign + before[-1] + after
    if kind == 1:
        return before + after
    if kind == 2:
        return before + sign + sign + after
    near = _NEAR.get(sign, sign)
    return before + near[int(rng.integers(len(near)))] + after


def joined(one: Pair, other: Pair, rng: np.random.Generator) -> Pair:
    """Two questions in one text, answered one after the other."""
    language = "zh" if is_chinese(one.source) else "en"
    joint = str(rng.choice(_JOINTS[language]))
    first = one.source.rstrip("?？.。!！ ")
    source = " ".join(f"{first}{joint}{other.source}".split())
    return replace(one, source=source, target=f"{one.target} {AND} {other.target}", topic=-1)
