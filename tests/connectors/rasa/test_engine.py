"""Asking Rasa, against a server on loopback that answers what a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.conversation.messages import FileRef, Handoff, Language, Role, Text
from bot.conversation.ports import Answer, EngineFailed, EngineUnavailable, Question
from connectors.rasa.engine import WEBHOOK, RasaEngine

QUESTION = Question(
    "c1.0",
    "where is it",
    "demo",
    Role.CUSTOMER,
    "ann",
    "m1",
    "c1",
    Language.EN,
    "UTC",
    (FileRef("0" * 64, "a", "b", 1),),
)
TRACE = {
    "intent": "order_status",
    "confidence": 0.9,
    "ranking": [{"name": "order_status", "confidence": 0.9}],
    "entities": [{"entity": "order_number", "value": "SC-1", "start": 0, "end": 4}],
    "actions": ["action_order_status"],
    "policy": None,
    "milliseconds": {"parse": None, "total": 17.5},
}


@contextmanager
def rasa_that_answers(status: int, body: bytes) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server with one canned answer; yields its address and what it was asked."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(
                {
                    "path": self.path,
                    "secret": self.headers["X-Shopclerk-Secret"],
                    **json.loads(content),
                }
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


async def ask(url: str) -> Answer:
    """One question."""
    engine = RasaEngine(url, "s3cret")
    try:
        return await engine.ask(QUESTION)
    finally:
        await engine.close()


async def test_an_answer_becomes_replies_and_a_trace() -> None:
    """Plain texts and our own kinds, and everything `why` needs."""
    replies = [{"text": "hi"}, {"text": "", "custom": {"kind": "handoff", "reason": "asked"}}]
    with rasa_that_answers(200, json.dumps({"replies": replies, "trace": TRACE}).encode()) as (
        url,
        asked,
    ):
        answer = await ask(url)
    assert answer.replies == (Text("hi"), Handoff("asked"))
    assert (answer.trace.intent, answer.trace.entities) == (
        "order_status",
        (("order_number", "SC-1"),),
    )
    assert answer.trace.milliseconds == {"total": 17.5}
    (question,) = asked
    assert (question["path"], question["secret"], question["sender"]) == (WEBHOOK, "s3cret", "c1.0")
    metadata = question["metadata"]
    assert isinstance(metadata, dict)
    assert (metadata["shop"], metadata["role"], metadata["message_id"]) == (
        "demo",
        "customer",
        "m1",
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"boom"),
        (401, b""),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"replies": [{"custom": {"kind": "odd"}}], "trace": {}}'),
        (200, b'{"replies": [{}], "trace": {}}'),
        (200, b'{"replies": "' + b"x" * 5_000_000 + b'"}'),
    ],
)
async def test_a_broken_answer_is_a_failed_turn(status: int, body: bytes) -> None:
    """Trying again would not help."""
    with rasa_that_answers(status, body) as (url, _), pytest.raises(EngineFailed):
        await ask(url)


@pytest.mark.parametrize("status", [502, 503])
async def test_a_rasa_that_is_not_ready_is_unavailable(status: int) -> None:
    """The turn is tried again."""
    with rasa_that_answers(status, b"") as (url, _), pytest.raises(EngineUnavailable):
        await ask(url)


async def test_a_rasa_that_is_not_there_is_unavailable() -> None:
    """Nobody listens on the port."""
    with pytest.raises(EngineUnavailable):
        await ask("http://127.0.0.1:1")
