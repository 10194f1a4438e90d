"""The talk about an order, from the pasted text to the list of orders."""

from __future__ import annotations

from actions.app import App
from bot.conversation.messages import Buttons, Table
from bot.store.catalogue import stock_of
from tests.actions.rasa import Rasa, words

ORDER = "parse this order: 2 blue mugs, phone: 415-555-0199, name: Maria Lopez"


def stock(app: App, sku: str) -> int:
    """What is there of a product."""
    with app.store.read() as session:
        return stock_of(session, "demo", [sku])[sku]


def test_a_pasted_order_is_asked_about_agreed_to_and_listed(merchant: Rasa, app: App) -> None:
    """Parse, question for the missing address, confirm, list: the main job."""
    table, question = merchant.say(ORDER, "parse_order")
    assert isinstance(table, Table)
    assert isinstance(question, Buttons)
    assert ("Address", "", "missing") in table.rows
    assert (table.rows.index(("Address", "", "missing")), 1) in table.marks
    assert "Where should it go?" in question.text

    table, confirm = merchant.say("77 Pine Street, Oakland CA 94607")
    assert isinstance(table, Table)
    assert not table.marks
    done = merchant.press(confirm, "Confirm")
    assert "SC-10001 is in: 2 × Blue mug. $24.00, for Maria Lopez" in words(done)
    assert stock(app, "MUG-BLU") == 18

    listed, summary = merchant.say("show me the orders", "list_orders")
    assert isinstance(listed, Table)
    assert listed.rows[0][0] == "SC-10001"
    assert "1 in all" in words([summary])
