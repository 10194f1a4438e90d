"""What the shop's people answered customers by hand: kept until the merchant makes it an answer, or does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.conversation.messages import Language, language_of
from bot.store.clock import utc_now
from bot.store.schema import Proposal

LONGEST_QUESTION = 500
LONGEST_ANSWER = 4_000
MOST_OPEN = 200


@dataclass(frozen=True)
class ProposalInfo:
    """A customer's question and what `person` answered, in the language of the question."""

    id: str
    person: str
    language: Language
    question: str
    answer: str
    made_at: datetime


def propose(
    session: Session, shop: str, question: str, answer: str, by: str
) -> ProposalInfo | None:
    """Offer what `by` (a person's id) answered; nothing where one of the two is empty."""
    question, answer = _clean(question)[:LONGEST_QUESTION], _clean(answer)[:LONGEST_ANSWER]
    if not question or not answer:
        return None
    language = language_of(question, language_of(answer, Language.EN))
    row = Proposal(shop_id=shop, person=by, language=language, question=question, answer=answer)
    session.add(row)
    session.flush()
    return _info(row)


def open_proposals(session: Session, shop: str) -> tuple[ProposalInfo, ...]:
    """Those that the merchant has not dealt with, newest first."""
    rows = session.scalars(
        select(Proposal)
        .where(Proposal.shop_id == shop, Proposal.closed_at.is_(None))
        .order_by(Proposal.made_at.desc(), Proposal.id)
        .limit(MOST_OPEN)
    )
    return tuple(_info(row) for row in rows)


def close_proposal(session: Session, shop: str, proposal: str) -> bool:
    """Note that the merchant has dealt with it; False where it was not open, or is another shop's."""
    done: Any = session.execute(
        update(Proposal)
        .where(Proposal.shop_id == shop, Proposal.id == proposal, Proposal.closed_at.is_(None))
        .values(closed_at=utc_now())
    )
    return int(done.rowcount) > 0


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL, and a lone surrogate is no text."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def _info(row: Proposal) -> ProposalInfo:
    return ProposalInfo(
        row.id, row.person, Language(row.language), row.question, row.answer, row.made_at
    )
