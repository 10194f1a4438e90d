"""The one fake of the dialogue engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.conversation.messages import Text
from bot.conversation.ports import Answer, OutgoingReply, Question, Trace


class FakeEngine:
    """Answers with an echo; `before` may raise or wait, as a real engine would."""

    def __init__(
        self, before: Callable[[Question], object] | None = None, seconds: float = 0.0
    ) -> None:
        self.asked: list[Question] = []
        self.before = before
        self.seconds = seconds

    async def ask(self, question: Question) -> Answer:
        """Echo the text."""
        self.asked.append(question)
        if self.before:
            self.before(question)
        await asyncio.sleep(self.seconds)
        return Answer((Text(f"echo {question.text}"),), Trace(intent="echo", confidence=1.0))


class FakeSender:
    """A channel that is pushed to; it fails as often as `failures` says, then keeps what it was sent."""

    def __init__(self, channel: str, failures: list[Exception]) -> None:
        self.channel = channel
        self.failures = failures
        self.sent: list[OutgoingReply] = []

    async def send(self, reply: OutgoingReply) -> str:
        """Fail or deliver."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(reply)
        return f"{self.channel}-{len(self.sent)}"
