"""What is left of each product, the short ones first, with the days it lasts at the pace of the past month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.skills.turn import Turn
from bot.store.catalogue import ProductInfo, products
from bot.store.orders import best_sellers

PACE_DAYS = 30
SHOWN = 15
ALL = 100_000


@dataclass(frozen=True)
class StockLine:
    """One product's stock; `days_left` is None where none was sold in the past month."""

    sku: str
    stock: int
    reorder_level: int
    days_left: int | None


@dataclass(frozen=True)
class StockReport:
    """The lines that are shown, and how many products are out, low and fine among all that were asked for."""

    shown: tuple[StockLine, ...]
    out: int
    low: int
    fine: int


def stock_report(session: Session, turn: Turn, wanted: frozenset[str] = frozenset()) -> StockReport:
    """The stock of the wanted SKUs, or of everything that is out or low."""
    known = [p for p in products(session, turn.shop) if not wanted or p.sku in wanted]
    start = turn.now - timedelta(days=PACE_DAYS)
    sold = {s.sku: s.quantity for s in best_sellers(session, turn.shop, start, turn.now, ALL)}
    out = [p for p in known if p.stock <= 0]
    low = [p for p in known if 0 < p.stock <= p.reorder_level]
    fine = len(known) - len(out) - len(low)
    listed = known if wanted else out + low
    lines = sorted((_line(p, sold.get(p.sku, 0)) for p in listed), key=_urgency)
    return StockReport(tuple(lines[:SHOWN]), len(out), len(low), fine)


def _line(product: ProductInfo, sold: int) -> StockLine:
    days = max(product.stock, 0) * PACE_DAYS // sold if sold else None
    return StockLine(product.sku, product.stock, product.reorder_level, days)


def _urgency(line: StockLine) -> tuple[bool, float, str]:
    left = float("inf") if line.days_left is None else line.days_left
    return line.stock > 0, left, line.sku
