"""Typed facts of a shop ("30 days", "4.90 USD", "09:00-18:00"): parsed once, told in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from babel.core import Locale
from babel.lists import format_list
from babel.numbers import is_currency

from bot.conversation.messages import Language
from bot.texts import day, money

LONGEST_FACT = 500
MOST_ITEMS = 50
LOCALES = {Language.EN: Locale("en", "US"), Language.ZH: Locale("zh", "CN", script="Hans")}

_NUMBER = r"\d{1,9}(?:,\d{3})*(?:\.\d{1,4})?"
_RANGE = rf"({_NUMBER})(?:\s*[-–—~]\s*({_NUMBER}))?"
_DURATION = re.compile(
    rf"{_RANGE}\s*(minute|hour|day|working day|business day|week|month|year)s?", re.IGNORECASE
)
_MONEY = re.compile(rf"{_RANGE}\s*([A-Z]{{3}})")
_PERCENT = re.compile(rf"{_RANGE}\s*%")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~]\s*(\d{1,2}):(\d{2})")
_COUNT = re.compile(r"0|[1-9]\d{0,5}|[1-9]\d{0,2}(?:,\d{3})+")


class BadFact(ValueError):
    """A value that cannot be a fact; the text says why and what to write."""


class Unit(StrEnum):
    """Units of durations."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WORKING_DAY = "working day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_CHINESE_UNITS = {
    Unit.MINUTE: "分钟",
    Unit.HOUR: "小时",
    Unit.DAY: "天",
    Unit.WORKING_DAY: "个工作日",
    Unit.WEEK: "周",
    Unit.MONTH: "个月",
    Unit.YEAR: "年",
}


@dataclass(frozen=True)
class Duration:
    """A length of time, or a range of it."""

    low: Decimal
    high: Decimal
    unit: Unit

    def render(self, language: Language) -> str:
        """ "3-5 working days", "3-5 个工作日"."""
        told = _span(self.low, self.high)
        if language is Language.ZH:
            return f"{told} {_CHINESE_UNITS[self.unit]}"
        return f"{told} {self.unit}{'' if self.high == 1 else 's'}"


@dataclass(frozen=True)
class Money:
    """An amount, or a range of it, in a currency (ISO 4217)."""

    low: Decimal
    high: Decimal
    currency: str

    def render(self, language: Language) -> str:
        """ "$4.90", "$5-$8"; whole amounts have no cents."""
        ends = (self.low,) if self.low == self.high else (self.low, self.high)
        return "-".join(self._told(amount, language) for amount in ends)

    def _told(self, amount: Decimal, language: Language) -> str:
        told = money(int(amount * 100), self.currency, language)
        return told.removesuffix(".00")


@dataclass(frozen=True)
class Percent:
    """A share in percent, or a range of it."""

    low: Decimal
    high: Decimal

    def render(self, language: Language) -> str:
        """ "10%", alike in both languages."""
        return f"{_span(self.low, self.high)}%"


@dataclass(frozen=True)
class Clock:
    """Hours of a day, on the shop's clock."""

    start: time
    end: time

    def render(self, language: Language) -> str:
        """ "09:00-18:00", alike in both languages."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True)
class Day:
    """A date."""

    value: date

    def render(self, language: Language) -> str:
        """ "27 Nov 2026", "2026年11月27日"."""
        return day(self.value, language)


@dataclass(frozen=True)
class Count:
    """A whole number; a year may be one, so it has no thousands apart."""

    value: int

    def render(self, language: Language) -> str:
        """ "500"."""
        return str(self.value)


@dataclass(frozen=True)
class Words:
    """A text in both languages; a name, an address or a phone is the same in both."""

    en: str
    zh: str

    def render(self, language: Language) -> str:
        """As it was written."""
        return self.en if language is Language.EN else self.zh


@dataclass(frozen=True)
class Several:
    """A list of facts."""

    items: tuple[FactValue, ...]

    def render(self, language: Language) -> str:
        """ "A, B, and C", "A、B和C"."""
        return str(
            format_list([item.render(language) for item in self.items], locale=LOCALES[language])
        )


FactValue = Duration | Money | Percent | Clock | Day | Count | Words | Several


def parse_fact(raw: object) -> FactValue:
    """The value as a file has it (text, `{en, zh}`, or a list of such); raises `BadFact`."""
    if isinstance(raw, Mapping):
        return _both(raw)
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        if not 0 < len(raw) <= MOST_ITEMS:
            raise BadFact(f"a list has 1 to {MOST_ITEMS} items")
        return Several(tuple(parse_fact(item) for item in raw))
    text = str(raw).strip()
    if not text or len(text) > LONGEST_FACT:
        raise BadFact(f"a fact has 1 to {LONGEST_FACT} characters")
    return _typed(text)


def to_text(value: FactValue) -> object:
    """The value as a file has it; `parse_fact` reads it back."""
    match value:
        case Words(en, zh):
            return en if en == zh else {"en": en, "zh": zh}
        case Several(items):
            return [to_text(item) for item in items]
        case Duration():
            return value.render(Language.EN)
        case Money(low, high, currency):
            return f"{_span(low, high)} {currency}"
        case Percent(low, high):
            return f"{_span(low, high)} %"
        case Day(at):
            return at.isoformat()
        case Clock() | Count():
            return value.render(Language.EN)


def _both(raw: Mapping[object, object]) -> Words:
    if set(raw) != {"en", "zh"} or not all(
        isinstance(v, str) and 0 < len(v.strip()) <= LONGEST_FACT for v in raw.values()
    ):
        raise BadFact("a text in two languages is {en: ..., zh: ...}")
    return Words(str(raw["en"]).strip(), str(raw["zh"]).strip())


def _typed(text: str) -> FactValue:
    if found := _DURATION.fullmatch(text):
        unit = found.group(3).lower().replace("business", "working")
        return Duration(*_ends(found), Unit(unit))
    if (found := _MONEY.fullmatch(text)) and is_currency(found.group(3)):
        return Money(*_ends(found), found.group(3))
    if found := _PERCENT.fullmatch(text):
        return Percent(*_ends(found))
    if found := _CLOCK.fullmatch(text):
        return Clock(_time(*found.group(1, 2)), _time(*found.group(3, 4)))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return Day(_date(text))
    if _COUNT.fullmatch(text):  # longer ones, or with a leading zero, are phones and codes
        return Count(int(text.replace(",", "")))
    return Words(text, text)


def _ends(found: re.Match[str]) -> tuple[Decimal, Decimal]:
    low = Decimal(found.group(1).replace(",", ""))
    high = Decimal((found.group(2) or found.group(1)).replace(",", ""))
    if high < low:
        raise BadFact(f"{found.group()!r} runs backwards; write the smaller number first")
    return low, high


def _time(hour: str, minute: str) -> time:
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise BadFact(f"{hour}:{minute} is no time of day") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadFact(f"{text} is no date; write it as 2026-11-27") from None


def _span(low: Decimal, high: Decimal) -> str:
    return f"{low:f}" if low == high else f"{low:f}-{high:f}"
