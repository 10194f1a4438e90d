"""kill -9 of any process in the middle of a turn: started again, the turn is answered once and done once."""

from __future__ import annotations

import os
import random
import time
import uuid

import pytest
from sqlalchemy import func, select

from bot.store.schema import Order
from tests.faults.conftest import MODULES, RunningShop

KILLS = int(os.environ.get("SHOPCLERK_KILLS", "2"))
"""How often each process is killed; 50 for the long run, few in CI."""

ORDER = (
    "parse this order: 2 x {item} for Ann Lee, +1 415 555 2671, 12 Hill Road, Springfield, IL 62701"
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("victim", MODULES)
def test_a_turn_is_answered_once_whatever_is_killed_in_it(
    running_shop: RunningShop, victim: str
) -> None:
    """Killed at a random moment of the turn; the person gets one good answer and no apology."""
    moments = random.Random(f"{victim}-7")
    for _ in range(KILLS):
        chat = uuid.uuid4().hex
        message, conversation = running_shop.send("which products are low in stock?", chat)
        time.sleep(moments.uniform(0, 0.04))
        running_shop.kill(victim)
        replies = running_shop.wait_for_replies(message)
        assert any(entry.reply and entry.reply["kind"] == "table" for entry in replies), replies
        time.sleep(0.2)
        entries = running_shop.entries(conversation)
        assert [entry.author for entry in entries] == ["person"] + ["bot"] * len(replies)


@pytest.mark.parametrize("victim", ["gateway", "actions", "rasa"])
def test_an_order_is_stored_once_whatever_is_killed_while_it_is_confirmed(
    running_shop: RunningShop, victim: str
) -> None:
    """The yes is acted on once, however often the turn is tried."""
    moments = random.Random(f"{victim}-11")
    for _ in range(KILLS):
        chat = uuid.uuid4().hex
        with running_shop.store.read() as session:
            before = session.scalar(select(func.count()).select_from(Order))
        item = _a_product(running_shop)
        token = _confirm_button(running_shop, chat, ORDER.format(item=item))
        message, _ = running_shop.send("Confirm", chat, token)
        time.sleep(moments.uniform(0, 0.04))
        running_shop.kill(victim)
        replies = running_shop.wait_for_replies(message)
        assert "SC-" in str(replies[0].reply), replies
        with running_shop.store.read() as session:
            assert session.scalar(select(func.count()).select_from(Order)) == before + 1


def _a_product(shop: RunningShop) -> str:
    from bot.store.schema import Product

    with shop.store.read() as session:
        return (
            session.scalars(
                select(Product.name).where(Product.stock > 20).order_by(Product.sku)
            ).first()
            or ""
        )


def _confirm_button(shop: RunningShop, chat: str, text: str) -> str:
    """Talk until the confirm button shows; answer what is asked in between with the first choice."""
    replies = shop.ask(text, chat)
    for _ in range(5):
        buttons = [
            button
            for entry in replies
            if entry.reply and entry.reply["kind"] == "buttons"
            for button in entry.reply["buttons"]
        ]
        assert buttons, replies
        if "onfirm" in buttons[0]["title"]:
            return str(buttons[0]["token"])
        replies = shop.ask(buttons[0]["title"], chat, buttons[0]["token"])
    pytest.fail(f"no confirm button: {replies}")
