"""Confirmed orders: placed, found, taken out, summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from bot.store.buyers import BuyerInfo
from bot.store.buyers import info as buyer_info
from bot.store.clock import utc_now
from bot.store.engine import NotFound
from bot.store.schema import Buyer, Order, OrderLine, Shop

PREFIX = "SC-"


class OrderStatus(StrEnum):
    """Where an order is; `late` is not a state but an open order past its promised day."""

    NEW = "new"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


OPEN = (OrderStatus.NEW, OrderStatus.PACKED, OrderStatus.SHIPPED)
SOLD = (*OPEN, OrderStatus.DELIVERED)


@dataclass(frozen=True)
class LineInfo:
    """One line of an order; without `sku` it is something the catalogue does not have."""

    text: str
    quantity: int
    unit_price_cents: int
    sku: str | None = None
    unit: str = ""

    @property
    def total_cents(self) -> int:
        """Quantity times price."""
        return self.quantity * self.unit_price_cents


@dataclass(frozen=True)
class NewOrder:
    """An order that is about to be placed."""

    buyer: str
    lines: tuple[LineInfo, ...]
    address: str = ""
    payment: str = ""
    delivery_wish: str = ""
    notes: str = ""
    source_message: str | None = None
    placed_at: datetime | None = None


@dataclass(frozen=True)
class OrderInfo:
    """A confirmed order."""

    id: str
    number: str
    buyer: BuyerInfo
    status: OrderStatus
    lines: tuple[LineInfo, ...]
    total_cents: int
    placed_at: datetime
    address: str = ""
    payment: str = ""
    delivery_wish: str = ""
    notes: str = ""
    courier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None
    promised_at: datetime | None = None
    delivered_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether it should have been with the buyer by now."""
        return self.status in OPEN and self.promised_at is not None and self.promised_at < now


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted; what is None does not filter."""

    start: datetime | None = None
    end: datetime | None = None
    status: OrderStatus | None = None
    late_at: datetime | None = None
    buyer: str | None = None
    buyer_words: str | None = None
    sku: str | None = None


@dataclass(frozen=True)
class OrderPage:
    """The newest orders that fit, and how many fit and what they sum to in all."""

    orders: tuple[OrderInfo, ...]
    total: int
    sum_cents: int


@dataclass(frozen=True)
class Sold:
    """What one product brought in a time."""

    sku: str | None
    text: str
    quantity: int
    revenue_cents: int


def place_order(session: Session, shop: str, order: NewOrder) -> OrderInfo:
    """Store an order under the shop's next number."""
    row = Order(
        shop_id=shop,
        number=_next_number(session, shop),
        buyer_id=order.buyer,
        address=order.address,
        payment=order.payment,
        delivery_wish=order.delivery_wish,
        notes=order.notes,
        total_cents=sum(line.total_cents for line in order.lines),
        source_message_id=order.source_message,
        placed_at=order.placed_at or utc_now(),
        lines=[
            OrderLine(shop_id=shop, position=place, **vars(line))
            for place, line in enumerate(order.lines, 1)
        ],
    )
    session.add(row)
    session.flush()
    return _info(row)


def access_order(session: Session, shop: str, number: str) -> OrderInfo:
    """The order of a number as people write it; raises `NotFound`."""
    row = session.scalar(_whole(shop).where(Order.number == plain_number(number)))
    if row is None:
        raise NotFound(f"no order {number!r}")
    return _info(row)


def orders_by_id(session: Session, shop: str, ids: Sequence[str]) -> tuple[OrderInfo, ...]:
    """The orders of these ids that are still there, by number."""
    rows = session.scalars(_whole(shop).where(Order.id.in_(ids)).order_by(Order.number))
    return tuple(_info(row) for row in rows)


def find_orders(session: Session, shop: str, wanted: OrderFilter, limit: int) -> OrderPage:
    """The newest orders that fit, at most `limit`, with the count and the sum of all that fit."""
    conditions = _conditions(wanted)
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(Order.total_cents), 0))
        .select_from(Order)
        .where(Order.shop_id == shop, *conditions)
    ).one()
    rows = session.scalars(
        _whole(shop)
        .where(*conditions)
        .order_by(Order.placed_at.desc(), Order.number.desc())
        .limit(limit)
    )
    return OrderPage(tuple(_info(row) for row in rows), count, total)


def remove_order(session: Session, shop: str, order: str) -> None:
    """Take an order out with its lines; its number is not given again."""
    row = session.get(Order, order)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no order {order!r}")
    session.delete(row)
    session.flush()


def totals(
    session: Session, shop: str, start: datetime, end: datetime
) -> tuple[tuple[datetime, int], ...]:
    """When and for how much each order was placed that was sold in the end, oldest first."""
    query = (
        select(Order.placed_at, Order.total_cents)
        .where(Order.shop_id == shop, Order.placed_at >= start, Order.placed_at < end)
        .where(Order.status.in_(SOLD))
        .order_by(Order.placed_at)
    )
    return tuple((at, cents) for at, cents in session.execute(query))


def best_sellers(
    session: Session, shop: str, start: datetime, end: datetime, limit: int
) -> tuple[Sold, ...]:
    """Products by what they brought, best first; what the catalogue lacks counts by its words."""
    revenue = func.sum(OrderLine.quantity * OrderLine.unit_price_cents)
    words = func.min(OrderLine.text)
    by = func.coalesce(OrderLine.sku, OrderLine.text)
    query = (
        select(func.min(OrderLine.sku), words, func.sum(OrderLine.quantity), revenue)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.shop_id == shop, Order.placed_at >= start, Order.placed_at < end)
        .where(Order.status.in_(SOLD))
        .group_by(by)
        .order_by(revenue.desc(), by)
        .limit(limit)
    )
    return tuple(Sold(*row) for row in session.execute(query))


def plain_number(words: str) -> str:
    """The number as it is stored: "sc 12001", "#12001" and "12001" all mean SC-12001."""
    digits = "".join(ch for ch in words if ch.isdecimal())
    return f"{PREFIX}{digits}"


def _next_number(session: Session, shop: str) -> str:
    # One statement: the row stays locked until the end, so two confirmations never get one number.
    number = session.scalar(
        update(Shop)
        .where(Shop.id == shop)
        .values(last_order_number=Shop.last_order_number + 1)
        .returning(Shop.last_order_number)
    )
    if number is None:
        raise NotFound(f"no shop {shop!r}")
    return f"{PREFIX}{number}"


def _whole(shop: str) -> Select[Order]:
    return (
        select(Order)
        .where(Order.shop_id == shop)
        .options(joinedload(Order.buyer), selectinload(Order.lines))
    )


def _conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.start:
        conditions.append(Order.placed_at >= wanted.start)
    if wanted.end:
        conditions.append(Order.placed_at < wanted.end)
    if wanted.status:
        conditions.append(Order.status == wanted.status)
    if wanted.late_at:
        conditions += [Order.status.in_(OPEN), Order.promised_at < wanted.late_at]
    if wanted.buyer:
        conditions.append(Order.buyer_id == wanted.buyer)
    if wanted.buyer_words:
        named = Buyer.name.icontains(wanted.buyer_words, autoescape=True)
        conditions.append(Order.buyer_id.in_(select(Buyer.id).where(named)))
    if wanted.sku:
        with_it = select(OrderLine.order_id).where(OrderLine.sku == wanted.sku)
        conditions.append(Order.id.in_(with_it))
    return conditions


def _info(row: Order) -> OrderInfo:
    return OrderInfo(
        id=row.id,
        number=row.number,
        buyer=buyer_info(row.buyer),
        status=OrderStatus(row.status),
        lines=tuple(
            LineInfo(line.text, line.quantity, line.unit_price_cents, line.sku, line.unit)
            for line in row.lines
        ),
        total_cents=row.total_cents,
        placed_at=row.placed_at,
        address=row.address,
        payment=row.payment,
        delivery_wish=row.delivery_wish,
        notes=row.notes,
        courier=row.courier,
        tracking_number=row.tracking_number,
        shipped_at=row.shipped_at,
        promised_at=row.promised_at,
        delivered_at=row.delivered_at,
    )
