"""What the core needs from outside: an inbox that forgets nothing, a dialogue engine, and senders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.conversation.messages import FileRef, InboundMessage, Language, Reply, Role


@dataclass(frozen=True)
class Accepted:
    """What `accept` says: the stored message and whether it was new (a repeat is a no-op)."""

    message: str
    conversation: str
    number: int
    new: bool


@dataclass(frozen=True)
class PendingMessage:
    """A stored message whose turn has not been finished, as the inbox hands it out under a lease."""

    id: str
    shop: str
    conversation: str
    number: int
    channel: str
    person: str
    role: Role
    text: str
    files: tuple[FileRef, ...]
    payload: str | None
    language: Language
    time_zone: str
    owner: str
    epoch: int
    engine_session: int
    attempts: int


@dataclass(frozen=True)
class Trace:
    """Why a turn went as it did; what `why` and the log show."""

    intent: str = ""
    confidence: float = 0.0
    ranking: tuple[tuple[str, float], ...] = ()
    entities: tuple[tuple[str, str], ...] = ()
    actions: tuple[str, ...] = ()
    policy: str = ""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Question:
    """One question to the dialogue engine."""

    sender: str
    text: str
    shop: str
    role: Role
    person: str
    message: str
    conversation: str
    language: Language
    time_zone: str
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The engine's replies, in order, and the trace of the turn."""

    replies: tuple[Reply, ...]
    trace: Trace


class EngineUnavailable(Exception):
    """The engine cannot be reached now; the turn is tried again later."""


class EngineFailed(Exception):
    """The engine was reached and did not answer this turn (too slow, broken answer); trying again would not help."""


class DialogueEngine(Protocol):
    """Understands a message and decides what to do: Rasa, or a fake in tests."""

    async def ask(self, question: Question) -> Answer:
        """Answer one turn; raises `EngineUnavailable` or `EngineFailed`."""


class Inbox(Protocol):
    """The durable side of a conversation; every method is one transaction and may block (it is called in a thread)."""

    def accept(self, message: InboundMessage) -> Accepted:
        """Store a message once, with the next number of its conversation."""

    def claim(self, worker: str) -> PendingMessage | None:
        """The oldest unfinished message of a conversation that nobody else works on, under a lease of `worker`."""

    def finish(
        self,
        message: PendingMessage,
        worker: str,
        replies: Sequence[Reply],
        trace: Trace,
        *,
        new_session: bool = False,
    ) -> bool:
        """Finish a turn: replies to the outbox if owner and epoch are unchanged. False if the lease was lost."""

    def postpone(self, message: PendingMessage, worker: str, seconds: float) -> None:
        """Give the message back, to be tried again after some seconds."""


@dataclass(frozen=True)
class OutgoingReply:
    """A reply in the outbox, ready for its channel."""

    id: str
    shop: str
    conversation: str
    chat: str
    channel: str
    number: int
    reply: Reply
    attempts: int


PULLED_CHANNELS = frozenset({"web", "cli"})
"""Channels whose clients read by cursor: there a stored reply is a delivered one, nothing is pushed."""


class RetryLater(Exception):
    """A channel asks to wait `seconds` before the next try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds} s")
        self.seconds = seconds


class Sender(Protocol):
    """The sending half of a channel."""

    channel: str

    async def send(self, reply: OutgoingReply) -> str:
        """Deliver one reply and return the channel's id of it; raises `RetryLater`."""


class Outbox(Protocol):
    """The durable queue of replies; every method is one transaction and may block (it is called in a thread)."""

    def due(self, channels: Sequence[str], limit: int) -> list[OutgoingReply]:
        """The first unsent reply of each conversation whose time has come, at most `limit`."""

    def sent(self, reply: OutgoingReply, channel_id: str) -> None:
        """Mark a reply as delivered."""

    def delay(self, reply: OutgoingReply, seconds: float, reason: str) -> None:
        """Try a reply again after some seconds."""
