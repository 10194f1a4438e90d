"""Reports, exports, policies and the steering of the talk, as people see them."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image as Picture

from actions.app import App
from bot.conversation.messages import Buttons, File, Image, Table
from bot.store.clock import utc_now
from bot.store.orders import LineInfo, NewOrder, place_order
from bot.store.schema import Message, Order, Shop
from tests.actions.rasa import Rasa, words


@pytest.fixture
def sold(app: App) -> None:
    """Three sales: today, a week ago, 40 days ago; and one that was cancelled."""
    with app.store.write() as session:
        for days, quantity, sku, text in (
            (0, 2, "MUG-BLU", "Blue mug"),
            (7, 1, "COF-DCF", "Decaf coffee 500 g"),
            (40, 5, "MUG-BLU", "=HYPERLINK(1)"),
            (1, 9, "MUG-RED", "Red mug"),
        ):
            line = LineInfo(text, quantity, 1000, sku)
            order = NewOrder("demo-buyer-ann", (line,), placed_at=utc_now() - timedelta(days=days))
            placed = place_order(session, "demo", order)
            if sku == "MUG-RED":
                session.get_one(Order, placed.id).status = "cancelled"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sales_are_told_drawn_and_ranked(
    merchant: Rasa, app: App, sold: None, language: str
) -> None:
    """Revenue of what was sold, the change, a picture, best sellers."""
    merchant.language = language
    text, picture, sellers = merchant.say("sales of the past 30 days", "sales_report")
    assert "$30.00" in words([text])
    assert "40%" in words([text])  # 50 in the 30 days before
    assert isinstance(picture, Image)
    with app.store.read() as session:
        file, png = app.files.read(session, "demo", picture.file)
    assert file.media_type == "image/png"
    drawn = Picture.open(BytesIO(png))
    assert drawn.size == (1056, 462)
    assert len(drawn.convert("RGB").getcolors(100_000) or ()) > 20
    assert isinstance(sellers, Table)
    assert [row[2] for row in sellers.rows] == ["$20.00", "$10.00"]


def test_a_time_without_sales_says_so(merchant: Rasa) -> None:
    """No empty picture."""
    (reply,) = merchant.say("sales in 2019", "sales_report")
    assert "nothing was sold" in words([reply])


def test_a_synthetic_shop_says_so_on_its_reports(merchant: Rasa, app: App, sold: None) -> None:
    """In the words, the titles and the picture's title."""
    with app.store.write() as session:
        session.get_one(Shop, "demo").synthetic = True
    text, picture, table = merchant.say("sales", "sales_report")
    assert "synthetic" in words([text])
    assert isinstance(picture, Image)
    assert "synthetic" in picture.title
    assert isinstance(table, Table)
    assert "synthetic" in table.title


def test_short_stock_comes_first(merchant: Rasa, sold: None) -> None:
    """Out, then low; what is fine is only counted."""
    table, text = merchant.say("what is running low", "stock_report")
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["Oolong tea (TEA-OOL)", "Red mug (MUG-RED)"]
    assert "1 out of stock, 1 low, 3 fine" in words([text])


def test_the_stock_of_a_named_product_is_told(merchant: Rasa, sold: None) -> None:
    """At the pace of the past month 20 last 300 days."""
    table, _ = merchant.say("how many blue mugs are left", "stock_report", {"product": "blue mugs"})
    assert isinstance(table, Table)
    assert table.rows == (("Blue mug (MUG-BLU)", "20", "5", "300"),)


@pytest.mark.parametrize(
    ("text", "first"),
    [("export the orders", "SC-10001"), ("导出商品", "COF-DCF"), ("export buyers", "Ann Lee")],
)
def test_data_is_exported_as_csv(
    merchant: Rasa, app: App, sold: None, text: str, first: str
) -> None:
    """UTF-8 with a mark; no cell runs in a spreadsheet."""
    _, reply = merchant.say(text, "export_data")
    assert isinstance(reply, File)
    with app.store.read() as session:
        _, data = app.files.read(session, "demo", reply.file)
    csv = data.decode("utf-8-sig")
    assert first in csv
    assert ",+1415" not in csv
    assert "\n=" not in csv


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("show the orders", ["SC-10001", "SC-10004", "SC-10002", "SC-10003"]),
        ("orders of the past 3 days", ["SC-10001", "SC-10004"]),
        ("cancelled orders", ["SC-10004"]),
        ("看看已取消的订单", ["SC-10004"]),
        ("orders in 2019", []),
    ],
)
def test_orders_are_listed_newest_first_by_period_and_status(
    merchant: Rasa, sold: None, text: str, numbers: list[str]
) -> None:
    """With the number of all that fit."""
    replies = merchant.say(text, "list_orders")
    table = replies[0]
    assert ([row[0] for row in table.rows] if isinstance(table, Table) else []) == numbers


def test_orders_of_a_buyer(merchant: Rasa, sold: None) -> None:
    """By a part of the name; a percent sign is no wildcard."""
    table, _ = merchant.say("orders of Ann", "list_orders", {"buyer": "ann"})
    assert isinstance(table, Table)
    assert "none" in words(merchant.say("orders of %", "list_orders", {"buyer": "%"}))


@pytest.mark.parametrize(
    ("intent", "language", "expected"),
    [
        ("ask_shipping", "en", "working days"),
        ("ask_return_policy", "zh", "30 天"),
        ("ask_payment", "en", "PayPal"),
        ("ask_store_info", "zh", "周一至周五"),
    ],
)
def test_the_button_of_a_topic_tells_its_policy(
    customer: Rasa, intent: str, language: str, expected: str
) -> None:
    """The whole of it, in the language of the conversation."""
    customer.language = language
    assert expected in words(customer.say(f"/{intent}", intent, action="action_answer"))


def test_who_asks_for_a_person_is_told_where_one_is(customer: Rasa) -> None:
    """There is no inbox yet: nobody is left waiting in a queue that nobody sees."""
    replies = customer.say("talk to a human", "ask_human")
    assert [reply.kind for reply in replies] == ["text"]
    assert "+1 415 555 0100" in words(replies)


def test_help_fits_the_role_and_its_buttons_work(merchant: Rasa, customer: Rasa) -> None:
    """Nobody is shown what is not for them."""
    (shop,) = merchant.say("help", "help")
    (visitor,) = customer.say("help", "help")
    assert "parse this order" in words([shop])
    assert "parse this order" not in words([visitor])
    assert isinstance(visitor, Buttons)
    assert visitor.buttons[0].payload == "/order_status"


def test_why_explains_the_turn_before(merchant: Rasa, app: App) -> None:
    """Intent, confidence, the runner-up, policy, actions, time, and what was in doubt."""
    merchant.say("parse this order: 1 mug; name: Bo Li", "parse_order", message_id="m1")
    with app.store.write() as session:
        for number, trace in ((1, TRACE), (2, None)):
            session.add(
                Message(
                    id=f"m{number}",
                    shop_id="demo",
                    conversation_id="demo-merchant",
                    channel="web",
                    external_id=str(number),
                    number=number,
                    person="p",
                    role="merchant",
                    content={"text": "parse this order: 1 mug"},
                    trace=trace,
                )
            )
    merchant.form = None
    told = words(merchant.say("why?", "why", message_id="m2"))
    for part in (
        "read an order",
        "93%",
        "place an order",
        "RulePolicy",
        "action_parse_order",
        "17 ms",
    ):
        assert part in told
    assert "“mug” (several products fit)" in told
    assert "nothing before" in words(merchant.say("why?", "why", message_id="m1"))


TRACE = {
    "intent": "parse_order",
    "confidence": 0.93,
    "ranking": [["parse_order", 0.93], ["place_order", 0.04]],
    "actions": ["action_parse_order", "order_form"],
    "policy": "RulePolicy",
    "milliseconds": {"total": 17.2},
}


def test_a_text_that_looks_like_an_order_is_offered_to_be_read(merchant: Rasa, app: App) -> None:
    """The button reads the message it stands under."""
    text = "2 blue mugs; name: Bo Li"
    with app.store.write() as session:
        session.add(
            Message(
                id="m1",
                shop_id="demo",
                conversation_id="demo-merchant",
                channel="web",
                external_id="1",
                number=1,
                person="p",
                role="merchant",
                content={"text": text},
            )
        )
    (offer,) = merchant.say(text, "nlu_fallback", message_id="m1", action="action_fallback")
    table, _ = merchant.press(offer, "Read the order")
    assert isinstance(table, Table)
    assert "2 × Blue mug" in words([table])


@pytest.mark.parametrize("text", ["", "qwerty", "。。。", "🙂" * 500])
def test_what_nobody_understands_gets_a_way_on(merchant: Rasa, customer: Rasa, text: str) -> None:
    """Help for both, a person for the customer."""
    (reply,) = merchant.say(text, "nlu_fallback", action="action_fallback")
    assert "did not get that" in words([reply])
    (reply,) = customer.say(text, "nlu_fallback", action="action_fallback")
    assert isinstance(reply, Buttons)
    assert {button.payload for button in reply.buttons} == {"/help", "/ask_human"}


def test_a_cancel_a_yes_or_an_old_button_out_of_the_blue(merchant: Rasa) -> None:
    """Nothing happens, and it is said."""
    assert "nothing open" in words(merchant.say("cancel", "cancel"))
    assert "no open question" in words(
        merchant.say("yes", "affirm", action="action_affirm_or_deny")
    )
    replies = merchant.say(
        "x", "inform_choice", {"choice": "12345678:!confirm"}, action="action_affirm_or_deny"
    )
    assert "we are past" in words(replies)
