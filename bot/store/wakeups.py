"""Telling other processes that there is something new: LISTEN/NOTIFY on PostgreSQL, a version counter on SQLite."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.store.engine import Store

CHANNEL = "shopclerk"
POLL_SECONDS = 0.05


def notify(session: Session) -> None:
    """Wake the other processes when this transaction commits; on SQLite the commit itself is the sign."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


class Wakeups(Protocol):
    """Calls back, from a thread of its own, whenever some process may have written something."""

    def close(self) -> None:
        """Stop."""


def listen(store: Store, callback: Callable[[], None]) -> Wakeups:
    """Start listening; the callback must be quick and safe to call from a thread."""
    watch = _watch_postgresql if store.engine.dialect.name == "postgresql" else _watch_sqlite
    return _Watcher(store, callback, watch)


class _Watcher:
    def __init__(
        self,
        store: Store,
        callback: Callable[[], None],
        watch: Callable[[Store, Callable[[], None], threading.Event], None],
    ) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(store, callback, watch), name="wakeups", daemon=True
        )
        self._thread.start()

    def _run(
        self,
        store: Store,
        callback: Callable[[], None],
        watch: Callable[[Store, Callable[[], None], threading.Event], None],
    ) -> None:
        while not self._stop.is_set():
            try:
                watch(store, callback, self._stop)
            except Exception:  # the database went away: look again until it is back
                callback()
                time.sleep(1)

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join(timeout=5)


def _watch_sqlite(store: Store, callback: Callable[[], None], stop: threading.Event) -> None:
    """`PRAGMA data_version` changes when another connection commits; reading it costs microseconds."""
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        seen = None
        while not stop.wait(POLL_SECONDS):
            version = cursor.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                callback()
    finally:
        connection.close()


def _watch_postgresql(store: Store, callback: Callable[[], None], stop: threading.Event) -> None:
    import psycopg

    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        callback()
        while not stop.is_set():
            for _ in connection.notifies(timeout=0.5, stop_after=1):
                callback()
