"""The actions of a small shop, without a web server around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.app import App
from actions.server import Executor, executor
from bot.skills.answers.desks import Desks
from bot.store.engine import Store
from bot.store.files import FileStore
from ml.orders.baselines import RuleSpans
from ml.orders.parse import OrderParser
from tests.actions.rasa import Rasa
from tests.bot.skills.answers.nearest import NearestQuestion
from tests.shop import fill


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """SQLite alone: what meets PostgreSQL too is in test_both_databases.py."""
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def app(store: Store, tmp_path: Path) -> App:
    """The store with a filled shop; orders are read by the rules, so that no model decides a test."""
    with store.write() as session:
        fill(session)
        fill(session, "other")
    desks = Desks(lambda known, _: NearestQuestion(known))
    return App(store, FileStore((tmp_path / "files").as_uri()), OrderParser(RuleSpans()), desks)


@pytest.fixture
def actions(app: App) -> Executor:
    """Every action."""
    return executor(app)


@pytest.fixture
def merchant(actions: Executor) -> Rasa:
    """A merchant's conversation."""
    return Rasa(actions)


@pytest.fixture
def customer(actions: Executor) -> Rasa:
    """An anonymous customer's conversation."""
    return Rasa(actions, role="customer")
