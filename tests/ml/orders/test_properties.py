"""The parser on anything at all: no crash, no invented words, bounded time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.orders.parse import OrderParser
from ml.orders.types import Found, OrderField, OrderLine, ParsedOrder
from tests.ml.orders.shop import ITEMS

ORDERLY = st.sampled_from(
    ["2", "red mug", "两箱", "蜡烛", "no, make it three", "不要了", "13812345678", "\n", "\t", ",", "，", " x3 ", "---",
     "Name: ", "收件人：", "12 Oak Street", "a dozen", "PayPal", "周五前", "½", "🙏", "\u202e", "\ud800", "0", "９９", "each"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(ORDERLY, max_size=30).map("".join))


@pytest.fixture(scope="module")
def parser() -> OrderParser:
    return OrderParser()


def pieces(order: ParsedOrder) -> list[Found | OrderLine]:
    fields = (order.name, order.phone, order.address, order.payment, order.delivery)
    return [*(f for f in fields if f), *order.notes, *order.lines]


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_text_gives_pieces_of_that_text(parser: OrderParser, text: str) -> None:
    (orders,) = parser.parse([text], ITEMS)
    for order in orders:
        for piece in pieces(order):
            assert 0 <= piece.start < piece.end <= len(text)
            assert text[piece.start : piece.end] == piece.text
            assert 0 <= piece.confidence <= 1
        assert all(line.quantity > 0 for line in order.lines)
        assert json.loads(json.dumps(order.to_dict()))


@settings(max_examples=100, deadline=None)
@given(text=TEXTS, asked=st.sampled_from(list(OrderField)))
def test_any_answer_is_read_or_refused(parser: OrderParser, text: str, asked: OrderField) -> None:
    answer = parser.read_answer(asked, text, ITEMS)
    assert answer is None or text[answer.found.start : answer.found.end] == answer.found.text


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_any_correction_leaves_an_order_behind(parser: OrderParser, text: str) -> None:
    line = OrderLine("red mug", 0, 7, "MUG-R", 2, None, None, 0.9)
    order = ParsedOrder(lines=(line, line))
    changed = parser.apply_changes(order, parser.read_changes(text, order, ITEMS), ITEMS)
    assert all(line.quantity > 0 for line in changed.lines)


def test_texts_come_back_in_their_order_whatever_stands_beside_them(parser: OrderParser) -> None:
    texts = ["2 red mugs", "", "两个蓝色陶瓷杯，" * 40, "3 candles"]
    together = parser.parse(texts, ITEMS)
    apart = [parser.parse([text], ITEMS)[0] for text in texts]
    shown = [
        [[line.to_dict()["sku"] for line in order.lines] for order in orders] for orders in together
    ]
    assert shown == [
        [[line.to_dict()["sku"] for line in order.lines] for order in orders] for orders in apart
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "2 red mugs, ",
        "红杯子两个，",
        "no, make it three. ",
        "a",
        "1",
        "[",
        "\n",
        "13812345678 ",
        "12 Oak St\n2 mugs\n",
    ],
)
@pytest.mark.timeout(120)
def test_a_hundred_thousand_characters_are_read_in_bounded_time(
    parser: OrderParser, piece: str
) -> None:
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    (orders,) = parser.parse([text], ITEMS)
    assert all(text[line.start : line.end] == line.text for order in orders for line in order.lines)
