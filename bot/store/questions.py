"""Questions that customers asked and what came of them; those that nobody could answer wait for the shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.store.clock import utc_now
from bot.store.engine import NotFound
from bot.store.inbox import files_of
from bot.store.schema import Conversation, CustomerQuestion

HANDED_OVER = "hand_over"
CUSTOMER = "customer"
LONGEST_SOURCE = 1_000
LONGEST_TEXT = 2_000


@dataclass(frozen=True)
class AskedQuestion:
    """A question and what came of it; see `bot.skills.answers.answering.Answered` for the words.

    `guesses` are candidates with their probability, likeliest first; `photos` what the customer showed with it.
    """

    message: str
    conversation: str | None
    language: str
    text: str
    plain: str
    decision: str
    intent: str = ""
    intent_confidence: float = 0.0
    reason: str = ""
    source: str = ""
    confidence: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    guesses: tuple[tuple[str, float], ...] = ()
    asked_at: datetime = field(default_factory=utc_now)
    id: str = ""
    photos: tuple[FileRef, ...] = ()


def keep_question(session: Session, shop: str, question: AskedQuestion) -> None:
    """Store what came of a question; the retry of a turn keeps the first."""
    if question_of(session, shop, question.message):
        return
    session.add(
        CustomerQuestion(
            shop_id=shop,
            conversation_id=question.conversation,
            message_id=question.message,
            language=question.language,
            text=question.text[:LONGEST_TEXT],
            plain=question.plain[:LONGEST_TEXT],
            intent=question.intent,
            intent_confidence=question.intent_confidence,
            decision=question.decision,
            reason=question.reason,
            source=question.source[:LONGEST_SOURCE],
            confidence=question.confidence,
            parts=dict(question.parts),
            guesses=[list(guess) for guess in question.guesses],
            asked_at=question.asked_at,
            photos=[asdict(photo) for photo in question.photos],
        )
    )
    session.flush()


def attach_photos(session: Session, shop: str, question: str, photos: Sequence[FileRef]) -> None:
    """Put photos with a question, which waits for the shop again; those that it has already are not added again."""
    row = session.get(CustomerQuestion, question)
    if row is None or row.shop_id != shop:
        raise NotFound(f"no question {question!r}")
    known = {photo["sha256"] for photo in row.photos}
    row.photos = [*row.photos, *(asdict(one) for one in photos if one.sha256 not in known)]
    row.closed_at = None
    session.flush()


def question_of(session: Session, shop: str, message: str) -> AskedQuestion | None:
    """The question that a message asked."""
    row = session.scalar(
        select(CustomerQuestion).where(
            CustomerQuestion.shop_id == shop, CustomerQuestion.message_id == message
        )
    )
    return _info(row) if row else None


def last_question(session: Session, shop: str, conversation: str) -> AskedQuestion | None:
    """The question that was asked last in a conversation."""
    row = session.scalar(
        select(CustomerQuestion)
        .where(CustomerQuestion.shop_id == shop, CustomerQuestion.conversation_id == conversation)
        .order_by(CustomerQuestion.asked_at.desc(), CustomerQuestion.id.desc())
        .limit(1)
    )
    return _info(row) if row else None


def unanswered(
    session: Session, shop: str, since: datetime | None = None, limit: int = 2_000
) -> tuple[AskedQuestion, ...]:
    """Questions that were handed over, or that came with photos, and are still open, newest first.

    What merchants tried out is none.
    """
    handed_over = CustomerQuestion.decision == HANDED_OVER
    shown = func.json_array_length(CustomerQuestion.photos) > 0
    query = (
        select(CustomerQuestion)
        .join(Conversation, Conversation.id == CustomerQuestion.conversation_id)
        .where(CustomerQuestion.shop_id == shop, or_(handed_over, shown))
        .where(Conversation.role == CUSTOMER)
        .where(CustomerQuestion.closed_at.is_(None))
        .order_by(CustomerQuestion.asked_at.desc(), CustomerQuestion.id.desc())
        .limit(limit)
    )
    if since:
        query = query.where(CustomerQuestion.asked_at >= since)
    return tuple(_info(row) for row in session.scalars(query))


def close_questions(session: Session, shop: str, ids: Sequence[str], now: datetime) -> int:
    """Note that the shop has dealt with these; how many were open. Another shop's are left alone."""
    done: Any = session.execute(
        update(CustomerQuestion)
        .where(CustomerQuestion.shop_id == shop, CustomerQuestion.id.in_(list(ids)))
        .where(CustomerQuestion.closed_at.is_(None))
        .values(closed_at=now)
    )
    return int(done.rowcount)


def _info(row: CustomerQuestion) -> AskedQuestion:
    return AskedQuestion(
        message=row.message_id,
        conversation=row.conversation_id,
        language=row.language,
        text=row.text,
        plain=row.plain,
        decision=row.decision,
        intent=row.intent,
        intent_confidence=row.intent_confidence,
        reason=row.reason,
        source=row.source,
        confidence=row.confidence,
        parts=row.parts,
        guesses=tuple((str(name), float(share)) for name, share in row.guesses),
        asked_at=row.asked_at,
        id=row.id,
        photos=files_of(row.photos),
    )
