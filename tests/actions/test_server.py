"""The action server as Rasa meets it: over HTTP, on loopback, behind the shared secret."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.store.engine import open_store
from bot.store.schema import Shop
from tests.actions.rasa import Rasa
from tests.shop import fill

SECRET = "a-secret-of-this-test"


@pytest.fixture
def server(store_url: str, tmp_path: Path) -> Iterator[str]:
    """`python -m actions` on a free port; its URL."""
    store = open_store(store_url)
    with store.write() as session:
        session.add(Shop(id="demo", name="Demo", name_zh="店"))
        session.flush()
        fill(session)
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "SHOPCLERK_HOME": str(tmp_path),
        "DATABASE_URL": store_url,
        "SHOPCLERK_ACTIONS_PORT": str(port),
        "SHOPCLERK_ACTIONS_SECRET": SECRET,
    }
    process = subprocess.Popen([sys.executable, "-m", "actions"], env=environment)
    try:
        yield _once_ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def _once_ready(url: str) -> str:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return url
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the action server did not start")


def _call(action: str, text: str) -> dict[str, object]:
    message = Rasa(executor=None).message(text, "parse_order", None, None)  # type: ignore[arg-type]
    tracker = {"sender_id": "c", "slots": {}, "latest_message": message, "events": []}
    return {"next_action": action, "sender_id": "c", "tracker": tracker, "version": "3.6.21"}


def test_the_server_answers_who_knows_the_secret_and_nobody_else(server: str) -> None:
    """A call as Rasa makes it, without the domain; then without the secret, with a wrong one, broken."""
    call = _call("action_parse_order", "parse this order: 2 blue mugs for Ann Lee")
    answer = httpx.post(f"{server}/webhook", json=call, headers={"X-Shopclerk-Secret": SECRET})
    assert answer.status_code == 200
    assert {
        "event": "slot",
        "timestamp": None,
        "name": "draft_open",
        "value": True,
    } in answer.json()["events"]
    for headers in ({}, {"X-Shopclerk-Secret": "wrong"}, {"X-Shopclerk-Secret": "é".encode()}):
        refused = httpx.post(f"{server}/webhook", json=call, headers=headers)
        assert refused.status_code == 401
        assert "events" not in refused.json()
    broken = httpx.post(
        f"{server}/webhook", content=b"{not json", headers={"X-Shopclerk-Secret": SECRET}
    )
    assert 400 <= broken.status_code < 600
    assert "not json" not in broken.text
    unknown = httpx.post(
        f"{server}/webhook", json=_call("action_x", ""), headers={"X-Shopclerk-Secret": SECRET}
    )
    assert unknown.status_code == 404
