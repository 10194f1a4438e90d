"""The conversations that write, and the queries behind lists and reports, on SQLite and on PostgreSQL."""

from __future__ import annotations

from tests.actions.test_order_status import (
    number,
    signed_in,
    test_a_signed_in_customer_sees_their_own_order_without_its_number,
    test_guessing_ends_after_five_tries,
)
from tests.actions.test_orders import (
    test_a_confirmation_that_is_tried_again_places_one_order_and_says_the_same,
    test_a_pasted_order_is_asked_about_agreed_to_and_listed,
    test_orders_in_a_big_file_become_a_job,
    test_the_same_in_chinese,
    test_undo_takes_the_order_out_and_puts_the_stock_back,
)
from tests.actions.test_reports import (
    sold,
    test_orders_are_listed_newest_first_by_period_and_status,
    test_orders_of_a_buyer,
    test_short_stock_comes_first,
    test_why_explains_the_turn_before,
)
from tests.conftest import store_url

__all__ = [
    "number",
    "signed_in",
    "sold",
    "store_url",
    "test_a_confirmation_that_is_tried_again_places_one_order_and_says_the_same",
    "test_a_pasted_order_is_asked_about_agreed_to_and_listed",
    "test_a_signed_in_customer_sees_their_own_order_without_its_number",
    "test_guessing_ends_after_five_tries",
    "test_orders_are_listed_newest_first_by_period_and_status",
    "test_orders_in_a_big_file_become_a_job",
    "test_orders_of_a_buyer",
    "test_short_stock_comes_first",
    "test_the_same_in_chinese",
    "test_undo_takes_the_order_out_and_puts_the_stock_back",
    "test_why_explains_the_turn_before",
]
