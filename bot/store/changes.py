"""The audit log: every change of a shop, who made it, and whether it was taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import Change

UNDO_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Author:
    """Who makes a change, and with which message of which conversation."""

    person: str
    message: str
    conversation: str | None = None


@dataclass(frozen=True)
class ChangeInfo:
    """One change; `name` says what was done (`order.create`), `subject` to what."""

    id: str
    message: str
    person: str
    name: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    made_at: datetime
    undone_at: datetime | None


def record(
    session: Session,
    shop: str,
    author: Author,
    name: str,
    subject: str,
    *,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> ChangeInfo:
    """Write a change down; a message can make each named change once only."""
    row = Change(
        shop_id=shop,
        conversation_id=author.conversation,
        message_id=author.message,
        person=author.person,
        name=name,
        subject=subject,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        made_at=now,
    )
    session.add(row)
    session.flush()
    return _info(row)


def changes_of_message(session: Session, shop: str, message: str) -> tuple[ChangeInfo, ...]:
    """What a message changed, in order."""
    rows = session.scalars(
        select(Change)
        .where(Change.shop_id == shop, Change.message_id == message)
        .order_by(Change.made_at, Change.name)
    )
    return tuple(_info(row) for row in rows)


def last_undoable(
    session: Session, shop: str, name: str, conversation: str, now: datetime
) -> ChangeInfo | None:
    """The newest change of a conversation, of those whose name begins so, that may still be undone."""
    row = session.scalar(
        _undoable(shop, name, now)
        .where(Change.conversation_id == conversation)
        .order_by(Change.made_at.desc(), Change.name.desc())
        .limit(1)
    )
    return _info(row) if row else None


def undoable_of(
    session: Session, shop: str, name: str, subject: str, now: datetime
) -> ChangeInfo | None:
    """The change of one subject that may still be undone, whoever of the shop made it."""
    row = session.scalar(_undoable(shop, name, now).where(Change.subject == subject).limit(1))
    return _info(row) if row else None


def recent_changes(
    session: Session, shop: str, names: Sequence[str], limit: int
) -> tuple[ChangeInfo, ...]:
    """The newest changes of these names, newest first."""
    rows = session.scalars(
        select(Change)
        .where(Change.shop_id == shop, Change.name.in_(list(names)))
        .order_by(Change.made_at.desc(), Change.id)
        .limit(limit)
    )
    return tuple(_info(row) for row in rows)


def access_change(session: Session, shop: str, change: str) -> ChangeInfo:
    """The change of an id; raises `NotFound`."""
    row = session.get(Change, change)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no change {change!r}")
    return _info(row)


def mark_undone(session: Session, shop: str, change: str, now: datetime) -> None:
    """Write down that a change was taken back."""
    row = session.get(Change, change)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no change {change!r}")
    row.undone_at = now
    session.flush()


def _undoable(shop: str, name: str, now: datetime) -> Select[Change]:
    return select(Change).where(
        Change.shop_id == shop,
        Change.name.startswith(name),
        Change.undone_at.is_(None),
        Change.made_at > now - UNDO_WITHIN,
    )


def _info(row: Change) -> ChangeInfo:
    return ChangeInfo(
        id=row.id,
        message=row.message_id,
        person=row.person,
        name=row.name,
        subject=row.subject,
        before=row.before,
        after=row.after,
        made_at=row.made_at,
        undone_at=row.undone_at,
    )
