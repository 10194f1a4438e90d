"""The buyers of a shop, found by phone or by name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import Buyer, Order


@dataclass(frozen=True)
class BuyerInfo:
    """A customer of the shop; the phone is in E.164."""

    id: str
    name: str
    phone: str | None = None
    address: str | None = None
    language: str = "en"


def access_buyer(session: Session, shop: str, buyer: str) -> BuyerInfo:
    """The buyer of an id; raises `NotFound`."""
    row = session.get(Buyer, buyer)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no buyer {buyer!r}")
    return info(row)


def buyer_by_phone(session: Session, shop: str, phone: str) -> BuyerInfo | None:
    """The buyer with this phone number."""
    row = session.scalar(
        select(Buyer)
        .where(Buyer.shop_id == shop, Buyer.phone == phone)
        .order_by(Buyer.created_at, Buyer.id)
        .limit(1)
    )
    return info(row) if row else None


def buyers_by_name(session: Session, shop: str, name: str) -> tuple[BuyerInfo, ...]:
    """Buyers of exactly this name, whatever its case; two are enough to know that it is not one."""
    rows = session.scalars(
        select(Buyer)
        .where(Buyer.shop_id == shop, func.lower(Buyer.name) == name.strip().lower())
        .order_by(Buyer.created_at, Buyer.id)
        .limit(2)
    )
    return tuple(info(row) for row in rows)


def all_buyers(session: Session, shop: str) -> tuple[BuyerInfo, ...]:
    """Every buyer of the shop, by name."""
    rows = session.scalars(
        select(Buyer).where(Buyer.shop_id == shop).order_by(Buyer.name, Buyer.id)
    )
    return tuple(info(row) for row in rows)


def add_buyer(session: Session, shop: str, buyer: BuyerInfo) -> BuyerInfo:
    """Add a buyer."""
    session.add(Buyer(shop_id=shop, **vars(buyer)))
    session.flush()
    return buyer


def remove_buyer(session: Session, shop: str, buyer: str) -> None:
    """Take out a buyer who has no order."""
    has_order = exists().where(Order.shop_id == shop, Order.buyer_id == buyer)
    session.execute(delete(Buyer).where(Buyer.shop_id == shop, Buyer.id == buyer, ~has_order))


def info(row: Buyer) -> BuyerInfo:
    """The row as a value."""
    return BuyerInfo(row.id, row.name, row.phone, row.address, row.language)
