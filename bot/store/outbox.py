"""The durable outbox: replies wait here until their channel has them, in the order of their conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bot.conversation.messages import Reply, from_dict
from bot.conversation.ports import OutgoingReply
from bot.store.clock import utc_now
from bot.store.engine import NotFound, Store
from bot.store.inbox import add_reply
from bot.store.schema import Conversation, OutboxReply
from bot.store.wakeups import notify


def post(
    session: Session,
    shop: str,
    conversation: str,
    reply: Reply,
    edit_key: str | None = None,
    message: str | None = None,
) -> None:
    """Put a reply into the outbox outside of a turn, e.g. from a job; the same `edit_key` edits the earlier one."""
    row = session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation, Conversation.shop_id == shop)
        .with_for_update()
    )
    if row is None:
        raise NotFound(f"no conversation {conversation!r}")
    add_reply(session, row, reply, message=message, edit_key=edit_key)
    notify(session)


class StoredOutbox:
    """The `Outbox` of the conversation core, on the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def due(self, channels: Sequence[str], limit: int) -> list[OutgoingReply]:
        """The first unsent reply of each conversation, where its time has come."""
        pending = and_(OutboxReply.state == "pending", OutboxReply.channel.in_(channels))
        first = (
            select(
                OutboxReply.conversation_id,
                func.min(OutboxReply.revision).label("revision"),
            )
            .where(pending)
            .group_by(OutboxReply.conversation_id)
            .subquery()
        )
        query = (
            select(OutboxReply, Conversation)
            .join(
                first,
                and_(
                    OutboxReply.conversation_id == first.c.conversation_id,
                    OutboxReply.revision == first.c.revision,
                ),
            )
            .join(Conversation, Conversation.id == OutboxReply.conversation_id)
            .where(pending, OutboxReply.try_at <= utc_now())
            .order_by(OutboxReply.created_at)
            .limit(limit)
        )
        with self.store.read() as session:
            return [
                _outgoing(reply, conversation) for reply, conversation in session.execute(query)
            ]

    def sent(self, reply: OutgoingReply, channel_id: str) -> None:
        """Mark a reply as delivered, unless it was edited meanwhile: then the edit is still to be sent."""
        with self.store.write() as session:
            row = session.get_one(OutboxReply, reply.id)
            row.channel_id = channel_id
            if row.revision == reply.number:
                row.state = "sent"

    def delay(self, reply: OutgoingReply, seconds: float, reason: str) -> None:
        """Try a reply again after some seconds."""
        with self.store.write() as session:
            row = session.get_one(OutboxReply, reply.id)
            row.attempts += 1
            row.try_at = utc_now() + timedelta(seconds=seconds)
            row.last_error = reason[:500]


def _outgoing(row: OutboxReply, conversation: Conversation) -> OutgoingReply:
    return OutgoingReply(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        chat=conversation.chat,
        channel=row.channel,
        number=row.revision,
        reply=from_dict(row.body),
        attempts=row.attempts,
    )
