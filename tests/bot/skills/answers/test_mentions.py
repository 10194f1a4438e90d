"""What a question names: products of the catalogue, and an order."""

from __future__ import annotations

import pytest

from bot.skills.answers.mentions import Namer
from ml.orders.catalogue import Catalogue
from ml.orders.types import CatalogueItem

ITEMS = (
    CatalogueItem("MUG-BLU", "Stoneware mug, blue", "粗陶马克杯 蓝色", "pc", 1400, ("blue mug", "蓝杯子")),
    CatalogueItem("MUG-RED", "Stoneware mug, red", "粗陶马克杯 红色", "pc", 1400, ("red mug", "红杯子")),
    CatalogueItem("TEA-OOL", "Oolong tea, 100 g tin", "乌龙茶 100克罐装", "tin", 1500, ("oolong tea",)),
    CatalogueItem("CHO-BOX", "Chocolate gift box", "巧克力礼盒", "box", 2900, ("gift box",)),
    CatalogueItem("RIC-JAS", "Jasmine rice, 5 kg", "茉莉香米 5公斤", "bag", 1590, ("jasmine rice",)),
    CatalogueItem("LNT-RED", "Red paper lanterns", "红灯笼", "pair", 1600, ("red lantern",)),
)  # fmt: skip


@pytest.fixture(scope="module")
def namer() -> Namer:
    """For a shop called Lantern & Loom."""
    return Namer(Catalogue(ITEMS), ("Lantern & Loom",))


@pytest.mark.parametrize(
    ("text", "plain", "products"),
    [
        ("how much is the oolong tea", "how much is the {product}", ["TEA-OOL"]),
        ("乌龙茶还有吗", "{product}还有吗", ["TEA-OOL"]),
        ("is the blue mug dishwasher safe", "is the {product} dishwasher safe", ["MUG-BLU"]),
        ("do you have mugs", "do you have {product}", ["MUG-BLU", "MUG-RED"]),
        ("do you have jasmin rice", "do you have {product}", ["RIC-JAS"]),
        ("does the price include tax", "does the price include tax", []),
        ("what box do you send it in", "what box do you send it in", []),
        ("who is behind lantern and loom", "who is behind lantern and loom", []),
        ("", "", []),
    ],
)
def test_a_product_is_found_in_a_question(
    namer: Namer, text: str, plain: str, products: list[str]
) -> None:
    """A word that may be anything names none; a kind names all of its kind."""
    found = namer.mentions(text)
    assert found.plain == plain
    assert sorted(found.products) == products
    assert text in found.variants


@pytest.mark.parametrize(
    ("text", "plain", "order"),
    [
        ("where is SC-10234?", "where is {order_number}?", "SC-10234"),
        ("订单10234到哪了", "订单{order_number}到哪了", "SC-10234"),
        ("order #12001 pls", "order {order_number} pls", "SC-12001"),
        ("ｓｃ－10234 在哪", "{order_number} 在哪", "SC-10234"),
        ("call me at 4155550134", "call me at 4155550134", ""),
        ("within 30 days", "within 30 days", ""),
        ("it was 12345.67", "it was 12345.67", ""),
    ],
)
def test_an_order_number_is_found_in_a_question(
    namer: Namer, text: str, plain: str, order: str
) -> None:
    """As people write it; a phone or a price is none."""
    found = namer.mentions(text)
    assert (found.plain, found.order) == (plain, order)


def test_product_and_order_in_one_question(namer: Namer) -> None:
    """Both get their placeholder."""
    found = namer.mentions("add an oolong tea to order SC-10234")
    assert found.plain == "add an {product} to order {order_number}"
