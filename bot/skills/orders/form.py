"""The talk about a draft: start it, hear an answer or a correction, agree or drop it.

Every step is keyed by the id of its message: a turn that is tried again finds its own work done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz import fuzz
from sqlalchemy.orm import Session

from bot.skills.orders.draft import (
    MAY_BE_EMPTY,
    PRICE,
    DraftLine,
    DraftOrder,
    Orders,
    Question,
)
from bot.skills.orders.reading import Reader
from bot.skills.turn import Turn
from bot.store.buyers import BuyerInfo, add_buyer, buyer_by_phone, buyers_by_name
from bot.store.catalogue import move_stock
from bot.store.changes import changes_of_message, record
from bot.store.clock import new_id
from bot.store.drafts import (
    DraftState,
    StoredDraft,
    draft_of_message,
    open_draft,
    save_draft,
    start_draft,
)
from bot.store.orders import LineInfo, NewOrder, OrderInfo, orders_by_id, place_order
from ml.orders.types import OrderField, Reason

KIND = "order"
_MORE = re.compile(
    r"\d|[\u4e00-\u9fff]{6}|\bbut\b|但|改|换|加"
)  # words with something to do in them
CREATED = "order.create"
SAME_NAME = 80  # of 100: "Mrs Ann Lee" is Ann Lee
ORDER = "order"
CONFIRM, CANCEL, KEEP, SKIP, REMOVE = "!confirm", "!cancel", "!keep", "!skip", "!remove"


class Say(StrEnum):
    """How a message speaks to a draft."""

    CHOICE = "choice"
    YES = "yes"
    NO = "no"
    CANCEL = "cancel"
    UNDO = "undo"
    TEXT = "text"


@dataclass(frozen=True)
class Said:
    """A message to a draft; `text` is the payload of a choice, or the words."""

    kind: Say
    text: str = ""


@dataclass(frozen=True)
class Talk:
    """A draft and where it stands."""

    id: str
    orders: Orders
    state: DraftState
    message: str

    @property
    def key(self) -> str:
        """What marks this draft's buttons: one pressed later never touches another draft."""
        return self.id[:8]


def start(session: Session, turn: Turn, orders: tuple[DraftOrder, ...]) -> Talk:
    """Open a draft of these orders; one that was open before is dropped."""
    known = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if known:
        return _talk(known)
    doubted = tuple(_doubts(orders))
    known_buyers = tuple(_with_known_buyer(session, turn.shop, order) for order in orders)
    body = Orders(known_buyers, started=turn.message, doubted=doubted)
    stored = start_draft(session, turn.shop, turn.conversation, KIND, body.to_body(), turn.message)
    return _talk(stored)


def current(session: Session, turn: Turn) -> Talk | None:
    """The open draft of the conversation."""
    stored = open_draft(session, turn.shop, turn.conversation, KIND)
    return _talk(stored) if stored else None


def of_message(session: Session, turn: Turn) -> Talk | None:
    """The draft that this message was the last to touch, whatever became of it."""
    stored = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    return _talk(stored) if stored else None


def hear(session: Session, turn: Turn, reader: Reader, said: Said) -> Talk | None:
    """Take a message to the open draft; None where there is none."""
    known, talk = of_message(session, turn), current(session, turn)
    if known or talk is None:
        return known
    return keep(session, turn, talk, *consider(talk, reader, said))


def keep(session: Session, turn: Turn, talk: Talk, state: DraftState, orders: Orders) -> Talk:
    """Store what a message did to a draft; a draft that was agreed to becomes orders."""
    if state is DraftState.CONFIRMED:
        _place(session, turn, orders)
    stored = save_draft(session, turn.shop, talk.id, orders.to_body(), turn.message, state)
    return _talk(stored)


def placed_by(session: Session, turn: Turn) -> tuple[OrderInfo, ...]:
    """The orders that this message placed."""
    changes = changes_of_message(session, turn.shop, turn.message)
    ids = [change.subject for change in changes if change.name.startswith(CREATED)]
    return orders_by_id(session, turn.shop, ids)


def known_buyer(session: Session, shop: str, order: DraftOrder) -> BuyerInfo | None:
    """The buyer that a draft means: by phone, else the only one of that name.

    A known phone under quite another name is somebody else: people share phones, and digits get mixed up.
    """
    phone, name = order.text(OrderField.PHONE), order.text(OrderField.NAME)
    if phone:
        buyer = buyer_by_phone(session, shop, phone)
        same = not name or (buyer and fuzz.token_set_ratio(name, buyer.name) >= SAME_NAME)
        return buyer if same else None
    named = buyers_by_name(session, shop, name) if name else ()
    return named[0] if len(named) == 1 else None


def consider(talk: Talk, reader: Reader, said: Said) -> tuple[DraftState, Orders]:
    """What a message does to a draft. It reads and writes nothing: long texts are read outside of transactions."""
    orders = replace(talk.orders, note="")
    question = orders.question()
    if said.kind is Say.CHOICE:
        return _choose(talk, reader, said.text)
    if said.kind is Say.CANCEL:
        return DraftState.CANCELLED, orders
    if said.kind is Say.UNDO:
        before = replace(orders, orders=orders.before or orders.orders, before=None)
        return DraftState.OPEN, replace(
            before, note="step_back" if orders.before else "no_step_back"
        )
    if said.kind is Say.TEXT:
        return DraftState.OPEN, _read(orders, question, reader, said.text)
    if not _is_bare(said.text):  # "yes, but make it three"
        read = _read(orders, question, reader, said.text)
        if read.note != "not_understood":
            return DraftState.OPEN, read
    return _yes_or_no(orders, question, reader, said.kind is Say.YES)


def _yes_or_no(
    orders: Orders, question: Question | None, reader: Reader, yes: bool
) -> tuple[DraftState, Orders]:
    """Without a question left, yes agrees to the whole; else it settles a doubt, and a gap stays a gap."""
    if question is None:
        if yes:
            return DraftState.CONFIRMED, orders
        return DraftState.OPEN, replace(orders, note="what_to_change")
    decided = _decide(orders, question, KEEP if yes else "", reader) if question.doubt else None
    return DraftState.OPEN, decided or replace(orders, note="not_understood")


def _is_bare(text: str) -> bool:
    """Whether a yes or no is nothing more than that: a payload, a word or three."""
    return text.startswith("/") or (
        len(text.split()) <= 3 and len(text) <= 20 and not _MORE.search(text)
    )


def _choose(talk: Talk, reader: Reader, choice: str) -> tuple[DraftState, Orders]:
    """A pressed button: `draft:path=value`; one of another draft or of a place that is gone does nothing."""
    orders = replace(talk.orders, note="")
    key, _, rest = choice.partition(":")
    if key != talk.key:
        return DraftState.OPEN, replace(orders, note="old_button")
    if rest == CANCEL:
        return DraftState.CANCELLED, orders
    if rest == CONFIRM:
        ready = orders.question() is None
        return (DraftState.CONFIRMED if ready else DraftState.OPEN), orders
    path, _, value = rest.partition("=")
    if value == REMOVE and (place := _order_at(orders, path)) is not None:
        kept = (*orders.orders[:place], *orders.orders[place + 1 :])
        return DraftState.OPEN, replace(orders, orders=kept, before=orders.orders)
    asked = next((q for q in orders.questions() if q.path == path), None)
    decided = _decide(orders, asked, value, reader) if asked else None
    return DraftState.OPEN, decided or replace(orders, note="old_button")


def _order_at(orders: Orders, path: str) -> int | None:
    """Which order of several a path such as `1.order` means."""
    place, _, part = path.partition(".")
    there = part == ORDER and place.isdecimal() and int(place) < len(orders.orders)
    return int(place) if there and len(orders.orders) > 1 else None


def _decide(orders: Orders, asked: Question, value: str, reader: Reader) -> Orders | None:
    """The draft after a decision about one question; an empty value says that what was read is wrong."""
    order = orders.orders[asked.order]
    if asked.line is not None:
        line = order.lines[asked.line]
        if value == REMOVE:
            return orders.with_order(asked.order, order.with_line(asked.line, None))
        decided = _decide_line(line, asked.part, value, reader)
        return (
            orders.with_order(asked.order, order.with_line(asked.line, decided))
            if decided
            else None
        )
    name = OrderField(asked.part)
    if value == SKIP and name in MAY_BE_EMPTY:
        fields = {key: of for key, of in order.fields.items() if key is not name}
        skipped = replace(order, fields=fields, skipped=order.skipped | {name})
        return orders.with_order(asked.order, skipped)
    if value == KEEP:
        return orders.with_order(asked.order, order.with_field(name, order.text(name)))
    if value:
        return orders.with_order(asked.order, order.with_field(name, value))
    fields = {key: of for key, of in order.fields.items() if key is not name}
    return orders.with_order(asked.order, replace(order, fields=fields))


def _decide_line(line: DraftLine, part: str, value: str, reader: Reader) -> DraftLine | None:
    if part == PRICE:
        return line.settled(PRICE, price_cents=int(value)) if value.isdecimal() else None
    if part == OrderField.QUANTITY:
        return None
    if value == KEEP:
        return line.settled(OrderField.ITEM)
    if value in reader.products:
        return reader.with_product(line, value)
    if value or not line.sku:
        return None
    others = tuple(sku for sku in line.candidates if sku != line.sku)
    doubts = {**line.doubts, OrderField.ITEM: Reason.UNKNOWN_ITEM}
    return replace(line, sku=None, candidates=others, doubts=doubts)


def _read(orders: Orders, question: Question | None, reader: Reader, text: str) -> Orders:
    """The draft after free text: another whole order, an answer, or a correction."""
    (found,) = reader.orders([text])
    more = tuple(order for order in found if order.lines and order.fields)
    if more and all(order.lines for order in orders.orders):
        doubted = (*orders.doubted, *_doubts(more))
        return replace(orders, orders=(*orders.orders, *more), note="more_orders", doubted=doubted)
    place = question.order if question else len(orders.orders) - 1
    order = orders.orders[place]
    changed = _answered_or_corrected(order, question, reader, text)
    if changed is None:
        return replace(orders, note="not_understood")
    return replace(orders.with_order(place, changed), note="noted")


def _answered_or_corrected(
    order: DraftOrder, asked: Question | None, reader: Reader, text: str
) -> DraftOrder | None:
    """Any words can be a name or an address, so there a correction is looked for first."""
    if asked is None:
        return reader.corrected(order, text)
    open_ended = asked.part == OrderField.NAME or (
        asked.part == OrderField.ADDRESS and not reader.has_address(text)
    )
    if open_ended:
        return reader.corrected(order, text) or reader.answered(order, asked, text)
    return reader.answered(order, asked, text) or reader.corrected(order, text)


def _with_known_buyer(session: Session, shop: str, order: DraftOrder) -> DraftOrder:
    """A buyer known by phone brings their name; where to send is still asked, with the last place offered."""
    if order.text(OrderField.NAME) or not order.text(OrderField.PHONE):
        return order
    buyer = buyer_by_phone(session, shop, order.text(OrderField.PHONE))
    return order.with_field(OrderField.NAME, buyer.name) if buyer else order


def _place(session: Session, turn: Turn, orders: Orders) -> None:
    for place, order in enumerate(orders.orders, 1):
        buyer = known_buyer(session, turn.shop, order)
        made = buyer is None
        if buyer is None:
            buyer = add_buyer(session, turn.shop, _new_buyer(turn, order))
        placed = place_order(session, turn.shop, _new_order(turn, order, buyer))
        moves = stock_moves(placed)
        move_stock(session, turn.shop, {sku: -sold for sku, sold in moves.items()})
        record(
            session,
            turn.shop,
            turn.author,
            f"{CREATED}.{place}",
            placed.id,
            now=turn.now,
            after={
                "number": placed.number,
                "total_cents": placed.total_cents,
                "stock": {sku: -sold for sku, sold in moves.items()},
                "new_buyer": buyer.id if made else None,
            },
        )


def stock_moves(order: OrderInfo) -> Counter[str]:
    """How much of each product an order takes."""
    moves: Counter[str] = Counter()
    for line in order.lines:
        if line.sku:
            moves[line.sku] += line.quantity
    return moves


def _new_buyer(turn: Turn, order: DraftOrder) -> BuyerInfo:
    return BuyerInfo(
        id=new_id(),
        name=order.text(OrderField.NAME),
        phone=order.text(OrderField.PHONE) or None,
        address=order.text(OrderField.ADDRESS) or None,
        language=turn.language,
    )


def _new_order(turn: Turn, order: DraftOrder, buyer: BuyerInfo) -> NewOrder:
    return NewOrder(
        buyer=buyer.id,
        lines=tuple(
            LineInfo(
                line.text, line.whole_quantity or 1, line.price_cents or 0, line.sku, line.unit
            )
            for line in order.lines
        ),
        address=order.text(OrderField.ADDRESS),
        payment=order.text(OrderField.PAYMENT),
        delivery_wish=order.text(OrderField.DELIVERY),
        notes=order.text(OrderField.NOTES),
        source_message=turn.message,
        placed_at=turn.now,
    )


def _doubts(orders: Iterable[DraftOrder]) -> Iterable[str]:
    """Every doubt of the orders as `part=reason=words`, for `why`."""
    for order in orders:
        for line in order.lines:
            yield from (f"{part}={why}={line.text}" for part, why in line.doubts.items())
        for name, value in order.fields.items():
            if value.doubt:
                yield f"{name}={value.doubt}={value.text}"


def _talk(stored: StoredDraft) -> Talk:
    return Talk(stored.id, Orders.from_body(stored.body), stored.state, stored.message)
