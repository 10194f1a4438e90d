"""The shop's data as files: orders, products, buyers."""

from __future__ import annotations

import re
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.skills.exports import to_csv
from bot.skills.orders.listing import wanted
from bot.skills.turn import Turn
from bot.store.buyers import all_buyers
from bot.store.catalogue import products
from bot.store.orders import find_orders

MOST_ORDERS = 50_000
_PRODUCTS = re.compile(r"product|catalog|stock|inventor|商品|产品|库存|目录", re.IGNORECASE)
_BUYERS = re.compile(r"buyer|customer|client|买家|客户|顾客|会员", re.IGNORECASE)


class Listing(StrEnum):
    """What can be exported."""

    ORDERS = "orders"
    PRODUCTS = "products"
    BUYERS = "buyers"


def listing_meant(text: str) -> Listing:
    """Which data a text asks for; orders where it names none."""
    if _PRODUCTS.search(text):
        return Listing.PRODUCTS
    return Listing.BUYERS if _BUYERS.search(text) else Listing.ORDERS


def export(session: Session, turn: Turn, what: Listing, buyer: str = "") -> tuple[bytes, int]:
    """The file, and how many rows it has."""
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    if what is Listing.PRODUCTS:
        columns = ("sku", "name", "name_zh", "category", "unit", "price", "stock", "reorder_level")
        rows = [
            (
                p.sku,
                p.name,
                p.name_zh,
                p.category,
                p.unit,
                p.price_cents / 100,
                p.stock,
                p.reorder_level,
            )
            for p in products(session, turn.shop)
        ]
    elif what is Listing.BUYERS:
        columns = ("name", "phone", "address", "language")
        rows = [
            (b.name, b.phone or "", b.address or "", b.language)
            for b in all_buyers(session, turn.shop)
        ]
    else:
        columns, rows = _orders(session, turn, buyer)
    return to_csv(columns, rows), len(rows)


def _orders(
    session: Session, turn: Turn, buyer: str
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    asked, _ = wanted(turn, buyer)
    page = find_orders(session, turn.shop, asked, MOST_ORDERS)
    columns = ("number", "placed_at", "status", "buyer", "phone", "address", "items", "total")
    rows: list[tuple[object, ...]] = [
        (
            order.number,
            order.placed_at.isoformat(timespec="seconds"),
            order.status.value,
            order.buyer.name,
            order.buyer.phone or "",
            order.address,
            "; ".join(f"{line.quantity} x {line.text}" for line in order.lines),
            order.total_cents / 100,
        )
        for order in page.orders
    ]
    return columns, rows
