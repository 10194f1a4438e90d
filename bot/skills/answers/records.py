"""What the shop's rows say of the product and the order that a question is about, in the reader's language.

A field is there only while it is true to say it: a delivered order has no expected date, and one that is late none
that could still be promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.conversation.messages import Language
from bot.skills.answers.mentions import product_name
from bot.skills.answers.placeholders import OrderField, ProductField
from bot.skills.orders.views import Look
from bot.store.catalogue import ProductInfo
from bot.store.orders import OPEN, OrderInfo, OrderStatus
from bot.texts import day, number

_UNITS_ZH = {
    "pc": "个", "set": "套", "pack": "包", "box": "盒", "bag": "袋", "case": "箱", "tin": "罐", "jar": "瓶",
    "cake": "饼", "bottle": "瓶", "bar": "块", "pair": "双", "tube": "支", "roll": "卷",
}  # fmt: skip
_UNITS_EN = {"pc": "piece"}


@dataclass(frozen=True)
class Value:
    """A placeholder's text, and the record or fact that it comes from."""

    text: str
    source: str


@dataclass(frozen=True)
class Records:
    """The product and the order asked about, as far as this asker may know of them."""

    look: Look
    now: datetime
    product: ProductInfo | None = None
    order: OrderInfo | None = None
    stock: int | None = None

    def values(self) -> dict[str, Value]:
        """Every field that can be told, by its placeholder."""
        found: dict[str, Value] = {}
        if self.product:
            source = f"product:{self.product.sku}"
            found |= {name: Value(text, source) for name, text in self._of_product(self.product)}
        if self.order:
            source = f"order:{self.order.number}"
            told = self._of_order(self.order)
            found |= {name: Value(text, source) for name, text in told if text}
        return found

    def _of_product(self, product: ProductInfo) -> Iterator[tuple[str, str]]:
        language = self.look.language
        yield ProductField.PRODUCT, product_name(product, language)
        yield ProductField.PRICE, self.look.money(product.price_cents)
        if product.unit:
            yield ProductField.UNIT, unit_name(product.unit, language)
        if self.stock is not None and self.stock > 0:
            yield ProductField.STOCK, number(self.stock, language)

    def _of_order(self, order: OrderInfo) -> Iterator[tuple[str, str]]:
        yield OrderField.NUMBER, order.number
        yield OrderField.STATUS, self.look.say(f"status_{order.status}")
        yield OrderField.DATE, self._day(order.placed_at)
        yield OrderField.TOTAL, self.look.money(order.total_cents)
        yield OrderField.ITEMS, self.look.lines(order.lines)
        yield OrderField.ADDRESS, order.address
        yield OrderField.PAYMENT, order.payment
        if order.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
            yield OrderField.COURIER, order.courier
            yield OrderField.TRACKING, order.tracking_number
        if order.status in OPEN and order.promised_at and not order.is_late(self.now):
            yield OrderField.EXPECTED, self._day(order.promised_at)
        if order.status is OrderStatus.DELIVERED and order.delivered_at:
            yield OrderField.DELIVERED, self._day(order.delivered_at)

    def _day(self, at: datetime) -> str:
        local = at.astimezone(ZoneInfo(self.look.shop.time_zone))
        return day(local.date(), self.look.language)


def unit_name(unit: str, language: Language) -> str:
    """What a thing is sold by."""
    names = _UNITS_ZH if language is Language.ZH else _UNITS_EN
    return names.get(unit, unit)
