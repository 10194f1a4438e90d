"""Customers' questions in the chat: answered, asked back, kept for the shop's people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from actions.app import App
from bot.conversation.messages import Buttons, Image, Language, Role
from bot.skills.answers.desks import Desks
from bot.skills.answers.knowledge import SHIPPED, BadKnowledge, load_folders
from bot.skills.answers.ranking import Ranked
from bot.store.orders import LineInfo, NewOrder, place_order
from bot.store.people import add_person
from bot.store.questions import last_question, unanswered
from bot.store.schema import Message, Order
from ml.answers.types import Generated
from tests.actions.rasa import Rasa, words
from tests.bot.skills.answers.conftest import Says

PRICE, WHEN = "answer:product-price", "answer:order-arrival"


def says(app: App, *ranked: Ranked, wrote: Generated | None = None) -> None:
    """From now on every question is ranked so."""
    app.desks = Desks(lambda *_: Says(ranked, wrote=wrote))


def plain_answers() -> list[str]:
    """Entries of the shipped files that need no record."""
    known = load_folders(SHIPPED)
    return [
        f"answer:{entry.id}"
        for entry in known.answers.values()
        if entry.answer
        and "order_" not in entry.answer[Language.EN]
        and "{product}" not in entry.answer[Language.EN]
    ]


def asked(app: App, customer: Rasa, text: str, message: str) -> None:
    """Store a customer's message, as the gateway does before Rasa is asked."""
    with app.store.write() as session:
        session.add(
            Message(
                id=message,
                shop_id="demo",
                conversation_id="demo-customer",
                number=1,
                channel="web",
                external_id=message,
                person="visitor",
                role="customer",
                content={"text": text},
            )
        )


def test_a_sure_answer_is_sent_and_kept(app: App, customer: Rasa) -> None:
    """In the reader's language, from the files."""
    says(app, Ranked(("answer:return-window",), 0.95))
    customer.language = "zh"
    replies = customer.say("多久能退", "ask_return_policy", action="action_answer")
    assert "30 天" in words(replies)
    with app.store.read() as session:
        kept = last_question(session, "demo", "demo-customer")
        assert kept
        assert (kept.decision, kept.source) == ("send", "answer:return-window")
        assert unanswered(session, "demo") == ()


def test_what_is_not_known_is_kept_for_the_shop_once(app: App, customer: Rasa) -> None:
    """With an honest word, how to reach a person, and a button; a retry of the turn keeps nothing twice."""
    says(app)
    for _ in range(2):
        (reply,) = customer.say(
            "do you have a helipad", "ask_store_info", message_id="m1", action="action_answer"
        )
    assert isinstance(reply, Buttons)
    assert "for sure" in reply.text
    assert "@" in reply.text
    assert [button.payload for button in reply.buttons] == ["/ask_human"]
    with app.store.read() as session:
        (kept,) = unanswered(session, "demo")
        assert (kept.text, kept.intent, kept.reason) == (
            "do you have a helipad",
            "ask_store_info",
            "nothing_fits",
        )
        assert unanswered(session, "other") == ()


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("order_status", "action_order_status"),
        ("place_order", "action_not_built_yet"),
        ("classify_photos", "action_classify_photos"),
        ("help", "action_help"),
        ("chitchat", "action_chitchat"),
        ("deny", "action_affirm_or_deny"),
    ],
)
def test_a_question_taken_for_something_else_is_answered_where_the_answer_is_sure(
    app: App, customer: Rasa, intent: str, action: str
) -> None:
    """And kept for `why`; whoever has a form open, or is not sure enough, gets what the intent says."""
    says(app, Ranked(("answer:return-window",), 0.95))
    told = words(customer.say("label's from march, still good?", intent, action=action))
    assert "30 days" in told
    assert intent != "order_status" or customer.slots["status_open"] is False
    with app.store.read() as session:
        kept = last_question(session, "demo", "demo-customer")
        assert kept
        assert kept.source == "answer:return-window"
    says(app, Ranked(("answer:return-window",), 0.6))
    assert "30 days" not in words(customer.say("and now?", intent, action=action))
    with app.store.read() as session:
        assert unanswered(session, "demo") == ()


def test_an_answer_of_the_intent_itself_does_not_come_before_the_order(
    app: App, customer: Rasa
) -> None:
    """Where an order is, its record tells better than an answer about orders; a button means what it says."""
    says(app, Ranked(("answer:order-number-lost",), 0.99))
    assert not customer.say("where is it", "order_status", action="action_order_status")
    assert customer.slots["status_open"]
    says(app, Ranked(("answer:return-window",), 0.95))
    told = words(customer.say("/help", "help", action="action_help"))
    assert "30 days" not in told


def test_one_of_two_choices_is_answered_when_it_is_pressed(app: App, customer: Rasa) -> None:
    """The buttons carry what was asked, and their order is the likelier first."""
    first, second = plain_answers()[:2]
    says(app, Ranked((first,), 0.6), Ranked((second,), 0.5))
    asked(app, customer, "hm", "m1")
    (reply,) = customer.say("hm", "ask_store_info", message_id="m1", action="action_answer")
    assert isinstance(reply, Buttons)
    *choices, person = reply.buttons
    assert (len(choices), person.payload) == (2, "/ask_human")
    choice = json.loads(choices[1].payload.partition("{")[1] + choices[1].payload.partition("{")[2])
    says(app)
    customer.say(
        choices[1].payload, "ask_store_info", {"choice": choice["choice"]}, action="action_answer"
    )
    with app.store.read() as session:
        kept = last_question(session, "demo", "demo-customer")
        assert kept
        assert (kept.decision, kept.source, kept.text) == ("send", second, "hm")


def test_a_mug_that_may_be_two_is_asked_back_and_priced(app: App, customer: Rasa) -> None:
    """The pressed one is answered with the question that was asked before."""
    says(app, Ranked((PRICE,), 0.95))
    asked(app, customer, "how much is the mug", "m1")
    (reply,) = customer.say(
        "how much is the mug", "ask_product", message_id="m1", action="action_answer"
    )
    assert isinstance(reply, Buttons)
    red = next(button for button in reply.buttons if button.title == "Red mug")
    choice = json.loads(red.payload.removeprefix("/ask_store_info"))["choice"]
    replies = customer.say(
        red.payload, "ask_store_info", {"choice": choice}, action="action_answer"
    )
    assert "$13.00" in words(replies)


@pytest.mark.parametrize(
    "choice", ["", "x", "a|b", "m1|answer:gone|", "||", "m1|policy:../x|MUG", "a|b|c|d"]
)
def test_an_old_or_made_up_choice_is_no_answer(app: App, customer: Rasa, choice: str) -> None:
    """And no crash."""
    says(app)
    (reply,) = customer.say("x", "ask_store_info", {"choice": choice}, action="action_answer")
    assert isinstance(reply, Buttons)


def placed(app: App) -> str:
    """An order of Ann's, on its way."""
    with app.store.write() as session:
        line = LineInfo("Blue mug", 2, 1200, "MUG-BLU")
        order = place_order(session, "demo", NewOrder("demo-buyer-ann", (line,)))
        session.execute(
            update(Order).values(
                promised_at=datetime.now(UTC) + timedelta(days=3), status="shipped"
            )
        )
    return order.number


def test_an_anonymous_visitor_is_led_to_the_check_of_the_phone(app: App, customer: Rasa) -> None:
    """Nothing of an order is said for its number alone."""
    says(app, Ranked((WHEN,), 0.95))
    number = placed(app)
    (reply,) = customer.say(f"when does {number} arrive", "ask_shipping", action="action_answer")
    assert isinstance(reply, Buttons)
    assert number not in reply.text
    assert [button.payload for button in reply.buttons] == ["/order_status", "/ask_human"]


def test_a_signed_in_customer_is_told_of_their_own_orders_only(app: App, customer: Rasa) -> None:
    """Their one under way without its number, another's not at all; the merchant sees every one by its number."""
    says(app, Ranked((WHEN,), 0.95))
    number = placed(app)
    with app.store.write() as session:
        ann = add_person(
            session, "demo", Role.CUSTOMER, "ann", "Ann", "", buyer_id="demo-buyer-ann"
        )
        zhang = add_person(
            session, "demo", Role.CUSTOMER, "z", "Z", "", buyer_id="demo-buyer-zhang"
        )
    customer.person = ann
    assert number in words(
        customer.say("when does it arrive", "ask_shipping", action="action_answer")
    )
    customer.person = zhang
    told = words(customer.say(f"when does {number} arrive", "ask_shipping", action="action_answer"))
    assert number not in told
    merchant = replace(customer, role="merchant", person="")
    told = words(merchant.say(f"when does {number} arrive", "ask_shipping", action="action_answer"))
    assert number in told


def test_a_request_that_no_answer_helps_goes_to_a_person(app: App, customer: Rasa) -> None:
    """It says what it cannot do; a complaint gets another word than a question."""
    says(app)
    told = words(customer.say("cancel SC-10001", "cancel_order", action="action_answer"))
    assert "cancel an order" in told
    assert "sorry about that" in words(
        customer.say("this is awful", "complain", action="action_answer")
    )


def test_what_was_not_understood_may_still_have_an_answer(app: App, customer: Rasa) -> None:
    """Else the bot says plainly that it did not get it."""
    says(app, Ranked(("answer:return-window",), 0.95))
    assert "30 days" in words(customer.say("hw lng 2 rtrn", action="action_fallback"))
    says(app)
    assert "other words" in words(customer.say("zxcv", action="action_fallback"))


def test_a_merchants_question_waits_for_nobody(app: App, merchant: Rasa) -> None:
    """The merchant is who would answer it."""
    says(app)
    assert merchant.say("do you deliver to Mars", "ask_shipping", action="action_answer")
    with app.store.read() as session:
        assert unanswered(session, "demo") == ()


def test_broken_files_are_told_to_the_merchant_and_guessed_at_by_nobody(
    app: App, customer: Rasa, merchant: Rasa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A customer is led to a person."""

    class Broken(Desks):
        def desk(self, *_: object) -> object:  # type: ignore[override]
            raise BadKnowledge("policies/x.yml: is not YAML")

    app.desks = Broken()
    (reply,) = customer.say("how long can I return", "ask_return_policy", action="action_answer")
    assert isinstance(reply, Buttons)
    assert "doctor" in words(merchant.say("returns?", "ask_return_policy", action="action_answer"))


def test_why_shows_a_merchant_what_an_answer_rests_on(app: App, merchant: Rasa) -> None:
    """Decision, source, what the certainty is made of, and the attention of the network as a picture."""
    attention = np.eye(3, dtype=np.float32)
    wrote = Generated("x", -1.0, -0.3, ("how", "long", "退"), ("within", "30", "</s>"), attention)
    says(app, Ranked(("answer:return-window",), 0.95, {"retrieval": 0.9}), wrote=wrote)
    with app.store.write() as session:
        for number, trace in ((1, {"intent": "ask_return_policy", "confidence": 0.9}), (2, None)):
            session.add(
                Message(
                    id=f"m{number}", shop_id="demo", conversation_id="demo-merchant", channel="web",
                    external_id=f"m{number}", person="p", role="merchant", number=number,
                    content={"text": "how long"}, trace=trace,
                )
            )  # fmt: skip
    merchant.say("how long", "ask_return_policy", message_id="m1", action="action_answer")
    text, picture = merchant.say("why", "why", message_id="m2")
    told = words([text])
    assert "answer:return-window" in told
    assert "retrieval 0.90" in told
    assert isinstance(picture, Image)
    with app.store.read() as session:
        png = app.files.read(session, "demo", picture.file)[1]
    assert png.startswith(b"\x89PNG")
