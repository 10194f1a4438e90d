"""A shop and the worker that does its jobs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store.clock import utc_now
from bot.store.engine import Store, open_store
from bot.store.schema import Message, Shop
from tests.shop import fill


@pytest.fixture
def shop(store_url: str) -> Iterator[Store]:
    """A small shop with a message that was answered."""
    store = open_store(store_url)
    with store.write() as session:
        session.add(Shop(id="demo", name="Demo", name_zh="店"))
        session.flush()
        fill(session)
        session.add(
            Message(
                id="m1",
                shop_id="demo",
                conversation_id="demo-merchant",
                channel="web",
                external_id="1",
                number=1,
                person="p",
                role="merchant",
                content={"text": "parse these"},
                done_at=utc_now(),
            )
        )
    yield store
    store.close()


@pytest.fixture
def start(store_url: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker process; whatever still runs at the end is stopped."""
    environment = os.environ | {"SHOPCLERK_HOME": str(tmp_path), "DATABASE_URL": store_url}
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-m", "bot.jobs"], env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
