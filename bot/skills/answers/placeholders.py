"""The names in braces of answers and policies: facts of the shop, or fields of the product or order asked about."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class ProductField(StrEnum):
    """What an answer may say of a product."""

    PRODUCT = "product"
    PRICE = "price"
    STOCK = "stock"
    UNIT = "unit"


class OrderField(StrEnum):
    """What an answer may say of an order."""

    NUMBER = "order_number"
    STATUS = "order_status"
    DATE = "order_date"
    TOTAL = "order_total"
    ITEMS = "order_items"
    COURIER = "order_courier"
    TRACKING = "tracking_number"
    EXPECTED = "expected_date"
    DELIVERED = "delivered_date"
    ADDRESS = "order_address"
    PAYMENT = "order_payment"


PRODUCT_FIELDS = frozenset(str(field) for field in ProductField)
ORDER_FIELDS = frozenset(str(field) for field in OrderField)
RECORD_FIELDS = PRODUCT_FIELDS | ORDER_FIELDS
MENTIONS = frozenset({str(ProductField.PRODUCT), str(OrderField.NUMBER)})
"""What may stand in a question for a mention."""


def placeholders_in(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(PLACEHOLDER.findall(text))


def stray_braces(text: str) -> bool:
    """Whether there is a brace that belongs to no placeholder."""
    rest = PLACEHOLDER.sub("", text)
    return "{" in rest or "}" in rest


def replaced(text: str, value_of: Callable[[str], str]) -> str:
    """The text with every placeholder replaced, in one pass: a value is never read as a template."""
    return PLACEHOLDER.sub(lambda found: value_of(found.group(1)), text)
