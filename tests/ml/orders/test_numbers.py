"""Quantities and prices as people write them."""

import pytest

from ml.orders.numbers import read_cents, read_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("２", 2),
        ("x3", 3),
        ("2x", 2),
        ("1,200", 1200),
        ("2.5", 2.5),
        ("a dozen", 12),
        ("half a dozen", 6),
        ("two dozen", 24),
        ("a couple of", 2),
        ("twenty-five", 25),
        ("a", 1),
        ("两", 2),
        ("十二", 12),
        ("二十", 20),
        ("俩", 2),
        ("仨", 3),
        ("半打", 6),
        ("一打", 12),
        ("3打", 36),
        ("两个半", 2.5),
        ("贰拾", 20),
        ("廿", 20),
    ],
)
def test_a_quantity_is_read_as_meant(text: str, number: float) -> None:
    assert read_quantity(text) == number


@pytest.mark.parametrize("text", ["", "mug", "0", "some", "几", "-", "零"])
def test_what_is_no_quantity_is_not_guessed(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("$12.50", 1250),
        ("￥39", 3900),
        ("1,299.00", 129900),
        ("12元", 1200),
        ("12块5", 1250),
        ("十二块五", 1250),
        ("5 dollars", 500),
        ("80 cents", 80),
        ("5毛", 50),
        ("cheap", None),
    ],
)
def test_a_price_is_read_in_cents(text: str, cents: int | None) -> None:
    assert read_cents(text) == cents
