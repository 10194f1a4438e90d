"""Failed tries to see an order with its number and the end of a phone: counted, so that nobody guesses on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from bot.store.schema import Lookup

LONGEST_NUMBER = 32


def failed_tries(
    session: Session, shop: str, conversation: str, number: str, since: datetime
) -> tuple[int, int]:
    """How many tries failed in this conversation, and for this order number from anywhere."""
    mine = Lookup.conversation_id == conversation
    same = Lookup.number == number[:LONGEST_NUMBER]
    query = select(
        func.count().filter(mine),
        func.count().filter(same),
    ).where(Lookup.shop_id == shop, Lookup.tried_at > since, or_(mine, same))
    of_conversation, of_number = session.execute(query).one()
    return of_conversation, of_number


def note_failed_try(
    session: Session, shop: str, conversation: str, message: str, number: str, now: datetime
) -> None:
    """Count a failed try; the retry of a turn counts once."""
    known = exists().where(Lookup.shop_id == shop, Lookup.message_id == message)
    if not session.scalar(select(known)):
        session.add(
            Lookup(
                shop_id=shop,
                conversation_id=conversation,
                message_id=message,
                number=number[:LONGEST_NUMBER],
                tried_at=now,
            )
        )
        session.flush()
