"""Typed facts: read as people write them, told in the reader's language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import Language
from bot.skills.answers.facts import BadFact, Words, parse_fact, to_text


@pytest.mark.parametrize(
    ("raw", "english", "chinese"),
    [
        ("30 days", "30 days", "30 天"),
        ("1 day", "1 day", "1 天"),
        ("3-5 working days", "3-5 working days", "3-5 个工作日"),
        ("1–2 business days", "1-2 working days", "1-2 个工作日"),
        ("24 hours", "24 hours", "24 小时"),
        ("6 months", "6 months", "6 个月"),
        ("4.90 USD", "$4.90", "$4.90"),
        ("60 USD", "$60", "$60"),
        ("5-8 USD", "$5-$8", "$5-$8"),
        ("199 CNY", "CN¥199", "¥199"),
        ("10 %", "10%", "10%"),
        ("9:00-18:00", "09:00-18:00", "09:00-18:00"),
        ("2026-11-27", "27 Nov 2026", "2026年11月27日"),
        ("500", "500", "500"),
        ("2015", "2015", "2015"),
        ("+1 503 555 0100", "+1 503 555 0100", "+1 503 555 0100"),
        ("5035550100", "5035550100", "5035550100"),
        ("hello@example.com", "hello@example.com", "hello@example.com"),
        ({"en": "bank transfer", "zh": "银行转账"}, "bank transfer", "银行转账"),
        (["A", {"en": "b", "zh": "乙"}], "A and b", "A和乙"),
        (["A", "B", "C"], "A, B, and C", "A、B和C"),
    ],
)
def test_a_fact_is_told_in_the_readers_language(raw: object, english: str, chinese: str) -> None:
    """Durations, money, percent, hours, dates, counts, texts and lists."""
    value = parse_fact(raw)
    assert value.render(Language.EN) == english
    assert value.render(Language.ZH) == chinese


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "5-3 days",
        "25:00-26:00",
        "2026-02-30",
        [],
        {"en": "only"},
        "x" * 501,
        {"fr": "x"},
    ],
)
def test_a_value_that_cannot_be_a_fact_is_refused(raw: object) -> None:
    """With a reason; nothing is guessed."""
    with pytest.raises(BadFact):
        parse_fact(raw)


@given(st.text(max_size=60))
def test_any_text_is_a_fact_or_refused_and_survives_writing(text: str) -> None:
    """What is written back reads the same."""
    try:
        value = parse_fact(text)
    except BadFact:
        return
    assert parse_fact(to_text(value)) == value


@given(
    st.decimals(min_value=0, max_value=99_999, places=2),
    st.sampled_from(["USD", "CNY", "EUR"]),
)
def test_money_keeps_every_cent(amount: object, currency: str) -> None:
    """An amount is told with its own digits, in both languages."""
    value = parse_fact(f"{amount} {currency}")
    assert not isinstance(value, Words)
    for language in Language:
        digits = "".join(ch for ch in value.render(language) if ch in "0123456789.")
        assert float(digits) == float(str(amount))
