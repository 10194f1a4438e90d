"""Many order messages at once: each is read, nothing is stored as an order; a table and a CSV say what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.conversation.messages import Table
from bot.skills.exports import to_csv
from bot.skills.orders.draft import DraftOrder
from bot.skills.orders.reading import Reader
from bot.skills.orders.views import Look
from ml.orders.types import OrderField

JOB = "orders"
INLINE = 5
"""Up to so many messages are drafted at once; more become a job."""

SHOWN = 10
COLUMNS = (
    "message", "order", "buyer", "phone", "address", "sku", "item", "quantity", "unit", "unit_price",
    "payment", "delivery", "notes", "check",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of an order of one message (both count from 1); a message without an order has one empty row."""

    message: int
    order: int
    cells: tuple[str | float | None, ...]
    check: str

    def to_json(self) -> list[object]:
        """For the job's own record."""
        return [self.message, self.order, list(self.cells), self.check]

    @classmethod
    def from_json(cls, data: Sequence[object]) -> Row:
        """From the job's own record."""
        message, order, cells, check = data
        return cls(int(str(message)), int(str(order)), tuple(cells), str(check))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Count:
    """What a batch came to."""

    messages: int
    orders: int
    to_check: int
    without: int


def read_batch(reader: Reader, texts: Sequence[str], first: int) -> tuple[Row, ...]:
    """The rows of some messages, the first of which has the number `first`."""
    rows: list[Row] = []
    for message, orders in enumerate(reader.orders(texts), first):
        for place, order in enumerate(orders, 1):
            rows += _rows(message, place, order)
        if not orders:
            rows.append(Row(message, 0, (None,) * (len(COLUMNS) - 3), "no_order"))
    return tuple(rows)


def count(rows: Iterable[Row]) -> Count:
    """How many messages, orders, orders to check, messages without any."""
    known = list(rows)
    orders = {(row.message, row.order) for row in known if row.order}
    unsure = {(row.message, row.order) for row in known if row.order and row.check}
    messages = {row.message for row in known}
    return Count(len(messages), len(orders), len(unsure), len(messages - {m for m, _ in orders}))


def batch_csv(rows: Iterable[Row]) -> bytes:
    """Everything that was read, a line of an order a row."""
    return to_csv(COLUMNS, ([row.message, row.order or "", *row.cells, row.check] for row in rows))


def batch_table(look: Look, rows: Sequence[Row]) -> Table:
    """The first rows, those to check marked."""
    columns = tuple(
        look.say(f"column_{n}") for n in ("message", "buyer", "product", "quantity", "check")
    )
    shown, marks = [], []
    for place, row in enumerate(rows[:SHOWN]):
        buyer, sku, item, quantity = row.cells[0], row.cells[3], row.cells[4], row.cells[5]
        product = look.product(str(sku) if sku else None, str(item or ""))
        doubt = look.say(f"doubt_{row.check}") if row.check else ""
        if doubt:
            marks.append((place, 2))
        shown.append((str(row.message), str(buyer or ""), product, _plain(quantity), doubt))
    return Table(look.title(look.say("batch_title")), columns, tuple(shown), tuple(marks))


def _plain(quantity: str | float | None) -> str:
    return (
        ""
        if quantity is None
        else f"{quantity:g}"
        if isinstance(quantity, int | float)
        else quantity
    )


def _rows(message: int, place: int, order: DraftOrder) -> list[Row]:
    party = [order.text(name) for name in (OrderField.NAME, OrderField.PHONE, OrderField.ADDRESS)]
    rest = [order.text(n) for n in (OrderField.PAYMENT, OrderField.DELIVERY, OrderField.NOTES)]
    doubt = next((value.doubt for value in order.fields.values() if value.doubt), "")
    rows = []
    for line in order.lines:
        price = None if line.price_cents is None else line.price_cents / 100
        item = (line.sku, line.text, line.quantity, line.unit, price)
        check = next(iter(line.doubts.values()), "") or doubt
        rows.append(Row(message, place, (*party, *item, *rest), check))
    return rows or [Row(message, place, (*party, None, None, None, None, None, *rest), "missing")]
