"""What a connector gets of the gateway: accept a message, hear of news, reach rows and files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from bot.conversation.messages import InboundMessage, Language, Role
from bot.conversation.ports import Accepted
from bot.conversation.turn import Wake
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.inbox import StoredInbox, conversation_for
from bot.store.timeline import last_numbers

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Waiter:
    conversation: str
    cursor: int
    event: asyncio.Event


class Front:
    """The gateway as a connector sees it; made in the event loop that it serves."""

    def __init__(self, store: Store, files: FileStore) -> None:
        self.store = store
        self.files = files
        self.inbox = StoredInbox(store)
        self.turns = Wake()
        self.outbox = Wake()
        self._news = Wake()
        self._waiters: set[_Waiter] = set()

    async def accept(self, message: InboundMessage) -> Accepted:
        """Store a message durably; when this returns, the channel may be told that it arrived."""
        accepted = await asyncio.to_thread(self.inbox.accept, message)
        if accepted.new:
            self.turns.ring()
            self._tell(accepted.conversation)
        return accepted

    async def conversation_for(
        self,
        shop: str,
        channel: str,
        chat: str,
        person: str,
        role: Role,
        language: Language | None = None,
    ) -> str:
        """The id of a chat's conversation, made where it is new."""
        message = InboundMessage(shop, channel, "", chat, person, role, "", language=language)
        return await asyncio.to_thread(self._conversation_for, message)

    def _conversation_for(self, message: InboundMessage) -> str:
        with self.store.write() as session:
            return conversation_for(session, message).id

    async def changed(self, conversation: str, cursor: int, seconds: float) -> None:
        """Until a conversation has something newer than the cursor, at most some seconds."""
        waiter = _Waiter(conversation, cursor, asyncio.Event())
        self._waiters.add(waiter)
        self._news.ring()  # what came between the caller's last look and now is seen too
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter.event.wait()
        finally:
            self._waiters.discard(waiter)

    def turn_finished(self, conversation: str) -> None:
        """A turn of this process is over: its replies are in the outbox."""
        self.outbox.ring()
        self._tell(conversation)

    def _tell(self, conversation: str) -> None:
        """Wake who waits for a conversation; that they look for nothing once in a while does no harm."""
        for waiter in self._waiters:
            if waiter.conversation == conversation:
                waiter.event.set()

    def something_written(self) -> None:
        """Some process committed something; called from a thread of the store's wake-ups."""
        for wake in (self.turns, self.outbox, self._news):
            wake.ring_from_thread()

    async def spread_news(self) -> None:
        """Wake those whose conversation has something new, with one query for all; runs until cancelled."""
        while True:
            await self._news.wait(5.0)
            waiters = tuple(self._waiters)
            if not waiters:
                continue
            try:
                watched = {waiter.conversation for waiter in waiters}
                numbers = await asyncio.to_thread(self._numbers, watched)
            except Exception:
                log.exception("news cannot be read")
                continue
            for waiter in waiters:
                if numbers.get(waiter.conversation, 0) > waiter.cursor:
                    waiter.event.set()

    def _numbers(self, watched: Collection[str]) -> dict[str, int]:
        with self.store.read() as session:
            return last_numbers(session, watched)
