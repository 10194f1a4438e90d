"""Customers' questions: kept once, told to their own shop only, closed when the shop has dealt with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.store.engine import Store
from bot.store.questions import (
    HANDED_OVER,
    AskedQuestion,
    close_questions,
    keep_question,
    last_question,
    question_of,
    unanswered,
)
from tests.shop import fill

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def question(message: str, decision: str = HANDED_OVER, shop: str = "demo") -> AskedQuestion:
    """A question of the shop's customer."""
    return AskedQuestion(
        message, f"{shop}-customer", "en", f"text of {message}", "plain", decision,
        parts={"retrieval": 0.25}, guesses=(("answer:a", 0.25),), asked_at=NOW + timedelta(minutes=int(message[1:])),
    )  # fmt: skip


def test_a_question_is_kept_once(store: Store) -> None:
    """The retry of a turn keeps what the first try came to."""
    with store.write() as session:
        fill(session)
        keep_question(session, "demo", question("m1"))
        keep_question(session, "demo", question("m1", "send"))
    with store.read() as session:
        kept = question_of(session, "demo", "m1")
        assert kept
        assert (kept.decision, kept.text) == (HANDED_OVER, "text of m1")
        assert (kept.parts, kept.guesses) == ({"retrieval": 0.25}, (("answer:a", 0.25),))
        assert len(unanswered(session, "demo")) == 1


def test_open_questions_are_the_handed_over_ones_newest_first(store: Store) -> None:
    """What was answered or asked back waits for nobody."""
    with store.write() as session:
        fill(session)
        for message, decision in (("m1", HANDED_OVER), ("m2", "send"), ("m3", HANDED_OVER)):
            keep_question(session, "demo", question(message, decision))
    with store.read() as session:
        assert [q.message for q in unanswered(session, "demo")] == ["m3", "m1"]
        late = unanswered(session, "demo", since=NOW + timedelta(minutes=2))
        assert [q.message for q in late] == ["m3"]
        last = last_question(session, "demo", "demo-customer")
        assert last
        assert last.message == "m3"


def test_closed_questions_wait_no_more(store: Store) -> None:
    """Closing twice counts once."""
    with store.write() as session:
        fill(session)
        keep_question(session, "demo", question("m1"))
    with store.write() as session:
        ids = [q.id for q in unanswered(session, "demo")]
        assert close_questions(session, "demo", ids, NOW) == 1
        assert close_questions(session, "demo", ids, NOW) == 0
        assert unanswered(session, "demo") == ()


def test_a_shop_neither_sees_nor_closes_anothers_questions(store: Store) -> None:
    """Even where it knows their ids."""
    with store.write() as session:
        fill(session)
        fill(session, "other")
        keep_question(session, "other", question("m1", shop="other"))
    with store.write() as session:
        ids = [q.id for q in unanswered(session, "other")]
        assert unanswered(session, "demo") == ()
        assert question_of(session, "demo", "m1") is None
        assert last_question(session, "demo", "other-customer") is None
        assert close_questions(session, "demo", ids, NOW) == 0
        assert len(unanswered(session, "other")) == 1
