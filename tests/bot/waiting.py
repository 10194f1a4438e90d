"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(reached: Callable[[], bool]) -> None:
    """Wait up to a minute."""
    for _ in range(1200):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("the job stays where it is")
