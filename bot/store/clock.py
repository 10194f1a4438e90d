"""Time and ids of the store."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

__all__ = ["UTC", "new_id", "utc_now"]


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new random id of 32 hex digits."""
    return uuid.uuid4().hex
