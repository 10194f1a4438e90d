"""A shop's catalogue in and out as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from sqlalchemy.orm import Session

from bot.inputs import BadInput, CatalogueRow, read_catalogue
from bot.settings import settings
from bot.store.catalogue import ProductInfo, add_products, products
from bot.store.engine import NotFound, open_store
from bot.store.shops import access_shop

COLUMNS = ("sku", "name", "name_zh", "unit", "price", "aliases")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def import_catalogue(shop: str, source: str, encoding: str | None, agreed: bool) -> dict[str, int]:
    """Add the products that the shop does not have yet, once agreed; how many are new and how many known."""
    rows = read_catalogue(source, encoding)
    unpriced = [row.sku for row in rows if row.price_cents is None]
    if unpriced:
        raise BadInput(f"{source}: {unpriced[0]!r} has no price")
    store = open_store(settings().store_url)
    with store.write() as session:
        _check_shop(session, shop)
        known = {product.sku for product in products(session, shop)}
        new = [_product(row) for row in rows if row.sku not in known]
        if agreed and new:
            add_products(session, shop, new)
    store.close()
    return {"new": len(new), "known": len(rows) - len(new), "added": len(new) if agreed else 0}


def export_catalogue(shop: str, as_json: bool) -> Iterator[str]:
    """The catalogue as lines of CSV (no cell is a formula), or as JSON lines."""
    store = open_store(settings().store_url)
    with store.read() as session:
        _check_shop(session, shop)
        found = products(session, shop)
    store.close()
    if not as_json:
        yield ",".join(COLUMNS)
    for product in found:
        cells = _cells(product)
        yield json.dumps(cells, ensure_ascii=False) if as_json else _csv_line(cells)


def _check_shop(session: Session, shop: str) -> None:
    try:
        access_shop(session, shop)
    except NotFound:
        raise BadInput(
            f"there is no shop {shop!r} (the demo shop is made by: shopclerk run)"
        ) from None


def _product(row: CatalogueRow) -> ProductInfo:
    return ProductInfo(
        sku=row.sku,
        name=row.name,
        name_zh=row.name_zh,
        category="",
        category_zh="",
        unit=row.unit,
        price_cents=row.price_cents or 0,
        aliases=row.aliases,
    )


def _cells(product: ProductInfo) -> dict[str, str]:
    price = f"{product.price_cents / 100:.2f}"
    texts = (
        product.sku,
        product.name,
        product.name_zh,
        product.unit,
        price,
        "|".join(product.aliases),
    )
    return dict(zip(COLUMNS, texts, strict=True))


def _csv_line(cells: dict[str, str]) -> str:
    out = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells.values()]
    csv.writer(out, lineterminator="").writerow(safe)
    return out.getvalue()
