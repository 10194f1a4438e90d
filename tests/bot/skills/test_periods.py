"""Periods as people name them, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.skills.periods import Period, lunar_new_year, month_of, read_period

TODAY = date(2026, 11, 23)  # a Monday


def days(first: str, last: str) -> Period:
    """A period of ISO days."""
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sales today", days("2026-11-23", "2026-11-23")),
        ("昨天的订单", days("2026-11-22", "2026-11-22")),
        ("how was last week?", days("2026-11-16", "2026-11-22")),
        ("上周卖得怎么样", days("2026-11-16", "2026-11-22")),
        ("上星期", days("2026-11-16", "2026-11-22")),
        ("this week", days("2026-11-23", "2026-11-23")),
        ("this month so far", days("2026-11-01", "2026-11-23")),
        ("上个月", days("2026-10-01", "2026-10-31")),
        ("past 30 days", days("2026-10-25", "2026-11-23")),
        ("last two weeks", days("2026-11-10", "2026-11-23")),
        ("近30天", days("2026-10-25", "2026-11-23")),
        ("最近一周", days("2026-11-17", "2026-11-23")),
        ("过去三个月", days("2026-08-26", "2026-11-23")),
        ("in October", days("2026-10-01", "2026-10-31")),
        ("in December", days("2025-12-01", "2025-12-31")),
        ("十月份的报表", days("2026-10-01", "2026-10-31")),
        ("去年12月", days("2025-12-01", "2025-12-31")),
        ("March 2025", days("2025-03-01", "2025-03-31")),
        ("2025年", days("2025-01-01", "2025-12-31")),
        ("last year", days("2025-01-01", "2025-12-31")),
        ("this quarter", days("2026-10-01", "2026-11-23")),
        ("上季度", days("2026-07-01", "2026-09-30")),
        ("from 1 to 15 May", days("2026-05-01", "2026-05-15")),
        ("Oct 3 - 9", days("2026-10-03", "2026-10-09")),
        ("10月1日到10月15日", days("2026-10-01", "2026-10-15")),
        ("2026-10-01 to 2026-10-31", days("2026-10-01", "2026-10-31")),
        ("Dec 20 to Jan 5", days("2025-12-20", "2026-01-05")),
        ("since October", days("2026-10-01", "2026-11-23")),
        ("双十一的销售", days("2026-11-01", "2026-11-11")),
        ("双11", days("2026-11-01", "2026-11-11")),
        ("Singles' Day", days("2026-11-01", "2026-11-11")),
        ("christmas sales", days("2025-12-01", "2025-12-25")),
        ("春节期间", days("2026-02-03", "2026-02-23")),
        ("black friday", days("2025-11-28", "2025-11-28")),
        ("on Friday", days("2026-11-20", "2026-11-20")),
        ("周五的订单", days("2026-11-20", "2026-11-20")),
        ("上周五", days("2026-11-20", "2026-11-20")),
        ("since Thursday", days("2026-11-19", "2026-11-23")),
        ("last weekend", days("2026-11-21", "2026-11-22")),
    ],
)
def test_a_period_is_read(text: str, expected: Period) -> None:
    """On Monday, 23 November 2026."""
    assert read_period(text, TODAY) == expected


@pytest.mark.parametrize(
    "text", ["show me the orders", "may I see the sales?", "2 sun hats", "订单", "2026-13-45", ""]
)
def test_what_is_no_period_is_none(text: str) -> None:
    """Verbs, hats and days that do not exist."""
    assert read_period(text, TODAY) is None


@settings(deadline=None)
@given(st.text(max_size=200), st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_any_text_gives_a_period_in_order_or_none(text: str, today: date) -> None:
    """Never an error, never an end before the start."""
    found = read_period(text, today)
    assert found is None or found.first <= found.last


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_spoken_periods_do_not_reach_into_the_future(today: date) -> None:
    """What was cannot be after today."""
    for text in (
        "last week",
        "this month",
        "去年",
        "past 3 months",
        "on Friday",
        "in May",
        "圣诞节",
    ):
        found = read_period(text, today)
        assert found is not None
        assert found.first <= today


def test_bounds_follow_the_clock_of_the_shop() -> None:
    """A day in summer time starts an hour earlier in UTC, and the day of the change has 25 hours."""
    start, end = days("2026-11-01", "2026-11-01").bounds("America/Los_Angeles")
    assert start.astimezone(UTC) == datetime(2026, 11, 1, 7, tzinfo=UTC)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)


def test_the_period_before_is_as_long() -> None:
    """And touches it."""
    assert days("2026-11-16", "2026-11-22").before() == days("2026-11-09", "2026-11-15")


def test_months_and_moons() -> None:
    """Ends of months, and a Chinese year that is in no table."""
    assert month_of(2024, 2).last == date(2024, 2, 29)
    assert lunar_new_year(2026) == date(2026, 2, 17)
    assert lunar_new_year(1999).month == 2
