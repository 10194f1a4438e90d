"""Puts labelled spans together: orders apart, fields in, quantities to items, corrections applied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ml.orders.addresses import address_parts
from ml.orders.catalogue import Catalogue
from ml.orders.numbers import read_cents, read_quantity
from ml.orders.phones import read_phone
from ml.orders.tokens import has_han
from ml.orders.types import (
    Address,
    Candidate,
    CatalogueItem,
    Found,
    Label,
    OrderField,
    OrderLine,
    ParsedOrder,
    Phone,
    Quantity,
    Reason,
    ReviewPoint,
    Span,
)

_PARTY = (Label.BUYER, Label.PHONE, Label.ADDRESS)
_LINE_PARTS = (Label.QUANTITY, Label.UNIT, Label.PRICE, Label.VARIANT)
_CLAUSE_END = re.compile(r"[.;!?\n。；！？]|,(?!\d)|，")
_GLUE = re.compile(r"[\s,，.、:：;；\-–()（）]*")
_ITEM_GLUE = re.compile(r"[\s,，(（/\-]{0,3}|\s*(?:in|size|the|colou?r|色|码)\s*")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where doubt begins; chosen for precision on the validation set and kept in the card."""

    match: float = 0.62
    margin: float = 0.06
    review: float = 0.75


@dataclass(slots=True)
class _Line:
    """A line while it is being put together."""

    item: Span
    variants: list[Span] = field(default_factory=list)
    quantity: Span | None = None
    unit: Span | None = None
    price: Span | None = None

    def part(self, label: Label) -> Span | None:
        return {
            Label.QUANTITY: self.quantity,
            Label.UNIT: self.unit,
            Label.PRICE: self.price,
        }[label]

    def attach(self, span: Span) -> None:
        if span.label is Label.VARIANT:
            self.variants.append(span)
        elif span.label is Label.QUANTITY:
            self.quantity = span
        elif span.label is Label.UNIT:
            self.unit = span
        elif span.label is Label.PRICE:
            self.price = span


class Assembler:
    """Spans of one text against one catalogue become orders; every value is a piece of the text."""

    def __init__(self, catalogue: Catalogue, thresholds: Thresholds) -> None:
        self.catalogue = catalogue
        self.thresholds = thresholds

    def orders(self, text: str, spans: Sequence[Span]) -> tuple[ParsedOrder, ...]:
        groups = split_orders(text, sorted(spans, key=lambda s: (s.start, s.end)))
        return tuple(self.order(text, group) for group in groups)

    def order(self, text: str, spans: Sequence[Span]) -> ParsedOrder:
        lines = self.lines(text, spans)
        phone = best_of(text, spans, Label.PHONE)
        address = best_of(text, spans, Label.ADDRESS)
        order = ParsedOrder(
            name=found(text, best_of(text, spans, Label.BUYER)),
            phone=self.phone(text, phone) if phone else None,
            address=self.address(text, address) if address else None,
            lines=lines,
            payment=found(text, best_of(text, spans, Label.PAYMENT)),
            delivery=found(text, best_of(text, spans, Label.DELIVERY)),
            notes=tuple(as_found(text, s) for s in merged(text, spans, Label.NOTE)),
        )
        return self.judged(order)

    def lines(self, text: str, spans: Sequence[Span]) -> tuple[OrderLine, ...]:
        clauses = correction_clauses(text, spans)
        inside = {s for clause in clauses for s in clause.spans}
        drafts = group_lines(text, [s for s in spans if s not in inside])
        for clause in clauses:
            drafts = self._corrected(text, drafts, clause)
        return tuple(self.line(text, draft) for draft in drafts)

    def line(self, text: str, draft: _Line) -> OrderLine:
        start, end = _extent(text, draft)
        words = " ".join(
            [
                text[draft.item.start : draft.item.end],
                *(text[v.start : v.end] for v in draft.variants),
            ]
        )
        candidates = self.catalogue.match(words)
        sku = self._chosen(candidates)
        quantity = (
            read_quantity(text[draft.quantity.start : draft.quantity.end])
            if draft.quantity
            else None
        )
        parts = [
            draft.item,
            *draft.variants,
            *(s for s in (draft.quantity, draft.unit, draft.price) if s),
        ]
        sure = min(s.confidence for s in parts) * (candidates[0].score if sku else 0.5)
        return OrderLine(
            text=text[start:end],
            start=start,
            end=end,
            sku=sku,
            quantity=quantity if quantity is not None else 1,
            unit=text[draft.unit.start : draft.unit.end] if draft.unit else None,
            unit_price_cents=read_cents(text[draft.price.start : draft.price.end])
            if draft.price
            else None,
            confidence=sure if draft.quantity is None or quantity is not None else min(sure, 0.3),
            candidates=() if sku and len(candidates) == 1 else candidates,
        )

    def phone(self, text: str, span: Span) -> Phone:
        words = text[span.start : span.end]
        return Phone(
            words,
            span.start,
            span.end,
            span.confidence,
            read_phone(words, has_han(text)),
        )

    def address(self, text: str, span: Span) -> Address:
        words = text[span.start : span.end]
        return Address(words, span.start, span.end, span.confidence, address_parts(words))

    def judged(self, order: ParsedOrder) -> ParsedOrder:
        """The order with what is missing and what a person should look at."""
        missing = [
            name
            for name, value in (
                (OrderField.ITEM, order.lines),
                (OrderField.NAME, order.name),
                (OrderField.PHONE, order.phone),
                (OrderField.ADDRESS, order.address),
            )
            if not value
        ]
        return replace(order, missing=tuple(missing), review=tuple(self._doubts(order)))

    def _doubts(self, order: ParsedOrder) -> list[ReviewPoint]:
        fields = {"name": order.name, "phone": order.phone, "address": order.address}
        fields |= {"payment": order.payment, "delivery": order.delivery}
        points = [
            ReviewPoint(name, Reason.UNSURE)
            for name, value in fields.items()
            if value and value.confidence < self.thresholds.review
        ]
        if order.phone and not order.phone.e164:
            points.append(ReviewPoint("phone", Reason.INVALID_PHONE))
        for index, line in enumerate(order.lines):
            points.extend(self._line_doubts(f"lines.{index}", line))
        return points

    def _line_doubts(self, path: str, line: OrderLine) -> list[ReviewPoint]:
        points: list[ReviewPoint] = []
        if line.sku is None:
            several = bool(line.candidates) and line.candidates[0].score >= self.thresholds.match
            reason = Reason.SEVERAL_ITEMS_FIT if several else Reason.UNKNOWN_ITEM
            points.append(ReviewPoint(f"{path}.sku", reason, line.candidates))
        elif line.confidence < self.thresholds.review:
            points.append(ReviewPoint(path, Reason.UNSURE, line.candidates))
        item = self.catalogue.item(line.sku) if line.sku else None
        stated = line.unit_price_cents
        if item and stated and item.price_cents and stated != item.price_cents:
            points.append(ReviewPoint(f"{path}.unit_price", Reason.PRICE_DIFFERS))
        return points

    def _chosen(self, candidates: Sequence[Candidate]) -> str | None:
        if not candidates or candidates[0].score < self.thresholds.match:
            return None
        runner_up = candidates[1].score if len(candidates) > 1 else 0.0
        clear = candidates[0].score - runner_up >= self.thresholds.margin
        return candidates[0].sku if clear else None

    def _corrected(self, text: str, drafts: list[_Line], clause: Clause) -> list[_Line]:
        """Applies one "no, make it three", "remove the mug", 不对要三个 to the lines so far."""
        before = [d for d in drafts if d.item.start < clause.start]
        after = [d for d in drafts if d.item.start >= clause.start]
        named = group_lines(text, clause.spans)
        target = self._meant(text, before, named[0] if named else None)
        if clause.removes:
            kept = [d for d in before if d is not target] if target or named else before[:-1]
            return kept + after
        if named and target is None and before:
            before = self._replaced(text, before, named, clause)
        elif named and target is None:
            before = named
        elif before:
            before = _revised(before, target or before[-1], named, clause.spans)
        return before + after

    def _meant(self, text: str, drafts: Sequence[_Line], named: _Line | None) -> _Line | None:
        """The line that the words of a correction name."""
        if named is None:
            return None
        wanted = self._top(text, named)
        for draft in reversed(drafts):
            same_words = (
                text[draft.item.start : draft.item.end] == text[named.item.start : named.item.end]
            )
            if same_words or (wanted and wanted == self._top(text, draft)):
                return draft
        return self._alike(text, drafts, named)

    def _alike(self, text: str, drafts: Sequence[_Line], named: _Line) -> _Line | None:
        words = text[named.item.start : named.item.end]
        options = Catalogue([_as_item(str(i), text, d) for i, d in enumerate(drafts)]).match(words)
        sure = (
            options
            and options[0].score > 0.6
            and (len(options) == 1 or options[1].score < options[0].score)
        )
        return drafts[int(options[0].sku)] if sure else None

    def _top(self, text: str, draft: _Line) -> str | None:
        return self._chosen(self.catalogue.match(text[draft.item.start : draft.item.end]))

    def _replaced(
        self, text: str, before: list[_Line], named: list[_Line], clause: Clause
    ) -> list[_Line]:
        """Another item in place of the last line; its quantity stays unless a new one is said."""
        old, new = before[-1], named[-1]
        if new.quantity is None:
            new.quantity, new.unit = old.quantity, new.unit or old.unit
        return [*before[:-1], new]


@dataclass(frozen=True, slots=True)
class Clause:
    """A correction: where it stands and the spans inside it."""

    start: int
    end: int
    removes: bool
    spans: tuple[Span, ...]


def correction_clauses(text: str, spans: Sequence[Span]) -> list[Clause]:
    clauses: list[Clause] = []
    for cue in (s for s in spans if s.label in (Label.CHANGE, Label.REMOVE)):
        breaks = [m.end() for m in _CLAUSE_END.finditer(text, 0, cue.start)]
        start = max(breaks[-1] if breaks else 0, clauses[-1].end if clauses else 0)
        stop = _CLAUSE_END.search(text, cue.end)
        end = stop.start() if stop else len(text)
        inside = [
            s
            for s in spans
            if start <= s.start and s.end <= end and s.label in (*_LINE_PARTS, Label.ITEM)
        ]
        clauses.append(Clause(min(start, cue.start), end, cue.label is Label.REMOVE, tuple(inside)))
    return clauses


def split_orders(text: str, spans: Sequence[Span]) -> list[list[Span]]:
    """One group of spans per order: at a separator, or where a new buyer begins after the lines."""
    groups: list[list[Span]] = [[]]
    for index, span in enumerate(spans):
        if span.label is Label.SPLIT:
            groups.append([])
            continue
        if _begins_new_order(groups[-1], span, spans[index - 1] if index else None):
            groups.append([])
        groups[-1].append(span)
    filled = [g for g in groups if any(s.label in (Label.ITEM, *_PARTY) for s in g)]
    return _joined(filled)


def _begins_new_order(group: Sequence[Span], span: Span, previous: Span | None) -> bool:
    if span.label not in _PARTY or (previous and previous.label is Label.CHANGE):
        return False
    labels = [s.label for s in group]
    if span.label not in labels or Label.ITEM not in labels:
        return False
    # Buyer, lines, buyer: the second buyer opens an order. Lines, buyer, ... is one order so far.
    return labels.index(Label.ITEM) > min(labels.index(p) for p in _PARTY if p in labels)


def _joined(groups: list[list[Span]]) -> list[list[Span]]:
    """A separator inside one order (a line of dashes) leaves a half: put the halves together."""
    whole: list[list[Span]] = []
    for group in groups:
        labels = {s.label for s in group}
        lonely = Label.ITEM not in labels or not labels & set(_PARTY)
        previous = {s.label for s in whole[-1]} if whole else set()
        half = (
            lonely
            and whole
            and not (labels & previous & set(_PARTY))
            and not (Label.ITEM in labels and Label.ITEM in previous and len(groups) > 2)
        )
        if half and (Label.ITEM not in labels or Label.ITEM not in previous):
            whole[-1].extend(group)
        else:
            whole.append(group)
    return whole


def group_lines(text: str, spans: Sequence[Span]) -> list[_Line]:
    """Each quantity, unit, price and variant goes to the item it stands closest to, once."""
    lines = [_Line(item) for item in spans if item.label is Label.ITEM]
    for label in (Label.QUANTITY, Label.PRICE, Label.VARIANT):
        parts = [s for s in spans if s.label is label]
        pairs = sorted(
            (_distance(text, p, line.item), i, j)
            for i, p in enumerate(parts)
            for j, line in _near(lines, p)
        )
        used: set[int] = set()
        for _, i, j in pairs:
            if i in used or (label is not Label.VARIANT and lines[j].part(label)):
                continue
            lines[j].attach(parts[i])
            used.add(i)
    _attach_units(text, lines, [s for s in spans if s.label is Label.UNIT])
    return lines


def _near(lines: Sequence[_Line], part: Span) -> list[tuple[int, _Line]]:
    """The two items before and the two after: enough, and linear in a long message."""
    after = next((j for j, line in enumerate(lines) if line.item.start >= part.start), len(lines))
    return list(enumerate(lines))[max(after - 2, 0) : after + 2]


def _distance(text: str, part: Span, item: Span) -> float:
    left, right = (part, item) if part.start < item.start else (item, part)
    between = text[left.end : right.start]
    cost = len(between.strip()) + 1.0
    cost += 60 * between.count("\n") + 12 * len(re.findall(r"[,，;；、。.]|\band\b|和", between))
    return cost if left is part else cost + 0.5


def _attach_units(text: str, lines: Sequence[_Line], units: Sequence[Span]) -> None:
    for line in lines:
        anchor = line.quantity or line.item
        near = [
            u for u in units if not _letters(text[anchor.end : u.start]) and u.start >= anchor.end
        ]
        line.unit = near[0] if near else None


def _letters(between: str) -> bool:
    return len(between) > 3 or "\n" in between or any(c.isalnum() for c in between)


def _revised(
    before: list[_Line], target: _Line, named: Sequence[_Line], spans: Sequence[Span]
) -> list[_Line]:
    for span in spans:
        if span.label in (Label.QUANTITY, Label.PRICE, Label.UNIT):
            target.attach(span)
        elif span.label is Label.VARIANT:
            target.variants = [span]
    extra = [line for line in named[1:] if line.quantity and line.quantity is not target.quantity]
    return before + extra


def _as_item(sku: str, text: str, draft: _Line) -> CatalogueItem:
    return CatalogueItem(sku, text[draft.item.start : draft.item.end])


def _extent(text: str, draft: _Line) -> tuple[int, int]:
    """The item's words together with a variant that stands right beside it."""
    start, end = draft.item.start, draft.item.end
    for span in sorted(draft.variants, key=lambda s: s.start):
        if span.start >= end and _ITEM_GLUE.fullmatch(text[end : span.start]):
            end = span.end
        elif span.end <= start and not text[span.end : start].strip():
            start = span.start
    return start, end


def best_of(text: str, spans: Sequence[Span], label: Label) -> Span | None:
    """The one value of a field: what was said after a correction, else the surest, else the first."""
    pieces = merged(text, spans, label)
    if not pieces:
        return None
    cues = [s.end for s in spans if s.label is Label.CHANGE]
    corrected = [p for p in pieces if any(0 <= p.start - end <= 24 for end in cues)]
    return (
        corrected[-1]
        if corrected
        else max(pieces, key=lambda s: (round(s.confidence, 1), -s.start))
    )


def merged(text: str, spans: Sequence[Span], label: Label) -> list[Span]:
    """Pieces of one label with nothing but marks between them are one."""
    joined: list[Span] = []
    for span in (s for s in spans if s.label is label):
        previous = joined[-1] if joined else None
        joinable = label in (Label.ADDRESS, Label.DELIVERY, Label.NOTE)
        if previous and joinable and _GLUE.fullmatch(text[previous.end : span.start]):
            confidence = min(previous.confidence, span.confidence)
            joined[-1] = Span(label, previous.start, span.end, confidence)
        else:
            joined.append(span)
    return joined


def found(text: str, span: Span | None) -> Found | None:
    return as_found(text, span) if span else None


def as_found(text: str, span: Span) -> Found:
    return Found(text[span.start : span.end], span.start, span.end, span.confidence)


def quantity_of(text: str, span: Span) -> Quantity | None:
    return read_quantity(text[span.start : span.end])
