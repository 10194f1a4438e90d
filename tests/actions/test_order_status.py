"""Where an order is: who may see what, and how much guessing is allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.app import App
from actions.server import Executor
from bot.conversation.messages import Role, Table
from bot.store.clock import utc_now
from bot.store.orders import LineInfo, NewOrder, place_order
from bot.store.people import add_person
from bot.store.schema import Lookup, Order
from tests.actions.rasa import Rasa, words

NEUTRAL = "I cannot find an order with that number and that phone."


@pytest.fixture
def number(app: App) -> str:
    """An order of Ann's, on its way; her phone ends in 0134."""
    with app.store.write() as session:
        line = LineInfo("Blue mug", 2, 1200, "MUG-BLU")
        placed = place_order(
            session, "demo", NewOrder("demo-buyer-ann", (line,), address="12 Oak Street")
        )
        row = session.get_one(Order, placed.id)
        row.status, row.courier, row.tracking_number = "shipped", "SwiftPost", "SX1"
        row.promised_at = utc_now() + timedelta(days=2)
    return placed.number


@pytest.fixture
def signed_in(actions: Executor, app: App) -> Rasa:
    """Ann, signed in."""
    with app.store.write() as session:
        person = add_person(
            session, "demo", Role.CUSTOMER, "ann", "Ann", "", buyer_id="demo-buyer-ann"
        )
    return Rasa(actions, role="customer", person=person)


def ask(rasa: Rasa, text: str) -> str:
    """Ask for an order; the form opens where something is missing."""
    rasa.form = None
    message = rasa.message(text, "order_status", None, None)
    replies = rasa.say(text, "order_status", message_id=message["metadata"]["message_id"])
    if rasa.slots["status_open"]:
        rasa.form = "order_status_form"
        replies += rasa.call("action_ask_order_status_reply", message)[0]
    return words(replies)


def test_a_signed_in_customer_sees_their_own_order_without_its_number(
    signed_in: Rasa, number: str
) -> None:
    """The one on its way is meant."""
    told = ask(signed_in, "where is my order?")
    assert f"Order {number} is on its way with SwiftPost (SX1)" in told


def test_a_signed_in_customer_never_sees_anothers_order(signed_in: Rasa, app: App) -> None:
    """Also not with its right number and phone: the identity decides."""
    with app.store.write() as session:
        line = LineInfo("Blue mug", 1, 1200)
        other = place_order(session, "demo", NewOrder("demo-buyer-zhang", (line,)))
    told = ask(signed_in, f"where is {other.number}, phone 15900004427")
    assert "cannot find" in told
    assert "张敏" not in told


def test_a_visitor_is_asked_for_number_and_digits_in_any_order(customer: Rasa, number: str) -> None:
    """One at a time; then the order is shown without name, phone and address."""
    assert "order number" in ask(customer, "where is my order?")
    assert "last four digits" in words(customer.say(f"it's {number}"))
    replies = customer.say("0134")
    assert "is on its way" in words(replies)
    assert isinstance(replies[-1], Table)
    assert "Ann" not in words(replies)
    assert "Oak" not in words(replies)
    assert customer.form is None


@pytest.mark.parametrize(
    "text", ["{n} 0134", "my phone is +1 415 555 0134, order {n}", "#{d}，电话后四位0134"]
)
def test_number_and_digits_may_come_at_once(customer: Rasa, number: str, text: str) -> None:
    """No question is asked then."""
    told = ask(customer, text.format(n=number, d=number.removeprefix("SC-")))
    assert "is on its way" in told
    assert customer.form is None


def test_a_wrong_number_and_a_wrong_phone_get_the_same_neutral_answer(
    customer: Rasa, number: str
) -> None:
    """Nobody learns which numbers there are."""
    wrong_phone = ask(customer, f"{number} 0135")
    customer.form = None
    wrong_number = ask(customer, "SC-99999 0134")
    assert NEUTRAL in wrong_phone
    assert wrong_phone == wrong_number


def test_guessing_ends_after_five_tries(customer: Rasa, number: str, app: App) -> None:
    """Then not even the right pair helps in this conversation."""
    ask(customer, f"{number} 0001")
    for guess in range(2, 6):
        told = words(customer.say(f"{number} 000{guess}"))
    assert "too many times" in told
    assert "too many times" in ask(customer, f"{number} 0134")
    with app.store.read() as session:
        assert session.query(Lookup).count() == 5


def test_one_number_cannot_be_guessed_from_many_conversations(
    customer: Rasa, number: str, app: App
) -> None:
    """Ten wrong tries for a number in a day, from wherever they came."""
    with app.store.write() as session:
        session.add_all(
            Lookup(shop_id="demo", conversation_id="demo-agent", message_id=f"g{n}", number=number)
            for n in range(10)
        )
    assert "too many times" in ask(customer, f"{number} 0134")


def test_old_tries_are_forgiven(customer: Rasa, number: str, app: App) -> None:
    """They count for a day."""
    with app.store.write() as session:
        old = utc_now() - timedelta(hours=25)
        session.add_all(
            Lookup(
                shop_id="demo",
                conversation_id="demo-customer",
                message_id=f"g{n}",
                number=number,
                tried_at=old,
            )
            for n in range(10)
        )
    assert "is on its way" in ask(customer, f"{number} 0134")


def test_a_wrong_try_that_is_tried_again_counts_once(customer: Rasa, number: str, app: App) -> None:
    """The gateway's retry is no guess."""
    ask(customer, "where is my order")
    first = customer.say(f"{number} 0001", message_id="again")
    customer.form = "order_status_form"
    assert customer.say(f"{number} 0001", message_id="again") == first
    with app.store.read() as session:
        assert session.query(Lookup).count() == 1


def test_a_visitor_can_stop(customer: Rasa, number: str) -> None:
    """ "never mind" ends the questions."""
    ask(customer, "where is my order")
    assert "All right" in words(customer.say("never mind", "cancel"))
    assert customer.form is None


def test_the_shop_sees_any_order_of_its_own(merchant: Rasa, number: str) -> None:
    """With the buyer; another shop's order does not exist for it."""
    told = ask(merchant, f"where is {number}")
    assert "Ann Lee" in told
    assert "12 Oak Street" in told
    stranger = replace(merchant, shop="other")
    assert f"There is no order {number}" in ask(stranger, f"where is {number}")
    assert "Which order" in ask(merchant, "where is my parcel")


def test_a_late_order_says_so_with_regret(merchant: Rasa, number: str, app: App) -> None:
    """Promised for yesterday, and not there."""
    with app.store.write() as session:
        session.query(Order).one().promised_at = utc_now() - timedelta(days=1)
    assert "it is late" in ask(merchant, number)
