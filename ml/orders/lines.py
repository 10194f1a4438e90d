"""Groups spans into lines: which quantity, unit, price and variant belongs to which item."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml.orders.catalogue import Catalogue, kind_of, words_of
from ml.orders.types import Candidate, Label, Span

_NEGATED = re.compile(
    r"(?:\bnot|\binstead of|\brather than|不是|而不是)\s*(?:the\s)?$", re.IGNORECASE
)
_EACH_BEFORE = re.compile(r"各(?:要|来)?\s*$")
_EACH_AFTER = re.compile(r"^\s*(?:pcs?\s+)?(?:of\s+)?each\b", re.IGNORECASE)
_BREAK = re.compile(r"[,，;；、。.]|\band\b|和")
_ITEM_GLUE = re.compile(r"[\s,，(（/\-的]{0,3}|\s*(?:in|size|the|colou?r|色|码)\s*")


_SKIPPED = 200.0
# Which part went to which anchor, newest first.
_Trail = tuple[int, int, "_Trail"] | None


@dataclass(slots=True)
class Line:
    """A line while it is being put together. `head` names what a bare variant is a variant of."""

    item: Span
    head: Span | None = None
    variants: list[Span] = field(default_factory=list)
    quantity: Span | None = None
    unit: Span | None = None
    price: Span | None = None

    def take(self, span: Span) -> None:
        if span.label is Label.QUANTITY:
            self.quantity = span
        elif span.label is Label.UNIT:
            self.unit = span
        elif span.label is Label.PRICE:
            self.price = span
        elif span.label is Label.VARIANT:
            self.variants.append(span)

    def has(self, label: Label) -> bool:
        return (self.quantity if label is Label.QUANTITY else self.price) is not None

    def parts(self) -> list[Span]:
        return [
            self.item,
            *self.variants,
            *(s for s in (self.quantity, self.unit, self.price) if s),
        ]

    def words(self, text: str) -> str:
        """What says which item is meant, without the head."""
        return " ".join(text[s.start : s.end] for s in (self.item, *self.variants))

    def candidates(self, text: str, catalogue: Catalogue) -> tuple[Candidate, ...]:
        own = self.words(text)
        if self.head is None:
            return catalogue.match(own)
        return catalogue.match_variant(text[self.head.start : self.head.end], own)

    def extent(self, text: str) -> tuple[int, int]:
        """The item's words together with a variant that stands right beside it."""
        start, end = self.item.start, self.item.end
        for span in sorted(self.variants, key=lambda s: s.start):
            if span.start >= end and _ITEM_GLUE.fullmatch(text[end : span.start]):
                end = span.end
            elif span.end <= start and not text[span.end : start].strip():
                start = span.start
        return start, end


def group_lines(text: str, spans: Sequence[Span]) -> list[Line]:
    """Each quantity and price goes to the item or variant it stands closest to, once."""
    spans = [s for s in spans if not negated(text, s)]
    anchors = [Line(s) for s in spans if s.label in (Label.ITEM, Label.VARIANT)]
    shared = [s for s in spans if s.label is Label.QUANTITY and _for_each(text, s)]
    units = [s for s in spans if s.label is Label.UNIT]
    unit_ends = {unit.start: unit.end for unit in units}
    for label in (Label.QUANTITY, Label.PRICE):
        _attach(
            text, unit_ends, anchors, [s for s in spans if s.label is label and s not in shared]
        )
    _attach_units(text, anchors, units)
    for span in shared:
        for line in anchors:
            if line.quantity is None and line.item.label is Label.ITEM:
                line.quantity = span
    return _with_variants(text, anchors)


def negated(text: str, span: Span) -> bool:
    """The 4 of \"2, not 4\"."""
    return span.label is Label.QUANTITY and bool(
        _NEGATED.search(text[max(0, span.start - 16) : span.start])
    )


def _for_each(text: str, span: Span) -> bool:
    before, after = text[max(0, span.start - 4) : span.start], text[span.end : span.end + 14]
    return bool(_EACH_BEFORE.search(before) or _EACH_AFTER.search(after))


def _attach(
    text: str, unit_ends: Mapping[int, int], anchors: Sequence[Line], parts: Sequence[Span]
) -> None:
    """The cheapest way to give parts to anchors, in the order of the text, at most one to each.

    A state is the last anchor that got a part; few anchors are near a part, so states stay few.
    """
    best: dict[int, tuple[float, _Trail]] = {-1: (0.0, None)}
    for number, part in enumerate(parts):
        near = _near(anchors, part)
        new: dict[int, tuple[float, _Trail]] = {}
        for last, (cost, trail) in best.items():
            _keep(new, max(last, near.start - 1), cost + _SKIPPED, trail)
            for j in near:
                if j > last and not anchors[j].has(part.label):
                    price = cost + _distance(text, unit_ends, part, anchors[j].item)
                    _keep(new, j, price, (number, j, trail))
        best = new
    trail = min(best.values(), key=lambda state: state[0])[1]
    while trail is not None:
        number, j, trail = trail
        anchors[j].take(parts[number])


def _keep(states: dict[int, tuple[float, _Trail]], last: int, cost: float, trail: _Trail) -> None:
    if last not in states or cost < states[last][0]:
        states[last] = (cost, trail)


def _near(anchors: Sequence[Line], part: Span) -> range:
    """The two before and the two after: enough, and linear in a long message."""
    low, high = 0, len(anchors)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if anchors[middle].item.start < part.start else (low, middle)
    return range(max(low - 2, 0), min(low + 2, len(anchors)))


def _distance(text: str, unit_ends: Mapping[int, int], part: Span, item: Span) -> float:
    """Letters and marks between the two; a unit is no distance: 两箱苹果."""
    left, right = (part, item) if part.start < item.start else (item, part)
    start = unit_ends.get(left.end) or unit_ends.get(left.end + 1) or left.end
    between = text[min(start, right.start) : right.start][:200]
    words = len(between.strip(" x×*:：-–(（="))
    breaks = 60 * between.count("\n") + 12 * len(_BREAK.findall(between))
    blanks = 0.1 * sum(map(str.isspace, between))
    return 1.0 + words + breaks + blanks + (0.0 if left is part else 0.05)


def _attach_units(text: str, anchors: Sequence[Line], units: Sequence[Span]) -> None:
    """A unit belongs to the quantity right before it, or to the item right before it."""
    ends = {line.item.end: line for line in anchors}
    ends |= {line.quantity.end: line for line in anchors if line.quantity}
    for unit in units:
        gap = next((g for g in range(4) if unit.start - g in ends), None)
        if gap is not None and "\n" not in text[unit.start - gap : unit.start]:
            ends[unit.start - gap].unit = unit


def _with_variants(text: str, anchors: Sequence[Line]) -> list[Line]:
    """Variants find their item: as its attribute, or as a line of their own with its quantity."""
    lines: list[Line] = []
    for anchor in anchors:
        head = lines[-1] if lines else None
        bare = anchor.item.label is Label.VARIANT or (
            head is not None and _only_attributes(text, anchor.item)
        )
        if not bare:
            lines.append(anchor)
        elif head is None or anchor.quantity:
            anchor.head = (head.head or head.item) if head else None
            lines.append(anchor)
        else:
            head.variants.append(anchor.item)
            head.price = head.price or anchor.price
    return _heads_gone(text, lines)


def _only_attributes(text: str, span: Span) -> bool:
    words = words_of(text[span.start : span.end])
    return bool(words) and all(kind_of(word) for word in words)


def _heads_gone(text: str, lines: Sequence[Line]) -> list[Line]:
    """A head that was only there for its variants is no line; with one variant they are one line."""
    kept: list[Line] = []
    for place, line in enumerate(lines):
        followers = [other for other in lines[place + 1 :][:8] if other.head is line.item]
        if line.quantity is None and line.item.label is Label.ITEM and followers:
            if len(followers) == 1 and _ITEM_GLUE.fullmatch(
                text[line.item.end : followers[0].item.start]
            ):
                only = followers[0]
                only.variants.append(only.item)
                only.item, only.head = line.item, None
            continue
        kept.append(line)
    return kept
