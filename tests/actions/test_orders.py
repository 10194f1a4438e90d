"""The talk about an order, from the pasted text to the list of orders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

from actions.app import App
from bot.conversation.messages import Buttons, Reply, Table
from bot.store.buyers import BuyerInfo, add_buyer
from bot.store.catalogue import ProductInfo, add_products, move_stock, stock_of
from bot.store.jobs import access_job
from bot.store.orders import OrderInfo, access_order
from bot.store.schema import Buyer, Change, Job, Order
from tests.actions.rasa import Rasa, words

ORDER = "parse this order: 2 blue mugs; phone: 415-555-0199; name: Maria Lopez"
ADDRESS = "77 Pine Street, Oakland CA 94607"
WHOLE = f"{ORDER}; {ADDRESS}"


def stock(app: App, sku: str) -> int:
    """What is there of a product."""
    with app.store.read() as session:
        return stock_of(session, "demo", [sku])[sku]


def order(app: App, number: str) -> OrderInfo:
    """A placed order."""
    with app.store.read() as session:
        return access_order(session, "demo", number)


def rows(app: App, table: type[Order | Change | Buyer | Job]) -> int:
    """How many rows a table of the demo shop has."""
    with app.store.read() as session:
        query = select(func.count()).select_from(table).where(table.shop_id == "demo")
        return session.scalar(query) or 0


def titles(reply: Reply) -> list[str]:
    """The buttons of a reply."""
    assert isinstance(reply, Buttons)
    return [button.title for button in reply.buttons]


def test_a_pasted_order_is_asked_about_agreed_to_and_listed(merchant: Rasa, app: App) -> None:
    """Parse, question for the missing address, confirm, list: the main job."""
    table, question = merchant.say(ORDER, "parse_order")
    assert isinstance(table, Table)
    assert ("Address", "", "missing") in table.rows
    assert (table.rows.index(("Address", "", "missing")), 1) in table.marks
    assert "Where should it go?" in words([question])

    table, confirm = merchant.say(ADDRESS)
    assert isinstance(table, Table)
    assert not table.marks
    assert rows(app, Order) == 0
    done = merchant.press(confirm, "Confirm")
    assert "SC-10001 is in: 2 × Blue mug. $24.00, for Maria Lopez" in words(done)
    assert stock(app, "MUG-BLU") == 18
    assert order(app, "SC-10001").address == ADDRESS

    listed, summary = merchant.say("show me the orders", "list_orders")
    assert isinstance(listed, Table)
    assert listed.rows[0][0] == "SC-10001"
    assert "1 in all" in words([summary])


def test_the_same_in_chinese(merchant: Rasa, app: App) -> None:
    """A Chinese message is answered in Chinese, and its buyer is found by phone."""
    merchant.language = "zh"
    text = "解析这个订单：两个蓝杯子；电话：15900004427；地址：上海市浦东新区张杨路1518弄6号楼702"
    table, confirm = merchant.say(text, "parse_order")
    assert isinstance(table, Table)
    assert ("买家", "张敏", "") in table.rows
    done = merchant.press(confirm, "确认")
    assert "订单 SC-10001 已下单：2 × 蓝色马克杯" in words(done)
    assert order(app, "SC-10001").buyer.id == "demo-buyer-zhang"
    assert rows(app, Buyer) == 2


@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        ("make it three", "3 × Blue mug (MUG-BLU), $12.00"),
        ("add a white towel", "1 × White towel (TWL-WHT), $9.00"),
        ("change the phone to 510-555-0177", "+15105550177"),
        ("电话改成13900001234", "+8613900001234"),
        ("change the address to 9 Elm Street, Boston MA 02101", "9 Elm Street, Boston MA 02101"),
    ],
)
def test_free_text_corrects_the_draft(merchant: Rasa, correction: str, expected: str) -> None:
    """The table after the correction has it."""
    merchant.say(WHOLE, "parse_order")
    table, _ = merchant.say(correction)
    assert isinstance(table, Table)
    assert expected in [row[1] for row in table.rows]


def test_a_line_can_be_removed_and_the_step_taken_back(merchant: Rasa) -> None:
    """ "undo" inside a draft is one step back, not the undoing of an earlier order."""
    merchant.say(f"{WHOLE}; 1 white towel", "parse_order")
    table, _ = merchant.say("remove the towel")
    assert "towel" not in words([table])
    message = merchant.message("undo", "undo", None, None)
    replies, _ = merchant.call("action_undo", message)
    asked, _ = merchant.call("action_ask_order_reply", message)
    assert replies == []
    assert "White towel" in words(asked)
    assert "One step back." in words(asked)
    asked, _ = merchant.call("action_ask_order_reply", merchant.message("why", "why", None, None))
    assert "One step back." not in words(asked)


def test_what_is_not_in_the_catalogue_is_asked_with_buttons(merchant: Rasa, app: App) -> None:
    """Kept as written, it needs a price; the doubt was shown before."""
    table, question = merchant.say(f"{ORDER}; 1 mug; {ADDRESS}", "parse_order")
    assert isinstance(table, Table)
    assert [table.rows[row][1:] for row, _ in table.marks] == [("1 × mug", "several products fit")]
    assert {"Blue mug", "Red mug"} < set(titles(question))
    price = merchant.press(question, "Keep as written")
    assert "cost" in words(price)
    table, confirm = merchant.say("$7.50")
    assert "$31.50" in words([table])
    merchant.press(confirm, "Confirm")
    assert order(app, "SC-10001").lines[1].sku is None
    assert order(app, "SC-10001").total_cents == 3150


def test_another_price_than_the_catalogues_is_asked(merchant: Rasa, app: App) -> None:
    """Both prices are offered."""
    _, question = merchant.say(
        f"parse this order: 2 blue mugs at $10; name: Bo; phone: 415-555-0199; {ADDRESS}",
        "parse_order",
    )
    assert titles(question)[:2] == ["$10.00", "$12.00"]
    _, confirm = merchant.press(question, "$12.00")
    merchant.press(confirm, "Confirm")
    assert order(app, "SC-10001").total_cents == 2400


def test_phone_and_address_may_be_left_empty_a_name_may_not(merchant: Rasa, app: App) -> None:
    """An order to be picked up has no address."""
    _, question = merchant.say("parse this order: 2 blue mugs", "parse_order")
    assert "name" in words([question])
    assert titles(question) == ["Cancel"]
    (question,) = merchant.say("Maria Lopez")
    (question,) = merchant.press(question, "Leave it empty")
    _, confirm = merchant.press(question, "Leave it empty")
    merchant.press(confirm, "Confirm")
    assert (order(app, "SC-10001").address, order(app, "SC-10001").buyer.phone) == ("", None)


def test_too_little_stock_is_said_and_does_not_stop_the_order(merchant: Rasa, app: App) -> None:
    """Three of the two red mugs: the merchant decides, the stock goes below zero."""
    text = WHOLE.replace("2 blue mugs", "3 red mugs")
    table, confirm = merchant.say(text, "parse_order")
    assert isinstance(table, Table)
    assert table.rows[0][2] == "only 2 in stock"
    assert table.marks == ((0, 1),)
    merchant.press(confirm, "Confirm")
    assert stock(app, "MUG-RED") == -1


def test_a_known_buyers_last_address_is_offered(merchant: Rasa, app: App) -> None:
    """ "The usual place" is one button."""
    _, question = merchant.say("parse this order: 2 blue mugs; phone: 415-555-0134", "parse_order")
    assert titles(question)[0] == "12 Oak Street, Oakland CA 94607"
    _, confirm = merchant.press(question, "12 Oak Street, Oakland CA 94607")
    merchant.press(confirm, "Confirm")
    assert order(app, "SC-10001").buyer.id == "demo-buyer-ann"


def test_a_known_phone_under_another_name_is_another_buyer(merchant: Rasa, app: App) -> None:
    """No order goes to a stranger because of a phone."""
    _, confirm = merchant.say(
        f"parse this order: 2 blue mugs; name: Bob Stone; phone: 415-555-0134; {ADDRESS}",
        "parse_order",
    )
    merchant.press(confirm, "Confirm")
    assert order(app, "SC-10001").buyer.name == "Bob Stone"
    assert rows(app, Buyer) == 3


def test_a_yes_confirms_and_a_no_asks_what_to_change(merchant: Rasa, app: App) -> None:
    """Typed answers do what buttons do."""
    merchant.say(WHOLE, "parse_order")
    asked = merchant.say("no", "deny")
    assert "What should I change?" in words(asked)
    done = merchant.say("yes", "affirm")
    assert "SC-10001 is in" in words(done)


def test_a_yes_with_a_correction_is_a_correction(merchant: Rasa, app: App) -> None:
    """ "yes, but make it three" must not place two."""
    merchant.say(WHOLE, "parse_order")
    replies = merchant.say("yes, but make it three", "affirm")
    assert "3 × Blue mug" in words(replies)
    assert rows(app, Order) == 0


def test_a_yes_before_everything_is_known_places_nothing(merchant: Rasa, app: App) -> None:
    """Nothing happens without a yes to the whole."""
    merchant.say(ORDER, "parse_order")
    asked = merchant.say("yes", "affirm")
    assert "Where should it go?" in words(asked)
    assert rows(app, Order) == 0


@pytest.mark.parametrize("how", ["button", "word"])
def test_cancel_drops_the_draft(merchant: Rasa, app: App, how: str) -> None:
    """Nothing was stored, and the form is over."""
    replies = merchant.say(WHOLE, "parse_order")
    by_button = how == "button"
    told = merchant.press(replies[-1], "Cancel") if by_button else merchant.say("算了", "cancel")
    assert "Nothing was stored" in words(told)
    assert merchant.form is None
    assert rows(app, Order) == rows(app, Change) == 0


def test_a_confirmation_that_is_tried_again_places_one_order_and_says_the_same(
    merchant: Rasa, app: App
) -> None:
    """The gateway retries a turn with the id of its message; Rasa may or may not remember the first try."""
    _, confirm = merchant.say(WHOLE, "parse_order")
    first = merchant.press(confirm, "Confirm", message_id="again")
    merchant.form = "order_form"
    second = merchant.press(confirm, "Confirm", message_id="again")
    third = merchant.press(confirm, "Confirm", message_id="again")  # and outside of the form
    assert first == second == third
    assert rows(app, Order) == rows(app, Change) == 1
    assert stock(app, "MUG-BLU") == 18


def test_an_answer_that_is_tried_again_is_taken_once(merchant: Rasa) -> None:
    """ "one more" twice would be two more."""
    merchant.say(WHOLE, "parse_order")
    first = merchant.say("add 1 blue mug", message_id="again")
    second = merchant.say("add 1 blue mug", message_id="again")
    assert first == second
    assert "3 × Blue mug" in words(second)


def test_the_first_message_tried_again_gives_the_same_draft(merchant: Rasa, app: App) -> None:
    """Table and question, once more; not a second draft."""
    first = merchant.say(ORDER, "parse_order", message_id="again")
    merchant.form = None
    second = merchant.say(ORDER, "parse_order", message_id="again")
    assert first == second


def test_undo_takes_the_order_out_and_puts_the_stock_back(merchant: Rasa, app: App) -> None:
    """The new buyer goes too; the number is not given again; a retry does not undo one more."""
    for _ in range(2):
        _, confirm = merchant.say(WHOLE, "parse_order")
        done = merchant.press(confirm, "Confirm")
    undone = merchant.press(done[0], "Undo", message_id="again")
    again = merchant.press(done[0], "Undo", message_id="again")
    assert undone == again
    assert "SC-10002" in words(undone)
    assert (rows(app, Order), rows(app, Buyer), stock(app, "MUG-BLU")) == (1, 3, 18)
    assert "SC-10001" in words(merchant.say("undo", "undo"))
    assert (rows(app, Order), rows(app, Buyer), stock(app, "MUG-BLU")) == (0, 2, 20)
    assert "nothing" in words(merchant.say("undo", "undo"))
    _, confirm = merchant.say(WHOLE, "parse_order")
    assert "SC-10003" in words(merchant.press(confirm, "Confirm"))


def test_an_order_that_has_left_cannot_be_undone(merchant: Rasa, app: App) -> None:
    """The parcel is gone."""
    _, confirm = merchant.say(WHOLE, "parse_order")
    merchant.press(confirm, "Confirm")
    with app.store.write() as session:
        session.scalars(select(Order)).one().status = "shipped"
    assert "already left" in words(merchant.say("undo", "undo"))
    assert rows(app, Order) == 1


def test_two_orders_are_asked_about_in_turn_and_confirmed_together(
    merchant: Rasa, app: App
) -> None:
    """Each order's own gaps, then one yes; one of them can be dropped."""
    first = WHOLE.removeprefix("parse this order: ")
    data = f"{first}\n---\n2 red mugs; name: Bob Stone".encode()
    merchant.files = two = [attach(app, "two.txt", data)]
    *tables, question = merchant.say("parse these", "parse_order")
    merchant.files = []
    assert [table.title for table in tables if isinstance(table, Table)] == [
        "Draft order 1 of 2",
        "Draft order 2 of 2",
    ]
    assert words([question]).startswith("Order 2: ")
    (question,) = merchant.say("415 555 0188")
    *_, confirm = merchant.press(question, "Leave it empty")
    done = merchant.press(confirm, "Confirm")
    assert "SC-10001" in words(done)
    assert "SC-10002" in words(done)
    assert "SC-10001, SC-10002" in words(merchant.say("undo", "undo"))

    merchant.files = two
    *_, question = merchant.say("parse these", "parse_order")
    merchant.files = []
    *_, confirm = merchant.press(question, "Drop order 2")
    assert "SC-10003" in words(merchant.press(confirm, "Confirm"))
    assert rows(app, Order) == 1


def test_another_order_pasted_into_the_talk_joins_the_draft(merchant: Rasa) -> None:
    """Nothing that was pasted is lost."""
    merchant.say(WHOLE, "parse_order")
    replies = merchant.say("3 white towels; name: Bob Stone; phone: 415-555-0188", "parse_order")
    assert "another order" in words(replies)


def test_the_button_of_an_old_draft_touches_no_other(merchant: Rasa, app: App) -> None:
    """Confirm of the dropped draft does not confirm the new one."""
    *_, old = merchant.say(WHOLE, "parse_order")
    merchant.say("cancel", "cancel")
    merchant.say(WHOLE, "parse_order")
    assert "belongs to something we are past" in words(merchant.press(old, "Confirm"))
    assert rows(app, Order) == 0


@pytest.mark.parametrize("text", ["parse this order", "解析订单", ""])
def test_a_request_without_an_order_is_told_what_is_needed(merchant: Rasa, text: str) -> None:
    """With an example to copy."""
    assert "For example" in words(merchant.say(text, "parse_order"))
    assert merchant.form is None


def test_a_text_without_an_order_opens_no_draft(merchant: Rasa) -> None:
    """It is said, not guessed."""
    replies = merchant.say("parse this order: when do you open on Sunday?", "parse_order")
    assert "I found no order" in words(replies)
    assert merchant.form is None


def test_what_is_not_understood_changes_nothing(merchant: Rasa) -> None:
    """The question stands, with a word of regret."""
    merchant.say(WHOLE, "parse_order")
    replies = merchant.say("colourless green ideas")
    assert "could not make sense" in words(replies)
    assert "2 × Blue mug" in words(replies)


def test_orders_in_a_small_file_are_drafted_at_once(merchant: Rasa, app: App) -> None:
    """A CSV with a column of messages."""
    merchant.files = [
        attach(app, "orders.csv", b'id,message\n1,"2 blue mugs; name: Al Bo"\n2,3 white towels')
    ]
    replies = merchant.say("", "parse_order")
    assert sum(isinstance(reply, Table) for reply in replies) == 2


def test_a_file_sent_while_a_draft_is_open_waits(merchant: Rasa, app: App) -> None:
    """The draft stays as it is, and the merchant hears what to do with the file."""
    merchant.say(WHOLE, "parse_order")
    merchant.files = [attach(app, "more.txt", b"3 white towels")]
    replies = merchant.say("/parse_order", "parse_order")
    assert "finish this order first" in words(replies)
    assert "2 × Blue mug" in words(replies)
    assert merchant.form == "order_form"


def test_orders_in_a_big_file_become_a_job(merchant: Rasa, app: App) -> None:
    """Queued in the same turn, once, and no form opens."""
    merchant.files = [
        attach(app, "orders.txt", b"\n---\n".join(b"%d blue mugs" % n for n in range(1, 40)))
    ]
    for _ in range(2):
        replies = merchant.say("parse these", "parse_order", message_id="m-job")
    assert "39 messages" in words(replies)
    assert merchant.form is None
    assert rows(app, Job) == 1
    with app.store.read() as session:
        assert access_job(session, "demo", "orders-m-job-0").total == 39
    assert "0 of 39" in words(merchant.say("how far is it?", "job_status"))
    assert "stopped" in words(merchant.say("stop the job", "cancel_job"))
    assert "no job" in words(merchant.say("stop the job", "cancel_job"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.exe", b"MZ"),
        ("empty.txt", b"  \n"),
        ("odd.jsonl", b"{oops"),
        ("odd.txt", b"\xff\x80\x81\xfe\x00\x9f"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_clear_sentence(
    merchant: Rasa, app: App, name: str, data: bytes
) -> None:
    """It names the file."""
    merchant.files = [attach(app, name, data)]
    assert name in words(merchant.say("parse these", "parse_order"))


def test_what_holds_no_orders_is_not_even_read(
    merchant: Rasa, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive may be large; so may many files be together."""
    files = [attach(app, "photos.zip", b"PK"), attach(app, "orders.txt", b"2 blue mugs")]
    monkeypatch.setattr(app.files, "read", None)
    merchant.files = files[:1]
    assert "photos.zip" in words(merchant.say("parse these", "parse_order"))
    merchant.files = [{**files[1], "size": 20_000_000}] * 2
    assert "30 MB together" in words(merchant.say("parse these", "parse_order"))


def test_another_shops_file_is_not_read(merchant: Rasa, app: App) -> None:
    """Not even its existence is told apart from a failure."""
    merchant.files = [attach(app, "orders.txt", b"2 blue mugs", "other")]
    assert "2 × Blue mug" not in words(merchant.say("parse these", "parse_order"))


def attach(app: App, name: str, data: bytes, shop: str = "demo") -> dict[str, object]:
    """A file as the metadata of a message names it."""
    with app.store.write() as session:
        file = app.files.put(session, shop, data, Path(name).name, "text/plain")
    return asdict(file)


def test_a_buyer_of_another_shop_is_never_found(merchant: Rasa, app: App) -> None:
    """The same phone in two shops is two buyers."""
    with app.store.write() as session:
        add_buyer(session, "other", BuyerInfo("b9", "Eve", "+14155550177", "1 Secret Road"))
    replies = merchant.say("parse this order: 2 blue mugs; phone: 415-555-0177", "parse_order")
    assert "Eve" not in words(replies)
    assert "Secret" not in words(replies)


def test_a_new_product_is_known_at_once(merchant: Rasa, app: App) -> None:
    """The catalogue is indexed anew where it changed, and only there."""
    merchant.say(WHOLE, "parse_order")
    merchant.say("cancel", "cancel")
    with app.store.read() as session:
        reader = app.reader(session, "demo")
    with app.store.write() as session:
        move_stock(session, "demo", {"MUG-BLU": -1})
        assert app.reader(session, "demo") is reader
        vase = ProductInfo("VAS", "Celadon vase", "青瓷瓶", "Home", "家居", "pc", 4400)
        add_products(session, "demo", [vase])
    table, _ = merchant.say(WHOLE.replace("blue mugs", "celadon vases"), "parse_order")
    assert "2 × Celadon vase (VAS), $44.00" in words([table])
