"""A shop of this machine, for what the command line does with one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.demo import DEMO, ensure_demo_shop
from bot.inputs import BadInput
from bot.settings import settings
from bot.store.clock import utc_now
from bot.store.engine import NotFound, Store, open_store
from bot.store.shops import access_shop


@contextmanager
def shop_here(shop: str) -> Iterator[Store]:
    """The store with the shop in it; the demo shop is made where it is not there yet. Raises `BadInput`."""
    store = open_store(settings().store_url)
    try:
        if shop == DEMO.id:
            ensure_demo_shop(store, utc_now().date())
        with store.read() as session:
            try:
                access_shop(session, shop)
            except NotFound:
                raise BadInput(f"there is no shop {shop!r}") from None
        yield store
    finally:
        store.close()
