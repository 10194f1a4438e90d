"""What a text claims: numbers, prices, durations, dates, names, addresses and promises, each in one spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """Kinds of claims."""

    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    DATE = "date"
    CLOCK = "clock"
    CONTACT = "contact"
    NAME = "name"
    PRODUCT = "product"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that must stand in a record or a policy; `what` has one spelling per meaning."""

    kind: Kind
    what: str


_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_CURRENCY = r"(?:CN¥|[A-Z]{0,2}\$|[¥￥€£])"
_MONEY = re.compile(
    rf"({_CURRENCY})\s?({_NUMBER})|({_NUMBER})\s?(USD|CNY|EUR|GBP|dollars?|cents?|美元|美分|元|块钱)"
)
_MONEY_RANGE = re.compile(rf"{_CURRENCY}\s?({_NUMBER})\s?[-–—~到至]\s?{_CURRENCY}?\s?({_NUMBER})")
_PERCENT = re.compile(rf"({_NUMBER})\s?(?:%|percent|per cent)|百分之({_NUMBER})")
_FOLD_ZH = re.compile(rf"({_NUMBER})\s?折")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?!\d)")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DATE_EN = re.compile(rf"(\d{{1,2}}) ({'|'.join(_MONTHS)})[a-z]*\.?,? (\d{{4}})", re.IGNORECASE)
_DATE_ZH = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]")
_DATE_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_UNITS = {
    "minute": "minute", "min": "minute", "hour": "hour", "hr": "hour", "day": "day", "working day": "working day",
    "business day": "working day", "week": "week", "month": "month", "year": "year", "分钟": "minute", "小时": "hour",
    "天": "day", "日": "day",
    "个工作日": "working day", "工作日": "working day", "周": "week", "星期": "week", "个星期": "week",
    "个月": "month", "年": "year",
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_DURATION = re.compile(
    rf"({_NUMBER})(?:\s?(?:[-–—~到至]|to)\s?({_NUMBER}))?[\s-]?({_UNIT})(?:s\b|\b|(?=[^a-zA-Z]))",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://\S+|www\.\S+"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:com|cn|net|org|shop|example|io)\b"
    r"|(?<![\w.,$¥])(?:\+\d{1,3} ?)?(?:\(\d{2,4}\) ?)?\d(?:[ .-]?\d){5,13}(?!\w|\.\d)",
    re.IGNORECASE | re.ASCII,
)
_ANY_NUMBER = re.compile(_NUMBER)
_NAME = re.compile(r"\b[A-Z][A-Za-z0-9]*(?:['’&.-][A-Za-z0-9]+)*\b|\b[a-z]+[A-Z]\w*\b", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff]")
_FIRST_WORD = re.compile(r"(?:^|[.!?:;。！？：；\n(（“\"]\s*)$")
_NUMBER_WORDS = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
    r"|ninety|hundred|thousand|half|double|twice)\b|[一两二三四五六七八九十百千半]+(?=个?(?:天|日|周|小时|分钟|月|年|折|元|块|倍|件|工作日))",
    re.IGNORECASE | re.ASCII,
)
_PROMISES = re.compile(
    r"\b(?:free|full refund|guarantee\w*"
    r"|warrant\w*|promis\w*|refund\w*|reimburs\w*|compensat\w*|money[- ]back|always|never|forever"
    r"|lifetime|unlimited|definitely|certainly|surely|absolutely|anytime|any time|no (?:charge|cost|fee|limit|matter)"
    r"|at our (?:cost|expense)|instant\w*|immediate\w*|at once|right away|same[- ]day|overnight|today|tomorrow|tonight"
    r"|every (?:time|case)|cheapest|best price|price match\w*|discount\w*|bonus|gift|voucher|coupon|insured|certified"
    r"|organic|vegan|in stock|sold out|out of stock)\b"
    r"|免费|包邮|免邮|免运费|不收费|保证|担保|承诺|包退|包换|包赔|一定|肯定|绝对|必须|永远|永久|终身|随时|无条件|无理由|全额|全额退款|退款|退钱"
    r"|赔偿|补偿|双倍|立即|马上|立刻|当天|今天|明天|当日|次日|隔天|最低价|价保|保价|优惠|折扣|赠送|赠品|有货|现货|缺货|售罄|正品|有机",
    re.IGNORECASE | re.ASCII,
)
_COURIERS = re.compile(
    r"\b(?:ups|usps|fedex|dhl|tnt|dpd|gls|ems|hermes|evri|royal mail|swiftpost|bluebird|xunda|sf express|yto|zto|sto)\b"
    r"|顺丰|中通|圆通|申通|韵达|极兔|京东|邮政|德邦|百世|菜鸟|丰巢|迅达|蓝鸟",
    re.IGNORECASE | re.ASCII,
)


def claims_in(
    text: str, products: Iterable[str] = (), *, evidence: bool = False
) -> frozenset[Claim]:
    """Every claim of a text; `products` are the names by which the shop's products are called.

    A word that begins a sentence has its capital letter for that, and is a name in `evidence` only.
    """
    # A full-width comma parts numbers, where a plain one groups their digits.
    plain = unicodedata.normalize("NFKC", text.replace("，", "; "))
    return frozenset((*_found(plain), *_names(plain, evidence), *_named(plain, products)))


def _names(text: str, first_too: bool) -> Iterator[Claim]:
    for found in _COURIERS.finditer(text):
        yield Claim(Kind.NAME, found.group().lower())
    for found in _NAME.finditer(text):
        capital_only = found.group().istitle() and not _HAN.search(text)
        if first_too or not (capital_only and _FIRST_WORD.search(text[: found.start()])):
            yield Claim(Kind.NAME, found.group().lower())


def _found(text: str) -> Iterator[Claim]:
    for found in _CONTACT.finditer(text):
        yield Claim(Kind.CONTACT, _contact(found.group()))
    yield from _money_and_percent(text)
    yield from _times(text)
    for found in _ANY_NUMBER.finditer(text):
        yield Claim(Kind.NUMBER, _plain(found.group()))
    for found in _NUMBER_WORDS.finditer(text):
        yield Claim(Kind.NUMBER, found.group().lower())
    for found in _PROMISES.finditer(text):
        yield Claim(Kind.PROMISE, found.group().lower())


def whole_number(text: str) -> str | None:
    """The number that a text is, where it is nothing else."""
    return _plain(text.strip()) if _ANY_NUMBER.fullmatch(text.strip()) else None


def _money_and_percent(text: str) -> Iterator[Claim]:
    for found in _MONEY_RANGE.finditer(text):
        yield Claim(Kind.MONEY, f"{_plain(found.group(1))}-{_plain(found.group(2))}")
    for found in _MONEY.finditer(text):
        yield Claim(Kind.MONEY, _plain(found.group(2) or found.group(3)))
    for found in _PERCENT.finditer(text):
        yield Claim(Kind.PERCENT, _plain(found.group(1) or found.group(2)))
    for found in _FOLD_ZH.finditer(text):
        yield Claim(Kind.PERCENT, f"{_plain(found.group(1))}折")


def _times(text: str) -> Iterator[Claim]:
    for found in _CLOCK.finditer(text):
        yield Claim(Kind.CLOCK, f"{int(found.group(1)):02}:{found.group(2)}")
    for found in _DATE_EN.finditer(text):
        month = _MONTHS.index(found.group(2)[:3].lower()) + 1
        yield Claim(Kind.DATE, f"{found.group(3)}-{month:02}-{int(found.group(1)):02}")
    for pattern in (_DATE_ZH, _DATE_ISO):
        for found in pattern.finditer(text):
            year, month, day = map(int, found.groups())
            yield Claim(Kind.DATE, f"{year}-{month:02}-{day:02}")
    for found in _DURATION.finditer(text):
        low, high = _plain(found.group(1)), _plain(found.group(2) or found.group(1))
        yield Claim(Kind.DURATION, f"{low}-{high} {_UNITS[found.group(3).lower()]}")


def _named(text: str, products: Iterable[str]) -> Iterator[Claim]:
    lower = text.lower()
    for name in _lowered(tuple(products)):
        if name in lower and re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", lower):
            yield Claim(Kind.PRODUCT, name)


@lru_cache(maxsize=64)
def _lowered(names: tuple[str, ...]) -> tuple[str, ...]:
    plain = {unicodedata.normalize("NFKC", name).strip().lower() for name in names}
    return tuple(sorted(plain - {""}))


def _plain(number: str) -> str:
    return f"{Decimal(number.replace(',', '')).normalize():f}"


def _contact(text: str) -> str:
    if not re.fullmatch(r"[\d\s().+-]+", text):
        return text.lower().rstrip(".,;)")
    return re.sub(r"\D", "", text)
