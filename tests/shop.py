"""A small shop for tests: five products, two buyers, a conversation for each role."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.store.buyers import BuyerInfo, add_buyer
from bot.store.catalogue import ProductInfo, add_products
from bot.store.schema import Conversation

PRODUCTS = (
    ProductInfo(
        "MUG-BLU", "Blue mug", "蓝色马克杯", "Kitchen", "厨房", "pc", 1200, ("蓝杯子",), 20, 5
    ),
    ProductInfo(
        "MUG-RED", "Red mug", "红色马克杯", "Kitchen", "厨房", "pc", 1300, ("红杯子",), 2, 5
    ),
    ProductInfo(
        "COF-DCF", "Decaf coffee 500 g", "低因咖啡500克", "Food", "食品", "bag", 1850, (), 40, 10
    ),
    ProductInfo("TEA-OOL", "Oolong tea", "乌龙茶", "Food", "食品", "tin", 2200, (), 0, 5),
    ProductInfo("TWL-WHT", "White towel", "白毛巾", "Bath", "洗浴", "pc", 900, (), 100, 10),
)
ANN = BuyerInfo("buyer-ann", "Ann Lee", "+14155550134", "12 Oak Street, Oakland CA 94607")
ZHANG = BuyerInfo(
    "buyer-zhang", "张敏", "+8615900004427", "上海市浦东新区张杨路1518弄6号楼702", "zh"
)


def fill(session: Session, shop: str = "demo") -> None:
    """Put products, buyers and conversations into a shop."""
    add_products(session, shop, PRODUCTS)
    for buyer in (ANN, ZHANG):
        mine = {**vars(buyer), "id": f"{shop}-{buyer.id}"}
        add_buyer(session, shop, BuyerInfo(**mine))
    for role in ("merchant", "customer", "agent"):
        session.add(
            Conversation(
                id=f"{shop}-{role}",
                shop_id=shop,
                channel="web",
                chat=f"{shop}-{role}",
                person=f"{shop}-{role}",
                role=role,
            )
        )
    session.flush()
