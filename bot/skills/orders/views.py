"""How drafts and orders look in a conversation: tables, questions with buttons, short sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.conversation.messages import Button, Buttons, Language, Reply, Table, Text
from bot.skills.orders.draft import MAY_BE_EMPTY, PRICE, DraftLine, DraftOrder, Question
from bot.skills.orders.form import CANCEL, CONFIRM, KEEP, ORDER, REMOVE, SKIP, Talk
from bot.skills.orders.reading import PRODUCTS_OFFERED
from bot.store.buyers import BuyerInfo
from bot.store.catalogue import ProductInfo
from bot.store.drafts import DraftState
from bot.store.orders import LineInfo, OrderInfo
from bot.store.shops import ShopInfo
from bot.texts import moment, money, number, say
from ml.orders.types import OrderField, Reason

_FIELDS = (
    OrderField.NAME,
    OrderField.PHONE,
    OrderField.ADDRESS,
    OrderField.PAYMENT,
    OrderField.DELIVERY,
    OrderField.NOTES,
)
_ALWAYS_SHOWN = (OrderField.NAME, OrderField.PHONE, OrderField.ADDRESS)
_TITLE_LENGTH = 60


@dataclass(frozen=True)
class Look:
    """What a view needs to know beside the order: the shop, its products, and who reads it."""

    shop: ShopInfo
    products: Mapping[str, ProductInfo]
    language: Language

    def say(self, key: str, **fields: object) -> str:
        """A text in the reader's language."""
        return say(key, self.language, **fields)

    def money(self, cents: int) -> str:
        """An amount in the shop's currency."""
        return money(cents, self.shop.currency, self.language)

    def title(self, text: str) -> str:
        """A title that says when the shop is a synthetic one."""
        return f"{text} · {self.say('synthetic')}" if self.shop.synthetic else text

    def product(self, sku: str | None, words: str) -> str:
        """A product's name in the reader's language, or the buyer's own words."""
        product = self.products.get(sku or "")
        if product is None:
            return words
        return product.name_zh if self.language is Language.ZH else product.name

    def line(self, line: LineInfo) -> str:
        """One line of an order in words."""
        return f"{line.quantity} × {self.product(line.sku, line.text)}"

    def lines(self, lines: Sequence[LineInfo]) -> str:
        """All lines of an order in words; names of products have commas in them."""
        return "; ".join(self.line(line) for line in lines)

    def when(self, order: OrderInfo) -> str:
        """When an order was placed."""
        return moment(order.placed_at, self.shop.time_zone, self.language)


def draft_table(look: Look, talk: Talk, place: int, stock: Mapping[str, int]) -> Table:
    """An order of a draft with the doubtful cells marked; too little stock is said, and no obstacle."""
    order = talk.orders.orders[place]
    rows: list[tuple[str, str, str]] = []
    marks: list[tuple[int, int]] = []
    for label, shown, check, doubtful in [
        *_line_rows(look, order, stock),
        *_field_rows(look, order),
    ]:
        if doubtful:
            marks.append((len(rows), 1))
        rows.append((label, shown, check))
    rows.append((look.say("total"), look.money(_total(order)), ""))
    several = len(talk.orders.orders) > 1
    count = len(talk.orders.orders)
    title = (
        look.say("draft_n_title", place=place + 1, count=count)
        if several
        else look.say("draft_title")
    )
    columns = (look.say("column_field"), look.say("column_read"), look.say("column_check"))
    return Table(look.title(title), columns, tuple(rows), tuple(marks))


def draft_tables(look: Look, talk: Talk, stock: Mapping[str, int]) -> tuple[Reply, ...]:
    """Every order of a draft."""
    return tuple(draft_table(look, talk, place, stock) for place in range(len(talk.orders.orders)))


def draft_step(
    look: Look, talk: Talk, buyer: BuyerInfo | None, message: str, stock: Mapping[str, int]
) -> tuple[Reply, ...]:
    """What the form says to a message: the next question, or the whole draft with Confirm and Cancel.

    The message that began a draft is shown all of it, doubts marked; so is the one that settles the last
    question. What a message came to is said to that message only, and not again after an interruption.
    """
    noted = talk.orders.note if talk.message == message else ""
    note = look.say(f"note_{noted}") + "\n" if noted else ""
    asked = talk.orders.question()
    if asked is None:
        return (*draft_tables(look, talk, stock), _confirm(look, talk, note))
    shown = draft_tables(look, talk, stock) if talk.orders.started == message else ()
    return (*shown, _question(look, talk, asked, note, buyer))


def placed(look: Look, orders: tuple[OrderInfo, ...]) -> Buttons:
    """Says which orders were placed, with Undo."""
    lines = [
        look.say(
            "order_placed",
            number=order.number,
            lines=look.lines(order.lines),
            total=look.money(order.total_cents),
            buyer=order.buyer.name,
        )
        for order in orders
    ]
    undo = {"order_number": orders[0].number} if len(orders) == 1 else {}
    buttons = (
        Button(look.say("button_undo"), f"/undo{json.dumps(undo) if undo else ''}"),
        Button(look.say("button_orders"), "/list_orders"),
    )
    return Buttons("\n".join([*lines, look.say("undo_offer")]), buttons)


def dropped(look: Look) -> Text:
    """Says that a draft was dropped."""
    return Text(look.say("draft_dropped"))


def result(look: Look, talk: Talk | None, orders: tuple[OrderInfo, ...]) -> Reply:
    """How the talk about a draft ended."""
    if talk is None or talk.state is DraftState.OPEN:
        return Text(look.say("draft_none"))
    if talk.state is DraftState.CANCELLED:
        return dropped(look)
    return placed(look, orders) if orders else Text(look.say("order_gone"))


def _line_rows(
    look: Look, order: DraftOrder, stock: Mapping[str, int]
) -> list[tuple[str, str, str, bool]]:
    rows = []
    for place, line in enumerate(order.lines, 1):
        doubt = _worst(line)
        left = stock.get(line.sku or "")
        short = left is not None and left < line.quantity
        check = look.say(f"doubt_{doubt}") if doubt else ""
        if short:
            told = look.say("only_left", left=max(left or 0, 0))
            check = f"{check}; {told}" if check else told
        rows.append(
            (look.say("item_n", place=place), _line(look, line), check, bool(doubt) or short)
        )
    return rows or [(look.say("item_n", place=1), "", look.say("doubt_missing"), True)]


def _line(look: Look, line: DraftLine) -> str:
    name = look.product(line.sku, line.text)
    words = f"{number(line.quantity, look.language)} × {name}"
    if line.sku:
        words += f" ({line.sku})"
    return words if line.price_cents is None else f"{words}, {look.money(line.price_cents)}"


def _worst(line: DraftLine) -> str:
    for part in (OrderField.ITEM, OrderField.QUANTITY, PRICE):
        if part in line.doubts:
            return line.doubts[part]
    if line.whole_quantity is None:
        return Reason.QUANTITY_UNCLEAR
    return "no_price" if line.price_cents is None else ""


def _field_rows(look: Look, order: DraftOrder) -> list[tuple[str, str, str, bool]]:
    rows = []
    for name in _FIELDS:
        value = order.fields.get(name)
        if value is None and name not in _ALWAYS_SHOWN:
            continue
        doubt = value.doubt if value else "" if name in order.skipped else "missing"
        check = look.say(f"doubt_{doubt}") if doubt else ""
        rows.append((look.say(f"field_{name}"), value.text if value else "", check, bool(doubt)))
    return rows


def _total(order: DraftOrder) -> int:
    return sum((line.price_cents or 0) * (line.whole_quantity or 0) for line in order.lines)


def _confirm(look: Look, talk: Talk, note: str) -> Buttons:
    count = len(talk.orders.orders)
    text = look.say("confirm_all", count=count) if count > 1 else look.say("confirm_one")
    return Buttons(
        note + text,
        (
            Button(look.say("button_confirm"), _choice(talk, CONFIRM)),
            Button(look.say("button_cancel"), _choice(talk, CANCEL)),
        ),
    )


def _question(
    look: Look, talk: Talk, asked: Question, note: str, buyer: BuyerInfo | None
) -> Buttons:
    order = talk.orders.orders[asked.order]
    if asked.line is None:
        text, buttons = _field_question(look, talk, asked, order, buyer)
    else:
        text, buttons = _line_question(look, talk, asked, order.lines[asked.line])
    if len(talk.orders.orders) > 1:
        text = look.say("about_order", place=asked.order + 1) + text
        drop = look.say("button_drop_order", place=asked.order + 1)
        buttons.append(Button(drop, _choice(talk, f"{asked.order}.{ORDER}={REMOVE}")))
    cancel = Button(look.say("button_cancel"), _choice(talk, CANCEL))
    return Buttons(note + text, (*buttons, cancel))


def _field_question(
    look: Look, talk: Talk, asked: Question, order: DraftOrder, buyer: BuyerInfo | None
) -> tuple[str, list[Button]]:
    if asked.part == OrderField.ITEM:
        return look.say("ask_item"), []
    name, value = OrderField(asked.part), order.text(OrderField(asked.part))
    skip = [_button(look.say("button_skip"), talk, asked, SKIP)] if name in MAY_BE_EMPTY else []
    if asked.doubt == Reason.INVALID_PHONE:
        keep = _button(look.say("button_keep"), talk, asked, KEEP)
        return look.say("ask_phone_invalid", value=value), [keep, *skip]
    if asked.doubt:
        yes = _button(look.say("button_yes_it_is"), talk, asked, KEEP)
        no = _button(look.say("button_no"), talk, asked, "")
        return look.say("ask_sure", field=look.say(f"field_{name}"), value=value), [yes, no]
    known = _of_buyer(buyer, name)
    offer = [_button(known, talk, asked, known)] if known else []
    return look.say(f"ask_{name}"), [*offer, *skip]


def _of_buyer(buyer: BuyerInfo | None, name: OrderField) -> str:
    if buyer is None:
        return ""
    known = {
        OrderField.PHONE: buyer.phone,
        OrderField.ADDRESS: buyer.address,
        OrderField.NAME: buyer.name,
    }
    return known.get(name) or ""


def _line_question(
    look: Look, talk: Talk, asked: Question, line: DraftLine
) -> tuple[str, list[Button]]:
    product = look.product(line.sku, line.text)
    remove = _button(look.say("button_remove"), talk, asked, REMOVE)
    if asked.part == OrderField.QUANTITY:
        shown = number(line.quantity, look.language)
        return look.say("ask_quantity", product=product, quantity=shown), [remove]
    if asked.part == PRICE:
        return _price_question(look, talk, asked, line, product)
    offers = [
        _button(look.product(sku, sku), talk, asked, sku)
        for sku in line.candidates[:PRODUCTS_OFFERED]
        if sku != line.sku
    ]
    if line.sku:
        yes = _button(look.say("button_yes_it_is"), talk, asked, KEEP)
        text = look.say("ask_product_sure", words=line.text, product=product)
        return text, [yes, *offers, remove]
    keep = _button(look.say("button_keep"), talk, asked, KEEP)
    several = asked.doubt == Reason.SEVERAL_ITEMS_FIT
    key = "ask_product_several" if several else "ask_product_unknown"
    return look.say(key, words=line.text), [*offers, keep, remove]


def _price_question(
    look: Look, talk: Talk, asked: Question, line: DraftLine, product: str
) -> tuple[str, list[Button]]:
    listed = look.products[line.sku].price_cents if line.sku else None
    if line.price_cents is None or listed is None:
        return look.say("ask_price", product=product), []
    prices = [
        _button(look.money(cents), talk, asked, str(cents)) for cents in (line.price_cents, listed)
    ]
    text = look.say(
        "ask_price_differs",
        product=product,
        stated=look.money(line.price_cents),
        listed=look.money(listed),
    )
    return text, prices


def _button(title: str, talk: Talk, asked: Question, value: str) -> Button:
    return Button(_short(title), _choice(talk, f"{asked.path}={value}"))


def _choice(talk: Talk, rest: str) -> str:
    return "/inform_choice" + json.dumps({"choice": f"{talk.key}:{rest}"}, ensure_ascii=False)


def _short(title: str) -> str:
    return title if len(title) <= _TITLE_LENGTH else title[: _TITLE_LENGTH - 1] + "…"
