"""Placeholders are filled from facts and records, and only with what is true now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from bot.conversation.messages import Language
from bot.skills.answers.facts import parse_fact
from bot.skills.answers.filling import Filled, Unfilled, fill
from bot.skills.answers.knowledge import Fact, Knowledge
from bot.skills.answers.records import Records
from bot.skills.orders.views import Look
from bot.store.buyers import BuyerInfo
from bot.store.orders import LineInfo, OrderInfo, OrderStatus
from bot.store.shops import ShopInfo
from tests.shop import PRODUCTS

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = OrderInfo(
    "o",
    "SC-10001",
    BuyerInfo("b", "Ann"),
    OrderStatus.SHIPPED,
    (LineInfo("blue mug", 2, 1200, "MUG-BLU"),),
    2400,
    NOW - timedelta(days=3),
    courier="SwiftPost",
    tracking_number="T1",
    promised_at=NOW + timedelta(days=2),
)
FACT = Fact("window", parse_fact("30 days"), "returns", "policies/returns.yml")
KNOWN = Knowledge(MappingProxyType({"window": FACT}), MappingProxyType({}), MappingProxyType({}))


def records(language: Language, order: OrderInfo | None = ORDER, stock: int = 3) -> Records:
    """The blue mug and an order that is on its way."""
    look = Look(ShopInfo("demo", "D", "D"), {p.sku: p for p in PRODUCTS}, language)
    return Records(look, NOW, PRODUCTS[0], order, stock)


@pytest.mark.parametrize(
    ("template", "english", "chinese"),
    [
        ("{window}", "30 days", "30 天"),
        ("{product}: {price} / {unit}", "Blue mug: $12.00 / piece", "蓝色马克杯: $12.00 / 个"),
        ("{stock}", "3", "3"),
        ("{order_number} {order_status}", "SC-10001 shipped", "SC-10001 已发货"),
        (
            "{order_date} {expected_date}",
            "17 Nov 2026 22 Nov 2026",
            "2026年11月17日 2026年11月22日",
        ),
        ("{order_items} {order_total}", "2 × Blue mug $24.00", "2 × 蓝色马克杯 $24.00"),
        ("{order_courier} {tracking_number}", "SwiftPost T1", "SwiftPost T1"),
    ],
)
def test_a_placeholder_is_filled_in_the_readers_language(
    template: str, english: str, chinese: str
) -> None:
    """With where each value comes from."""
    for language, text in ((Language.EN, english), (Language.ZH, chinese)):
        filled = fill(template, language, KNOWN, records(language))
        assert isinstance(filled, Filled)
        assert filled.text == text
        assert all(value.source for value in filled.values.values())


@pytest.mark.parametrize(
    ("order", "missing"),
    [
        (None, "order_number"),
        (replace(ORDER, promised_at=None), "expected_date"),
        (replace(ORDER, promised_at=NOW - timedelta(days=1)), "expected_date"),
        (replace(ORDER, status=OrderStatus.DELIVERED), "expected_date"),
        (replace(ORDER, status=OrderStatus.CANCELLED), "order_courier"),
        (ORDER, "delivered_date"),
        (replace(ORDER, address=""), "order_address"),
    ],
)
def test_what_is_not_known_or_not_true_now_is_not_filled(
    order: OrderInfo | None, missing: str
) -> None:
    """A late parcel is not promised again, a cancelled one has no courier."""
    found = fill(f"It is {{{missing}}}.", Language.EN, KNOWN, records(Language.EN, order))
    assert found == Unfilled(f"It is {{{missing}}}.", frozenset({missing}))


def test_nothing_in_stock_is_no_number() -> None:
    """ "We have 0 left" would be a strange yes."""
    assert isinstance(fill("{stock}", Language.EN, KNOWN, records(Language.EN, stock=0)), Unfilled)


def test_a_value_is_never_read_as_a_template() -> None:
    """A buyer's address with braces in it stays what it is."""
    order = replace(ORDER, address="{window} Street")
    filled = fill("To {order_address}.", Language.EN, KNOWN, records(Language.EN, order))
    assert isinstance(filled, Filled)
    assert filled.text == "To {window} Street."
