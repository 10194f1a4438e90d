"""A small shop's files and records, and rankers that say what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.skills.answers.answering import Desk
from bot.skills.answers.knowledge import Knowledge, load_folders
from bot.skills.answers.mentions import Namer
from bot.skills.answers.ranking import Asked, Ranked, Ranker, candidates
from bot.store.buyers import BuyerInfo
from bot.store.orders import LineInfo, OrderInfo, OrderStatus
from bot.store.shops import ShopInfo
from ml.answers.types import Generated
from ml.orders.catalogue import Catalogue
from ml.orders.types import CatalogueItem
from tests.bot.skills.answers.nearest import NearestQuestion
from tests.shop import PRODUCTS

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = ShopInfo("demo", "Demo shop", "演示店")
POLICIES = """
title: {en: Returns, zh: 退换货}
intents: [ask_return_policy]
facts: {return_window: 30 days, return_fee: 4.90 USD}
text:
  en: Send it back within {return_window}. A label costs {return_fee}.
  zh: "{return_window}内可以退。面单费{return_fee}。"
"""
ANSWERS = """
- id: return-window
  intents: [ask_return_policy]
  answer:
    en: You can send things back within {return_window}.
    zh: 收到后{return_window}内可以退货。
  questions:
    en: [how long can I return things, how many days to send it back]
    zh: [多久可以退货, 几天之内能退]
- id: return-fee
  intents: [ask_return_policy]
  answer: {en: "A return label costs {return_fee}.", zh: "退货面单费{return_fee}。"}
  questions: {en: [what does a return label cost, return label price], zh: [退货要付多少钱]}
- id: product-price
  intents: [ask_product]
  answer: {en: "{product} costs {price}.", zh: "{product}的价格是{price}。"}
  questions: {en: ["how much is {product}", "price of {product}"], zh: ["{product}多少钱"]}
- id: product-stock
  intents: [ask_product]
  answer: {en: "We have {stock} of {product}.", zh: "{product}还有{stock}件。"}
  questions: {en: ["is {product} in stock", "do you have {product}"], zh: ["{product}有货吗"]}
- id: order-when
  intents: [order_status]
  answer:
    en: Order {order_number} should be there by {expected_date}.
    zh: 订单{order_number}预计{expected_date}前到。
  questions:
    en: ["when does order {order_number} come", when does my parcel come]
    zh: ["订单{order_number}什么时候到"]
"""
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


@dataclass
class Says:
    """A ranker that says always the same."""

    ranked: Sequence[Ranked]
    send: float = 0.8
    ask: float = 0.4
    wrote: Generated | None = None

    def rank(self, asked: Asked) -> Sequence[Ranked]:
        """Whatever is asked."""
        return self.ranked

    def written(self, asked: Asked) -> Generated | None:
        """What the test says that the network writes."""
        return self.wrote


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The shop's files; a test may change them."""
    for part, text in (("policies", POLICIES), ("answers", ANSWERS)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "returns.yml").write_text(text, "utf-8")
    return tmp_path


DeskOf = Callable[..., Desk]


@pytest.fixture
def desk(files: Path) -> DeskOf:
    """Makes the desk of the files as they are when it is called."""
    items = [
        CatalogueItem(p.sku, p.name, p.name_zh, p.unit, p.price_cents, p.aliases) for p in PRODUCTS
    ]
    products = {p.sku: p for p in PRODUCTS}

    def make(ranker: Ranker | None = None, knowledge: Knowledge | None = None) -> Desk:
        known = knowledge or load_folders(files)
        return Desk(
            SHOP,
            known,
            ranker or NearestQuestion(list(candidates(known))),
            Namer(Catalogue(items), (SHOP.name,)),
            products,
            lambda sku: products[sku].stock,
            NOW,
        )

    return make
