"""The path of a message, from the front of the gateway to the stored reply, with a fake engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.conversation import turn
from bot.conversation.messages import FileRef, InboundMessage, Role, Text
from bot.conversation.ports import EngineFailed, EngineUnavailable, Question, RetryLater
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.schema import Conversation
from bot.store.timeline import Entry, entries_after, replies_to
from connectors.front import Front
from connectors.gateway import running_front
from tests.bot.conversation.fakes import FakeEngine, FakeSender

HELLO = InboundMessage("demo", "web", "m1", "chat-1", "ann", Role.CUSTOMER, "hello")


@asynccontextmanager
async def front_with(store: Store, tmp_path: Path, engine: FakeEngine) -> AsyncIterator[Front]:
    """A front at work."""
    async with running_front(store, FileStore(tmp_path.as_uri()), engine, "test") as front:
        yield front


async def answered(front: Front, message: InboundMessage) -> list[str]:
    """Send a message and return the texts of its replies."""
    accepted = await front.accept(message)
    for _ in range(500):
        with front.store.read() as session:
            replies = replies_to(session, message.shop, accepted.message)
        if replies is not None:
            return [str(entry.reply["text"]) for entry in replies if entry.reply]
        await asyncio.sleep(0.02)
    raise AssertionError("no answer")


async def test_a_message_is_answered(store: Store, tmp_path: Path) -> None:
    """Message in, reply out, and who waits for the conversation hears of it."""
    engine = FakeEngine()
    async with front_with(store, tmp_path, engine) as front:
        assert await answered(front, HELLO) == ["echo hello"]
    (question,) = engine.asked
    assert (question.shop, question.role, question.text) == ("demo", Role.CUSTOMER, "hello")


async def test_messages_of_a_conversation_are_answered_in_order(
    store: Store, tmp_path: Path
) -> None:
    """Sent at once, answered one after the other; never two at once in the engine."""
    busy: set[str] = set()

    def enter(question: Question) -> None:
        assert question.conversation not in busy
        busy.add(question.conversation)
        asyncio.get_running_loop().call_later(0.01, busy.discard, question.conversation)

    engine = FakeEngine(enter, seconds=0.02)
    async with front_with(store, tmp_path, engine) as front:
        messages = [
            replace(HELLO, external_id=f"m{i}", chat=f"chat-{i % 3}", text=f"{i}")
            for i in range(12)
        ]
        for message in messages:
            await front.accept(message)
        await asyncio.gather(*(answered(front, message) for message in messages))
    for chat in range(3):
        texts = [int(question.text) for question in engine.asked if int(question.text) % 3 == chat]
        assert texts == sorted(texts)


async def test_a_turn_waits_for_an_engine_that_is_down(store: Store, tmp_path: Path) -> None:
    """Nothing is lost: it is answered when the engine is back."""
    tries = iter([True, True, False])

    def down(_: Question) -> None:
        if next(tries, False):
            raise EngineUnavailable("starting")

    async with front_with(store, tmp_path, FakeEngine(down)) as front:
        assert await answered(front, HELLO) == ["echo hello"]


@pytest.mark.parametrize("error", [EngineFailed("nonsense"), ZeroDivisionError("a bug")])
async def test_a_failed_turn_is_told_with_an_error_id(
    store: Store, tmp_path: Path, error: Exception
) -> None:
    """The person hears it, the next message goes on in a fresh session of the engine."""

    def fail(question: Question) -> None:
        if question.text == "hello":
            raise error

    engine = FakeEngine(fail)
    async with front_with(store, tmp_path, engine) as front:
        (apology,) = await answered(front, HELLO)
        assert "Error" in apology
        assert await answered(front, replace(HELLO, external_id="m2", text="你好")) == ["echo 你好"]
    assert engine.asked[0].sender != engine.asked[1].sender


async def test_a_turn_that_takes_too_long_is_given_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is told, and the queue behind moves."""
    monkeypatch.setattr(turn, "TURN_SECONDS", 0.1)
    async with front_with(store, tmp_path, FakeEngine(seconds=5)) as front:
        (apology,) = await answered(front, HELLO)
    assert "Error" in apology


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "did not get any text"),
        ("  /// \u200b", "did not get any text"),
        ("a" * 100_000, "more than I can read"),
    ],
)
async def test_text_that_cannot_be_read_gets_a_polite_sentence(
    store: Store, tmp_path: Path, text: str, part: str
) -> None:
    """The engine is not bothered, and what was sent is stored as sent."""
    engine = FakeEngine()
    async with front_with(store, tmp_path, engine) as front:
        (reply,) = await answered(front, replace(HELLO, text=text))
        accepted = await front.accept(replace(HELLO, text=text))
        with store.read() as session:
            assert entries_after(session, "demo", accepted.conversation, 0)[0].text == text
    assert part in reply
    assert not engine.asked


async def test_files_without_a_word_say_what_is_wanted(store: Store, tmp_path: Path) -> None:
    """A merchant's photos are to be classified, other files hold orders; it is asked where there are both."""
    engine = FakeEngine()
    photo, table, zipped, document = (
        FileRef("0" * 64, "a.jpg", "image/jpeg", 1),
        FileRef("1" * 64, "a.csv", "text/csv", 1),
        FileRef("2" * 64, "a.ZIP", "application/zip", 1),
        FileRef("3" * 64, "a.docx", "application/zip", 1),
    )
    brought = [(photo,), (table,), (photo, table), (zipped,), (photo, zipped), (document,)]
    async with front_with(store, tmp_path, engine) as front:
        for number, files in enumerate(brought):
            message = replace(
                HELLO, external_id=f"f{number}", role=Role.MERCHANT, text="", files=files
            )
            await answered(front, message)
    assert [question.text for question in engine.asked] == [
        "/classify_photos",
        "/parse_order",
        "/nlu_fallback",
        "/classify_photos",
        "/classify_photos",
        "/parse_order",
    ]


async def test_only_a_button_of_ours_reaches_the_engine_with_a_slash(
    store: Store, tmp_path: Path
) -> None:
    """Typed slashes and made-up button ids are plain text."""
    engine = FakeEngine()
    async with front_with(store, tmp_path, engine) as front:
        await answered(front, replace(HELLO, text='／restart{"a": 1}'))
        await answered(front, replace(HELLO, external_id="m2", text="/affirm", button="made-up"))
    assert [question.text for question in engine.asked] == ['restart{"a": 1}', "affirm"]


async def test_the_bot_is_silent_while_a_person_owns_the_conversation(
    store: Store, tmp_path: Path
) -> None:
    """The message is stored for the inbox and not answered."""
    engine = FakeEngine()
    async with front_with(store, tmp_path, engine) as front:
        await answered(front, HELLO)
        with store.write() as session:
            session.execute(update(Conversation).values(owner="AGENT", epoch=1))
        assert await answered(front, replace(HELLO, external_id="m2")) == []
    assert len(engine.asked) == 1


async def test_a_turn_left_by_a_killed_gateway_is_answered_once_by_the_next(
    store: Store, tmp_path: Path
) -> None:
    """Accepted and claimed, then killed: the next gateway of the name answers it."""
    async with front_with(store, tmp_path, FakeEngine()) as front:
        await answered(front, HELLO)
        inbox = front.inbox
    orphan = inbox.accept(replace(HELLO, external_id="m2", text="again"))
    assert inbox.claim("test")
    async with front_with(store, tmp_path, FakeEngine()) as front:
        assert await answered(front, replace(HELLO, external_id="m2", text="again")) == [
            "echo again"
        ]
        with store.read() as session:
            entries: list[Entry] = entries_after(session, "demo", orphan.conversation, 0)
    assert [entry.author for entry in entries] == ["person", "bot", "person", "bot"]


async def test_a_repeat_of_an_answered_message_is_not_answered_again(
    store: Store, tmp_path: Path
) -> None:
    """A channel that sends its event again gets the same message, and nothing happens."""
    engine = FakeEngine()
    async with front_with(store, tmp_path, engine) as front:
        await answered(front, HELLO)
        assert not (await front.accept(HELLO)).new
        await asyncio.sleep(0.1)
    assert len(engine.asked) == 1


@pytest.mark.parametrize("failure", [RetryLater(0.05), ConnectionError("the channel is down")])
async def test_replies_are_pushed_in_order_once_the_channel_takes_them(
    store: Store, tmp_path: Path, failure: Exception
) -> None:
    """A channel that asks to wait, or fails, gets every reply later, in the order of the conversation."""
    sender = FakeSender("telegram", [failure])
    async with running_front(
        store, FileStore(tmp_path.as_uri()), FakeEngine(), "test", [sender]
    ) as front:
        for number in range(3):
            message = replace(HELLO, channel="telegram", external_id=f"m{number}", text=f"{number}")
            await answered(front, message)
        for _ in range(300):
            if len(sender.sent) == 3:
                break
            await asyncio.sleep(0.02)
    assert [reply.reply for reply in sender.sent] == [Text(f"echo {number}") for number in range(3)]
    assert {reply.chat for reply in sender.sent} == {"chat-1"}
