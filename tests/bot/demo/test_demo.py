"""The demo shop: as big as promised, shaped like a year, the same each time, and labelled synthetic."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest
from sqlalchemy import func, select

from bot.conversation.messages import Role
from bot.demo import DEMO, SIGN_INS, ensure_demo_shop
from bot.store.engine import Store, open_store
from bot.store.orders import NewOrder, OrderFilter, OrderStatus, find_orders, place_order
from bot.store.people import sign_in
from bot.store.schema import Buyer, Order, OrderLine, Product

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A demo shop that tests only read."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'shop.db'}")
    ensure_demo_shop(store, TODAY)
    return store


def counts(store: Store) -> dict[str, int]:
    """Rows of the shop."""
    with store.read() as session:
        tables = (Product, Buyer, Order, OrderLine)
        return {
            t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0
            for t in tables
        }


def test_it_is_as_big_as_promised_and_made_once(demo: Store) -> None:
    """60 products, 400 buyers, 2,000 orders; a second call changes nothing."""
    before = counts(demo)
    assert ensure_demo_shop(demo, TODAY + timedelta(days=9)).id == DEMO.id
    assert counts(demo) == before
    assert (before["products"], before["buyers"], before["orders"]) == (60, 400, 2000)


def test_it_says_that_it_is_synthetic(demo: Store) -> None:
    """In its flag and in both of its names."""
    assert DEMO.synthetic
    assert "synthetic" in DEMO.name
    assert "合成" in DEMO.name_zh


def test_it_is_the_same_each_time(demo: Store, tmp_path: Path) -> None:
    """One seed, one shop."""
    again = open_store(f"sqlite:///{tmp_path / 'again.db'}")
    ensure_demo_shop(again, TODAY)
    query = select(Order.number, Order.placed_at, Order.total_cents, Order.status).order_by(
        Order.number
    )
    with demo.read() as one, again.read() as two:
        assert one.execute(query).all() == two.execute(query).all()
    again.close()


def test_a_year_has_seasons_and_weeks(demo: Store) -> None:
    """Singles' Day, Christmas and the days before the Chinese year lift; Sunday is quieter than Friday."""
    with demo.read() as session:
        placed = list(session.scalars(select(Order.placed_at)))
    days = Counter((at - timedelta(hours=8)).date() for at in placed)
    usual = len(placed) / 365

    def per_day(first: date, last: date) -> float:
        wanted = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return sum(days[day] for day in wanted) / len(wanted)

    assert per_day(date(2026, 11, 9), date(2026, 11, 11)) > 2 * usual
    assert per_day(date(2025, 12, 1), date(2025, 12, 22)) > 1.4 * usual
    assert per_day(date(2026, 1, 28), date(2026, 2, 13)) > 1.4 * usual
    assert per_day(date(2026, 2, 17), date(2026, 2, 22)) < 0.7 * usual
    weekdays = Counter(day.weekday() for day in days.elements())
    assert weekdays[6] < weekdays[4]
    assert max(days) <= TODAY


def test_people_and_orders_hold_together(demo: Store) -> None:
    """Phones can be phones and are not shared, totals are those of the lines, times are in order."""
    with demo.read() as session:
        phones = list(session.scalars(select(Buyer.phone)))
        orders = find_orders(session, DEMO.id, OrderFilter(), 3000).orders
    assert len(set(phones)) == 400
    assert all(
        phonenumbers.is_possible_number(phonenumbers.parse(phone)) for phone in phones if phone
    )
    assert {order.status for order in orders} == set(OrderStatus)
    for order in orders:
        assert order.total_cents == sum(line.total_cents for line in order.lines)
        times = [at for at in (order.placed_at, order.shipped_at, order.delivered_at) if at]
        assert times == sorted(times)
        assert bool(order.courier) == (order.shipped_at is not None)
    buyers = Counter(order.buyer.id for order in orders)
    assert max(buyers.values()) > 15
    assert sum(n == 1 for n in buyers.values()) > 20
    assert {order.buyer.language for order in orders} == {"en", "zh"}


def test_some_are_late_and_the_next_number_follows(store_url: str) -> None:
    """On both databases: orders go on at SC-12001."""

    from bot.store.clock import UTC

    store = open_store(store_url)
    ensure_demo_shop(store, TODAY)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with store.write() as session:
        assert 0 < find_orders(session, DEMO.id, OrderFilter(late_at=now), 1).total < 40
        placed = place_order(session, DEMO.id, NewOrder("demo-buyer-001", ()))
        assert placed.number == "SC-12001"
    store.close()


def test_the_demo_people_can_sign_in_and_the_customer_has_a_parcel_on_its_way(demo: Store) -> None:
    """By the passwords that `shopclerk run` shows."""
    with demo.read() as session:
        for one in SIGN_INS:
            person = sign_in(session, one.login, one.password)
            assert person is not None
            assert (person.role, person.name, person.shop) == (one.role, one.name, DEMO.id)
        customer = sign_in(session, "customer", SIGN_INS[0].password)
        assert customer is not None
        on_way = OrderFilter(buyer=customer.buyer, status=OrderStatus.SHIPPED)
        assert find_orders(session, DEMO.id, on_way, 5).total == 1
    assert {one.role for one in SIGN_INS} == set(Role)
