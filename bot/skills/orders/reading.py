"""Reads messages into drafts, and answers and corrections into them, with the order parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.skills.orders.draft import NEEDED, PRICE, DraftLine, DraftOrder, Question, Value
from bot.store.catalogue import ProductInfo
from ml.orders.catalogue import Catalogue
from ml.orders.numbers import read_cents
from ml.orders.parse import OrderParser
from ml.orders.types import (
    Candidate,
    CatalogueItem,
    Change,
    ChangeKind,
    FieldAnswer,
    Found,
    OrderField,
    OrderLine,
    ParsedOrder,
    Phone,
    Reason,
)

PRODUCTS_OFFERED = 4
LIKELY = 0.5


@dataclass(frozen=True)
class Reader:
    """The parser with one shop's catalogue; made once and used by many threads."""

    parser: OrderParser
    catalogue: Catalogue
    products: Mapping[str, ProductInfo]

    @classmethod
    def of(cls, parser: OrderParser, products: Sequence[ProductInfo]) -> Reader:
        """Index a shop's products."""
        items = [
            CatalogueItem(p.sku, p.name, p.name_zh, p.unit, p.price_cents, p.aliases)
            for p in products
        ]
        return cls(parser, Catalogue(items), {p.sku: p for p in products})

    def orders(self, texts: Sequence[str]) -> list[tuple[DraftOrder, ...]]:
        """The orders of each text."""
        parsed = self.parser.parse(texts, self.catalogue)
        return [tuple(self._draft(order) for order in of if _is_order(order)) for of in parsed]

    def skus_of(self, words: str) -> frozenset[str]:
        """The products that some words may mean."""
        likely = [c for c in self.catalogue.match(words, limit=8) if c.score >= LIKELY]
        by_category = [
            sku
            for sku, p in self.products.items()
            if words.lower() in (p.category.lower(), p.category_zh)
        ]
        return frozenset(by_category or [c.sku for c in likely])

    def has_address(self, text: str) -> bool:
        """Whether the parser sees an address in the text."""
        (parsed,) = self.parser.parse([text], self.catalogue)
        return any(order.address for order in parsed)

    def answered(self, order: DraftOrder, asked: Question, text: str) -> DraftOrder | None:
        """The order with the answer to a question in it; None where the text does not answer it."""
        if asked.line is not None:
            return self._answered_line(order, asked.line, asked.part, text)
        if asked.part == OrderField.ITEM:
            return self._with_more_lines(order, text)
        answer = self.parser.read_answer(OrderField(asked.part), text, self.catalogue)
        filled = _with_answer(order, answer) if answer else order
        filled = self._with_fields_of(filled, text)
        return filled if filled != order else None

    def corrected(self, order: DraftOrder, text: str) -> DraftOrder | None:
        """The order after "make it three", 电话改成...; None where the text corrects nothing."""
        changes = self.parser.read_changes(text, _parsed(order), self.catalogue)
        changed = order
        lines: list[DraftLine | None] = list(order.lines)
        for change in changes:
            if change.answer:
                changed = _with_answer(changed, change.answer)
            elif change.kind is ChangeKind.ADD_LINE and change.new_line:
                lines.append(self._line(change.new_line, {}))
            elif change.line is not None and change.line < len(order.lines):
                lines[change.line] = self._changed(order.lines[change.line], change)
        changed = replace(changed, lines=tuple(line for line in lines if line))
        return changed if changed != order else None

    def _changed(self, line: DraftLine, change: Change) -> DraftLine | None:
        if change.kind is ChangeKind.REMOVE_LINE:
            return None
        if change.kind is ChangeKind.REPLACE_LINE and change.new_line:
            return self._line(change.new_line, {})
        if change.quantity is None:
            return line
        return line.settled(OrderField.QUANTITY, quantity=change.quantity)

    def _answered_line(
        self, order: DraftOrder, place: int, part: str, text: str
    ) -> DraftOrder | None:
        line = order.lines[place]
        if part == PRICE:
            cents = read_cents(text)
            priced = None if cents is None else line.settled(PRICE, price_cents=cents)
            return order.with_line(place, priced) if priced else None
        offered = tuple(Candidate(sku, 1.0) for sku in line.candidates[:PRODUCTS_OFFERED])
        answer = self.parser.read_answer(OrderField(part), text, self.catalogue, offered)
        if answer is None:
            return None
        if part == OrderField.QUANTITY:
            counted = line.settled(OrderField.QUANTITY, quantity=answer.quantity or 0)
            return order.with_line(place, counted)
        if answer.value not in line.candidates and (changed := self.corrected(order, text)):
            return changed  # "make it four blue mugs" names a product too, and answers nothing
        return (
            order.with_line(place, self.with_product(line, answer.value)) if answer.value else None
        )

    def with_product(self, line: DraftLine, sku: str) -> DraftLine:
        """The line with a product that a person chose; a stated price stays, and its doubt with it."""
        product = self.products[sku]
        stated = line.price_cents is not None
        chosen = line.settled(
            OrderField.ITEM,
            sku=sku,
            unit=line.unit or product.unit,
            price_cents=line.price_cents if stated else product.price_cents,
        )
        if stated and line.price_cents != product.price_cents:
            doubts = {**chosen.doubts, PRICE: Reason.PRICE_DIFFERS}
            return replace(chosen, doubts=doubts)
        return chosen

    def _with_more_lines(self, order: DraftOrder, text: str) -> DraftOrder | None:
        (found,) = self.orders([text])
        lines = tuple(line for other in found for line in other.lines)
        return replace(order, lines=order.lines + lines) if lines else None

    def _with_fields_of(self, order: DraftOrder, text: str) -> DraftOrder:
        """Fields that were not there yet and that the text has too ("Ann Lee, 415-555-0134")."""
        (parsed,) = self.parser.parse([text], self.catalogue)
        found = self._draft(parsed[0]).fields if parsed else {}
        new = {n: v for n, v in found.items() if n in NEEDED and n not in order.fields}
        return replace(order, fields={**order.fields, **new})

    def _draft(self, order: ParsedOrder) -> DraftOrder:
        doubts = {point.field: point.reason.value for point in order.review}
        fields = {
            OrderField.NAME: order.name,
            OrderField.PHONE: order.phone,
            OrderField.ADDRESS: order.address,
            OrderField.PAYMENT: order.payment,
            OrderField.DELIVERY: order.delivery,
        }
        values = {
            name: Value(_text(found), doubts.get(name, ""))
            for name, found in fields.items()
            if found
        }
        if order.notes:
            values[OrderField.NOTES] = Value("; ".join(note.text for note in order.notes))
        lines = tuple(
            self._line(line, _line_doubts(doubts, place)) for place, line in enumerate(order.lines)
        )
        return DraftOrder(values, lines)

    def _line(self, line: OrderLine, doubts: Mapping[str, str]) -> DraftLine:
        product = self.products.get(line.sku) if line.sku else None
        if product is None and OrderField.ITEM not in doubts:
            doubts = {**doubts, OrderField.ITEM: Reason.UNKNOWN_ITEM}
        price = line.unit_price_cents
        return DraftLine(
            text=line.text,
            quantity=line.quantity,
            sku=line.sku,
            unit=line.unit or (product.unit if product else ""),
            price_cents=price if price is not None or not product else product.price_cents,
            doubts=doubts,
            candidates=tuple(c.sku for c in line.candidates),
            confidence=line.confidence,
        )


def _is_order(order: ParsedOrder) -> bool:
    """Whether somebody ordered something: lines, or somebody to send something to."""
    party = [value for value in (order.name, order.phone, order.address) if value]
    return bool(order.lines) or len(party) > 1


def _text(found: Found) -> str:
    words = found.value if isinstance(found, Phone) else found.text
    return " ".join(words.split())


def _line_doubts(doubts: Mapping[str, str], place: int) -> dict[str, str]:
    """The parser's doubts about a line, by the part of it that a person can decide."""
    parts = {
        f"lines.{place}": OrderField.ITEM,
        f"lines.{place}.sku": OrderField.ITEM,
        f"lines.{place}.quantity": OrderField.QUANTITY,
        f"lines.{place}.unit_price": PRICE,
    }
    return {part: doubts[path] for path, part in parts.items() if path in doubts}


def _with_answer(order: DraftOrder, answer: FieldAnswer) -> DraftOrder:
    """The order with what a person said about a field; only a phone that cannot be one stays in doubt."""
    doubt = ""
    if answer.field is OrderField.PHONE and not answer.value.startswith("+"):
        doubt = Reason.INVALID_PHONE
    return order.with_field(answer.field, " ".join(answer.value.split()), doubt)


def _parsed(order: DraftOrder) -> ParsedOrder:
    """The draft in the parser's words, for corrections; positions mean nothing any more."""
    return ParsedOrder(
        lines=tuple(
            OrderLine(
                text=line.text,
                start=0,
                end=0,
                sku=line.sku,
                quantity=line.quantity,
                unit=line.unit,
                unit_price_cents=line.price_cents,
                confidence=line.confidence,
                candidates=tuple(Candidate(sku, 1.0) for sku in line.candidates),
            )
            for line in order.lines
        )
    )
