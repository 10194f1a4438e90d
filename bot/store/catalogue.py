"""What a shop sells, and how much of it is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.store.schema import Product


@dataclass(frozen=True)
class ProductInfo:
    """A thing the shop sells; a stock below zero was sold and is not there yet."""

    sku: str
    name: str
    name_zh: str
    category: str
    category_zh: str
    unit: str
    price_cents: int
    aliases: tuple[str, ...] = ()
    stock: int = 0
    reorder_level: int = 0


def products(session: Session, shop: str) -> tuple[ProductInfo, ...]:
    """Every product of the shop, by SKU."""
    rows = session.scalars(select(Product).where(Product.shop_id == shop).order_by(Product.sku))
    return tuple(_info(row) for row in rows)


def stock_of(session: Session, shop: str, skus: Iterable[str]) -> dict[str, int]:
    """How many of these are there; SKUs that the shop does not know are left out."""
    query = select(Product.sku, Product.stock).where(
        Product.shop_id == shop, Product.sku.in_(list(skus))
    )
    return {sku: stock for sku, stock in session.execute(query)}  # noqa: C416 - rows are no pairs


def add_products(session: Session, shop: str, items: Iterable[ProductInfo]) -> None:
    """Add products to the shop."""
    rows = [{"shop_id": shop, **vars(item), "aliases": list(item.aliases)} for item in items]
    session.execute(insert(Product), rows)


def move_stock(session: Session, shop: str, moves: Mapping[str, int]) -> None:
    """Add to the stock of each SKU (a negative number takes away)."""
    for sku, change in sorted(moves.items()):
        session.execute(
            update(Product)
            .where(Product.shop_id == shop, Product.sku == sku)
            .values(stock=Product.stock + change)
        )


def _info(row: Product) -> ProductInfo:
    return ProductInfo(
        sku=row.sku,
        name=row.name,
        name_zh=row.name_zh,
        category=row.category,
        category_zh=row.category_zh,
        unit=row.unit,
        price_cents=row.price_cents,
        aliases=tuple(row.aliases),
        stock=row.stock,
        reorder_level=row.reorder_level,
    )
