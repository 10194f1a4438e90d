"""Asking Rasa what a text means, against a server on loopback that answers what a test wants."""

from __future__ import annotations

import json

import pytest

from bot.conversation.messages import Role
from connectors.rasa.reading import READING, RasaReader, Reading
from tests.connectors.rasa.test_engine import rasa_that_answers


async def test_a_text_is_read_as_of_a_customer() -> None:
    """Its intent and how sure it is; the role goes along, as it re-ranks twins."""
    body = json.dumps({"intent": "ask_shipping", "confidence": 0.9}).encode()
    with rasa_that_answers(200, body) as (url, asked):
        read = await RasaReader(url, "s3cret").read("/how much is shipping", Role.CUSTOMER)
    assert read == Reading("ask_shipping", 0.9)
    assert (asked[0]["path"], asked[0]["secret"]) == (READING, "s3cret")
    assert asked[0]["metadata"] == {"role": "customer"}


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b"{}"), (401, b""), (200, b"no json"), (200, b"[]"), (200, b"{}"), (500, b"boom")],
)
async def test_a_rasa_that_cannot_say_reads_nothing(status: int, body: bytes) -> None:
    """The trial goes on without it."""
    with rasa_that_answers(status, body) as (url, _):
        assert await RasaReader(url, "s3cret").read("hello", Role.CUSTOMER) == Reading()


async def test_a_rasa_that_is_not_there_reads_nothing() -> None:
    """Nobody listens on the port."""
    assert await RasaReader("http://127.0.0.1:1", "s").read("hello", Role.CUSTOMER) == Reading()
