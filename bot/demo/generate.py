"""A year of a made-up shop: products from a table, buyers with habits, orders with seasons; all from one seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from bot.skills.periods import lunar_new_year
from bot.store.catalogue import ProductInfo, add_products
from bot.store.clock import UTC
from bot.store.orders import PREFIX, OrderStatus
from bot.store.schema import Buyer, Order, OrderLine, Shop
from bot.store.shops import ShopInfo, add_shop

SEED = 20261123
BUYERS = 400
ORDERS = 2_000
DAYS = 365
FIRST_NUMBER = 10_001
DAY = timedelta(days=1)

# Monday to Sunday: people order in the evening after work, and most before the weekend.
WEEKDAYS = (1.05, 0.95, 0.95, 1.0, 1.25, 1.15, 0.8)
HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 6, 8, 9, 9, 10, 8, 7, 7, 7, 8, 9, 11, 13, 12, 8, 3)

COURIERS = {"SwiftPost": (3, 0.05), "Bluebird Express": (2, 0.04), "Xunda Express": (4, 0.12)}
"""Made-up couriers: usual days, and how often a parcel is late."""

PAYMENTS = {"en": ("card", "PayPal", "bank transfer"), "zh": ("支付宝", "微信支付", "货到付款")}
NOTES = {
    "en": ("", "", "", "", "leave it at the door", "gift, please wrap", "call before delivery"),
    "zh": ("", "", "", "", "放门口就行", "送人的，包装好看一点", "送之前打个电话"),
}


@dataclass(frozen=True)
class Habit:
    """A kind of buyer: how often they come, when in the year, and how much they take."""

    share: float
    weight: float
    first_day: tuple[int, int] = (0, 0)
    last_day: tuple[int, int] = (DAYS, DAYS)
    season: str = ""
    lines: tuple[int, ...] = (1, 2)


HABITS = (
    Habit(0.10, 9.0, lines=(1, 2, 3)),  # loyal
    Habit(0.25, 3.0),  # regular
    Habit(0.10, 6.0, first_day=(240, 340)),  # new, and coming often
    Habit(0.15, 4.0, last_day=(100, 260)),  # were regular, and went away
    Habit(0.10, 2.0, season="christmas", lines=(2, 3, 4)),  # presents
    Habit(0.10, 2.0, season="newyear", lines=(2, 3, 4)),
    Habit(0.08, 2.0, season="singles", lines=(2, 3)),
    Habit(0.12, 0.6),  # once
)


@dataclass(frozen=True)
class DemoBuyer:
    """A made-up buyer with a habit and favourite categories."""

    row: Mapping[str, Any]
    habit: Habit
    first_day: int
    last_day: int
    favourites: tuple[str, ...]


@dataclass(frozen=True)
class DemoProduct:
    """A product with what makes people buy it."""

    info: ProductInfo
    popularity: float
    season: str


def fill(session: Session, shop: ShopInfo, today: date) -> str:
    """Put the whole shop into the store; returns the buyer whom the demo customer is."""
    rng = random.Random(SEED)  # noqa: S311 - the same shop each time is the point
    products, buyers = demo_products(rng), list(_buyers(rng, shop, today))
    add_shop(session, shop)
    add_products(session, shop.id, (product.info for product in products))
    orders, lines = _orders(rng, shop, products, buyers, today)
    session.execute(insert(Buyer), [dict(buyer.row) for buyer in buyers])
    session.execute(insert(Order), orders)
    session.execute(insert(OrderLine), lines)
    last = FIRST_NUMBER + len(orders) - 1
    session.execute(update(Shop).where(Shop.id == shop.id).values(last_order_number=last))
    return str(buyers[0].row["id"])


def demo_products(rng: random.Random) -> list[DemoProduct]:
    """The table of products, with a stock drawn for each: a few are short, one is out."""
    text = files("bot.demo").joinpath("products.csv").read_text("utf-8")
    products = []
    for place, row in enumerate(csv.DictReader(text.splitlines())):
        reorder = rng.choice((10, 15, 20))
        stock = 0 if place == 15 else rng.randint(1, 8) if place % 11 == 4 else rng.randint(25, 160)
        info = ProductInfo(
            sku=row["sku"],
            name=row["name"],
            name_zh=row["name_zh"],
            category=row["category"],
            category_zh=row["category_zh"],
            unit=row["unit"],
            price_cents=round(float(row["price"]) * 100),
            aliases=tuple(row["aliases"].split("|")),
            stock=stock,
            reorder_level=reorder,
        )
        products.append(DemoProduct(info, float(row["popularity"]), row["season"]))
    return products


def season_of(day: date) -> dict[str, float]:
    """How much of each season a day has; 0 outside."""
    new_year = min(
        (lunar_new_year(year) for year in (day.year, day.year + 1)),
        key=lambda first: abs((first - day).days),
    )
    before = (new_year - day).days
    return {
        "christmas": 1.6 if (12, 1) <= (day.month, day.day) <= (12, 22) else 0.0,
        "singles": 3.0 if day.month == 11 and 9 <= day.day <= 11 else 0.8 if _singles(day) else 0.0,
        "newyear": 1.5 if 3 <= before <= 21 else 0.0,
    }


def _singles(day: date) -> bool:
    return day.month == 11 and day.day < 9


def day_weight(day: date, place: int) -> float:
    """How many orders a day draws: the shop grows, weeks have a shape, seasons lift, holidays are quiet."""
    growth = 0.75 + 0.5 * place / DAYS
    quiet = 0.35 if (day.month, day.day) in ((12, 25), (1, 1)) or _new_year_week(day) else 1.0
    return growth * WEEKDAYS[day.weekday()] * (1 + sum(season_of(day).values())) * quiet


def _new_year_week(day: date) -> bool:
    return 0 <= (day - lunar_new_year(day.year)).days < 6


def _buyers(rng: random.Random, shop: ShopInfo, today: date) -> Iterator[DemoBuyer]:
    habits = rng.choices(HABITS, [habit.share for habit in HABITS], k=BUYERS)
    categories = ("Kitchen", "Pantry", "Home", "Stationery", "Clothing", "Care")
    for place, habit in enumerate(habits):
        if place == 0:
            habit = HABITS[0]
        chinese = habit.season in ("newyear", "singles") or rng.random() < 0.3
        row = _person(rng, place, chinese and place > 0)
        first, last = rng.randint(*habit.first_day), rng.randint(*habit.last_day)
        since = datetime.combine(today - (DAYS - first) * DAY, time(), UTC)
        yield DemoBuyer(
            {**row, "shop_id": shop.id, "created_at": since},
            habit,
            first,
            last,
            tuple(rng.sample(categories, 2)),
        )


def _person(rng: random.Random, place: int, chinese: bool) -> dict[str, Any]:
    words = _words()
    if chinese:
        where = rng.choice(words["places_zh"]) + rng.choice(words["streets_zh"])
        return {
            "id": f"demo-buyer-{place:03d}",
            "name": rng.choice(words["last_zh"]) + rng.choice(words["first_zh"]),
            "phone": f"+861390000{place:04d}",
            "address": f"{where}{rng.randint(1, 999)}号{rng.randint(1, 12)}栋{rng.randint(101, 2405)}室",
            "language": "zh",
        }
    # 555-0100 to 555-0199 belong to nobody: one buyer each, in as many area codes as it takes.
    city, state, code, area = words["cities_en"][(place + 3 * (place // 100)) % 10]
    name = f"{rng.choice(words['first_en'])} {rng.choice(words['last_en'])}"
    return {
        "id": f"demo-buyer-{place:03d}",
        "name": "Grace Miller" if place == 0 else name,
        "phone": f"+1{area}55501{place % 100:02d}",
        "address": f"{rng.randint(1, 2999)} {rng.choice(words['streets_en'])}, "
        f"{city} {state} {code}{rng.randint(1, 60):02d}",
        "language": "en",
    }


def _orders(
    rng: random.Random,
    shop: ShopInfo,
    products: Sequence[DemoProduct],
    buyers: Sequence[DemoBuyer],
    today: date,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    days = [today - (DAYS - place) * DAY for place in range(DAYS)]
    weights = [day_weight(day, place) for place, day in enumerate(days)]
    places = sorted(rng.choices(range(DAYS), weights, k=ORDERS - 2))
    drawn = _Drawn(rng, shop, products, buyers)
    made = [drawn.order(days[place], place) for place in places]
    made.append(drawn.delivered_to_the_demo_customer(today))
    made.append(drawn.on_its_way_to_the_demo_customer(today))
    made.sort(key=lambda pair: pair[0]["placed_at"])
    for number, (order, lines) in enumerate(made, FIRST_NUMBER):
        order["number"], order["id"] = f"{PREFIX}{number}", f"demo-order-{number}"
        for line in lines:
            line["order_id"] = order["id"]
    now = datetime.combine(today, time(), ZoneInfo(shop.time_zone)).astimezone(UTC)
    return (
        [_as_of(order, now) for order, _ in made],
        [line for _, lines in made for line in lines],
    )


class _Drawn:
    """Draws orders; weights that are the same for all orders of a day are worked out once."""

    def __init__(
        self,
        rng: random.Random,
        shop: ShopInfo,
        products: Sequence[DemoProduct],
        buyers: Sequence[DemoBuyer],
    ) -> None:
        self.rng, self.shop, self.products, self.buyers = rng, shop, products, buyers
        self._weights: dict[int, list[float]] = {}
        self._baskets: dict[tuple[date, tuple[str, ...]], list[float]] = {}

    def order(self, day: date, place: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """One order of a day."""
        season = season_of(day)
        buyer = self._buyer(place, season)
        hour = self.rng.choices(range(24), HOURS)[0]
        at = time(hour, self.rng.randrange(60), self.rng.randrange(60))
        placed = datetime.combine(day, at, ZoneInfo(self.shop.time_zone)).astimezone(UTC)
        lines = self._lines(buyer, day, season)
        return self._row(buyer, placed, lines), lines

    def on_its_way_to_the_demo_customer(
        self, today: date
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Placed three days ago, with the courier since, and not late."""
        order, lines = self._fixed(today - 3 * DAY, ("MUG-BLU", 2), ("COF-HSE", 1))
        order["transit"] = timedelta(days=5)
        order["promised_at"] = order["placed_at"] + timedelta(days=6)
        return order, lines

    def delivered_to_the_demo_customer(
        self, today: date
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """An older order that arrived."""
        order, lines = self._fixed(today - 40 * DAY, ("TEA-OOL", 1), ("NBK-A5D", 3))
        order["transit"] = timedelta(days=3)
        return order, lines

    def _fixed(
        self, day: date, *wanted: tuple[str, int]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        placed = datetime.combine(day, time(10, 30), ZoneInfo(self.shop.time_zone)).astimezone(UTC)
        known = {product.info.sku: product.info for product in self.products}
        lines = [
            self._line(place, known[sku], quantity)
            for place, (sku, quantity) in enumerate(wanted, 1)
        ]
        order = self._row(self.buyers[0], placed, lines)
        return {**order, "ending": "", "courier": "Bluebird Express"}, lines

    def _buyer(self, place: int, season: Mapping[str, float]) -> DemoBuyer:
        if place not in self._weights:
            self._weights[place] = list(
                accumulate(_likely(buyer, place, season) for buyer in self.buyers)
            )
        return self.rng.choices(self.buyers, cum_weights=self._weights[place])[0]

    def _lines(
        self, buyer: DemoBuyer, day: date, season: Mapping[str, float]
    ) -> list[dict[str, Any]]:
        key = (day, buyer.favourites)
        if key not in self._baskets:
            self._baskets[key] = list(
                accumulate(
                    product.popularity
                    * (2.5 if product.info.category in buyer.favourites else 1.0)
                    * (1 + 4 * season.get(product.season, 0.0))
                    for product in self.products
                )
            )
        count = self.rng.choice(buyer.habit.lines)
        drawn = self.rng.choices(self.products, cum_weights=self._baskets[key], k=count)
        unique = {product.info.sku: product.info for product in drawn}
        return [
            self._line(place, info, self.rng.choices((1, 2, 3, 4, 6), (55, 25, 10, 6, 4))[0])
            for place, info in enumerate(unique.values(), 1)
        ]

    def _line(self, place: int, info: ProductInfo, quantity: int) -> dict[str, Any]:
        return {
            "position": place,
            "shop_id": self.shop.id,
            "sku": info.sku,
            "text": info.name,
            "quantity": quantity,
            "unit": info.unit,
            "unit_price_cents": info.price_cents,
        }

    def _row(
        self, buyer: DemoBuyer, placed: datetime, lines: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        language = buyer.row["language"]
        abroad = language == "zh"
        courier = "Xunda Express" if abroad else self.rng.choice(("SwiftPost", "Bluebird Express"))
        usual, late_share = COURIERS[courier]
        late = self.rng.random() < late_share
        transit = usual + self.rng.random() * 2 + (self.rng.uniform(4, 9) if late else 0)
        return {
            "shop_id": self.shop.id,
            "buyer_id": buyer.row["id"],
            "address": buyer.row["address"],
            "payment": self.rng.choice(PAYMENTS[language]),
            "delivery_wish": "",
            "notes": self.rng.choice(NOTES[language]),
            "total_cents": sum(line["quantity"] * line["unit_price_cents"] for line in lines),
            "courier": courier,
            "tracking_number": f"{courier[0]}X{self.rng.randrange(10**9):09d}",
            "placed_at": placed,
            "promised_at": placed + timedelta(days=usual + 4),
            "packed_after": timedelta(hours=self.rng.uniform(4, 30)),
            "shipped_after": timedelta(hours=self.rng.uniform(31, 50)),
            "transit": timedelta(days=transit),
            "ending": self.rng.choices(("", "cancelled", "returned"), (95, 3, 2))[0],
        }


def _likely(buyer: DemoBuyer, place: int, season: Mapping[str, float]) -> float:
    """How likely a buyer is to order on a day."""
    if not buyer.first_day <= place <= buyer.last_day:
        return 0.0
    if buyer.habit.season:
        return buyer.habit.weight * (0.1 + 4 * season[buyer.habit.season])
    return buyer.habit.weight


def _as_of(order: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The order as it stands now: what happened up to now, and nothing of what comes."""
    made = {name: value for name, value in order.items() if name not in _DRAWN}
    shipped = order["placed_at"] + order["shipped_after"]
    arrives = shipped + order["transit"]
    made |= {"shipped_at": None, "delivered_at": None}
    if order["ending"] == "cancelled":
        return made | {"status": OrderStatus.CANCELLED, "courier": "", "tracking_number": ""}
    if shipped > now:
        packed = order["placed_at"] + order["packed_after"] <= now
        status = OrderStatus.PACKED if packed else OrderStatus.NEW
        return made | {"status": status, "courier": "", "tracking_number": ""}
    made["shipped_at"] = shipped
    if arrives > now:
        return made | {"status": OrderStatus.SHIPPED}
    returned = order["ending"] == "returned"
    status = OrderStatus.RETURNED if returned else OrderStatus.DELIVERED
    return made | {"status": status, "delivered_at": arrives}


_DRAWN = frozenset({"packed_after", "shipped_after", "transit", "ending"})


@lru_cache
def _words() -> Mapping[str, Any]:
    text = files("bot.demo").joinpath("people.yml").read_text("utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found
