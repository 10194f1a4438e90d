"""What is prepared and not yet agreed to; one open draft of a kind in a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import Draft


class DraftState(StrEnum):
    """What became of a draft."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class StoredDraft:
    """A draft; `message` is the last one that touched it, `at` when: a turn tried again finds its own work."""

    id: str
    kind: str
    body: Mapping[str, Any]
    state: DraftState
    message: str
    at: datetime


def open_draft(session: Session, shop: str, conversation: str, kind: str) -> StoredDraft | None:
    """The open draft of a conversation."""
    return _first(session, shop, conversation, kind, Draft.state == DraftState.OPEN)


def draft_of_message(
    session: Session, shop: str, conversation: str, kind: str, message: str
) -> StoredDraft | None:
    """The draft that this message was the last to touch, whatever its state."""
    return _first(session, shop, conversation, kind, Draft.last_message_id == message)


def latest_draft(session: Session, shop: str, conversation: str, kind: str) -> StoredDraft | None:
    """The draft that was touched last, whatever its state."""
    return _first(session, shop, conversation, kind)


def start_draft(
    session: Session, shop: str, conversation: str, kind: str, body: Mapping[str, Any], message: str
) -> StoredDraft:
    """Open a draft; one that was open is cancelled."""
    session.execute(
        update(Draft)
        .where(Draft.shop_id == shop, Draft.conversation_id == conversation)
        .where(Draft.kind == kind, Draft.state == DraftState.OPEN)
        .values(state=DraftState.CANCELLED)
    )
    row = Draft(
        shop_id=shop,
        conversation_id=conversation,
        kind=kind,
        body=dict(body),
        last_message_id=message,
    )
    session.add(row)
    session.flush()
    return _stored(row)


def save_draft(
    session: Session,
    shop: str,
    draft: str,
    body: Mapping[str, Any],
    message: str,
    state: DraftState = DraftState.OPEN,
) -> StoredDraft:
    """Keep what a message did to a draft."""
    row = session.get(Draft, draft)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no draft {draft!r}")
    row.body, row.state, row.last_message_id = dict(body), state, message
    session.flush()
    return _stored(row)


def _first(
    session: Session, shop: str, conversation: str, kind: str, *conditions: Any
) -> StoredDraft | None:
    row = session.scalar(
        select(Draft)
        .where(Draft.shop_id == shop, Draft.conversation_id == conversation, Draft.kind == kind)
        .where(*conditions)
        .order_by(Draft.updated_at.desc())
        .limit(1)
    )
    return _stored(row) if row else None


def _stored(row: Draft) -> StoredDraft:
    return StoredDraft(
        row.id, row.kind, row.body, DraftState(row.state), row.last_message_id, row.updated_at
    )
