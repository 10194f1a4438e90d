"""The sales of a period: revenue, orders, average, the change against the period before, what sells best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.skills.periods import Period, month_of, read_period
from bot.skills.turn import Turn
from bot.store.orders import Sold, best_sellers, totals

USUAL = "past 30 days"
SELLERS = 5
DAILY_UP_TO = 35
WEEKLY_UP_TO = 190


@dataclass(frozen=True)
class Figures:
    """Sums of a period."""

    revenue_cents: int
    orders: int

    @property
    def average_cents(self) -> int:
        """What an order brought on average."""
        return round(self.revenue_cents / self.orders) if self.orders else 0


@dataclass(frozen=True)
class Bar:
    """The revenue of a day, week or month that begins on `first`."""

    first: date
    revenue_cents: int


@dataclass(frozen=True)
class SalesReport:
    """The report; `before` covers as many days right before the period."""

    period: Period
    now: Figures
    before: Figures
    bars: tuple[Bar, ...]
    sellers: tuple[Sold, ...]

    @property
    def change(self) -> float | None:
        """Growth of the revenue as a share; None where nothing was sold before."""
        if not self.before.revenue_cents:
            return None
        return self.now.revenue_cents / self.before.revenue_cents - 1


def sales_report(session: Session, turn: Turn) -> SalesReport:
    """The sales of the period that the turn names, else of the past 30 days."""
    named = read_period(turn.text, turn.today) or read_period(USUAL, turn.today)
    assert named is not None
    period = named.until(turn.today)
    sold = totals(session, turn.shop, *period.bounds(turn.time_zone))
    earlier = totals(session, turn.shop, *period.before().bounds(turn.time_zone))
    sellers = best_sellers(session, turn.shop, *period.bounds(turn.time_zone), SELLERS)
    return SalesReport(
        period, _figures(sold), _figures(earlier), _bars(period, sold, turn.time_zone), sellers
    )


def _figures(sold: Sequence[tuple[datetime, int]]) -> Figures:
    return Figures(sum(cents for _, cents in sold), len(sold))


def _bars(period: Period, sold: Sequence[tuple[datetime, int]], time_zone: str) -> tuple[Bar, ...]:
    zone = ZoneInfo(time_zone)
    starts = _starts(period)
    revenue = dict.fromkeys(starts, 0)
    for at, cents in sold:
        day = at.astimezone(zone).date()
        revenue[max(start for start in starts if start <= day)] += cents
    return tuple(Bar(first, cents) for first, cents in revenue.items())


def _starts(period: Period) -> list[date]:
    """The first days of the bars: days, weeks or months, so that there are never too many."""
    if period.days <= DAILY_UP_TO:
        return [date.fromordinal(period.first.toordinal() + n) for n in range(period.days)]
    if period.days <= WEEKLY_UP_TO:
        return [date.fromordinal(period.first.toordinal() + n) for n in range(0, period.days, 7)]
    starts, first = [], period.first
    while first <= period.last:
        starts.append(first)
        first = date.fromordinal(month_of(first.year, first.month).last.toordinal() + 1)
    return starts
