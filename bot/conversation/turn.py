"""The single path of a message: claimed in order, asked of the engine, finished once, however often it is tried."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.conversation.handoff import Owner
from bot.conversation.messages import MAX_TEXT, FileRef, Reply, Role, is_photo, normalise
from bot.conversation.ports import (
    Answer,
    DialogueEngine,
    EngineFailed,
    EngineUnavailable,
    Inbox,
    Outbox,
    OutgoingReply,
    PendingMessage,
    Question,
    RetryLater,
    Sender,
    Trace,
)
from bot.conversation.texts import core_text

log = logging.getLogger(__name__)

TURN_SECONDS = 9.0
"""A turn that takes longer is given up, so that people hear something within 10 s and the queue behind moves."""

UNAVAILABLE_SECONDS = 120.0
"""How long a message waits for an engine that is down before the person is told."""

RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0)
IDLE_SECONDS = 0.5


class Wake:
    """A bell that any thread may ring; who waits for it wakes up, once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Wake the waiter, from the event loop's own thread."""
        self._event.set()

    def ring_from_thread(self) -> None:
        """Wake the waiter from any other thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, at most some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()


async def answer(message: PendingMessage, engine: DialogueEngine) -> Answer:
    """The answer to one message; raises `EngineUnavailable` or `EngineFailed`."""
    if message.owner != Owner.BOT:
        return Answer((), Trace(actions=("left to a person",)))
    text = message.payload or normalise(message.text) or _payload_for(message.files, message.role)
    if not text:
        return Answer((core_text("empty", message.language),), Trace(actions=("empty text",)))
    if len(text) > MAX_TEXT:
        return Answer(
            (core_text("too_long", message.language),),
            Trace(actions=("text too long",)),
        )
    question = Question(
        sender=f"{message.conversation}.{message.engine_session}",
        text=text,
        shop=message.shop,
        role=message.role,
        person=message.person,
        message=message.id,
        conversation=message.conversation,
        language=message.language,
        time_zone=message.time_zone,
        files=message.files,
    )
    try:
        async with asyncio.timeout(TURN_SECONDS):
            return await engine.ask(question)
    except TimeoutError as error:
        raise EngineFailed(f"no answer within {TURN_SECONDS:.0f} s") from error


def _payload_for(files: Sequence[FileRef], role: Role) -> str:
    """What files without a word mean: a merchant's photos are to be classified, other files hold orders.

    Where there are both, it is asked what to do with them.
    """
    if not files:
        return ""
    if role is Role.CUSTOMER:
        return "/report_problem"
    pictures = sum(map(is_photo, files))
    if pictures == len(files):
        return "/classify_photos"
    return "/nlu_fallback" if pictures and role is Role.MERCHANT else "/parse_order"


class TurnLoop:
    """Works on the inbox: conversations side by side, each one's messages in order."""

    def __init__(
        self,
        inbox: Inbox,
        engine: DialogueEngine,
        worker: str,
        wake: Wake,
        finished: Callable[[str], None],
        parallel: int = 8,
    ) -> None:
        self.inbox = inbox
        self.engine = engine
        self.worker = worker
        self.wake = wake
        self.finished = finished
        self.parallel = parallel
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take turns until cancelled."""
        try:
            while True:
                message = await self._claim() if len(self._running) < self.parallel else None
                if message is None:
                    await self.wake.wait(IDLE_SECONDS)
                    continue
                task = asyncio.create_task(self._turn(message))
                self._running.add(task)
                task.add_done_callback(partial(self._over, message.conversation))
        finally:
            for task in self._running:
                task.cancel()

    def _over(self, conversation: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake.ring()
        self.finished(conversation)

    async def _claim(self) -> PendingMessage | None:
        try:
            return await asyncio.to_thread(self.inbox.claim, self.worker)
        except Exception:
            log.exception("the inbox cannot be read")
            return None

    async def _turn(self, message: PendingMessage) -> None:
        started = time.perf_counter()
        try:
            result, failed = await answer(message, self.engine), False
        except EngineUnavailable as error:
            waited = message.attempts * RETRY_SECONDS[-1]
            if waited < UNAVAILABLE_SECONDS:
                await self._postpone(message, error)
                return
            result, failed = _apology(message, error), True
        except Exception as error:
            log.log(
                logging.WARNING if isinstance(error, EngineFailed) else logging.ERROR,
                "turn failed: %r",
                error,
            )
            result, failed = _apology(message, error), True
        await self._finish(message, result, failed, (time.perf_counter() - started) * 1000)

    async def _postpone(self, message: PendingMessage, error: EngineUnavailable) -> None:
        log.warning("the dialogue engine cannot be reached: %s", error)
        seconds = RETRY_SECONDS[min(message.attempts, len(RETRY_SECONDS) - 1)]
        await asyncio.to_thread(self.inbox.postpone, message, self.worker, seconds)

    async def _finish(
        self, message: PendingMessage, result: Answer, failed: bool, milliseconds: float
    ) -> None:
        times = {**result.trace.milliseconds, "turn": milliseconds}
        trace = replace(result.trace, milliseconds=times)
        try:
            await asyncio.to_thread(
                self.inbox.finish,
                message,
                self.worker,
                result.replies,
                trace,
                new_session=failed,
            )
        except Exception:  # the lease runs out and the turn is tried again
            log.exception("the turn of message %s cannot be stored", message.id)


def _apology(message: PendingMessage, error: Exception) -> Answer:
    error_id = secrets.token_hex(4)
    log.error("error %s in the turn of message %s: %r", error_id, message.id, error)
    replies: tuple[Reply, ...] = (core_text("failed", message.language, id=error_id),)
    return Answer(replies, Trace(error=f"{error_id}: {type(error).__name__}"))


class OutboxLoop:
    """Works on the outbox: every reply to its channel, in the order of its conversation, with back-off."""

    def __init__(
        self, outbox: Outbox, senders: Sequence[Sender], wake: Wake, batch: int = 64
    ) -> None:
        self.outbox = outbox
        self.senders = {sender.channel: sender for sender in senders}
        self.wake = wake
        self.batch = batch

    async def run(self) -> None:
        """Send until cancelled; without a channel to push to there is nothing to do."""
        while self.senders:
            try:
                due = await asyncio.to_thread(self.outbox.due, tuple(self.senders), self.batch)
                await asyncio.gather(*(self._send(reply) for reply in due))
            except Exception:
                log.exception("the outbox cannot be worked on")
                due = []
            if not due:
                await self.wake.wait(IDLE_SECONDS)

    async def _send(self, reply: OutgoingReply) -> None:
        try:
            channel_id = await self.senders[reply.channel].send(reply)
        except RetryLater as later:
            await asyncio.to_thread(self.outbox.delay, reply, later.seconds, str(later))
        except Exception as error:
            log.warning("reply %s was not sent: %r", reply.id, error)
            seconds = min(2.0**reply.attempts, 60.0)
            await asyncio.to_thread(self.outbox.delay, reply, seconds, repr(error))
        else:
            await asyncio.to_thread(self.outbox.sent, reply, channel_id)
