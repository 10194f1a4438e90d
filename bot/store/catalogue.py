"""What a shop sells, and how much of it is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

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
    stock: int = field(
        default=0, compare=False
    )  # moves with every order: the product stays the same
    reorder_level: int = 0
    taxonomy_id: str = ""


@dataclass(frozen=True)
class Filed:
    """The category that a product is in, and its node of the product taxonomy (empty where it is none of it)."""

    category: str
    category_zh: str
    taxonomy_id: str


_COLUMNS = tuple(getattr(Product, name.name) for name in fields(ProductInfo))


def products(session: Session, shop: str) -> tuple[ProductInfo, ...]:
    """Every product of the shop, by SKU."""
    # Plain columns: most turns read the catalogue, and rows of the ORM would cost them milliseconds.
    rows = session.execute(select(*_COLUMNS).where(Product.shop_id == shop).order_by(Product.sku))
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


def file_product(session: Session, shop: str, sku: str, filed: Filed) -> None:
    """Put a product into a category."""
    session.execute(
        update(Product).where(Product.shop_id == shop, Product.sku == sku).values(vars(filed))
    )


def move_stock(session: Session, shop: str, moves: Mapping[str, int]) -> None:
    """Add to the stock of each SKU (a negative number takes away)."""
    for sku, change in sorted(moves.items()):
        session.execute(
            update(Product)
            .where(Product.shop_id == shop, Product.sku == sku)
            .values(stock=Product.stock + change)
        )


def _info(row: Any) -> ProductInfo:
    return ProductInfo(**{**row._mapping, "aliases": tuple(row.aliases)})
