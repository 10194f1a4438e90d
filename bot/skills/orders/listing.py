"""The list of orders: newest first, by period, status, buyer."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from bot.conversation.messages import Reply, Table, Text
from bot.skills.orders.views import Look
from bot.skills.periods import Period, read_period
from bot.skills.turn import Turn
from bot.store.orders import OrderFilter, OrderInfo, OrderPage, OrderStatus, find_orders
from bot.texts import day, number

SHOWN = 10

_STATUS_WORDS = (
    (OrderStatus.CANCELLED, r"cancel\w*|取消|作废"),
    (OrderStatus.RETURNED, r"return(?:ed|s)\b|退货|退回"),
    (OrderStatus.DELIVERED, r"delivered|completed|arrived|已送达|送到了|已签收|签收|已完成"),
    (OrderStatus.PACKED, r"packed|ready to ship|待发货|已打包|打包好"),
    (OrderStatus.SHIPPED, r"shipped|on (?:the|its|their) way|in transit|已发货|运输中|在路上|派送"),
    (OrderStatus.NEW, r"unpacked|unprocessed|\bnew orders?\b|pending|未处理|新订单|待处理|没处理"),
)
_LATE = re.compile(
    r"\b(?:late|overdue|delayed|past due)\b|迟到|逾期|超时|延误|晚到|没按时", re.IGNORECASE
)


def wanted(turn: Turn, buyer: str = "") -> tuple[OrderFilter, Period | None]:
    """Which orders a text asks for."""
    text = turn.text.lower()
    period = read_period(turn.text, turn.today)
    start, end = period.bounds(turn.time_zone) if period else (None, None)
    late = turn.now if _LATE.search(text) else None
    found = (status for status, words in _STATUS_WORDS if re.search(words, text))
    status = None if late else next(found, None)
    return OrderFilter(start, end, status, late, buyer_words=buyer or None), period


def list_orders(session: Session, turn: Turn, look: Look, buyer: str = "") -> tuple[Reply, ...]:
    """The newest orders that a turn asks for, with their number in all."""
    asked, period = wanted(turn, buyer)
    page = find_orders(session, turn.shop, asked, SHOWN)
    what = _described(look, asked, period)
    if not page.orders:
        return (Text(look.say("orders_none", what=what)),)
    summary = look.say(
        "orders_summary" if page.total > len(page.orders) else "orders_summary_all",
        what=what,
        total=number(page.total, look.language),
        sum=look.money(page.sum_cents),
        shown=len(page.orders),
    )
    return (orders_table(look, turn, page, what), Text(summary))


def orders_table(look: Look, turn: Turn, page: OrderPage, title: str) -> Table:
    """Orders as a table."""
    columns = tuple(
        look.say(f"column_{name}")
        for name in ("order", "placed", "buyer", "items", "total", "status")
    )
    rows = tuple(_row(look, turn, order) for order in page.orders)
    return Table(look.title(title), columns, rows)


def status_words(look: Look, order: OrderInfo, turn: Turn) -> str:
    """The status of an order, and whether it is late."""
    words = look.say(f"status_{order.status}")
    return f"{words} · {look.say('late')}" if order.is_late(turn.now) else words


def _row(look: Look, turn: Turn, order: OrderInfo) -> tuple[str, ...]:
    return (
        order.number,
        look.when(order),
        order.buyer.name,
        look.lines(order.lines),
        look.money(order.total_cents),
        status_words(look, order, turn),
    )


def _described(look: Look, asked: OrderFilter, period: Period | None) -> str:
    """The filters in words: "Orders · shipped · 16 Nov 2026 – 22 Nov 2026"."""
    parts = [look.say("orders")]
    if asked.late_at:
        parts.append(look.say("late"))
    if asked.status:
        parts.append(look.say(f"status_{asked.status}"))
    if asked.buyer_words:
        parts.append(asked.buyer_words)
    if period:
        parts.append(period_words(look, period))
    return " · ".join(parts)


def period_words(look: Look, period: Period) -> str:
    """A period in words."""
    first, last = day(period.first, look.language), day(period.last, look.language)
    return first if first == last else f"{first} – {last}"
