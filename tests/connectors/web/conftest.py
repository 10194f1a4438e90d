"""A running site for the tests of this folder, and the people who come to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.web.guests import Guest, merchant_of, visitor_of
from tests.connectors.web.site import Site, running_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for a module; every test brings visitors of its own."""
    with running_site(Path(tmp_path_factory.mktemp("site"))) as site:
        yield site


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
