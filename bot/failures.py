"""Failures as a log may have them: what kind and where, without the words of people that an error may carry."""

from __future__ import annotations

import traceback


def without_words(error: BaseException) -> str:
    """The class of an error and the lines of code it came through, but not its text."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__qualname__}\n{frames}"
