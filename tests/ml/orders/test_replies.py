"""Answers to one asked field, and corrections to an order on the table (tagged by the rules: no model needed)."""

import pytest

from ml.orders.assembly import Thresholds
from ml.orders.baselines import RuleSpans
from ml.orders.catalogue import Catalogue
from ml.orders.parse import OrderParser
from ml.orders.types import Candidate, ChangeKind, OrderField, OrderLine, ParsedOrder
from tests.ml.orders.shop import ITEMS

PARSER = OrderParser(RuleSpans(), Thresholds())
CATALOGUE = Catalogue(ITEMS)
TABLE = ParsedOrder(
    lines=(
        OrderLine("red mugs", 2, 10, "MUG-R", 2, None, None, 0.9),
        OrderLine("candle", 17, 23, "CANDLE", 1, None, None, 0.9),
    )
)


def answer(asked: OrderField, text: str) -> str | None:
    found = PARSER.read_answer(asked, text, CATALOGUE)
    return found.value if found else None


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (OrderField.NAME, "Ann Lee", "Ann Lee"),
        (OrderField.NAME, "my name is Ann Lee", "Ann Lee"),
        (OrderField.NAME, "我叫王小明", "王小明"),
        (OrderField.NAME, "收件人：王小明。", "王小明"),
        (OrderField.NAME, "12345", None),
        (OrderField.PHONE, "it's 415-555-2671", "+14155552671"),
        (OrderField.PHONE, "电话13812345678", "+8613812345678"),
        (OrderField.PHONE, "I don't know", None),
        (OrderField.ADDRESS, "ship to 12 Oak Street, Springfield", "12 Oak Street, Springfield"),
        (OrderField.ADDRESS, "地址是杭州市文三路1号", "杭州市文三路1号"),
        (OrderField.ADDRESS, "Ann", None),
        (OrderField.ADDRESS, "12", None),
        (OrderField.QUANTITY, "three please", "3"),
        (OrderField.QUANTITY, "两箱", "2"),
        (OrderField.QUANTITY, "a dozen", "12"),
        (OrderField.QUANTITY, "hm", None),
        (OrderField.ITEM, "the blue one", "MUG-B"),
        (OrderField.ITEM, "蓝色的杯子", "MUG-B"),
        (OrderField.ITEM, "laptop", None),
        (OrderField.PAYMENT, "pay by PayPal", "PayPal"),
        (OrderField.NAME, "   ", None),
    ],
)
def test_an_answer_is_read_for_the_field_that_was_asked(
    asked: OrderField, text: str, value: str | None
) -> None:
    assert answer(asked, text) == value


@pytest.mark.parametrize(
    ("text", "sku"),
    [("the second one", "MUG-B"), ("第一个", "MUG-R"), ("2", "MUG-B"), ("blue", "MUG-B")],
)
def test_one_of_the_offered_items_is_picked_by_place_or_by_name(text: str, sku: str) -> None:
    offered = (Candidate("MUG-R", 0.8), Candidate("MUG-B", 0.8))
    found = PARSER.read_answer(OrderField.ITEM, text, CATALOGUE, offered)
    assert found is not None
    assert found.value == sku


def after(text: str) -> list[tuple[str | None, float]]:
    changes = PARSER.read_changes(text, TABLE, CATALOGUE)
    changed = PARSER.apply_changes(TABLE, changes, CATALOGUE)
    return [(line.sku, line.quantity) for line in changed.lines]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("make it three", [("MUG-R", 2), ("CANDLE", 3)]),
        ("make the mugs 5", [("MUG-R", 5), ("CANDLE", 1)]),
        ("第一个要两箱", [("MUG-R", 2), ("CANDLE", 1)]),
        ("第二个要两箱", [("MUG-R", 2), ("CANDLE", 2)]),
        ("the first one should be 4", [("MUG-R", 4), ("CANDLE", 1)]),
        ("蜡烛改成三个", [("MUG-R", 2), ("CANDLE", 3)]),
        ("remove the mug", [("CANDLE", 1)]),
        ("蜡烛不要了", [("MUG-R", 2)]),
        ("add two blue mugs", [("MUG-R", 2), ("CANDLE", 1), ("MUG-B", 2)]),
        ("再加一个蓝色陶瓷杯", [("MUG-R", 2), ("CANDLE", 1), ("MUG-B", 1)]),
        ("add two candles", [("MUG-R", 2), ("CANDLE", 3)]),
        ("change the candle to blue mug", [("MUG-R", 2), ("MUG-B", 1)]),
        ("remove the mug and add two blue mugs", [("CANDLE", 1), ("MUG-B", 2)]),
        ("what a nice day", [("MUG-R", 2), ("CANDLE", 1)]),
    ],
)
def test_a_correction_changes_what_it_names(text: str, wanted: list[tuple[str, float]]) -> None:
    assert after(text) == wanted


@pytest.mark.parametrize(
    "text", ["change the phone to 13812345678", "电话改成13812345678", "13812345678"]
)
def test_the_phone_can_be_corrected(text: str) -> None:
    changed = PARSER.apply_changes(TABLE, PARSER.read_changes(text, TABLE, CATALOGUE), CATALOGUE)
    assert changed.phone is not None
    assert changed.phone.e164 == "+8613812345678"
    assert OrderField.PHONE not in changed.missing


def test_the_address_can_be_corrected_and_its_place_is_in_the_correction() -> None:
    text = "sorry, the address is 9 Elm Street, Austin, TX 78701"
    (change,) = PARSER.read_changes(text, TABLE, CATALOGUE)
    assert change.kind is ChangeKind.SET_FIELD
    assert change.answer is not None
    found = change.answer.found
    assert text[found.start : found.end] == found.text == "9 Elm Street, Austin, TX 78701"
