"""What the shop's people answered by hand waits for the merchant."""

from __future__ import annotations

import pytest

from bot.conversation.messages import Language
from bot.store.engine import Store
from bot.store.proposals import close_proposal, open_proposals, propose


def test_an_agents_answer_waits_until_it_is_dealt_with(store: Store) -> None:
    """Newest first, once closed it is gone; each language is told from the question."""
    with store.write() as session:
        first = propose(session, "demo", "do you engrave mugs", "Yes, up to ten letters.", "ada")
        propose(session, "demo", "杯子能刻字吗", "可以。", "ada")
    with store.write() as session:
        found = open_proposals(session, "demo")
        assert [(p.language, p.answer) for p in found] == [
            (Language.ZH, "可以。"),
            (Language.EN, "Yes, up to ten letters."),
        ]
        assert first
        assert close_proposal(session, "demo", first.id)
        assert not close_proposal(session, "demo", first.id)
        assert len(open_proposals(session, "demo")) == 1


def test_another_shop_neither_sees_nor_closes_it(store: Store) -> None:
    """Each shop's own."""
    with store.write() as session:
        made = propose(session, "demo", "do you engrave mugs", "Yes.", "ada")
        assert made
        assert open_proposals(session, "other") == ()
        assert not close_proposal(session, "other", made.id)
        assert len(open_proposals(session, "demo")) == 1


@pytest.mark.parametrize(("question", "answer"), [("", "Yes."), ("why", "  "), ("\0", "\0")])
def test_nothing_is_made_of_nothing(store: Store, question: str, answer: str) -> None:
    """An agent who sent a picture alone proposes no text."""
    with store.write() as session:
        assert propose(session, "demo", question, answer, "ada") is None


def test_odd_and_long_texts_are_kept_as_far_as_they_are_texts(store: Store) -> None:
    """Neither database chokes on them."""
    with store.write() as session:
        made = propose(session, "demo", "a\0b\ud800" + "x" * 9_000, "<script>\0", "ada")
        assert made
        assert made.question.startswith("abxxx")
        assert made.answer == "<script>"
