"""Labelled pieces become orders."""

import pytest

from ml.orders.assembly import Assembler, Thresholds
from ml.orders.catalogue import Catalogue
from ml.orders.types import OrderField, ParsedOrder, Reason
from tests.ml.orders.shop import ITEMS, labelled

ASSEMBLER = Assembler(Catalogue(ITEMS), Thresholds())


def orders(marked: str) -> tuple[ParsedOrder, ...]:
    return ASSEMBLER.orders(*labelled(marked))


def lines(marked: str) -> list[tuple[str | None, float]]:
    return [(line.sku, line.quantity) for order in orders(marked) for line in order.lines]


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        (
            "[2|quantity] [red mugs|item] and [a|quantity] [candle|item]",
            [("MUG-R", 2), ("CANDLE", 1)],
        ),
        (
            "[red mug|item] x[3|quantity], [candle|item] x[2|quantity]",
            [("MUG-R", 3), ("CANDLE", 2)],
        ),
        (
            "[红杯子|item][两|quantity][个|unit]，[蜡烛|item][半打|quantity]",
            [("MUG-R", 2), ("CANDLE", 6)],
        ),
        (
            "[red mug|item]\t[4|quantity]\n[candle|item]\t[1|quantity]",
            [("MUG-R", 4), ("CANDLE", 1)],
        ),
        ("the [candle|item]", [("CANDLE", 1)]),
        (
            "[navy T-shirt|item], [one|quantity] [M|variant], [two|quantity] [L|variant]",
            [("TEE-M", 1), ("TEE-L", 2)],
        ),
        (
            "[藏青T恤|item] [M码|variant][两|quantity][件|unit] [L码|variant][一|quantity][件|unit]",
            [("TEE-M", 2), ("TEE-L", 1)],
        ),
        ("[2|quantity] [ceramic mugs|item], [red|variant]", [("MUG-R", 2)]),
        ("[red mug|item] and [candle|item], [2|quantity] each", [("MUG-R", 2), ("CANDLE", 2)]),
        ("[红杯子|item]、[蜡烛|item]各[3|quantity][个|unit]", [("MUG-R", 3), ("CANDLE", 3)]),
        ("[2|quantity] [箱|unit][燕麦奶|item]", [("OAT-12", 2)]),
        ("[2|quantity] [oat milk|item] at [11.00|price]", [("OAT-1", 2)]),
        ("[2|quantity] [red mugs|item] and [one|quantity] more [red mug|item]", [("MUG-R", 3)]),
    ],
)
def test_quantities_find_their_items(marked: str, wanted: list[tuple[str, float]]) -> None:
    assert lines(marked) == wanted


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        (
            "[2|quantity] [red mugs|item], [no|change], [make it|change] [three|quantity]",
            [("MUG-R", 3)],
        ),
        (
            "[红杯子|item][两|quantity][个|unit]，[不对|change]，[要|change][三|quantity][个|unit]",
            [("MUG-R", 3)],
        ),
        (
            "[2|quantity] [red mugs|item] [1|quantity] [candle|item] [sorry|change] [4|quantity] [red mugs|item]",
            [("MUG-R", 4), ("CANDLE", 1)],
        ),
        (
            "[2|quantity] [red mugs|item], [1|quantity] [candle|item]. [forget|remove] the [candle|item]",
            [("MUG-R", 2)],
        ),
        (
            "[红杯子|item][2|quantity]个，[蜡烛|item][1|quantity]个。[蜡烛|item][不要了|remove]",
            [("MUG-R", 2)],
        ),
        (
            "[2|quantity] [red mugs|item]. [change|change] the [red mug|item] to [candle|item]",
            [("CANDLE", 2)],
        ),
        (
            "[2|quantity] [red mugs|item]. [Sorry|change], the [red ones|item] [should be|change] [3|quantity], not [2|quantity].",
            [("MUG-R", 3)],
        ),
        ("[candle|item][改成|change][三|quantity][个|unit]", [("CANDLE", 3)]),
    ],
)
def test_the_last_word_counts(marked: str, wanted: list[tuple[str, float]]) -> None:
    assert lines(marked) == wanted


def test_two_blocks_are_two_orders_and_a_shared_payment_is_for_both() -> None:
    first, second = orders(
        "[Ann|buyer], [12 Oak St|address]: [2|quantity] [red mugs|item][\n2.|split] [Bob|buyer], [9 Elm St|address]:"
        " [1|quantity] [candle|item]. both pay [PayPal|payment]"
    )
    assert (first.name and first.name.text, first.lines[0].sku) == ("Ann", "MUG-R")
    assert (second.name and second.name.text, second.lines[0].sku) == ("Bob", "CANDLE")
    assert first.payment is not None
    assert first.payment == second.payment


def test_a_second_address_after_the_goods_begins_an_order() -> None:
    assert (
        len(
            orders(
                "[a|buyer] [1 A St|address] [candle|item]\n[b|buyer] [2 B St|address] [red mug|item]"
            )
        )
        == 2
    )


def test_goods_and_buyer_on_two_sides_of_a_rule_are_one_order() -> None:
    (order,) = orders("[2|quantity] [red mugs|item][\n---\n|split][Ann|buyer] [12 Oak St|address]")
    assert order.address is not None
    assert order.lines[0].quantity == 2


def test_the_corrected_phone_wins_and_is_normalised() -> None:
    (order,) = orders("[candle|item] [13812345678|phone], [sorry|change] it is [13912345678|phone]")
    assert order.phone is not None
    assert order.phone.e164 == "+8613912345678"


def test_what_is_missing_is_named_and_twins_go_to_review_with_candidates() -> None:
    (order,) = orders("[2|quantity] [mugs|item]")
    assert order.missing == (OrderField.NAME, OrderField.PHONE, OrderField.ADDRESS)
    (point,) = [p for p in order.review if p.field == "lines.0.sku"]
    assert point.reason is Reason.SEVERAL_ITEMS_FIT
    assert {c.sku for c in point.candidates} == {"MUG-R", "MUG-B"}


def test_another_price_than_the_catalogue_has_is_shown_to_a_person() -> None:
    (order,) = orders("[candle|item] [$40|price]")
    assert order.lines[0].unit_price_cents == 4000
    assert [p.reason for p in order.review if p.field == "lines.0.unit_price"] == [
        Reason.PRICE_DIFFERS
    ]


def test_an_item_the_shop_does_not_have_stays_a_line_without_a_sku() -> None:
    (order,) = orders("[3|quantity] [laptops|item]")
    assert (order.lines[0].sku, order.lines[0].text) == (None, "laptops")
    assert order.review[0].reason is Reason.UNKNOWN_ITEM


def test_json_has_the_fields_of_the_command_line_and_prices_in_currency_units() -> None:
    (order,) = orders("[2|quantity] [pcs|unit] [candle|item] [$55|price], [no ribbon|note]")
    found = order.to_dict()
    assert list(found) == [
        "buyer",
        "address",
        "lines",
        "payment",
        "delivery",
        "notes",
        "missing",
        "review",
        "spans",
    ]
    assert isinstance(found["lines"], list)
    line = found["lines"][0]
    assert isinstance(line, dict)
    assert (line["sku"], line["quantity"], line["unit"], line["unit_price"]) == (
        "CANDLE",
        2,
        "pcs",
        55.0,
    )
    assert found["notes"] == "no ribbon"
