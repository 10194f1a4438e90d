"""The durable inbox: every message is stored once before anything else, and its turn is finished once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from sqlalchemy import Select, and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation.handoff import Owner, Ownership
from bot.conversation.messages import (
    Button,
    Buttons,
    FileRef,
    Handoff,
    InboundMessage,
    Language,
    Progress,
    Reply,
    Role,
    language_of,
    to_dict,
)
from bot.conversation.ports import PULLED_CHANNELS, Accepted, PendingMessage, Trace
from bot.store.clock import utc_now
from bot.store.engine import NotFound, Store
from bot.store.schema import (
    ButtonToken,
    Conversation,
    Message,
    OutboxReply,
    Shop,
    UtcDateTime,
)
from bot.store.wakeups import notify

LEASE = timedelta(seconds=20)
"""How long a claimed conversation stays with a gateway that went silent; longer than a turn may take."""


class StoredInbox:
    """The `Inbox` of the conversation core, on the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def accept(self, message: InboundMessage) -> Accepted:
        """Store a message once, with the next number of its conversation; raises `NotFound` for an unknown shop.

        A message with the same `(shop, channel, external_id)` is the same message: nothing is stored again.
        """
        try:
            return self._accept(message)
        except IntegrityError:  # on PostgreSQL two of the same may get past the first look at once
            return self._accept(message)

    def _accept(self, message: InboundMessage) -> Accepted:
        with self.store.write() as session:
            if known := _find(session, message):
                return Accepted(known.id, known.conversation_id, known.number, new=False)
            conversation = conversation_for(session, message)
            stored = _add(session, conversation, message)
            session.flush()
            notify(session)
            return Accepted(stored.id, conversation.id, stored.number, new=True)

    def claim(self, worker: str) -> PendingMessage | None:
        """Lease the conversation with the oldest open message that is due, and give that message."""
        now = utc_now()
        with self.store.read() as session:  # the usual look of an idle gateway takes no lock
            if session.execute(_ANY_DUE, {"now": now}).first() is None:
                return None
        with self.store.write() as session:
            row = session.execute(_FIRST_DUE_LOCKED, {"now": now}).first()
            if row is None:
                return None
            message, conversation, shop = row
            conversation.leased_by, conversation.leased_until = worker, now + LEASE
            return _pending(message, conversation, shop)

    def finish(
        self,
        message: PendingMessage,
        worker: str,
        replies: Sequence[Reply],
        trace: Trace,
        *,
        new_session: bool = False,
    ) -> bool:
        """Finish a turn in one transaction; the replies are dropped when owner or epoch changed since the claim.

        False when the lease was lost and so somebody else finishes the turn.
        """
        with self.store.write() as session:
            conversation = _leased(session, message, worker)
            if conversation is None:
                return False
            stored = session.get_one(Message, message.id)
            stored.done_at, stored.trace = utc_now(), asdict(trace)
            conversation.leased_by = conversation.leased_until = None
            conversation.engine_session += new_session
            if (conversation.owner, conversation.epoch) == (Owner.BOT, message.epoch):
                for reply in replies:
                    add_reply(session, conversation, reply, message=message.id)
                if any(isinstance(reply, Handoff) for reply in replies):
                    set_owner(conversation, ownership(conversation).ask_for_person())
            notify(session)
            return True

    def postpone(self, message: PendingMessage, worker: str, seconds: float) -> None:
        """Give the message back, to be tried again after some seconds."""
        with self.store.write() as session:
            if conversation := _leased(session, message, worker):
                conversation.leased_by = conversation.leased_until = None
                stored = session.get_one(Message, message.id)
                stored.attempts += 1
                stored.try_at = utc_now() + timedelta(seconds=seconds)

    def release(self, worker: str) -> None:
        """Drop the leases that a former process of the same name left behind when it was killed."""
        with self.store.write() as session:
            session.execute(
                update(Conversation)
                .where(Conversation.leased_by == worker)
                .values(leased_by=None, leased_until=None)
            )


def conversation_for(session: Session, message: InboundMessage) -> Conversation:
    """The conversation of a message, locked for this transaction; made where it is new."""
    where = (
        Conversation.shop_id == message.shop,
        Conversation.channel == message.channel,
        Conversation.chat == message.chat,
    )
    found = session.scalar(select(Conversation).where(*where).with_for_update())
    if found is None:
        if session.get(Shop, message.shop) is None:
            raise NotFound(f"no shop {message.shop!r}")
        found = Conversation(
            shop_id=message.shop,
            channel=message.channel,
            chat=message.chat,
            person=message.person,
            role=message.role,
            language=message.language or Language.EN,
        )
        session.add(found)
        session.flush()
    elif message.language:
        found.language = message.language
    return found


def add_reply(
    session: Session,
    conversation: Conversation,
    reply: Reply,
    *,
    message: str | None = None,
    edit_key: str | None = None,
) -> OutboxReply:
    """Put a reply into the outbox; one with a known `edit_key` takes the earlier one's place."""
    edit_key = edit_key or (reply.job if isinstance(reply, Progress) else None)
    body = to_dict(_with_tokens(session, conversation, reply))
    conversation.last_number += 1
    row = _edited(session, conversation, edit_key)
    if row is None:
        row = OutboxReply(
            shop_id=conversation.shop_id,
            conversation_id=conversation.id,
            message_id=message,
            channel=conversation.channel,
            number=conversation.last_number,
            edit_key=edit_key,
        )
        session.add(row)
    row.body, row.revision, row.try_at = body, conversation.last_number, utc_now()
    row.state = "sent" if conversation.channel in PULLED_CHANNELS else "pending"
    return row


def ownership(conversation: Conversation) -> Ownership:
    """Who owns a conversation."""
    return Ownership(Owner(conversation.owner), conversation.epoch, conversation.agent)


def set_owner(conversation: Conversation, new: Ownership) -> None:
    """Store the result of a step of the handoff state machine."""
    conversation.owner, conversation.epoch, conversation.agent = (
        new.owner,
        new.epoch,
        new.agent,
    )


def _find(session: Session, message: InboundMessage) -> Message | None:
    return session.scalar(
        select(Message).where(
            Message.shop_id == message.shop,
            Message.channel == message.channel,
            Message.external_id == message.external_id,
        )
    )


def _add(session: Session, conversation: Conversation, message: InboundMessage) -> Message:
    conversation.last_number += 1
    stored = Message(
        shop_id=message.shop,
        conversation_id=conversation.id,
        channel=message.channel,
        external_id=message.external_id,
        number=conversation.last_number,
        person=message.person,
        role=message.role,
        content={
            "text": message.text,
            "files": [asdict(file) for file in message.files],
        },
        payload=_payload(session, conversation, message.button),
    )
    session.add(stored)
    return stored


def _payload(session: Session, conversation: Conversation, token: str | None) -> str | None:
    """What a button of this very conversation stands for; a foreign or unknown id is read as plain text."""
    if token is None:
        return None
    button = session.get(ButtonToken, token)
    return button.payload if button and button.conversation_id == conversation.id else None


def _first_due() -> Select[Message, Conversation, Shop]:
    first = (
        select(Message.conversation_id, func.min(Message.number).label("number"))
        .where(Message.done_at.is_(None))
        .group_by(Message.conversation_id)
        .subquery()
    )
    now = bindparam("now", type_=UtcDateTime())
    return (
        select(Message, Conversation, Shop)
        .join(
            first,
            and_(
                Message.conversation_id == first.c.conversation_id,
                Message.number == first.c.number,
            ),
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Shop, Shop.id == Message.shop_id)
        .where(Message.try_at <= now)
        .where(or_(Conversation.leased_until.is_(None), Conversation.leased_until < now))
        .order_by(Message.received_at)
        .limit(1)
    )


_FIRST_DUE = _first_due()  # built once: building it takes longer than running it
_FIRST_DUE_LOCKED = _FIRST_DUE.with_for_update(of=Conversation, skip_locked=True)
_ANY_DUE = _FIRST_DUE.with_only_columns(Message.id)


def _pending(message: Message, conversation: Conversation, shop: Shop) -> PendingMessage:
    text = str(message.content["text"])
    return PendingMessage(
        id=message.id,
        shop=message.shop_id,
        conversation=conversation.id,
        number=message.number,
        channel=message.channel,
        person=message.person,
        role=Role(message.role),
        text=text,
        files=files_of(message.content["files"]),
        payload=message.payload,
        language=language_of(
            text if message.payload is None else "", Language(conversation.language)
        ),
        time_zone=shop.time_zone,
        owner=conversation.owner,
        epoch=conversation.epoch,
        engine_session=conversation.engine_session,
        attempts=message.attempts,
    )


def files_of(stored: Iterable[dict[str, object]]) -> tuple[FileRef, ...]:
    """The files of a stored message."""
    return tuple(FileRef(**file) for file in stored)  # type: ignore[arg-type]


def _leased(session: Session, message: PendingMessage, worker: str) -> Conversation | None:
    conversation = session.scalar(
        select(Conversation).where(Conversation.id == message.conversation).with_for_update()
    )
    return conversation if conversation and conversation.leased_by == worker else None


def _edited(
    session: Session, conversation: Conversation, edit_key: str | None
) -> OutboxReply | None:
    if edit_key is None:
        return None
    return session.scalar(
        select(OutboxReply).where(
            OutboxReply.conversation_id == conversation.id,
            OutboxReply.edit_key == edit_key,
        )
    )


def _with_tokens(session: Session, conversation: Conversation, reply: Reply) -> Reply:
    """Buttons leave with opaque ids: the payload stays here, so that nobody can make one up."""
    if not isinstance(reply, Buttons):
        return reply
    issued = [(button, secrets.token_urlsafe(16)) for button in reply.buttons]
    session.add_all(
        ButtonToken(
            token=token,
            shop_id=conversation.shop_id,
            conversation_id=conversation.id,
            payload=button.payload,
        )
        for button, token in issued
    )
    return replace(
        reply,
        buttons=tuple(Button(button.title, token=token) for button, token in issued),
    )
