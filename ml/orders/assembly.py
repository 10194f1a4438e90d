"""Puts labelled spans together: orders apart, fields in, lines matched, doubts named."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml.orders.addresses import address_parts
from ml.orders.catalogue import Catalogue, words_of
from ml.orders.corrections import Corrector
from ml.orders.lines import Line
from ml.orders.numbers import read_cents, read_quantity
from ml.orders.phones import read_phone
from ml.orders.tokens import fold, has_han
from ml.orders.types import (
    Address,
    Candidate,
    Found,
    Label,
    OrderField,
    OrderLine,
    ParsedOrder,
    Phone,
    Reason,
    ReviewPoint,
    Span,
)

_PARTY = (Label.BUYER, Label.PHONE, Label.ADDRESS)
_GLUE = re.compile(r"[\s,，.、:：;；\-–()（）~]*")
_FOR_ALL = re.compile(r"\b(?:both|all|everything|each)\b|都|全部|统一|一起", re.IGNORECASE)
_JOINABLE = (Label.ADDRESS, Label.DELIVERY, Label.NOTE)
_FOR_EVERY = (Label.PAYMENT, Label.DELIVERY, Label.PHONE)
_UNCLEAR_QUANTITY = 0.3
_SHORTEST_PHONE = 6
_GUESSED = 0.5
_PAYMENT_WORD = re.compile(
    r"\b(?:cash on delivery|cod|paypal|credit card|debit card|bank transfer|apple pay|google pay|cash|cheque|check"
    r"|venmo|zelle|visa|mastercard|amex|wechat pay|alipay)\b"
    r"|货到付款|微信支付|微信转账|微信|支付宝|花呗|银联刷卡|银行转账|对公转账|转账|现金|刷卡|转数快|云闪付",
    re.IGNORECASE,
)
_UNSURE_NAME = 0.6
# 发顺丰 asks for 顺丰, 周末送 for 周末, 微信付 for 微信: the bare verb is no part of the wish.
_BARE_BEFORE = re.compile(
    r"^(?:deliver|send|ship|please|to be delivered|[发寄请于](?![货票件])|走(?!路)|送(?![货到来去完上]))\s*",
    re.IGNORECASE,
)
_BARE_AFTER = re.compile(
    r"\s*(?:送到|送达|派送|发货|能到|please|pls|(?<=[前后午天日号末点])(?:送|到|就)|(?<=通|丰|达)(?:就|吧))$",
    re.IGNORECASE,
)
_BARE_PAY = re.compile(r"(?<=[信宝呗卡金账])付$")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where doubt begins; chosen for precision on the validation set and kept in the card.

    `line_weights` turn a line's evidence into the chance that its SKU and quantity are right: bias,
    log-odds of its least sure span, match score, lead over the runner-up, whether a SKU was found,
    whether a quantity was said.
    """

    match: float = 0.55
    margin: float = 0.04
    review: float = 0.75
    line_weights: tuple[float, ...] = (-1.5, 0.4, 1.5, 1.0, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a line."""

    span: float
    score: float
    lead: float
    known: bool
    counted: bool

    def values(self) -> tuple[float, ...]:
        sure = min(max(self.span, 0.01), 0.999)
        odds = math.log(sure / (1 - sure))
        return (1.0, odds, self.score, self.lead, float(self.known), float(self.counted))

    def confidence(self, weights: Sequence[float]) -> float:
        total = sum(w * v for w, v in zip(weights, self.values(), strict=True))
        return 1 / (1 + math.exp(-total))


class Assembler:
    """Spans of one text against one catalogue become orders; every value is a piece of the text."""

    def __init__(self, catalogue: Catalogue, thresholds: Thresholds) -> None:
        self.catalogue = catalogue
        self.thresholds = thresholds

    def orders(self, text: str, spans: Sequence[Span]) -> tuple[ParsedOrder, ...]:
        groups = split_orders(sorted(spans, key=lambda s: (s.start, s.end)))
        orders = _with_payment_word(text, [self.order(text, group) for group in groups])
        return (
            tuple(map(self.judged, _with_shared(text, orders)))
            if len(orders) > 1
            else tuple(orders)
        )

    def order(self, text: str, spans: Sequence[Span]) -> ParsedOrder:
        lines = self.lines(text, spans)
        phone = best_of(text, [s for s in spans if _may_be_phone(text, s)], Label.PHONE)
        address = best_of(text, spans, Label.ADDRESS)
        order = ParsedOrder(
            name=found(text, best_buyer(text, spans)),
            phone=self.phone(text, phone) if phone else None,
            address=self.address(text, address) if address else None,
            lines=tuple(lines),
            payment=found(text, _bare(text, best_of(text, spans, Label.PAYMENT))),
            delivery=found(text, _bare(text, best_of(text, spans, Label.DELIVERY))),
            notes=tuple(as_found(text, s) for s in merged(text, spans, Label.NOTE)),
        )
        return self.judged(order)

    def lines(self, text: str, spans: Sequence[Span]) -> list[OrderLine]:
        corrector = Corrector(
            text,
            self.catalogue,
            lambda draft: self._chosen(draft.candidates(text, self.catalogue)),
        )
        read = [(draft, self.line(text, draft)) for draft in corrector.lines(spans)]
        ordered = [(draft, line) for draft, line in read if self._ordered(draft, line)]
        return _added_up(ordered)

    def _ordered(self, draft: Line, line: OrderLine) -> bool:
        """Words that fit nothing in the shop and have no quantity were not ordered."""
        fits = line.sku or (line.candidates and line.candidates[0].score >= self.thresholds.match)
        return bool(words_of(line.text) and (fits or draft.quantity or draft.price))

    def line(self, text: str, draft: Line) -> OrderLine:
        start, end = draft.extent(text)
        unit = text[draft.unit.start : draft.unit.end] if draft.unit else None
        cents = read_cents(text[draft.price.start : draft.price.end]) if draft.price else None
        candidates = draft.candidates(text, self.catalogue)
        sku = self._chosen(candidates) or self._decided(candidates, unit, cents)
        quantity = (
            read_quantity(text[draft.quantity.start : draft.quantity.end]) if draft.quantity else 1
        )
        sure = evidence(draft, candidates, sku).confidence(self.thresholds.line_weights)
        return OrderLine(
            text=text[start:end],
            start=start,
            end=end,
            sku=sku,
            quantity=quantity or 1,
            unit=unit,
            unit_price_cents=cents,
            confidence=sure if quantity else min(sure, _UNCLEAR_QUANTITY),
            candidates=candidates,
        )

    def phone(self, text: str, span: Span) -> Phone:
        words = text[span.start : span.end]
        return Phone(words, span.start, span.end, span.confidence, read_phone(words, has_han(text)))

    def address(self, text: str, span: Span) -> Address:
        words = text[span.start : span.end]
        return Address(words, span.start, span.end, span.confidence, address_parts(words))

    def judged(self, order: ParsedOrder) -> ParsedOrder:
        """The order with what is missing and what a person should look at."""
        wanted = (
            (OrderField.ITEM, order.lines),
            (OrderField.NAME, order.name),
            (OrderField.PHONE, order.phone),
            (OrderField.ADDRESS, order.address),
        )
        missing = tuple(name for name, value in wanted if not value)
        return replace(order, missing=missing, review=tuple(self._doubts(order)))

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

    def _decided(
        self, candidates: Sequence[Candidate], unit: str | None, cents: int | None
    ) -> str | None:
        """Twins told apart by what they are sold by, or by the price that was said."""
        if not candidates or candidates[0].score < self.thresholds.match:
            return None
        tied = [c for c in candidates if candidates[0].score - c.score < self.thresholds.margin]
        for kept in (
            self.catalogue.with_package(tied, unit) if unit else [],
            self.catalogue.with_price(tied, cents) if cents else [],
        ):
            if len(kept) == 1:
                return kept[0].sku
        return None


def evidence(draft: Line, candidates: Sequence[Candidate], sku: str | None) -> Evidence:
    score = next(
        (c.score for c in candidates if c.sku == sku), candidates[0].score if candidates else 0.0
    )
    others = max((c.score for c in candidates if c.sku != sku), default=0.0)
    sure = min(s.confidence for s in draft.parts())
    return Evidence(
        sure, score, max(score - others, 0.0), sku is not None, draft.quantity is not None
    )


def _added_up(lines: Sequence[tuple[Line, OrderLine]]) -> list[OrderLine]:
    """ "two mugs ... and one more mug" is one line of three; a mention without a number adds nothing."""
    whole: dict[object, OrderLine] = {}
    for place, (draft, line) in enumerate(lines):
        key: object = (line.sku, line.unit_price_cents) if line.sku else place
        first = whole.get(key)
        if first is None:
            whole[key] = line
        elif draft.quantity:
            whole[key] = replace(first, quantity=first.quantity + line.quantity)
    return list(whole.values())


def _with_payment_word(text: str, orders: list[ParsedOrder]) -> list[ParsedOrder]:
    """Ways to pay are few: where the tagger found none, the word itself will do, to be looked at."""
    match = None if any(order.payment for order in orders) else _PAYMENT_WORD.search(fold(text))
    if match is None:
        return orders
    piece = Found(text[match.start() : match.end()], match.start(), match.end(), _GUESSED)
    return [replace(order, payment=piece) for order in orders]


def _with_shared(text: str, orders: Sequence[ParsedOrder]) -> list[ParsedOrder]:
    """What was said once for several orders counts for each of them."""
    payments = [o.payment for o in orders if o.payment]
    phones = [o.phone for o in orders if o.phone]
    deliveries = [o.delivery for o in orders if o.delivery and _said_for_all(text, o.delivery)]
    return [
        replace(
            order,
            payment=order.payment or (payments[0] if len(payments) == 1 else None),
            phone=order.phone or (phones[0] if len(phones) == 1 else None),
            delivery=order.delivery or (deliveries[0] if deliveries else None),
        )
        for order in orders
    ]


def _said_for_all(text: str, piece: Found) -> bool:
    return bool(_FOR_ALL.search(text[max(0, piece.start - 24) : piece.start]))


def split_orders(spans: Sequence[Span]) -> list[list[Span]]:
    """One group of spans per order: at a separator, or where a new address begins after the lines."""
    groups: list[list[Span]] = [[]]
    for index, span in enumerate(spans):
        previous = spans[index - 1] if index else None
        if span.label is Label.SPLIT or _begins_new_order(groups[-1], span, previous):
            groups.append([])
        if span.label is not Label.SPLIT:
            groups[-1].append(span)
    whole = _joined([g for g in groups if any(s.label in (Label.ITEM, *_PARTY) for s in g)])
    said_before = (
        [s for s in groups[0] if s.label in _FOR_EVERY]
        if groups[0] and not _names_goods(groups[0])
        else []
    )
    return [[*said_before, *(s for s in group if s not in said_before)] for group in whole]


def _names_goods(group: Sequence[Span]) -> bool:
    return any(s.label in (Label.ITEM, Label.ADDRESS) for s in group)


def _begins_new_order(group: Sequence[Span], span: Span, previous: Span | None) -> bool:
    """A second address after a first one with lines: who sends may sign twice, no parcel has two."""
    if span.label is not Label.ADDRESS or (previous and previous.label is Label.CHANGE):
        return False
    labels = [s.label for s in group]
    if Label.ADDRESS not in labels or Label.ITEM not in labels:
        return False
    return Label.ITEM in labels[labels.index(Label.ADDRESS) :] or labels[-1] is Label.ITEM


def _joined(groups: Sequence[list[Span]]) -> list[list[Span]]:
    """A separator inside one order leaves halves (goods here, buyer there): put them together."""
    whole: list[list[Span]] = []
    for group in groups:
        labels = {s.label for s in group}
        before = {s.label for s in whole[-1]} if whole else set()
        goods_then_buyer = Label.ITEM not in labels and not labels & before & {
            Label.ADDRESS,
            Label.BUYER,
        }
        buyer_then_goods = Label.ITEM not in before and not labels & before & {
            Label.ADDRESS,
            Label.BUYER,
        }
        if whole and (goods_then_buyer or buyer_then_goods):
            whole[-1].extend(group)
        else:
            whole.append(list(group))
    return [group for group in whole if any(s.label is Label.ITEM for s in group)]


def _may_be_phone(text: str, span: Span) -> bool:
    """Cues stay, so that a corrected phone is still known as corrected."""
    return (
        span.label is not Label.PHONE
        or sum(map(str.isnumeric, text[span.start : span.end])) >= _SHORTEST_PHONE
    )


def best_buyer(text: str, spans: Sequence[Span]) -> Span | None:
    """The name that stands closest to the address or the phone; the first of equals."""
    names = [s for s in spans if s.label is Label.BUYER]
    places = [s for s in spans if s.label in (Label.ADDRESS, Label.PHONE)]
    corrected = _corrected_piece(spans, names)
    if corrected or not names or not places:
        return corrected or (names[0] if names else None)

    def gap(name: Span) -> int:
        return min(
            abs(p.start - name.end) if p.start >= name.end else abs(name.start - p.end)
            for p in places
        )

    return min(names, key=lambda name: (name.confidence < _UNSURE_NAME, gap(name) // 12))


def best_of(text: str, spans: Sequence[Span], label: Label) -> Span | None:
    """The one value of a field: what was said after a correction, else the surest, else the first."""
    pieces = merged(text, spans, label)
    if not pieces:
        return None
    corrected = _corrected_piece(spans, pieces)
    return corrected or max(
        pieces, key=lambda s: (min(round(s.confidence, 1), 0.8), _fullness(s), -s.start)
    )


def _fullness(span: Span) -> int:
    """Of two addresses the fuller one; of other fields the first."""
    return span.end - span.start if span.label is Label.ADDRESS else 0


def _corrected_piece(spans: Sequence[Span], pieces: Sequence[Span]) -> Span | None:
    cues = [s.end for s in spans if s.label is Label.CHANGE]
    after = [p for p in pieces[1:] if any(0 <= p.start - end <= 24 for end in cues)]
    return after[-1] if after else None


def merged(text: str, spans: Sequence[Span], label: Label) -> list[Span]:
    """Pieces of one label with nothing but marks between them are one."""
    joined: list[Span] = []
    for span in (s for s in spans if s.label is label):
        previous = joined[-1] if joined else None
        if previous and label in _JOINABLE and _GLUE.fullmatch(text[previous.end : span.start]):
            confidence = min(previous.confidence, span.confidence)
            joined[-1] = Span(label, previous.start, span.end, confidence)
        else:
            joined.append(span)
    return joined


def _bare(text: str, span: Span | None) -> Span | None:
    """A wish without the verb that only introduces or closes it."""
    if span is None:
        return None
    words = text[span.start : span.end]
    delivery = span.label is Label.DELIVERY
    before = _BARE_BEFORE.match(words) if delivery else None
    after = (_BARE_AFTER if delivery else _BARE_PAY).search(words)
    start = span.start + (before.end() if before else 0)
    end = span.start + (after.start() if after else len(words))
    return replace(span, start=start, end=end) if end - start > 1 else span


def found(text: str, span: Span | None) -> Found | None:
    return as_found(text, span) if span else None


def as_found(text: str, span: Span) -> Found:
    return Found(text[span.start : span.end], span.start, span.end, span.confidence)
