"""An order that is not agreed to yet: its fields and lines, what is in doubt, and what to ask next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from ml.orders.types import OrderField

PRICE = "price"
NEEDED = (OrderField.NAME, OrderField.PHONE, OrderField.ADDRESS)
MAY_BE_EMPTY = (OrderField.PHONE, OrderField.ADDRESS)
MOST = 1_000_000
"""Largest quantity of one line; above it somebody's number was read as a quantity."""


@dataclass(frozen=True)
class Value:
    """A field of a draft; `doubt` says why a person should look at it, and is empty once one did."""

    text: str
    doubt: str = ""


@dataclass(frozen=True)
class DraftLine:
    """One line of a draft; `doubts` by part: item, quantity, price."""

    text: str
    quantity: float
    sku: str | None = None
    unit: str = ""
    price_cents: int | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    confidence: float = 1.0

    def settled(self, part: str, **values: Any) -> DraftLine:
        """The line with a part that a person decided."""
        doubts = {name: why for name, why in self.doubts.items() if name != part}
        return replace(self, doubts=doubts, **values)

    @property
    def whole_quantity(self) -> int | None:
        """The quantity where it is one that can be ordered."""
        fits = float(self.quantity).is_integer() and 0 < self.quantity <= MOST
        return int(self.quantity) if fits else None


@dataclass(frozen=True)
class DraftOrder:
    """One order of a draft; `skipped` are the fields that a person chose to leave empty."""

    fields: Mapping[OrderField, Value] = field(default_factory=dict)
    lines: tuple[DraftLine, ...] = ()
    skipped: frozenset[OrderField] = frozenset()

    def text(self, name: OrderField) -> str:
        """A field's text, empty where there is none."""
        value = self.fields.get(name)
        return value.text if value else ""

    def with_field(self, name: OrderField, text: str, doubt: str = "") -> DraftOrder:
        """The order with a field filled in."""
        fields = {**self.fields, name: Value(text, doubt)}
        return replace(self, fields=fields, skipped=self.skipped - {name})

    def with_line(self, place: int, line: DraftLine | None) -> DraftOrder:
        """The order with another line in this place, or without it."""
        put = () if line is None else (line,)
        return replace(self, lines=(*self.lines[:place], *put, *self.lines[place + 1 :]))


@dataclass(frozen=True)
class Question:
    """What is asked: a field of an order, or a part of one of its lines; `doubt` is empty when it is missing."""

    order: int
    part: str
    line: int | None = None
    doubt: str = ""

    @property
    def path(self) -> str:
        """The place in the draft, for a button's payload."""
        return f"{self.order}.{self.part}" + ("" if self.line is None else f".{self.line}")

    @classmethod
    def at(cls, path: str) -> Question:
        """The question of a path; raises `ValueError` for anything else."""
        order, part, *line = path.split(".")
        return cls(int(order), part, int(line[0]) if line else None)


@dataclass(frozen=True)
class Orders:
    """The body of a draft: its orders, the message that began it, the step before the last (for one undo),

    what just happened, and every doubt there ever was (for `why`).
    """

    orders: tuple[DraftOrder, ...]
    started: str = ""
    before: tuple[DraftOrder, ...] | None = None
    note: str = ""
    doubted: tuple[str, ...] = ()

    def question(self) -> Question | None:
        """What to ask next; None when there is nothing left to ask."""
        return next(self.questions(), None)

    def questions(self) -> Iterator[Question]:
        """Everything that must be asked, in order."""
        for place, order in enumerate(self.orders):
            yield from _questions(place, order)

    def skus(self) -> frozenset[str]:
        """The products in the draft."""
        return frozenset(line.sku for order in self.orders for line in order.lines if line.sku)

    def with_order(self, place: int, order: DraftOrder) -> Orders:
        """The draft with another order in this place; the step before is kept."""
        orders = (*self.orders[:place], order, *self.orders[place + 1 :])
        return replace(self, orders=orders, before=self.orders)

    def to_body(self) -> dict[str, Any]:
        """The JSON form."""
        body: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return body

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Orders:
        """The draft of a JSON form."""
        return _ADAPTER.validate_python(body)


def _questions(place: int, order: DraftOrder) -> Iterator[Question]:
    if not order.lines:
        yield Question(place, OrderField.ITEM)
    for index, line in enumerate(order.lines):
        for part in _parts_to_ask(line):
            yield Question(place, part, index, line.doubts.get(part, ""))
    for name in NEEDED:
        value = order.fields.get(name)
        if (value is None and name not in order.skipped) or (value and value.doubt):
            yield Question(place, name, doubt=value.doubt if value else "")


def _parts_to_ask(line: DraftLine) -> Iterator[str]:
    if OrderField.ITEM in line.doubts:
        yield OrderField.ITEM
    if OrderField.QUANTITY in line.doubts or line.whole_quantity is None:
        yield OrderField.QUANTITY
    if PRICE in line.doubts or (line.price_cents is None and OrderField.ITEM not in line.doubts):
        yield PRICE


_ADAPTER = TypeAdapter(Orders)
