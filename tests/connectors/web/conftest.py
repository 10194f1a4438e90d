"""A running site for the tests of this folder, and the people who come to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import postgresql_database
from tests.connectors.web.guests import Guest, merchant_of, visitor_of
from tests.connectors.web.site import Site, running_site


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One site for a module, on each kind of database; every test brings visitors of its own."""
    home = Path(tmp_path_factory.mktemp("site"))
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(contextmanager(postgresql_database)())
        yield stack.enter_context(running_site(home, url))


@pytest.fixture
def merchant(site: Site) -> Iterator[Guest]:
    """The signed-in merchant of the demo shop."""
    with merchant_of(site, "demo") as guest:
        yield guest


@pytest.fixture
def visitor(site: Site) -> Iterator[Guest]:
    """A new anonymous visitor of the demo shop."""
    with visitor_of(site, "demo") as guest:
        yield guest
