"""Opening the store: made once, migrated once, the newest revision known without starting Alembic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.store.engine import HEAD, MIGRATIONS, Store, open_store
from bot.store.schema import Base, Shop


def test_the_newest_revision_is_the_one_the_store_asks_for() -> None:
    """A new migration without a new `HEAD` would never run."""
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    """Nothing of the schema lacks a migration."""
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_processes_that_start_at_once_migrate_once(store_url: str) -> None:
    """Eight open an empty database together; all of them find it ready."""
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(open_store, [store_url] * 8))
    for store in stores:
        with store.read() as session:
            assert session.scalars(select(Shop)).all() == []
        store.close()


def test_what_was_written_is_there_after_opening_again(store: Store, store_url: str) -> None:
    """Closing and opening loses nothing."""
    store.close()
    again = open_store(store_url)
    with again.read() as session:
        assert {shop.id for shop in session.scalars(select(Shop))} == {"demo", "other"}
    again.close()


def test_a_database_that_does_not_answer_is_an_error_of_its_own() -> None:
    """It is not taken for an empty one."""
    with pytest.raises(OperationalError):
        open_store("postgresql+psycopg://nobody@127.0.0.1:1/nothing")


def test_an_error_of_the_database_does_not_say_what_people_wrote(store: Store) -> None:
    """Logs carry the statement, never its values."""
    with pytest.raises(IntegrityError) as caught, store.write() as session:
        session.add(Shop(id="demo", name="marker +1 415 555 0199", name_zh=""))
    assert "415 555" not in str(caught.value).split("DETAIL")[0]


def test_a_store_of_the_first_version_is_brought_up_with_its_rows(store_url: str) -> None:
    """An update of Shopclerk loses nothing of a shop."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(store_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO shops (id, name, name_zh, currency, country, time_zone, synthetic, last_order_number,"
                " created_at) VALUES ('old', 'Old', '', 'USD', 'US', 'UTC', :no, 10000, '2026-01-01')"
            ),
            {"no": False},
        )
    engine.dispose()
    store = open_store(store_url)
    with store.read() as session:
        assert session.get_one(Shop, "old").name == "Old"
        assert session.scalar(text("SELECT count(*) FROM customer_questions")) == 0
    store.close()
