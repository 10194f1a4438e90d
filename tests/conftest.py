"""Fixtures of all tests: stores on SQLite and PostgreSQL, shops that are only there for one test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from bot.store.engine import Store, open_store
from bot.store.schema import Shop

# Taken out of the environment: only tests that ask for a store may use a server, and only databases they make.
POSTGRESQL = os.environ.pop("DATABASE_URL", "") or "postgresql://postgres@127.0.0.1:5432/postgres"
CI = bool(os.environ.get("CI"))


def missing(what: str) -> None:
    """Skip a test that needs something this machine lacks; in CI nothing may be lacking."""
    if CI:
        pytest.fail(f"CI must have it: {what}")
    pytest.skip(what)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database that is dropped after the test: the same tests run on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.db'}"
    else:
        yield from postgresql_database()


def postgresql_database() -> Iterator[str]:
    """URL of an empty PostgreSQL database that is dropped at the end."""
    server = make_url(POSTGRESQL).set(drivername="postgresql+psycopg")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"shopclerk_test_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        missing("PostgreSQL does not answer; start it or set DATABASE_URL")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with two shops, `demo` and `other`, on each kind of database."""
    opened = open_store(store_url)
    with opened.write() as session:
        session.add_all(
            Shop(id=name, name=name.title(), name_zh="店") for name in ("demo", "other")
        )
    yield opened
    opened.close()
