"""Takes back what was confirmed, for 24 hours, as the audit log has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.skills.orders.form import CREATED
from bot.skills.photos.filing import FILED, take_back
from bot.skills.turn import Turn
from bot.store.buyers import remove_buyer
from bot.store.catalogue import move_stock
from bot.store.changes import (
    ChangeInfo,
    changes_of_message,
    last_undoable,
    mark_undone,
    record,
    undoable_of,
)
from bot.store.engine import NotFound
from bot.store.orders import OrderStatus, access_order, orders_by_id, remove_order

UNDONE = "undo"
STILL_HERE = (OrderStatus.NEW, OrderStatus.PACKED)


class End(StrEnum):
    """What became of an undo."""

    DONE = "done"
    NOTHING = "nothing"
    TOO_LATE = "too_late"


class What(StrEnum):
    """What an undo was about."""

    ORDERS = "orders"
    PHOTOS = "photos"


@dataclass(frozen=True)
class Undone:
    """The numbers of the orders that were taken out, or could not be; or the SKUs that are filed as before."""

    end: End
    names: tuple[str, ...] = ()
    what: What = What.ORDERS


def undo(session: Session, turn: Turn, number: str = "") -> Undone:
    """Take back the last confirmation of this conversation, or the order of a number."""
    for change in changes_of_message(session, turn.shop, turn.message):
        if change.name == UNDONE:
            after = change.after or {}
            return Undone(End.DONE, tuple(after["names"]), What(after["what"]))
    filed = None if number else _last(session, turn, FILED)
    changes = _meant(session, turn, number)
    if filed and (not changes or filed.made_at > changes[0].made_at):
        skus = take_back(session, turn, filed)
        return _undone(session, turn, [filed], Undone(End.DONE, skus, What.PHOTOS))
    if not changes:
        return Undone(End.NOTHING)
    numbers = tuple(str((change.after or {})["number"]) for change in changes)
    orders = orders_by_id(session, turn.shop, [change.subject for change in changes])
    if any(order.status not in STILL_HERE for order in orders):
        return Undone(End.TOO_LATE, numbers)
    for change in changes:
        _take_back(session, turn, change)
    return _undone(session, turn, changes, Undone(End.DONE, numbers))


def _undone(session: Session, turn: Turn, changes: list[ChangeInfo], done: Undone) -> Undone:
    record(
        session,
        turn.shop,
        turn.author,
        UNDONE,
        changes[0].subject,
        now=turn.now,
        after={
            "what": done.what,
            "names": list(done.names),
            "changes": [change.id for change in changes],
        },
    )
    return done


def _meant(session: Session, turn: Turn, number: str) -> list[ChangeInfo]:
    """One order where a number is given, else all that the last confirmation placed."""
    if number:
        try:
            order = access_order(session, turn.shop, number)
        except NotFound:
            return []
        change = undoable_of(session, turn.shop, CREATED, order.id, turn.now)
        return [change] if change else []
    last = _last(session, turn, CREATED)
    if last is None:
        return []
    together = changes_of_message(session, turn.shop, last.message)
    return [c for c in together if c.name.startswith(CREATED) and c.undone_at is None]


def _last(session: Session, turn: Turn, name: str) -> ChangeInfo | None:
    return last_undoable(session, turn.shop, name, turn.conversation, turn.now)


def _take_back(session: Session, turn: Turn, change: ChangeInfo) -> None:
    after = change.after or {}
    remove_order(session, turn.shop, change.subject)
    move_stock(session, turn.shop, {sku: -moved for sku, moved in after["stock"].items()})
    if after["new_buyer"]:
        remove_buyer(session, turn.shop, after["new_buyer"])
    mark_undone(session, turn.shop, change.id, turn.now)
