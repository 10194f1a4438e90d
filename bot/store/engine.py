"""Opening the store: SQLite by default, PostgreSQL by URL; the same transactions on both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

HEAD = "0005"
"""Newest migration: a store that is there already is opened without starting Alembic (a test holds it true)."""

BUSY_SECONDS = 30
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 5_271_009  # any number that nothing else of ours locks


class NotFound(LookupError):
    """No such row, or another shop's: the asker must not be able to tell which."""


class Store:
    """A database with the newest schema; every method blocks, so async code calls it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @property
    def url(self) -> str:
        """SQLAlchemy URL, with its password hidden."""
        return self._reader.url.render_as_string()

    @property
    def engine(self) -> Engine:
        """For what needs more than a transaction: migrations and wake-ups."""
        return self._reader

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads."""
        with Session(self._reader) as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write; on SQLite it takes the write lock at once, as a deferred one

        would fail with "database is locked" when it turns from reading to writing.
        """
        with Session(self._writer) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self._reader.dispose()


def open_store(url: str) -> Store:
    """Open the store of a SQLAlchemy URL, making or migrating its tables where needed."""
    engine = _engine(url)
    if _revision(engine) != HEAD:
        _migrate(engine)
    return Store(engine)


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=16, pool_pre_ping=True, hide_parameters=True)
    if path := make_url(url).database:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=16,
        hide_parameters=True,  # an error must not carry what people wrote into the log
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = (
        None  # the driver's own BEGIN is deferred; ours is written in `_begin_sqlite`
    )
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    _turn_to_wal(connection)


def _turn_to_wal(connection: Any) -> None:
    """Processes that open a new database at once would fail here: SQLite does not wait for this lock, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            version = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return str(version) if version else None
    except DatabaseError as error:
        if engine.dialect.name == "sqlite" and "no such table" not in str(error):
            raise
        if engine.dialect.name != "sqlite" and "alembic_version" not in str(error):
            raise
        return None


def _migrate(engine: Engine) -> None:
    """Bring the tables to the newest schema; processes that start at once do it one after the other."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
