"""Every text is there in both languages, with the same fields, and every key that code says exists."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

from bot.conversation.messages import Language
from bot.settings import ROOT
from bot.texts import day, moment, money, percent, say, texts

FOLDERS = ("bot/skills", "actions")


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", list(texts()))
def test_a_text_has_both_languages_and_the_same_fields(key: str) -> None:
    """A field that one language lacks would be a number nobody sees."""
    found = texts()[key]
    assert set(found) == set(Language)
    assert _fields(found["en"]) == _fields(found["zh"])
    assert (found["en"] == "") == (found["zh"] == "")


def test_every_key_that_code_says_exists() -> None:
    """Keys put together from parts are covered by the conversations of tests/actions."""
    said: set[str] = set()
    for folder in FOLDERS:
        for path in Path(ROOT / folder).rglob("*.py"):
            said |= set(re.findall(r"""\bsay\(\s*"(\w+)\"""", path.read_text("utf-8")))
    assert said
    assert said <= set(texts())


def test_the_chinese_texts_are_chinese() -> None:
    """Names that stay Latin aside, no text was left untranslated."""
    same = [key for key, found in texts().items() if found["en"] and found["en"] == found["zh"]]
    assert same == []


def test_money_dates_and_shares_follow_the_language() -> None:
    """Babel knows how; the sign of the dollar stays short."""
    assert money(123456, "USD", Language.EN) == "$1,234.56"
    assert money(123456, "USD", Language.ZH) == "$1,234.56"
    assert day(date(2026, 11, 3), Language.EN) == "3 Nov 2026"
    assert day(date(2026, 11, 3), Language.ZH) == "2026年11月3日"
    assert percent(0.123, Language.EN) == "12%"
    late = datetime(2026, 11, 3, 20, 30, tzinfo=UTC)
    assert moment(late, "Asia/Shanghai", Language.ZH) == "11月4日 04:30"


def test_a_text_is_filled_in() -> None:
    """Fields stand in braces."""
    assert (
        say("status_no_such", Language.EN, number="SC-1") == "There is no order SC-1 in this shop."
    )
