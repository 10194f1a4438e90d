"""Where an order is: for the shop any order, for a known customer their own, for anyone else by number and phone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.conversation.messages import Reply, Role, Table, Text, normalise
from bot.skills.orders.listing import orders_table, status_words
from bot.skills.orders.views import Look
from bot.skills.turn import Turn
from bot.store.drafts import (
    DraftState,
    StoredDraft,
    draft_of_message,
    open_draft,
    save_draft,
    start_draft,
)
from bot.store.engine import NotFound
from bot.store.lookups import failed_tries, note_failed_try
from bot.store.orders import (
    OrderFilter,
    OrderInfo,
    OrderStatus,
    access_order,
    find_orders,
    plain_number,
)
from bot.store.people import person_by_id
from bot.texts import day

KIND = "order_status"
TRIES_IN = timedelta(hours=24)
TRIES_OF_A_CONVERSATION = 5
TRIES_OF_A_NUMBER = 10
MINE_SHOWN = 5

_NUMBER = re.compile(r"(?<!\d)(?:sc\s*[-–]?\s*|#\s*)?(\d{5,8})(?!\d)", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\d-])(\d{4})(?!\d)")
_PHONE = re.compile(r"\+?\d(?:[\s()\-.]{0,2}\d){8,14}")


@dataclass(frozen=True)
class Asked:
    """What an anonymous visitor has told so far, and what the last message came to."""

    number: str = ""
    digits: str = ""
    note: str = ""

    @property
    def complete(self) -> bool:
        """Whether there is enough to look."""
        return bool(self.number and self.digits)


@dataclass(frozen=True)
class Told:
    """What is said; `open` when something must still be asked."""

    replies: tuple[Reply, ...]
    open: bool = False


def order_status(session: Session, turn: Turn, look: Look) -> Told:
    """Answer "where is my order" for whoever asks."""
    asked = read(turn.text, Asked())
    if turn.role is not Role.CUSTOMER:
        return Told(_for_the_shop(session, turn, look, asked.number))
    buyer = _buyer(session, turn)
    if buyer:
        return Told(_for_a_buyer(session, turn, look, buyer, asked.number))
    stored = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if stored is None:
        stored = _started(session, turn, asked)
    if stored.state is DraftState.OPEN:
        return Told((), open=True)
    return Told(result(session, turn, look))


def hear(session: Session, turn: Turn, cancelled: bool) -> DraftState:
    """Take a message to the open question; says whether it is still open."""
    known = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if known:
        return known.state
    stored = open_draft(session, turn.shop, turn.conversation, KIND)
    if stored is None:
        return DraftState.CANCELLED
    if cancelled:
        return _save(session, turn, stored, Asked(note="cancelled"), DraftState.CANCELLED).state
    before = _asked(stored)
    asked = read(turn.text, replace(before, note=""))
    if asked == replace(before, note=""):
        asked = replace(asked, note="not_understood")
    return _looked(session, turn, stored, asked).state


def question(session: Session, turn: Turn, look: Look) -> tuple[Reply, ...]:
    """Ask for what is missing."""
    stored = open_draft(session, turn.shop, turn.conversation, KIND)
    asked = _asked(stored) if stored else Asked()
    missing = "status_ask_both"
    if asked.number:
        missing = "status_ask_digits"
    elif asked.digits:
        missing = "status_ask_number"
    noted = asked.note if stored and stored.message == turn.message else ""
    note = look.say(f"status_note_{noted}") + "\n" if noted else ""
    return (Text(note + look.say(missing, number=asked.number)),)


def result(session: Session, turn: Turn, look: Look) -> tuple[Reply, ...]:
    """How the asking ended."""
    stored = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    asked = _asked(stored) if stored else Asked(note="cancelled")
    if stored and stored.state is DraftState.CONFIRMED:
        return order_card(look, turn, access_order(session, turn.shop, asked.number))
    return (Text(look.say(f"status_end_{asked.note}")),)


def read(text: str, before: Asked) -> Asked:
    """An order number and the last four digits of a phone, as far as the text has them."""
    plain = normalise(text)
    number = _NUMBER.search(plain)
    rest = plain[: number.start()] + " " + plain[number.end() :] if number else plain
    phone = _PHONE.search(rest)
    digits = re.sub(r"\D", "", phone.group())[-4:] if phone else ""
    if not phone:
        short = _DIGITS.findall(rest)
        digits = short[-1] if short else ""
    found = plain_number(number.group(1)) if number else ""
    return replace(before, number=found or before.number, digits=digits or before.digits)


def order_card(
    look: Look, turn: Turn, order: OrderInfo, *, whole: bool = False
) -> tuple[Reply, ...]:
    """One order: a sentence, and what is in it; `whole` shows who it is for, too."""
    rows = [
        (look.say("column_status"), status_words(look, order, turn)),
        (look.say("column_placed"), look.when(order)),
        (look.say("column_items"), look.lines(order.lines)),
        (look.say("column_total"), look.money(order.total_cents)),
    ]
    if order.courier:
        rows.append((look.say("courier"), f"{order.courier}, {order.tracking_number}"))
    if whole:
        rows.append(
            (look.say("column_buyer"), f"{order.buyer.name} {order.buyer.phone or ''}".strip())
        )
        rows.append((look.say("field_address"), order.address))
    title = look.title(look.say("order_n", number=order.number))
    table = Table(title, (look.say("column_field"), look.say("column_value")), tuple(rows))
    return Text(_sentence(look, turn, order)), table


def _sentence(look: Look, turn: Turn, order: OrderInfo) -> str:
    late = order.is_late(turn.now) and order.status is OrderStatus.SHIPPED
    at = order.delivered_at or order.promised_at
    key = "status_tell_late" if late else f"status_tell_{order.status}"
    if order.status in (OrderStatus.NEW, OrderStatus.PACKED, OrderStatus.SHIPPED) and at is None:
        key = f"status_tell_{order.status}_no_date"
    when = day(at, look.language) if at else ""
    return look.say(
        key, number=order.number, courier=order.courier, tracking=order.tracking_number, day=when
    )


def _for_the_shop(session: Session, turn: Turn, look: Look, number: str) -> tuple[Reply, ...]:
    if not number:
        return (Text(look.say("status_which")),)
    try:
        return order_card(look, turn, access_order(session, turn.shop, number), whole=True)
    except NotFound:
        return (Text(look.say("status_no_such", number=number)),)


def _for_a_buyer(
    session: Session, turn: Turn, look: Look, buyer: str, number: str
) -> tuple[Reply, ...]:
    if number:
        order = _own(session, turn, buyer, number)
        return (
            order_card(look, turn, order)
            if order
            else (Text(look.say("status_not_yours", number=number)),)
        )
    page = find_orders(session, turn.shop, OrderFilter(buyer=buyer), MINE_SHOWN)
    if not page.orders:
        return (Text(look.say("status_none_yet")),)
    under_way = [order for order in page.orders if order.status is not OrderStatus.DELIVERED]
    if len(under_way) == 1 or page.total == 1:
        return order_card(look, turn, (under_way or page.orders)[0])
    return (
        orders_table(look, turn, page, look.say("status_yours")),
        Text(look.say("status_which")),
    )


def _own(session: Session, turn: Turn, buyer: str, number: str) -> OrderInfo | None:
    try:
        order = access_order(session, turn.shop, number)
    except NotFound:
        return None
    return order if order.buyer.id == buyer else None


def _buyer(session: Session, turn: Turn) -> str | None:
    """Whose orders this customer may see: only a signed-in identity says so."""
    person = person_by_id(session, turn.shop, turn.person)
    return person.buyer if person and person.role is Role.CUSTOMER else None


def _started(session: Session, turn: Turn, asked: Asked) -> StoredDraft:
    stored = start_draft(session, turn.shop, turn.conversation, KIND, asdict(asked), turn.message)
    return _looked(session, turn, stored, asked)


def _looked(session: Session, turn: Turn, stored: StoredDraft, asked: Asked) -> StoredDraft:
    """The question after a message: found, given up, or still open with one neutral word about a wrong pair."""
    since = turn.now - TRIES_IN
    mine, of_number = failed_tries(session, turn.shop, turn.conversation, asked.number, since)
    if mine >= TRIES_OF_A_CONVERSATION or of_number >= TRIES_OF_A_NUMBER:
        return _save(session, turn, stored, Asked(note="too_many"), DraftState.CANCELLED)
    if not asked.complete:
        return _save(session, turn, stored, asked, DraftState.OPEN)
    if _fits(session, turn, asked):
        return _save(session, turn, stored, asked, DraftState.CONFIRMED)
    note_failed_try(session, turn.shop, turn.conversation, turn.message, asked.number, turn.now)
    if mine + 1 >= TRIES_OF_A_CONVERSATION:
        return _save(session, turn, stored, Asked(note="too_many"), DraftState.CANCELLED)
    return _save(session, turn, stored, Asked(note="no_match"), DraftState.OPEN)


def _fits(session: Session, turn: Turn, asked: Asked) -> bool:
    """Whether the phone of that order ends so; an order without a phone is shown to nobody this way."""
    try:
        order = access_order(session, turn.shop, asked.number)
    except NotFound:
        return False
    return bool(order.buyer.phone) and str(order.buyer.phone).endswith(asked.digits)


def _save(
    session: Session, turn: Turn, stored: StoredDraft, asked: Asked, state: DraftState
) -> StoredDraft:
    return save_draft(session, turn.shop, stored.id, asdict(asked), turn.message, state)


def _asked(stored: StoredDraft) -> Asked:
    body: Mapping[str, Any] = stored.body
    return Asked(**body)
