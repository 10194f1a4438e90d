"""The tables. Every one has `shop_id`; rows are reached only through the access functions of this package."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from bot.store.clock import UTC, new_id, utc_now


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware and in UTC on this side, naive UTC in the database (SQLite knows no zones)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all tables: types by annotation."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


class Shop(Base):
    """A merchant's shop; `settings` holds what its pages show."""

    __tablename__ = "shops"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    name_zh: Mapped[str]
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    country: Mapped[str] = mapped_column(
        String(2), default="US"
    )  # region of phones written without a country code
    time_zone: Mapped[str] = mapped_column(default="UTC")
    synthetic: Mapped[bool] = mapped_column(default=False)  # shown wherever its rows are shown
    last_order_number: Mapped[int] = mapped_column(default=10_000)  # none is given twice
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Person(Base):
    """Someone who can sign in: a merchant or an agent of a shop, or a customer."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("shop_id", "login"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    role: Mapped[str] = mapped_column(String(16))
    login: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(
        default=""
    )  # argon2; empty: cannot sign in with a password
    language: Mapped[str] = mapped_column(String(2), default="en")
    buyer_id: Mapped[str | None] = mapped_column(
        ForeignKey("buyers.id")
    )  # whose orders a customer may see


class WebSession(Base):
    """A signed-in browser; only the hash of its cookie is stored."""

    __tablename__ = "web_sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class Conversation(Base):
    """One chat of one person on one channel; `last_number` counts its messages, replies and edits."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("shop_id", "channel", "chat"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    channel: Mapped[str] = mapped_column(String(16))
    chat: Mapped[str]
    person: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(2), default="en")
    owner: Mapped[str] = mapped_column(String(8), default="BOT")
    epoch: Mapped[int] = mapped_column(default=0)
    agent: Mapped[str | None]
    last_number: Mapped[int] = mapped_column(default=0)
    engine_session: Mapped[int] = mapped_column(
        default=0
    )  # grows when the engine must forget a stuck turn
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Message(Base):
    """A message as it came in; unfinished ones are found again at start."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("shop_id", "channel", "external_id"),
        UniqueConstraint("conversation_id", "number"),
        Index("ix_messages_open", "done_at", "try_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    channel: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str]
    number: Mapped[int]
    person: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    content: Mapped[
        dict[str, Any]
    ]  # text as sent (JSON keeps what the column type could not), files
    payload: Mapped[str | None] = mapped_column(Text)  # of the button that was pressed
    attempts: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime] = mapped_column(default=utc_now)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime | None]
    trace: Mapped[dict[str, Any] | None]


class OutboxReply(Base):
    """A reply: shown to web clients by `revision` (their cursor), sent to other channels by the outbox.

    `number` is its place in the conversation; an edit (progress) keeps the place and takes a new `revision`.
    """

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        UniqueConstraint("conversation_id", "edit_key"),
        Index("ix_replies_revision", "conversation_id", "revision"),
        Index("ix_replies_due", "state", "channel", "try_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str | None] = mapped_column(ForeignKey("messages.id"))
    channel: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    revision: Mapped[int]
    edit_key: Mapped[str | None]  # e.g. the job whose progress this is
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8), default="pending")  # pending, sent
    attempts: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime] = mapped_column(default=utc_now)
    channel_id: Mapped[str | None]
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ButtonToken(Base):
    """What an opaque button id stands for, and in which conversation alone it may be pressed."""

    __tablename__ = "button_tokens"
    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StoredFile(Base):
    """A file of a shop; its bytes are in the file store under `sha256`."""

    __tablename__ = "files"
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class FileReader(Base):
    """A conversation whose person may read a file; the shop's own people may read all of the shop's."""

    __tablename__ = "file_readers"
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)


class Product(Base):
    """A thing the shop sells."""

    __tablename__ = "products"
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    name_zh: Mapped[str]
    category: Mapped[str] = mapped_column(default="")
    category_zh: Mapped[str] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(default="")
    price_cents: Mapped[int]
    aliases: Mapped[list[Any]] = mapped_column(default=list)
    stock: Mapped[int] = mapped_column(default=0)
    reorder_level: Mapped[int] = mapped_column(default=0)
    taxonomy_id: Mapped[str] = mapped_column(String(64), default="", server_default="")


class Buyer(Base):
    """A customer of the shop, as orders name them."""

    __tablename__ = "buyers"
    __table_args__ = (Index("ix_buyers_phone", "shop_id", "phone"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    name: Mapped[str]
    phone: Mapped[str | None] = mapped_column(String(32))  # E.164
    address: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2), default="en")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Order(Base):
    """A confirmed order; `number` is what people call it."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        Index("ix_orders_placed", "shop_id", "placed_at"),
        Index("ix_orders_buyer", "shop_id", "buyer_id"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    number: Mapped[str] = mapped_column(String(32))
    buyer_id: Mapped[str] = mapped_column(ForeignKey("buyers.id"))
    status: Mapped[str] = mapped_column(
        String(16), default="new"
    )  # see bot.store.orders.OrderStatus
    address: Mapped[str] = mapped_column(Text, default="")
    payment: Mapped[str] = mapped_column(default="")
    delivery_wish: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    total_cents: Mapped[int] = mapped_column(default=0)
    courier: Mapped[str] = mapped_column(default="")
    tracking_number: Mapped[str] = mapped_column(default="")
    placed_at: Mapped[datetime] = mapped_column(default=utc_now)
    shipped_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    source_message_id: Mapped[str | None]
    lines: Mapped[list[OrderLine]] = relationship(
        order_by="OrderLine.position", cascade="all, delete-orphan"
    )
    buyer: Mapped[Buyer] = relationship()


class OrderLine(Base):
    """One line of an order."""

    __tablename__ = "order_lines"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    sku: Mapped[str | None] = mapped_column(
        String(64)
    )  # none: not in the catalogue, kept as the buyer wrote it
    text: Mapped[str]
    quantity: Mapped[int]
    unit: Mapped[str] = mapped_column(default="")
    unit_price_cents: Mapped[int]


class Draft(Base):
    """Something prepared and not yet agreed to (an order); one open draft of a kind in a conversation."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_open", "conversation_id", "state"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default="open")  # open, confirmed, cancelled
    last_message_id: Mapped[str] = mapped_column(
        String(32), default=""
    )  # a turn tried again edits only once
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Change(Base):
    """The audit log: who changed what of the shop, how it was before, and whether it was taken back.

    Unique by message and name: the retry of a turn repeats nothing.
    """

    __tablename__ = "changes"
    __table_args__ = (
        UniqueConstraint("shop_id", "message_id", "name"),
        Index("ix_changes_made", "shop_id", "made_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(String(32))
    person: Mapped[str]
    name: Mapped[str] = mapped_column(String(64))  # e.g. "order.create"
    subject: Mapped[str]  # e.g. the order's id
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    undone_at: Mapped[datetime | None]


class Lookup(Base):
    """A try to see an order with a number and the end of a phone that did not fit; they are counted.

    Unique by message: the retry of a turn counts once.
    """

    __tablename__ = "lookups"
    __table_args__ = (
        UniqueConstraint("shop_id", "message_id"),
        Index("ix_lookups_number", "shop_id", "number", "tried_at"),
        Index("ix_lookups_conversation", "conversation_id", "tried_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(32))
    tried_at: Mapped[datetime] = mapped_column(default=utc_now)


class CustomerQuestion(Base):
    """A question that was put to the answerer, and what came of it; the open ones that were handed over

    are what the shop is asked to answer. Unique by message: the retry of a turn counts once.
    """

    __tablename__ = "customer_questions"
    __table_args__ = (
        UniqueConstraint("shop_id", "message_id"),
        Index("ix_customer_questions_open", "shop_id", "decision", "closed_at", "asked_at"),
        Index("ix_customer_questions_conversation", "conversation_id", "asked_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    plain: Mapped[str] = mapped_column(Text)  # with placeholders for product and order
    intent: Mapped[str] = mapped_column(String(64), default="")
    intent_confidence: Mapped[float] = mapped_column(default=0.0)
    decision: Mapped[str] = mapped_column(String(16))  # send, ask_back, hand_over
    reason: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float] = mapped_column(default=0.0)
    parts: Mapped[dict[str, Any]]  # what the confidence was made of
    guesses: Mapped[list[Any]]  # the best candidates with their probabilities
    photos: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]  # when the shop had dealt with it


class Proposal(Base):
    """What one of the shop's people answered a customer, offered to the merchant as an answer for good."""

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_open", "shop_id", "closed_at", "made_at"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    person: Mapped[str]
    language: Mapped[str] = mapped_column(String(2))
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]  # when it was made an answer, or dismissed


class Job(Base):
    """A background job as its owner sees it; the durable workflow itself is DBOS's."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]]
    language: Mapped[str] = mapped_column(String(2), default="en")
    state: Mapped[str] = mapped_column(
        String(16), default="queued"
    )  # queued, running, done, failed, cancelled
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class TaughtCategory(Base):
    """A category of photos that a shop has taught."""

    __tablename__ = "taught_categories"
    __table_args__ = (UniqueConstraint("shop_id", "name"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    name: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=utc_now)


class TaughtPhoto(Base):
    """A photo that a category was taught from, as small as the model saw it; `hash` begins its SHA-256."""

    __tablename__ = "taught_photos"
    __table_args__ = (UniqueConstraint("category_id", "hash"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"), index=True)
    category_id: Mapped[str] = mapped_column(ForeignKey("taught_categories.id"))
    hash: Mapped[str] = mapped_column(String(16))
    png: Mapped[bytes] = mapped_column(LargeBinary)


class SeenPhoto(Base):
    """What a job saw in one of its photos; `decided` is the category that a person chose for it."""

    __tablename__ = "seen_photos"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"))
    body: Mapped[dict[str, Any]]
    doubtful: Mapped[bool]
    decided: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ProductPhoto(Base):
    """A photo of a product, as what tells the same photo again."""

    __tablename__ = "product_photos"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "sku"], ["products.shop_id", "products.sku"]),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shop_id: Mapped[str] = mapped_column(ForeignKey("shops.id"), index=True)
    sku: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]]
