"""Tidies what a tagger found: fragments that touch are one piece, marks at the ends are none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ml.orders.tokens import has_han
from ml.orders.types import Label, Span

_WORDY = (
    Label.BUYER,
    Label.ADDRESS,
    Label.ITEM,
    Label.VARIANT,
    Label.PAYMENT,
    Label.DELIVERY,
    Label.NOTE,
    Label.PHONE,
)
_GOODS = (Label.ITEM, Label.VARIANT)
_BEFORE = ' \t\n,，.。;；:：、!！?？~-–—)）]】|/>*•"”'
_AFTER = ' \t\n,，。;；:：、!！?？~-–—([（【|/<*•"“.'
_OPENING = {")": "(", "）": "（"}


_UNITS_ZH = "个件箱盒包瓶袋双套条支只斤罐台把本张对提桶块份副卷束"
_UNIT_NEXT = re.compile(rf"\s?[{_UNITS_ZH}]")
_DIGITS_LAST = re.compile(r"[^\n]*[\u4e00-\u9fff](\d+)$")
_PACKAGE_OF = re.compile(
    r"(?:box|bag|jar|pack|packet|case|carton|bottle|tin|can|roll|pair|set|bar|ream|tray|bunch)(?:e?s)?(?: of)?(?: the)?",
    re.IGNORECASE,
)
_PRICE_CUE = re.compile(r"(?:\bat|@|\bfor|单价)\s*[$£€¥￥]?\s*$", re.IGNORECASE)
_PER_PIECE = re.compile(
    rf"\s*(?:each|apiece|a piece|per\b|ea\b|/|[一每1][{_UNITS_ZH}])", re.IGNORECASE
)
_NUMBER_BEFORE = re.compile(
    r"(?<![\w.,#/-])(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|a dozen|half a dozen|a couple of)\s+(?:x\s)?$",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    r"(\d{1,3}) (?:x )?(?=[a-z]{3})(?!pack|inch|mm|kg|litre|pcs)", re.IGNORECASE
)
_ADDED = 0.6
_SHORTEST_PHONE = 6
_LONGEST_WORD = 14
_SHORTEST = {Label.BUYER: 2, Label.ADDRESS: 3, Label.PAYMENT: 2, Label.DELIVERY: 2, Label.NOTE: 2}
_QUOTES = ('"', "“", "”")


def tidy(text: str, spans: Sequence[Span]) -> list[Span]:
    joined = _touching(text, spans)
    trimmed = [_trimmed(text, span) if span.label in _WORDY else span for span in joined]
    kept = [span for span in trimmed if _says_something(text, span)]
    return list(
        _counted(text, [_renamed(text, span, kept[i + 1 :][:1]) for i, span in enumerate(kept)])
    )


def _says_something(text: str, span: Span) -> bool:
    """An item has letters; a single Han character is no name and no address."""
    if span.label in _GOODS and not any(c.isalpha() for c in text[span.start : span.end]):
        return False
    return span.end - span.start >= _SHORTEST.get(span.label, 1)


def _renamed(text: str, span: Span, following: Sequence[Span]) -> Span:
    """ "boxes of" before an item is a unit, and "at 35 each" is a price."""
    words = text[span.start : span.end]
    if (
        span.label is Label.ITEM
        and following
        and following[0].label is Label.ITEM
        and _PACKAGE_OF.fullmatch(words)
    ):
        return Span(Label.UNIT, span.start, span.start + len(words.split()[0]), span.confidence)
    if span.label is Label.QUANTITY and words.replace(".", "").isdigit():
        cued = _PRICE_CUE.search(text[max(0, span.start - 8) : span.start])
        each = _PER_PIECE.match(text[span.end : span.end + 12])
        if (cued and each) or text[max(0, span.start - 2) : span.start] == "单价":
            return Span(Label.PRICE, span.start, span.end, span.confidence)
    return span


def _counted(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Quantities that the tagger left in an item (洗衣液2|瓶) or before it ("order six mugs")."""
    free = 0
    for span in spans:
        if span.label is Label.ITEM:
            before = _NUMBER_BEFORE.search(text[max(free, span.start - 16) : span.start])
            if before:
                start = max(free, span.start - 16) + before.start(1)
                yield Span(Label.QUANTITY, start, start + len(before[1]), _ADDED)
            leading = _NUMBER_FIRST.match(text, span.start, span.end)
            if leading and not before and free < span.start - 1:
                yield Span(Label.QUANTITY, leading.start(1), leading.end(1), _ADDED)
                span = Span(Label.ITEM, leading.end(), span.end, span.confidence)
            inside = _count_inside(text, span)
            if inside:
                yield Span(Label.ITEM, span.start, inside.start(1), span.confidence)
                span = Span(Label.QUANTITY, inside.start(1), inside.end(1), _ADDED)
        yield span
        free = span.end


def _count_inside(text: str, span: Span) -> re.Match[str] | None:
    """Digits at the end of Chinese words with a counting word behind them."""
    counted = _UNIT_NEXT.match(text, span.end)
    return _DIGITS_LAST.match(text[: span.end], span.start) if counted else None


def _touching(text: str, spans: Sequence[Span]) -> list[Span]:
    """Pieces of one kind that touch, or that only one letter of a Chinese text parts, are one."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        label = _joint_label(text, last, span) if last else None
        if last and label:
            joined[-1] = Span(label, last.start, span.end, min(last.confidence, span.confidence))
        else:
            joined.append(span)
    return joined


def _joint_label(text: str, last: Span, span: Span) -> Label | None:
    gap = text[last.end : span.start]
    if gap == " " and _half_a_name(text, last, span):
        return Label.BUYER
    if last.label is span.label is Label.ADDRESS and (not gap or (len(gap) == 1 and has_han(gap))):
        return Label.ADDRESS
    if gap:
        return None
    if (
        last.label is Label.ADDRESS
        and span.label is Label.PHONE
        and span.end - span.start < _SHORTEST_PHONE
    ):
        return Label.ADDRESS
    if last.label in _GOODS and span.label in _GOODS:
        return Label.ITEM
    return last.label if last.label is span.label else None


def _half_a_name(text: str, last: Span, span: Span) -> bool:
    """ "to Ann Lee, 12 Oak St": a lone word beside a name is the rest of the name, not a place."""
    if {last.label, span.label} != {Label.BUYER, Label.ADDRESS}:
        return False
    place = last if last.label is Label.ADDRESS else span
    return text[place.start : place.end].isalpha() and place.end - place.start <= _LONGEST_WORD


def _trimmed(text: str, span: Span) -> Span:
    words = text[span.start : span.end]
    left = len(words) - len(words.lstrip("#" + _BEFORE if span.label is Label.ITEM else _BEFORE))
    stripped = words.rstrip(_AFTER)
    if (
        words[len(stripped) : len(stripped) + 1] in _QUOTES
        and sum(stripped.count(q) for q in _QUOTES) % 2
    ):
        stripped = words[: len(stripped) + 1]
    if span.label is Label.BUYER and words[len(stripped) : len(stripped) + 1] == ".":
        stripped += "."
    if stripped[-1:] in _OPENING and _OPENING[stripped[-1]] not in stripped:
        stripped = stripped[:-1].rstrip(_AFTER)
    return Span(
        span.label,
        span.start + min(left, len(stripped)),
        span.start + len(stripped),
        span.confidence,
    )
