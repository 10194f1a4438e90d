"""Cuts texts into sentences, English and Chinese, placeholders and e-mail addresses whole."""

from __future__ import annotations

import re

# After a full stop only where a blank or the end follows: "4.90", "a@b.example" and "e.g." stay whole enough.
_END = re.compile(r"(?<=[。！？!?；\n])\s*|(?<=[.])(?:[\"”’)]?)\s+(?=[^a-z]|$)")
_SPACE = re.compile(r"\s+")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, white space made one; a template's sentences are those of its text."""
    parts = (_SPACE.sub(" ", part or "").strip() for part in _END.split(text))
    return tuple(part for part in parts if part)


def one_line(text: str) -> str:
    """The text with its white space made one blank."""
    return _SPACE.sub(" ", text).strip()
