"""A conversation as its reader sees it: messages and replies, read by cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.store.engine import NotFound
from bot.store.inbox import files_of
from bot.store.schema import Conversation, Message, OutboxReply


@dataclass(frozen=True)
class Entry:
    """One message or reply. Clients keep the biggest `revision` as their cursor, update by `id`, show by `number`.

    `reply` is the JSON form of a `Reply`, its buttons with opaque ids only; none for a person's message.
    """

    id: str
    number: int
    revision: int
    author: str
    at: datetime
    text: str = ""
    files: tuple[FileRef, ...] = ()
    reply: dict[str, Any] | None = None
    done: bool = True
    """For a message: whether its turn is over."""


def entries_after(
    session: Session, shop: str, conversation: str, cursor: int, limit: int = 200
) -> list[Entry]:
    """Entries with a revision above the cursor, in the order of revision."""
    access_conversation(session, shop, conversation)
    messages = session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation, Message.number > cursor)
        .order_by(Message.number)
        .limit(limit)
    )
    replies = session.scalars(
        select(OutboxReply)
        .where(OutboxReply.conversation_id == conversation, OutboxReply.revision > cursor)
        .order_by(OutboxReply.revision)
        .limit(limit)
    )
    entries = [_of_message(row) for row in messages] + [_of_reply(row) for row in replies]
    return sorted(entries, key=lambda entry: entry.revision)[:limit]


def replies_to(session: Session, shop: str, message: str) -> list[Entry] | None:
    """The replies to one message in their order; None while its turn is not over."""
    row = session.get(Message, message)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no message {message!r}")
    if row.done_at is None:
        return None
    rows = session.scalars(
        select(OutboxReply).where(OutboxReply.message_id == message).order_by(OutboxReply.number)
    )
    return [_of_reply(reply) for reply in rows]


def open_turns(session: Session, shop: str, conversation: str) -> int:
    """How many messages of a conversation still wait for their answer."""
    access_conversation(session, shop, conversation)
    query = select(Message.id).where(
        Message.conversation_id == conversation, Message.done_at.is_(None)
    )
    return len(session.scalars(query).all())


def last_numbers(session: Session, conversations: Collection[str]) -> dict[str, int]:
    """The newest revision of each of some conversations."""
    query = select(Conversation.id, Conversation.last_number).where(
        Conversation.id.in_(conversations)
    )
    return {row.id: row.last_number for row in session.execute(query)}


def access_conversation(session: Session, shop: str, conversation: str) -> Conversation:
    """A conversation of this shop; raises `NotFound`."""
    row = session.get(Conversation, conversation)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no conversation {conversation!r}")
    return row


def _of_message(row: Message) -> Entry:
    return Entry(
        id=row.id,
        number=row.number,
        revision=row.number,
        author="person",
        at=row.received_at,
        text=str(row.content["text"]),
        files=files_of(row.content["files"]),
        done=row.done_at is not None,
    )


def _of_reply(row: OutboxReply) -> Entry:
    entry = Entry(
        id=row.id,
        number=row.number,
        revision=row.revision,
        author="bot",
        at=row.created_at,
    )
    return replace(entry, reply=_public(row.body))


def _public(body: dict[str, Any]) -> dict[str, Any]:
    if body["kind"] != "buttons":
        return body
    buttons = [{"title": button["title"], "token": button["token"]} for button in body["buttons"]]
    return {**body, "buttons": buttons}
