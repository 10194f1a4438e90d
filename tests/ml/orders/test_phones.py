"""Phone numbers of many countries and styles."""

import pytest

from ml.orders.phones import read_phone


@pytest.mark.parametrize(
    ("text", "chinese", "number"),
    [
        ("13812345678", True, "+8613812345678"),
        ("138-1234-5678", False, "+8613812345678"),
        ("+86 138 1234 5678", False, "+8613812345678"),
        ("一三八零零一三八零零零", True, "+8613800138000"),
        ("0571-87654321", True, "+8657187654321"),
        ("(415) 555-2671", False, "+14155552671"),
        ("07400 123456", False, "+447400123456"),
        ("+44 (0)20 7946 0833", False, "+442079460833"),
        ("0044 20 7946 0833", False, "+442079460833"),
        ("+886 912 345 678", True, "+886912345678"),
        ("12345", False, ""),
        ("", False, ""),
        ("call me", False, ""),
    ],
)
def test_a_phone_becomes_e164_or_nothing(text: str, chinese: bool, number: str) -> None:
    assert read_phone(text, chinese) == number
