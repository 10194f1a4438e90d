"""Reads quantities and prices as people write them: 2x, a dozen, twenty-five, 两箱, 十二, 半打, ￥12.5."""

from __future__ import annotations

import re
from functools import lru_cache

import cn2an
from text_to_num import text2num

from ml.orders.tokens import fold
from ml.orders.types import Quantity

_PLAIN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_HAN_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万廿卅]+")
_HAN_SPECIAL = {"俩": 2, "仨": 3, "半": 0.5, "廿": 20, "卅": 30, "双": 2}
_ENGLISH_SPECIAL = {
    "a": 1,
    "an": 1,
    "single": 1,
    "both": 2,
    "couple": 2,
    "pair": 2,
    "half": 0.5,
    "dozens": 12,
}
_FILLER = {"of", "the", "just", "only", "about", "and", "x", "another", "more", "extra"}
LARGEST = 1_000_000


def whole(number: float) -> Quantity:
    """2.0 is shown as 2."""
    return int(number) if number == int(number) else number


@lru_cache(maxsize=16384)
def read_quantity(text: str) -> Quantity | None:
    """The number meant by `text`, or None: never a guess, never zero or less."""
    folded = fold(text).lower().strip().translate(_FORMAL)
    number = _read_plain(folded)
    if number is None:
        number = _read_han(folded)
    if number is None:
        number = _read_english(folded)
    return whole(number) if number is not None and 0 < number <= LARGEST else None


def _read_plain(text: str) -> float | None:
    match = _PLAIN.search(text)
    if not match:
        return None
    number = float(match.group().replace(",", ""))
    rest = text[match.end() :]
    if re.match(r"\s*(?:dozens?|dz|打)", rest):
        number *= 12
    return number


def _read_han(text: str) -> float | None:
    dozen = 12 if "打" in text else 1
    half = "半" in text
    match = _HAN_NUMBER.search(text)
    if match:
        number = _han_number(match.group())
        if number is None:
            return None
        after = text[match.end() :]
        return (number + (0.5 if half and "半" in after else 0)) * dozen
    for character, number in _HAN_SPECIAL.items():
        if character in text:
            return number * dozen
    return 12.0 if text == "打" else None


def _han_number(text: str) -> float | None:
    try:
        return float(cn2an.cn2an(text.replace("廿", "二十").replace("卅", "三十"), "smart"))
    except ValueError:
        return None


def _read_english(text: str) -> float | None:
    words = [w for w in re.findall(r"[a-z]+", text) if w not in _FILLER]
    if not words:
        return None
    dozen = 12 if words[-1] in ("dozen", "dozens", "dz") else 1
    if dozen == 12:
        words = words[:-1] or ["a"]
    if words in (["half", "a"], ["half"]):
        return 0.5 * dozen
    if len(words) > 1 and words[0] in ("a", "an"):
        words = words[1:]
    if len(words) == 1 and words[0] in _ENGLISH_SPECIAL:
        return _ENGLISH_SPECIAL[words[0]] * dozen
    try:
        return float(text2num(" ".join(words), "en")) * dozen
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def read_cents(text: str) -> int | None:
    """￥12.5, $3, 十二块五, 12元, 5 dollars -> cents."""
    folded = fold(text).lower()
    match = _PLAIN.search(folded)
    if match:
        cents = round(float(match.group().replace(",", "")) * 100)
        if re.fullmatch(r"\s*(?:cents?|p|分|毛)\W*", folded[match.end() :] or " "):
            cents = cents // (10 if "毛" in folded else 100)
        tail = re.match(r"\s*[块元](\d)\b", folded[match.end() :])
        return cents + (int(tail.group(1)) * 10 if tail else 0)
    return _spoken_cents(folded)


def _spoken_cents(text: str) -> int | None:
    match = re.search(r"([零一二两三四五六七八九十百千万]+)[块元]([一二两三四五六七八九半])?", text)
    if match:
        units = _han_number(match.group(1))
        tenths = {"半": 5.0}.get(match.group(2) or "") or (
            _han_number(match.group(2)) if match.group(2) else 0
        )
        return None if units is None else round(units * 100 + (tenths or 0) * 10)
    number = _read_english(re.sub(r"\b(dollars?|bucks?|pounds?|quid|euros?|each)\b", " ", text))
    return round(number * 100) if number is not None else None
