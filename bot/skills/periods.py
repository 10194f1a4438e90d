"""Periods as people name them: "last week", 上个月, "in October", 近30天, 双十一, "from 1 to 15 May".

Small and clear code instead of a date library: those read single dates, and mostly future ones;
reports need spans, seasons of shops, and the most recent past.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.conversation.messages import normalise
from ml.orders.numbers import read_quantity

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both in it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """As many days right before."""
        return Period(self.first - self.days * DAY, self.first - DAY)

    def until(self, today: date) -> Period:
        """The part of the period that is not in the future."""
        return Period(self.first, max(self.first, min(self.last, today)))

    def bounds(self, time_zone: str) -> tuple[datetime, datetime]:
        """Start, and the first moment after the end, on the clock of a time zone."""
        zone = ZoneInfo(time_zone)
        start = datetime.combine(self.first, time(), zone)
        return start, datetime.combine(self.last + DAY, time(), zone)


def read_period(text: str, today: date) -> Period | None:
    """The first period that a text names, or None; a day without a year is the last one that was."""
    folded = normalise(text).lower()
    for reader in (
        _between,
        _explicit_days,
        _holiday,
        _month,
        _weekday,
        _relative,
        _counted,
        _year,
    ):
        found = reader(folded, today)
        if found:
            return found
    return None


def month_of(year: int, month: int) -> Period:
    """A whole month."""
    after = date(year + month // 12, month % 12 + 1, 1)
    return Period(date(year, month, 1), after - DAY)


_RELATIVE: tuple[tuple[str, Callable[[date], Period]], ...] = (
    (r"day before yesterday|前天", lambda d: _day(d - 2 * DAY)),
    (r"yesterday|昨天|昨日", lambda d: _day(d - DAY)),
    (r"today|so far today|今天|今日|当天", lambda d: _day(d)),
    (
        r"week before last|上上周|上上个?星期|上上个?礼拜",
        lambda d: Period(_monday(d) - 14 * DAY, _monday(d) - 8 * DAY),
    ),
    (
        r"last weekend|上周末|上个周末",
        lambda d: Period(_monday(d) - 2 * DAY, _monday(d) - DAY),
    ),
    (
        r"(?:this|the) weekend|weekend|这?周末",
        lambda d: _last_weekend(d),
    ),
    (
        r"(?:last|previous|prior) week|上周|上个?星期|上个?礼拜|上一周",
        lambda d: Period(_monday(d) - 7 * DAY, _monday(d) - DAY),
    ),
    (
        r"this week|week to date|\bwtd\b|这周|本周|这个?星期|这个?礼拜|这一周",
        lambda d: Period(_monday(d), d),
    ),
    (
        r"month before last|上上个?月",
        lambda d: _month_back(d, 2),
    ),
    (r"(?:last|previous|prior) month|上个?月|上一个月", lambda d: _month_back(d, 1)),
    (
        r"this month|month to date|\bmtd\b|这个?月|本月|当月",
        lambda d: Period(d.replace(day=1), d),
    ),
    (r"(?:last|previous) quarter|上个?季度|上一季度?", lambda d: _quarter_back(d, 1)),
    (
        r"this quarter|quarter to date|\bqtd\b|这个?季度|本季度?",
        lambda d: Period(_quarter_back(d, 0).first, d),
    ),
    (
        r"(?:last|previous) year|去年|上一年",
        lambda d: Period(date(d.year - 1, 1, 1), date(d.year - 1, 12, 31)),
    ),
    (r"this year|year to date|\bytd\b|今年|本年", lambda d: Period(date(d.year, 1, 1), d)),
)

_UNITS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_UNITS_ZH = {
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "个星期": 7, "个礼拜": 7,
    "个月": 30, "月": 30, "个季度": 91, "季度": 91, "年": 365,
}  # fmt: skip
_COUNTED = re.compile(
    r"\b(?:past|last|previous|recent|latest)\s+(?P<n>\d{1,4}|[a-z][a-z -]{0,20}?)?\s*"
    r"(?P<unit>day|week|month|quarter|year)s?\b"
)
_COUNTED_ZH = re.compile(
    r"(?:最近|过去|近|前|这)\s*的?(?P<n>[\d零一二两三四五六七八九十百半]{1,6})\s*"
    r"(?P<unit>天|日|周|个?星期|个?礼拜|个?月|个?季度|年)"
)

_MONTHS = {
    name: place
    for place, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sept sep", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH_WORD = "|".join(sorted(_MONTHS, key=len, reverse=True))
# "may" alone is mostly the verb: a month only after a preposition or with a number beside it.
_MONTH = re.compile(
    rf"\b(?:(?:in|for|of|during|since|last)\s+(?P<a>{_MONTH_WORD})|(?P<b>(?!may\b)(?:{_MONTH_WORD})))\b"
    r"\.?(?:\s*,?\s*(?P<year>20\d\d))?"
)
_MONTH_ZH = re.compile(
    r"(?:(?P<year>20\d\d|去|今|前)年)?\s*(?P<month>\d{1,2}|[一二三四五六七八九十]{1,3})月(?:份)?(?![\d一二三四五六七八九十])"
)
_YEAR = re.compile(r"(?:\b(?:in|for|of|during|year)\s+(?P<a>20\d\d)\b|(?P<b>20\d\d)\s*年(?!\s*\d))")
_ISO = re.compile(r"\b(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b")
_ENGLISH_DAY = re.compile(
    rf"\b(?:(?P<m1>{_MONTH_WORD})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH_WORD}))\b(?:,?\s*(?P<year>20\d\d))?"
)
_CHINESE_DAY = re.compile(r"(?:(?P<year>20\d\d)年)?\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})[日号]?")
_DAYS_OF_ONE_MONTH = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:-|–|to|until|through)\s*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"\s+(?:of\s+)?(?P<m>{_MONTH_WORD})\b"
    rf"|\b(?P<n>{_MONTH_WORD})\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:-|–|to|until|through)\s*"
    r"(?P<d4>\d{1,2})(?:st|nd|rd|th)?\b"
)
_DAYS_OF_ONE_MONTH_ZH = re.compile(
    r"(?P<m>\d{1,2})月\s*(?P<d1>\d{1,2})[日号]?\s*(?:到|至|-|–|~)\s*(?P<d2>\d{1,2})[日号](?!月)"
)
_SINCE = re.compile(r"\bsince\b|以来|至今|到现在|到今天|开始")

# (words, first and last day in a year); days that move with the moon are looked up.
_HOLIDAYS: tuple[tuple[str, Callable[[int], Period]], ...] = (
    (
        r"double (?:11|eleven)|11[./]11|singles['’]?\s*day|双十一|双11|光棍节",
        lambda y: Period(date(y, 11, 1), date(y, 11, 11)),
    ),
    (r"双十二|双12|double (?:12|twelve)", lambda y: Period(date(y, 12, 12), date(y, 12, 12))),
    (r"618|六一八", lambda y: Period(date(y, 6, 1), date(y, 6, 18))),
    (r"christmas|xmas|圣诞节?", lambda y: Period(date(y, 12, 1), date(y, 12, 25))),
    (r"black friday|黑五|黑色星期五", lambda y: _day(_thanksgiving(y) + DAY)),
    (r"cyber monday|网络星期一", lambda y: _day(_thanksgiving(y) + 4 * DAY)),
    (r"national day|国庆节?|十一黄金周|黄金周", lambda y: Period(date(y, 10, 1), date(y, 10, 7))),
    (r"valentine['’]?s?(?: day)?|情人节", lambda y: _day(date(y, 2, 14))),
    (r"halloween|万圣节", lambda y: _day(date(y, 10, 31))),
    (
        r"(?:chinese|lunar) new year|spring festival|春节|过年|新年",
        lambda y: Period(lunar_new_year(y) - 14 * DAY, lunar_new_year(y) + 6 * DAY),
    ),
)

_LUNAR_NEW_YEAR = {
    2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26),
    2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19),
    2035: (2, 8),
}  # fmt: skip

_WEEKDAYS = (
    ("monday", "一"), ("tuesday", "二"), ("wednesday", "三"), ("thursday", "四"),
    ("friday", "五"), ("saturday", "六"), ("sunday", "日天"),
)  # fmt: skip


def lunar_new_year(year: int) -> date:
    """The first day of the Chinese year; outside of the table its usual place is near enough."""
    return date(year, *_LUNAR_NEW_YEAR.get(year, (2, 5)))


def _relative(text: str, today: date) -> Period | None:
    for words, period in _RELATIVE:
        if re.search(words if "\\b" in words else rf"\b(?:{words})\b", text) or _has_han(
            words, text
        ):
            return period(today)
    return None


def _has_han(words: str, text: str) -> bool:
    """Whether one of the Chinese alternatives stands in the text (Han knows no word borders)."""
    chinese = [part for part in words.split("|") if not part.isascii()]
    return bool(chinese) and re.search("|".join(chinese), text) is not None


def _counted(text: str, today: date) -> Period | None:
    match = _COUNTED.search(text)
    if match:
        count = read_quantity(match["n"]) if match["n"] else 1
        days = _UNITS[match["unit"]] * (count or 1)
    else:
        match = _COUNTED_ZH.search(text)
        if not match:
            return None
        days = _UNITS_ZH[match["unit"]] * (read_quantity(match["n"]) or 1)
    return Period(today - (min(max(int(days), 1), 3660) - 1) * DAY, today)


def _holiday(text: str, today: date) -> Period | None:
    for words, period in _HOLIDAYS:
        if re.search(words, text):
            year = _year_said(text, today)
            if year:
                return period(year)
            found = period(today.year)
            return found if found.first <= today else period(today.year - 1)
    return None


def _month(text: str, today: date) -> Period | None:
    match = _MONTH.search(text)
    if match:
        month = _MONTHS[match["a"] or match["b"]]
        year = int(match["year"]) if match["year"] else None
    else:
        match = _MONTH_ZH.search(text)
        number = read_quantity(match["month"]) if match else None
        if not match or number is None or not 1 <= number <= 12:
            return None
        month, year = int(number), _chinese_year(match["year"], today)
    found = month_of(year or today.year, month)
    if year is None and found.first > today:
        found = month_of(today.year - 1, month)
    return Period(found.first, today) if _SINCE.search(text) else found


def _chinese_year(words: str | None, today: date) -> int | None:
    spoken = {"今": 0, "去": 1, "前": 2}
    if words is None:
        return None
    return today.year - spoken[words] if words in spoken else int(words)


def _year(text: str, today: date) -> Period | None:
    match = _YEAR.search(text)
    if not match:
        return None
    year = int(match["a"] or match["b"])
    return Period(date(year, 1, 1), date(year, 12, 31))


def _year_said(text: str, today: date) -> int | None:
    match = re.search(r"\b(20\d\d)\b|(20\d\d)年", text)
    if match:
        return int(match[1] or match[2])
    return today.year - 1 if re.search(r"last year|去年", text) else None


def _between(text: str, today: date) -> Period | None:
    """Two days with a word between them, or several days of one month."""
    match = _DAYS_OF_ONE_MONTH.search(text)
    if match:
        month = _MONTHS[match["m"] or match["n"]]
        return _ordered(
            _near(today, month, int(match["d1"] or match["d3"])),
            _near(today, month, int(match["d2"] or match["d4"])),
        )
    match = _DAYS_OF_ONE_MONTH_ZH.search(text)
    if match:
        month = int(match["m"])
        return _ordered(
            _near(today, month, int(match["d1"])), _near(today, month, int(match["d2"]))
        )
    days = _days(text, today)
    return _ordered(days[0], days[1]) if len(days) > 1 else None


def _explicit_days(text: str, today: date) -> Period | None:
    days = _days(text, today)
    if not days:
        return None
    return Period(days[0], max(days[0], today)) if _SINCE.search(text) else _day(days[0])


def _days(text: str, today: date) -> list[date]:
    found: list[tuple[int, date | None]] = [
        (m.start(), _date(int(m[1]), int(m[2]), int(m[3]))) for m in _ISO.finditer(text)
    ]
    for m in _ENGLISH_DAY.finditer(text):
        month, day = _MONTHS[m["m1"] or m["m2"]], int(m["d1"] or m["d2"])
        year = m["year"]
        found.append(
            (m.start(), _date(int(year), month, day) if year else _near(today, month, day))
        )
    for m in _CHINESE_DAY.finditer(text):
        month, day, year = int(m["m"]), int(m["d"]), m["year"]
        found.append(
            (m.start(), _date(int(year), month, day) if year else _near(today, month, day))
        )
    return [day for _, day in sorted(found, key=lambda pair: pair[0]) if day]


def _weekday(text: str, today: date) -> Period | None:
    for place, (english, chinese) in enumerate(_WEEKDAYS):
        short = rf"\b(?:on|last|since) {english[:3]}\b"  # "sun" alone may be a hat's
        if re.search(rf"\b{english}\b|{short}|(?:周|星期|礼拜)[{chinese}]", text):
            day = today - ((today.weekday() - place) % 7) * DAY
            return Period(day, today) if _SINCE.search(text) else _day(day)
    return None


def _ordered(first: date | None, last: date | None) -> Period | None:
    if first is None or last is None:
        return None
    if last < first and last.year == first.year:  # "15 December to 5 January"
        first = first.replace(year=first.year - 1) if (first.month, first.day) != (2, 29) else first
    return Period(first, last) if first <= last else Period(last, first)


def _near(today: date, month: int, day: int) -> date | None:
    """The last such day that is not in the future."""
    this_year = _date(today.year, month, day)
    if this_year and this_year <= today:
        return this_year
    return _date(today.year - 1, month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day(day: date) -> Period:
    return Period(day, day)


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


def _last_weekend(day: date) -> Period:
    saturday = day - ((day.weekday() - 5) % 7) * DAY
    return Period(saturday, min(saturday + DAY, day) if day > saturday else saturday)


def _month_back(day: date, months: int) -> Period:
    count = day.year * 12 + day.month - 1 - months
    return month_of(count // 12, count % 12 + 1)


def _quarter_back(day: date, quarters: int) -> Period:
    count = day.year * 4 + (day.month - 1) // 3 - quarters
    first = date(count // 4, count % 4 * 3 + 1, 1)
    return Period(first, month_of(first.year, first.month + 2).last)


def _thanksgiving(year: int) -> date:
    first = date(year, 11, 1)
    return first + ((3 - first.weekday()) % 7 + 21) * DAY
