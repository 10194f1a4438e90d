"""What was said earlier in a conversation, and why it was answered so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.store.inbox import files_of
from bot.store.schema import Message


@dataclass(frozen=True)
class PastTurn:
    """A finished turn: its text, its trace (see `bot.conversation.ports.Trace`), and when its message came."""

    message: str
    text: str
    trace: Mapping[str, Any]
    at: datetime


def turns_before(
    session: Session, shop: str, conversation: str, message: str, limit: int = 5
) -> tuple[PastTurn, ...]:
    """The finished turns before a message of the same conversation, newest first."""
    number = (
        select(Message.number)
        .where(Message.id == message, Message.conversation_id == conversation)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(Message)
        .where(Message.shop_id == shop, Message.conversation_id == conversation)
        .where(Message.number < number, Message.trace.is_not(None))
        .order_by(Message.number.desc())
        .limit(limit)
    )
    return tuple(PastTurn(row.id, _text(row), row.trace or {}, row.received_at) for row in rows)


def said_in(
    session: Session, shop: str, conversation: str, message: str
) -> tuple[str, tuple[FileRef, ...]]:
    """Text and files of a message of this conversation; nothing where there is no such message."""
    row = session.get(Message, message)
    if row is None or (row.shop_id, row.conversation_id) != (shop, conversation):
        return "", ()
    return _text(row), files_of(row.content.get("files") or ())


def _text(row: Message) -> str:
    return str(row.content.get("text") or "")
