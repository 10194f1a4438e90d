"""Reads short answers to one asked field, and free corrections to an order on the table.

Positions in an answer count in the answer's own text, not in the first message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ml.orders.addresses import address_parts
from ml.orders.assembly import Assembler, Thresholds, best_of
from ml.orders.catalogue import Catalogue
from ml.orders.numbers import read_quantity
from ml.orders.phones import read_phone
from ml.orders.tokens import fold, has_han
from ml.orders.types import (
    Address,
    Candidate,
    CatalogueItem,
    Change,
    ChangeKind,
    FieldAnswer,
    Found,
    Label,
    OrderField,
    OrderLine,
    ParsedOrder,
    Phone,
    Quantity,
    Span,
)

_LABEL_OF = {
    OrderField.NAME: Label.BUYER,
    OrderField.ADDRESS: Label.ADDRESS,
    OrderField.PAYMENT: Label.PAYMENT,
    OrderField.DELIVERY: Label.DELIVERY,
    OrderField.NOTES: Label.NOTE,
}
_LEAD_IN = re.compile(
    r"^\W*(?:(?:well|ok|okay|sure|yes|oh|so|um|好的|好|嗯|哦)[\s,，.]+)*"
    r"(?:(?:the|my|his|her|their)\s+)?"
    r"(?:name|buyer|customer|phone(?: number)?|number|mobile|address|payment|delivery|note|it|this|that|she|he|收件人|收货人|姓名|名字|电话|手机号?|地址|付款|备注|他|她)?"
    r"\s*(?:['’]s|is|called|are|to|should be|will be|[:：]|叫做?|是|为|填|写)?\s*"
    r"(?:send (?:it )?to|ship (?:it )?to|deliver (?:it )?to|pay(?:ing)? (?:by|with)|i['’]?m|i am|call me|寄到|送到|发到|发往|我叫|我是|叫)?\s*",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?\(?\d[\d\-()\s.]{4,20}\d")
_CLAUSE = re.compile(
    r"[;；。！!?？\n]|(?<!\d)[,，]|[,，](?!\d)|\.(?=\s|$)|\b(?:and(?: also)?|then)\b|然后|并且|同时|另外|、"
)
_ORDINAL = re.compile(
    r"\b(?:the\s+)?(first|second|third|fourth|fifth|last)(?:\s+(?:one|item|line))?\b|(?:line|item|no\.?|#)\s*(\d+)|第\s*([一二三四五六七八九十\d]+)\s*(?:个|行|样|项|条|种)?|(最后一?(?:个|行|样)?)",
    re.IGNORECASE,
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_REMOVE = re.compile(
    r"\b(?:remove|delete|drop|cancel|take (?:off|out|away)|leave out|skip|scratch|forget|get rid of|without|don['’]?t (?:want|need)|no longer (?:want|need)|no more)\b"
    r"|不要|不用|去掉|删掉?|删除|取消|拿掉|移除|减掉",
    re.IGNORECASE,
)
_ADD = re.compile(
    r"\b(?:add|also|plus|another|include|throw in|put in)\b|再来|再加|加上?|添|还要|另要|多要|追加",
    re.IGNORECASE,
)
_SET = re.compile(
    r"\b(?:make (?:it|that|them|the)|change|set|update|should be|i meant|instead|switch|replace|swap|correct|to)\b"
    r"|改成?|换成?|变成|应该是|要|来|设为|调整",
    re.IGNORECASE,
)
_TO = re.compile(r"\b(?:to|with|for|into|by)\b|改成|换成|改为|换为|变成|成", re.IGNORECASE)
_FIELD_WORDS = {
    OrderField.PHONE: r"\b(?:phone|mobile|tel(?:ephone)?|cell|contact number)\b|电话|手机|号码",
    OrderField.ADDRESS: r"\baddress\b|\b(?:ship|send|deliver)(?: it)? to\b|地址|寄到|送到|发到|寄往",
    OrderField.NAME: r"\b(?:name|buyer|customer|recipient)\b|名字|姓名|收件人|收货人|买家",
    OrderField.PAYMENT: r"\bpay(?:ment|ing|s)?\b|付款|支付",
    OrderField.DELIVERY: r"\bdeliver(?:y|ed)?\b|送货|配送|送达|发货",
    OrderField.NOTES: r"\b(?:note|remark)s?\b|备注|留言",
}
_FIELD_CUE = {name: re.compile(words, re.IGNORECASE) for name, words in _FIELD_WORDS.items()}
_NUMBER_WORD = re.compile(
    r"\d+(?:\.\d+)?|\b(?:half a dozen|(?:a|one|two|three) dozen|a couple|dozen|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|hundred)\b"
    r"|[零一二两三四五六七八九十百俩仨半]+打?",
    re.IGNORECASE,
)
_LONGEST_NAME = 60


def read_answer(
    asked: OrderField,
    text: str,
    spans: Sequence[Span],
    catalogue: Catalogue,
    candidates: Sequence[Candidate],
    thresholds: Thresholds,
) -> FieldAnswer | None:
    if not text.strip():
        return None
    if asked is OrderField.PHONE:
        return _phone_answer(text)
    if asked is OrderField.QUANTITY:
        return _quantity_answer(text, spans)
    if asked is OrderField.ITEM:
        return _item_answer(text, spans, catalogue, candidates, thresholds)
    return _text_answer(asked, text, spans)


def _phone_answer(text: str) -> FieldAnswer | None:
    match = _PHONE.search(fold(text))
    if not match:
        return None
    start, end = match.span()
    number = read_phone(text[start:end], has_han(text)) or text[start:end]
    sure = 0.95 if number.startswith("+") else 0.4
    return FieldAnswer(OrderField.PHONE, number, Found(text[start:end], start, end, sure))


def _quantity_answer(text: str, spans: Sequence[Span]) -> FieldAnswer | None:
    span = best_of(text, spans, Label.QUANTITY)
    match = _NUMBER_WORD.search(fold(text))
    start, end = (
        (span.start, span.end) if span else match.span() if match else (0, len(text.rstrip()))
    )
    number = read_quantity(text[start:end])
    if number is None:
        return None
    return FieldAnswer(
        OrderField.QUANTITY,
        str(number),
        Found(text[start:end], start, end, 0.9),
        number,
    )


def _item_answer(
    text: str,
    spans: Sequence[Span],
    catalogue: Catalogue,
    candidates: Sequence[Candidate],
    thresholds: Thresholds,
) -> FieldAnswer | None:
    whole = Found(text.strip(), text.index(text.strip()), len(text.rstrip()), 0.9)
    place = _place(text, len(candidates), bare_number=True)
    if place is not None:
        return FieldAnswer(OrderField.ITEM, candidates[place].sku, whole)
    span = best_of(text, spans, Label.ITEM)
    words = text[span.start : span.end] if span else _NUMBER_WORD.sub(" ", text)
    offered = {c.sku for c in candidates}
    options = catalogue.match(words) or catalogue.match(text)
    options = tuple(c for c in options if not offered or c.sku in offered) or options
    if not options or options[0].score < thresholds.match * 0.7:
        return None
    tied = [c for c in options if c.score > options[0].score - thresholds.margin]
    return FieldAnswer(
        OrderField.ITEM,
        options[0].sku if len(tied) == 1 else "",
        whole,
        candidates=options,
    )


def _text_answer(asked: OrderField, text: str, spans: Sequence[Span]) -> FieldAnswer | None:
    """The tagger's piece when it covers most of the answer, else the answer without its lead-in."""
    lead = _LEAD_IN.match(text)
    start = lead.end() if lead else 0
    end = len(text.rstrip(" \n\t.。!！,，"))
    span = best_of(text, spans, _LABEL_OF[asked])
    if span and span.end - span.start >= 0.5 * (end - start):
        start, end = max(start, span.start), span.end
    start, end = _trimmed(text, start, end)
    words = text[start:end]
    unfit = _NOT_FIT.get(asked)
    if not words or (unfit and unfit(words)):
        return None
    confidence = span.confidence if span else 0.8
    return FieldAnswer(asked, words, Found(words, start, end, confidence))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blanks and marks at the ends."""
    words = text[start:end]
    left = len(words) - len(words.lstrip(" \n\t,，:："))
    return start + left, start + max(len(words.rstrip(" \n\t.。!！,，")), left)


def _not_a_name(words: str) -> bool:
    return (
        len(words) > _LONGEST_NAME
        or any(c.isdigit() for c in words)
        or not any(c.isalpha() for c in words)
    )


def _not_an_address(words: str) -> bool:
    """A place has letters, and a number, a mark, several words or a few Han characters."""
    letters = any(c.isalpha() for c in words)
    return not letters or (words.isalpha() and len(words) < (4 if has_han(words) else 12))


_NOT_FIT = {OrderField.NAME: _not_a_name, OrderField.ADDRESS: _not_an_address}


def read_changes(
    text: str,
    spans: Sequence[Span],
    order: ParsedOrder,
    catalogue: Catalogue,
    thresholds: Thresholds,
) -> tuple[Change, ...]:
    reader = _ChangeReader(text, spans, order, catalogue, thresholds)
    field_change = reader.field_change()
    if field_change:
        return (field_change,)
    changes = [reader.clause(start, end) for start, end in _clauses(text)]
    return tuple(change for change in changes if change)


def _clauses(text: str) -> list[tuple[int, int]]:
    clauses, start = [], 0
    for match in [*_CLAUSE.finditer(text), None]:
        end = match.start() if match else len(text)
        if text[start:end].strip():
            clauses.append((start, end))
        start = match.end() if match else end
    return clauses


class _ChangeReader:
    """Reads one message of corrections against the order it is about."""

    def __init__(
        self,
        text: str,
        spans: Sequence[Span],
        order: ParsedOrder,
        catalogue: Catalogue,
        thresholds: Thresholds,
    ) -> None:
        self.text, self.spans, self.order = text, spans, order
        self.catalogue, self.thresholds = catalogue, thresholds
        self.mode: ChangeKind | None = None

    def field_change(self) -> Change | None:
        """ "change the phone to 138...", 地址改成..."""
        for name, cue in _FIELD_CUE.items():
            match = cue.search(self.text)
            if not match:
                continue
            rest = self.text[match.end() :]
            to = re.match(
                r"\s*(?:number)?\s*(?:should be|is|to|by|with|[:：=]|改成|改为|换成|是|用|为|成)*\s*",
                rest,
            )
            offset = match.end() + (to.end() if to else 0)
            inside = [
                replace(s, start=s.start - offset, end=s.end - offset)
                for s in self.spans
                if s.start >= offset
            ]
            answer = read_answer(
                name, self.text[offset:], inside, self.catalogue, (), self.thresholds
            )
            if answer:
                found = replace(
                    answer.found,
                    start=answer.found.start + offset,
                    end=answer.found.end + offset,
                )
                return Change(ChangeKind.SET_FIELD, answer=replace(answer, found=found))
        return self._bare_phone()

    def _bare_phone(self) -> Change | None:
        answer = _phone_answer(self.text)
        if answer and answer.value.startswith("+"):
            return Change(ChangeKind.SET_FIELD, answer=answer)
        return None

    def clause(self, start: int, end: int) -> Change | None:
        words = self.text[start:end]
        if _REMOVE.search(words):
            self.mode = ChangeKind.REMOVE_LINE
        elif _ADD.search(words):
            self.mode = ChangeKind.ADD_LINE
        elif _SET.search(words):
            self.mode = ChangeKind.SET_QUANTITY
        if self.mode is ChangeKind.REMOVE_LINE:
            return self._remove(words)
        if self.mode is ChangeKind.ADD_LINE:
            return self._add(start, end)
        return self._set(start, end)

    def _remove(self, words: str) -> Change | None:
        line = self._line(_REMOVE.sub(" ", words))
        return None if line is None else Change(ChangeKind.REMOVE_LINE, line=line)

    def _add(self, start: int, end: int) -> Change | None:
        line = self._new_line(start, end)
        if line is None:
            return None
        known = next(
            (i for i, old in enumerate(self.order.lines) if old.sku and old.sku == line.sku),
            None,
        )
        if known is not None:
            total = self.order.lines[known].quantity + line.quantity
            return Change(ChangeKind.SET_QUANTITY, line=known, quantity=total)
        return Change(ChangeKind.ADD_LINE, new_line=line)

    def _set(self, start: int, end: int) -> Change | None:
        words = self.text[start:end]
        to = _TO.search(words)
        quantity = self._quantity(words[to.end() :] if to else words) or self._quantity(words)
        line = self._line(words[: to.start()] if to and words[: to.start()].strip() else words)
        if quantity is None:
            return self._swap(start + (to.end() if to else 0), end, line)
        if line is None and self.order.lines and self.mode:
            line = len(self.order.lines) - 1
        return (
            None if line is None else Change(ChangeKind.SET_QUANTITY, line=line, quantity=quantity)
        )

    def _swap(self, start: int, end: int, line: int | None) -> Change | None:
        """ "change the mug to the blue one", 杯子换成蓝色的."""
        new = self._new_line(start, end)
        if new is None or not self.order.lines or self.mode is None:
            return None
        at = line if line is not None else len(self.order.lines) - 1
        old = self.order.lines[at]
        if new.sku == old.sku:
            return None
        return Change(
            ChangeKind.REPLACE_LINE,
            line=at,
            new_line=replace(new, quantity=old.quantity, unit=old.unit),
        )

    def _quantity(self, words: str) -> Quantity | None:
        plain = _ORDINAL.sub(" ", fold(words))
        numbers = [read_quantity(m.group()) for m in _NUMBER_WORD.finditer(plain)]
        return next((n for n in reversed(numbers) if n is not None), None)

    def _line(self, words: str) -> int | None:
        """The line that the words point at: by place, by name, or the only one there is."""
        place = _place(words, len(self.order.lines), bare_number=False)
        if place is not None:
            return place
        named = [
            CatalogueItem(
                str(i),
                line.text,
                item.name_zh if item else "",
                aliases=(item.name,) if item else (),
            )
            for i, line in enumerate(self.order.lines)
            for item in [self.catalogue.item(line.sku) if line.sku else None]
        ]
        options = Catalogue(named).match(_bare_item(words))
        clear = (
            options
            and options[0].score > 0.35
            and (len(options) < 2 or options[0].score > options[1].score)
        )
        if clear:
            return int(options[0].sku)
        return 0 if len(self.order.lines) == 1 and not _bare_item(words) else None

    def _new_line(self, start: int, end: int) -> OrderLine | None:
        words = _bare_item(self.text[start:end])
        options = self.catalogue.match(words) if words else ()
        if not options or options[0].score < self.thresholds.match:
            return None
        tied = len(options) > 1 and options[0].score - options[1].score < self.thresholds.margin
        piece = self.text[start:end].strip()
        begin = self.text.index(piece, start)
        return OrderLine(
            text=piece,
            start=begin,
            end=begin + len(piece),
            sku=None if tied else options[0].sku,
            quantity=self._quantity(piece) or 1,
            unit=None,
            unit_price_cents=None,
            confidence=options[0].score,
            candidates=options,
        )


_NOISE = re.compile(
    r"\b(?:it|that|them|to|more|of|also|please|pls|the|no|not|actually|sorry|oh|wait|i|want|need|meant|only|just|make|change|set|update|should|be|one|ones|instead|from|order|my|pcs?|pieces?)\b"
    r"|[把给我的了吧呢请改换成要来再加不对上个箱盒件只条包瓶袋双支]|还要|换成|改成",
    re.IGNORECASE,
)


def _bare_item(words: str) -> str:
    """What is left of a clause for the catalogue: no cue, number or small word."""
    plain = _ORDINAL.sub(" ", fold(words))
    for pattern in (_REMOVE, _ADD, _NUMBER_WORD, _SET, _NOISE):
        plain = pattern.sub(" ", plain)
    return plain.strip(" .,!?，。！？~")


def _place(words: str, count: int, *, bare_number: bool) -> int | None:
    """The place that "the second one", "#2", 第二个 or 最后一个 points at, counted from 0."""
    match = _ORDINAL.search(fold(words))
    number = None
    if match:
        word = (match.group(1) or "").lower()
        last = word == "last" or match.group(4)
        number = (
            count
            if last
            else _ORDINALS.get(word) or read_quantity(match.group(2) or match.group(3) or "")
        )
    elif bare_number and fold(words).strip().isdigit():
        number = int(fold(words))
    return int(number) - 1 if number and 1 <= number <= count else None


def apply_changes(
    order: ParsedOrder, changes: Sequence[Change], assembler: Assembler
) -> ParsedOrder:
    """All changes count lines as they stood before any of them was made."""
    lines: list[OrderLine | None] = list(order.lines)
    added: list[OrderLine] = []
    for change in changes:
        if change.kind is ChangeKind.SET_FIELD and change.answer:
            order = _with_field(order, change.answer)
        elif change.kind is ChangeKind.ADD_LINE and change.new_line:
            added.append(change.new_line)
        elif change.line is not None and change.line < len(lines):
            lines[change.line] = _changed(lines[change.line], change)
    kept = [line for line in lines if line is not None]
    return assembler.judged(order.with_lines([*kept, *added]))


def _changed(line: OrderLine | None, change: Change) -> OrderLine | None:
    if line is None or change.kind is ChangeKind.REMOVE_LINE:
        return None
    if change.kind is ChangeKind.REPLACE_LINE:
        return change.new_line
    return (
        line
        if change.quantity is None
        else replace(line, quantity=change.quantity, confidence=max(line.confidence, 0.95))
    )


def _with_field(order: ParsedOrder, answer: FieldAnswer) -> ParsedOrder:
    found = answer.found
    place = (found.text, found.start, found.end, found.confidence)
    if answer.field is OrderField.PHONE:
        return replace(
            order,
            phone=Phone(*place, e164=answer.value if answer.value.startswith("+") else ""),
        )
    if answer.field is OrderField.ADDRESS:
        return replace(order, address=Address(*place, parts=address_parts(found.text)))
    if answer.field is OrderField.NAME:
        return replace(order, name=found)
    if answer.field is OrderField.PAYMENT:
        return replace(order, payment=found)
    if answer.field is OrderField.DELIVERY:
        return replace(order, delivery=found)
    return replace(order, notes=(*order.notes, found))
