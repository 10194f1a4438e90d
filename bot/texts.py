"""The sentences that carry data, from texts.yml, and numbers, money and dates as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

from bot.conversation.messages import Language

_LOCALES = {Language.EN: "en_US", Language.ZH: "zh_Hans_CN"}
_DAY = {Language.EN: "d MMM y", Language.ZH: "y年M月d日"}
_MOMENT = {Language.EN: "d MMM, HH:mm", Language.ZH: "M月d日 HH:mm"}


def say(key: str, language: Language, **fields: object) -> str:
    """The text of a key in a language, with its fields filled in."""
    return texts()[key][language].format(**fields)


@lru_cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by key and language."""
    path = Path(__file__).with_name("texts.yml")
    found: Mapping[str, Mapping[str, str]] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return {
        key: {name: text.rstrip("\n") for name, text in of.items()} for key, of in found.items()
    }


def money(cents: int, currency: str, language: Language) -> str:
    """An amount in the shop's currency."""
    # "US$" would be right for zh in general; in a shop's own lists the short sign reads better.
    return format_currency(cents / 100, currency, locale=_LOCALES[language]).replace("US$", "$")


def number(value: float, language: Language) -> str:
    """A number, with its thousands apart."""
    return format_decimal(value, locale=_LOCALES[language])


def percent(share: float, language: Language) -> str:
    """A share of 1 as whole percent."""
    return format_percent(share, "#,##0%", locale=_LOCALES[language])


def day(value: date, language: Language) -> str:
    """A day with its year."""
    return format_date(value, _DAY[language], locale=_LOCALES[language])


def moment(value: datetime, time_zone: str, language: Language) -> str:
    """A day and time on the shop's clock."""
    local = value.astimezone(ZoneInfo(time_zone))
    return format_datetime(local, _MOMENT[language], locale=_LOCALES[language])
