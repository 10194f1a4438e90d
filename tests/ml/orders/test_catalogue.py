"""Which item a customer's words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.orders.assembly import Assembler, Thresholds
from ml.orders.catalogue import Catalogue, words_of
from tests.ml.orders.shop import ITEMS

CATALOGUE = Catalogue(ITEMS)


def chosen(words: str) -> str | None:
    candidates = CATALOGUE.match(words)
    first = candidates[0].score if candidates else 0.0
    second = candidates[1].score if len(candidates) > 1 else 0.0
    limits = Thresholds()
    return candidates[0].sku if first >= limits.match and first - second >= limits.margin else None


@pytest.mark.parametrize(
    ("words", "sku"),
    [
        ("red mugs", "MUG-R"),
        ("BLUE MUG", "MUG-B"),
        ("blue cermic mugg", "MUG-B"),
        ("红色的杯子", "MUG-R"),
        ("蓝杯", "MUG-B"),
        ("navy t-shirt size M", "TEE-M"),
        ("藏青T恤 L码", "TEE-L"),
        ("rice 10kg", "RICE-10"),
        ("五公斤香米", "RICE-5"),
        ("10斤香米", "RICE-5"),
        ("oat-1", "OAT-1"),
        ("candles", "CANDLE"),
        ("蜡烛", "CANDLE"),
    ],
)
def test_words_find_their_item(words: str, sku: str) -> None:
    assert chosen(words) == sku


@pytest.mark.parametrize(
    "words", ["mug", "green mug", "T-shirt", "rice 20 kg", "oat milk", "laptop", "杯子", "", "？"]
)
def test_an_unknown_item_or_one_of_several_is_not_chosen(words: str) -> None:
    assert chosen(words) is None


def test_every_item_is_found_by_each_of_its_own_names() -> None:
    for item in ITEMS:
        for name in (item.sku, item.name, item.name_zh, *item.aliases):
            assert CATALOGUE.match(name)[0].sku == item.sku


@given(st.text(max_size=60))
def test_scores_are_shares_and_fall(words: str) -> None:
    scores = [c.score for c in CATALOGUE.match(words)]
    assert all(0 < score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 kg", "1公斤"),
        ("500g", "一斤"),
        ("2 litres", "2升"),
        ("large", "大号"),
        ("30 L", "30000 ml"),
        ("mugs", "Mug"),
    ],
)
def test_the_same_is_spelled_the_same(one: str, other: str) -> None:
    assert words_of(one) == words_of(other)


def test_an_empty_catalogue_knows_nothing() -> None:
    assert Catalogue(()).match("mug") == ()
    assert Assembler(Catalogue(()), Thresholds()).orders("mug", []) == ()
