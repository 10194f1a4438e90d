"""A shop as its pages and reports need it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import Shop


@dataclass(frozen=True)
class ShopInfo:
    """A merchant's shop; `synthetic` ones say so wherever their rows are shown."""

    id: str
    name: str
    name_zh: str
    currency: str = "USD"
    country: str = "US"
    time_zone: str = "UTC"
    synthetic: bool = False


def access_shop(session: Session, shop: str) -> ShopInfo:
    """The shop; raises `NotFound`."""
    row = session.get(Shop, shop)
    if row is None:
        raise NotFound(f"no shop {shop!r}")
    return ShopInfo(
        row.id, row.name, row.name_zh, row.currency, row.country, row.time_zone, row.synthetic
    )


def add_shop(session: Session, shop: ShopInfo) -> None:
    """Add a shop."""
    session.add(Shop(**asdict(shop)))
    session.flush()
