"""Orders, buyers, stock, drafts and changes: each shop sees its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.store.buyers import BuyerInfo, access_buyer, add_buyer, buyer_by_phone, remove_buyer
from bot.store.catalogue import move_stock, products, stock_of
from bot.store.changes import Author, last_undoable, mark_undone, record, undoable_of
from bot.store.drafts import DraftState, draft_of_message, open_draft, save_draft, start_draft
from bot.store.engine import NotFound, Store
from bot.store.jobs import access_job, cancel_job, enqueue, finish_job
from bot.store.orders import (
    LineInfo,
    NewOrder,
    OrderFilter,
    access_order,
    best_sellers,
    find_orders,
    place_order,
    remove_order,
    totals,
)
from tests.shop import fill

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MUGS = LineInfo("Blue mug", 2, 1200, "MUG-BLU")
OTHER = LineInfo("something else", 1, 500)


@pytest.fixture
def shop(store: Store) -> Store:
    """Two filled shops."""
    with store.write() as session:
        fill(session)
        fill(session, "other")
    return store


def place(
    store: Store, shop: str = "demo", days: int = 0, lines: tuple[LineInfo, ...] = (MUGS, OTHER)
) -> str:
    """Place an order some days ago; its number."""
    with store.write() as session:
        at = NOW - timedelta(days=days)
        return place_order(session, shop, NewOrder(f"{shop}-buyer-ann", lines, placed_at=at)).number


def test_a_number_is_given_once_also_after_the_order_is_gone(shop: Store) -> None:
    """People wrote it down."""
    assert [place(shop), place(shop)] == ["SC-10001", "SC-10002"]
    with shop.write() as session:
        remove_order(session, "demo", access_order(session, "demo", "SC-10002").id)
    assert place(shop) == "SC-10003"
    assert place(shop, "other") == "SC-10001"


@pytest.mark.parametrize("written", ["SC-10001", "sc 10001", "#10001", "10001", " sc-10001 "])
def test_a_number_is_found_as_people_write_it(shop: Store, written: str) -> None:
    """Case, dash and hash do not matter."""
    place(shop)
    with shop.read() as session:
        assert access_order(session, "demo", written).total_cents == 2900


def test_another_shops_rows_do_not_exist(shop: Store) -> None:
    """Orders, buyers, drafts, jobs, changes: not found, whatever the id."""
    place(shop, "other")
    with shop.write() as session:
        other = access_order(session, "other", "SC-10001")
        draft = start_draft(session, "other", "other-merchant", "order", {}, "m1")
        enqueue(session, "other", "j1", "orders", {}, conversation=None, language="en")
        change = record(session, "other", Author("p", "m1"), "order.create.1", other.id, now=NOW)
        for access in (
            lambda: access_order(session, "demo", "SC-10001"),
            lambda: remove_order(session, "demo", other.id),
            lambda: access_buyer(session, "demo", "other-buyer-ann"),
            lambda: save_draft(session, "demo", draft.id, {}, "m2"),
            lambda: access_job(session, "demo", "j1"),
            lambda: enqueue(session, "demo", "j1", "x", {}, conversation=None, language="en"),
            lambda: mark_undone(session, "demo", change.id, NOW),
        ):
            with pytest.raises(NotFound):
                access()
        assert not cancel_job(session, "demo", "j1")
        assert undoable_of(session, "demo", "order.create", other.id, NOW) is None
        assert open_draft(session, "demo", "other-merchant", "order") is None


def test_orders_are_filtered_counted_and_summed(shop: Store) -> None:
    """The page is cut, the count and the sum are not."""
    for days in range(5):
        place(shop, days=days)
    with shop.read() as session:
        page = find_orders(session, "demo", OrderFilter(start=NOW - timedelta(days=3)), limit=2)
        assert [order.number for order in page.orders] == ["SC-10001", "SC-10002"]
        assert (page.total, page.sum_cents) == (4, 4 * 2900)
        assert find_orders(session, "demo", OrderFilter(sku="MUG-RED"), 5).total == 0
        assert find_orders(session, "demo", OrderFilter(buyer_words="lee"), 5).total == 5
        assert find_orders(session, "other", OrderFilter(), 5).total == 0


def test_best_sellers_count_products_by_sku_and_the_rest_by_words(shop: Store) -> None:
    """Best first; the sums are those of the lines."""
    place(shop)
    place(shop, lines=(LineInfo("two blue ones", 1, 1200, "MUG-BLU"), LineInfo("vase", 1, 9000)))
    with shop.read() as session:
        sold = best_sellers(session, "demo", NOW - timedelta(days=1), NOW + timedelta(days=1), 5)
        assert [(one.sku, one.quantity, one.revenue_cents) for one in sold] == [
            (None, 1, 9000),
            ("MUG-BLU", 3, 3600),
            (None, 1, 500),
        ]
        assert (
            sum(
                cents
                for _, cents in totals(session, "demo", NOW - timedelta(1), NOW + timedelta(1))
            )
            == 13100
        )


def test_stock_moves_both_ways_and_only_in_its_shop(shop: Store) -> None:
    """Below zero is sold and not there yet."""
    with shop.write() as session:
        move_stock(session, "demo", {"MUG-BLU": -25, "NONE": 3})
        assert stock_of(session, "demo", ["MUG-BLU", "NONE"]) == {"MUG-BLU": -5}
        assert stock_of(session, "other", ["MUG-BLU"]) == {"MUG-BLU": 20}
        assert len(products(session, "demo")) == 5


def test_a_buyer_with_orders_is_not_removed(shop: Store) -> None:
    """An undo takes away only whom it made."""
    place(shop)
    with shop.write() as session:
        add_buyer(session, "demo", BuyerInfo("new", "New", "+15550000"))
        remove_buyer(session, "demo", "new")
        remove_buyer(session, "demo", "demo-buyer-ann")
        assert buyer_by_phone(session, "demo", "+15550000") is None
        assert buyer_by_phone(session, "demo", "+14155550134") is not None


def test_one_draft_of_a_kind_is_open_in_a_conversation(shop: Store) -> None:
    """A new one closes the old; each is found by the message that touched it last."""
    with shop.write() as session:
        first = start_draft(session, "demo", "demo-merchant", "order", {"n": 1}, "m1")
        start_draft(session, "demo", "demo-merchant", "order_status", {"n": 2}, "m2")
        second = start_draft(session, "demo", "demo-merchant", "order", {"n": 3}, "m3")
        assert open_draft(session, "demo", "demo-merchant", "order") == second
        old = draft_of_message(session, "demo", "demo-merchant", "order", "m1")
        assert old is not None
        assert (old.id, old.state) == (first.id, DraftState.CANCELLED)
        save_draft(session, "demo", second.id, {"n": 4}, "m4", DraftState.CONFIRMED)
        assert open_draft(session, "demo", "demo-merchant", "order") is None


def test_changes_can_be_undone_for_a_day_and_once(shop: Store) -> None:
    """After that they are history."""
    author = Author("p", "m1", "demo-merchant")
    with shop.write() as session:
        change = record(session, "demo", author, "order.create.1", "o1", now=NOW)
        for hours, there in ((1, True), (23, True), (25, False)):
            later = NOW + timedelta(hours=hours)
            found = last_undoable(session, "demo", "order.create", "demo-merchant", later)
            assert (found is not None) is there
        mark_undone(session, "demo", change.id, NOW)
        assert last_undoable(session, "demo", "order.create", "demo-merchant", NOW) is None


def test_a_job_ends_once(shop: Store) -> None:
    """Done, failed or stopped: whoever comes first."""
    with shop.write() as session:
        for _ in range(2):
            enqueue(session, "demo", "j1", "orders", {"a": 1}, conversation=None, language="en")
        assert finish_job(session, "demo", "j1", {"rows": 3})
        assert not finish_job(session, "demo", "j1", {"rows": 3})
        assert not cancel_job(session, "demo", "j1")
