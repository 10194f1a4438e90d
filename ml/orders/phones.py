"""Reads phone numbers of many countries and styles with `phonenumbers`."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from ml.orders.tokens import fold

_CHINESE_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_SPOKEN_DIGITS = str.maketrans("〇零一二三四五六七八九幺", "001234567891")
_ENGLISH_REGIONS = ("US", "GB", "AU", "CA", "IN", "SG", "NZ", "IE")
_CHINESE_REGIONS = ("CN", "HK", "TW", "SG", "MY")


@lru_cache(maxsize=8192)
def read_phone(text: str, chinese: bool) -> str:
    """The number in E.164, or nothing when no region makes it a possible number."""
    spoken = fold(text).translate(_SPOKEN_DIGITS)
    cleaned = re.sub(r"[^\d+]", "", spoken.split("ext")[0].replace("(0)", ""))
    if not 6 <= len(cleaned) <= 18:
        return ""
    if cleaned.startswith("00"):
        cleaned = "+" + cleaned[2:]
    if _CHINESE_MOBILE.fullmatch(cleaned):
        return "+86" + cleaned[-11:]
    regions = _CHINESE_REGIONS if chinese else _ENGLISH_REGIONS
    return _first_valid(cleaned, regions + (_ENGLISH_REGIONS if chinese else _CHINESE_REGIONS))


def _first_valid(cleaned: str, regions: tuple[str, ...]) -> str:
    for region in regions:
        try:
            number = phonenumbers.parse(cleaned, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if cleaned.startswith("+"):
            return ""
    return ""
