"""What the entity model sees of a text: units (a Han sign, or a token), each with a list of named features."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from nlu.tokenizer import HAN, MEASURE, NUMERAL, folded, spans, word_class

LISTS = Path(__file__).with_name("lists.yml")
IS_HAN = re.compile(f"[{HAN}]")
GOODS = "goods"

# Every repeat is bounded: a text of thousands of digits costs no more than any other.
DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
SMALL = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|hundred|half|dozen)"
)
LENGTH = r"(?:hours?|days?|nights?|weeks?|weekends?|months?|quarters?|years?|seasons?|mornings?|afternoons?|evenings?)"
COUNT = rf"(?:\d{{1,4}}|an?|few|couple of|{SMALL})"
AMOUNT = r"\d{1,6}(?:\.\d{1,2})?"
ZH_COUNT = rf"(?:{AMOUNT}|[{NUMERAL}]{{1,6}})"
ZH_LENGTH = "(?:年|季度|季|个季度|个月|月|周|个星期|星期|礼拜|天|日|个小时|小时|分钟)"
ZH_HOUR = "(?:早上|上午|中午|下午|晚上|早|晚)?"
ROAD = (
    "(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|boulevard|blvd|way|square|sq|close|place|terrace"
    "|crescent|row|hill|park|gardens?)"
)
TITLE = "(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam|aunt|auntie|uncle)"

# By name, what is searched for in the folded text in small letters; a match marks its units.
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "code": (
        r"[a-z]{1,5}[-_]?\d{3,20}(?:[-_]?[a-z0-9]{1,20}){0,4}",
        r"(?<![\w.$€£¥])\d{8}-\d{3,6}",
        r"(?<![\w.$€£¥])\d{4,20}(?![\w.%])",
    ),
    "date": (
        rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}\b(?:,? \d{{4}}\b)?",
        rf"{MONTH}\b\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?",
        r"\b\d{1,2}(?:st|nd|rd|th)\b",
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|(?<!\d)\d{1,2}[/.]\d{1,2}(?![\d%])",
        r"\bq[1-4]\b(?: \d{4}\b)?|\bh[12]\b|(?<![\d-])(?:19|20)\d\d(?![\d-])",
        rf"(?:\d{{2,4}}年)?{ZH_COUNT}月(?:份|底|初|中旬|上旬|下旬)?(?:{ZH_COUNT}[日号])?",
        rf"\d{{2,4}}年|{ZH_COUNT}号(?!线|楼)",
    ),
    "window": (
        r"\b(?:last|past|next|this|previous|coming|current|these|following)"
        rf"(?: {COUNT})? (?:{LENGTH}|{DAY}|{MONTH})\b",
        r"\b(?:month|year|quarter|week) to date\b|\bytd\b|\bmtd\b",
        rf"\b(?:yesterday|tomorrow|today|this|{DAY}) (?:morning|afternoon|evening|night|noon)\b",
        r"\bday (?:before yesterday|after tomorrow)\b",
        rf"[上下这本前近过去今当]{{1,3}}(?:{ZH_COUNT})?个?(?:年|季度|季|月|周末|周|星期|礼拜|天|旬)[一二三四五六日天末初底]?{ZH_HOUR}",
        rf"最近(?:{ZH_COUNT}){ZH_LENGTH}|(?:[今明昨前后]|大前|大后)[天日早晚]{ZH_HOUR}",
        rf"(?:周|星期|礼拜)[一二三四五六日天末]{ZH_HOUR}|第?[一二三四1-4]季度|[上下]半[年月]",
    ),
    "length": (
        rf"\b{COUNT}[ -]?(?:business |working )?{LENGTH}\b",
        rf"{ZH_COUNT}[多几]?{ZH_LENGTH}",
    ),
    "discount": (
        rf"{AMOUNT} ?(?:%|percent|per cent|pct)(?: off| discount| cashback)?(?: (?:for )?orders over [$€£]?\d{{1,6}})?",
        rf"[$€£¥]{AMOUNT} off(?: (?:orders? )?over [$€£]?\d{{1,6}}| [$€£]?\d{{1,6}}\+?)?",
        rf"\b(?:{AMOUNT}|{SMALL}) (?:dollars|bucks|pounds|euros?|usd|eur) off\b|\b\d{{1,6}} off \d{{1,6}}\b",
        rf"\bbuy (?:\d|{SMALL})[ ,]*(?:and )?(?:get|pay(?: for)?) (?:\d|{SMALL}|the second one|another|the second)"
        r"(?: (?:for )?(?:free|half price|half off|\d{1,2}% off))?",
        rf"\bbogo\b|\bb\dg\d\b|\b(?:\d|{SMALL}) for (?:the price of )?(?:\d|{SMALL})\b",
        r"\bhalf[ -](?:price|off)\b|\b(?:double|triple) points\b",
        rf"(?:{ZH_COUNT}件)?(?:[\d.]{{1,3}}|[一二三四五六七八九]{{1,2}})折",
        rf"满{ZH_COUNT}[元块件]?(?:[减送返赠打]|立减|包邮)(?:{ZH_COUNT}[元块折]?)?",
        rf"买{ZH_COUNT}件?[送免赠付]{ZH_COUNT}|第[二三2]件(?:半价|[\d一二三四五六七八九]折|0元)",
        rf"半价|立减{ZH_COUNT}[元块]?|减{ZH_COUNT}[元块]?|[双三]倍积分",
    ),
    "money": (
        rf"[$€£¥]\s?{AMOUNT}",
        rf"{AMOUNT} ?(?:dollars|bucks|pounds|euros?|usd|eur|rmb|cny|元|块钱|块|欧|刀|美元)",
    ),
    "counted": (
        rf"{ZH_COUNT}(?=[{MEASURE}])",
        r"\bhalf a dozen\b|\ba dozen\b|\b(?:a couple|a pair)(?= of)",
    ),
    "number": (AMOUNT, rf"[{NUMERAL}]{{1,6}}", rf"\b{SMALL}\b"),
    "named": (rf"\b{TITLE}\b\.? [^\W\d_][\w'’-]{{0,20}}",),
    "address": (
        rf"\b\d{{1,5}}[a-z]? (?:[a-z.]{{1,15}} ){{0,3}}{ROAD}\b(?:,? (?:apt|unit|flat|suite|no)\.? ?\w{{1,5}})?"
        r"(?:, [a-z .'-]{1,30}){0,2}",
        rf"[{HAN}]{{2,4}}[省市区县镇路街道巷村]|(?:小区|大厦|广场|花园|公寓|学校|大学|医院)|\d{{1,4}}[号弄栋幢楼室]",
    ),
}


@dataclass(frozen=True)
class Unit:
    """`text[start:end]`: a Han sign, or a token. `word` is the word it stands in, `place` where in it (BIES)."""

    start: int
    end: int
    form: str
    word: str
    place: str
    kind: str
    shape: str


def units(text: str) -> list[Unit]:
    """The units of a text, in order; entities begin and end at units."""
    return [unit for start, end in spans(text) for unit in _units_of(text, start, end)]


def _units_of(text: str, start: int, end: int) -> Iterator[Unit]:
    word = folded(text[start:end])
    low = word.lower()
    if not IS_HAN.match(word):
        low = low.removesuffix(".") or low
        yield Unit(start, end, low, low, "S", "", _shape(word))
        return
    kind, last = word_class(word), end - start - 1
    for number, sign in enumerate(word):
        place = "S" if not last else {0: "B", last: "E"}.get(number, "I")
        yield Unit(start + number, start + number + 1, sign, word, place, kind, "汉")


def _shape(word: str) -> str:
    """`SC-10234` becomes `XX-ddd`: a letter for the kind of each sign, runs cut at three."""
    kinds = (
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return re.sub(r"(.)\1{3,}", r"\1\1\1", "".join(kinds))


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    """The patterns and the lists, compiled."""
    made = {name: re.compile("|".join(parts)) for name, parts in PATTERNS.items()}
    lists: Mapping[str, str] = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    return made | {name: _list_pattern(name, entries) for name, entries in lists.items()}


def _list_pattern(name: str, entries: str) -> re.Pattern[str]:
    terms = {folded(term.strip()) for term in entries.split(",")}
    ordered = [re.escape(term) for term in sorted(terms, key=lambda term: (-len(term), term))]
    latin = "|".join(term for term in ordered if not IS_HAN.search(term))
    han = "|".join(term for term in ordered if IS_HAN.search(term))
    plural = "(?:s|es)?" if name == GOODS else ""
    return re.compile(rf"(?<!\w)(?:{latin}){plural}(?!\w)|{han}")


def _marks(text: str, row: list[Unit], goods: bool) -> list[list[str]]:
    """For every unit the patterns that match there: `name:B` on a match's first unit, `name:I` on the others."""
    plain = "".join(c.lower() if len(c.lower()) == 1 else c for c in folded(text))
    first = {unit.start: number for number, unit in enumerate(row)}
    marks: list[list[str]] = [[] for _ in row]
    for name, pattern in _patterns().items():
        for match in pattern.finditer(plain) if goods or name != GOODS else ():
            number = start = first.get(match.start(), len(row))
            while number < len(row) and row[number].end <= match.end():
                marks[number].append(f"{name}:{'B' if number == start else 'I'}")
                number += 1
            if number > start:
                marks[number - 1].append(f"{name}:E")
    return marks


def features(
    text: str, row: list[Unit], intent: str | None = None, *, goods: bool = True
) -> list[list[str]]:
    """One list of features for every unit of `row`: also the intent, where it is known, and the list of `goods`."""
    marks = _marks(text, row, goods)
    forms = ["<s>"] * 3 + [unit.form for unit in row] + ["</s>"] * 3
    common = ["1", f"i={intent}"] if intent else ["1"]
    return [
        [
            *common,
            *_window(forms[number : number + 7]),
            *_own(row[number], forms[number + 1 : number + 6]),
            *_words_around(row, number),
            *_marks_around(marks, number),
            *_neighbours(row, number),
        ]
        for number in range(len(row))
    ]


def _window(f: list[str]) -> list[str]:
    """The unit, in the middle of seven, and those around it."""
    return [
        *(f"{place - 3}={form}" for place, form in enumerate(f)),
        f"-1,0={f[2]} {f[3]}",
        f"0,1={f[3]} {f[4]}",
        f"-2,-1={f[1]} {f[2]}",
        f"1,2={f[4]} {f[5]}",
        f"-1,1={f[2]} {f[4]}",
    ]


def _own(unit: Unit, f: list[str]) -> list[str]:
    """The unit's form, in the middle of five, and its word."""
    out = [f"shape={unit.shape}", f"place={unit.place}"]
    if unit.kind:
        out += [f"w={unit.word}", f"w,p={unit.word} {unit.place}", f"wlast={unit.word[-1]}"]
        out += [f"k={unit.kind}", f"k,p={unit.kind} {unit.place}", f"len={len(unit.word)}"]
        out += [f"tri{at}={''.join(f[at : at + 3])}" for at in range(3)]
    elif unit.form.isalpha():
        long = [n for n in (1, 2, 3, 4) if len(unit.form) > n]
        out += [f"p{n}={unit.form[:n]}" for n in long if n > 1]
        out += [f"s{n}={unit.form[-n:]}" for n in long]
    else:
        out.append(f"dl={len(unit.form)}")
    return out


def _words_around(row: list[Unit], number: int) -> list[str]:
    """The words before and after the unit's own word."""
    left = right = number
    while row[left].place in "IE":
        left -= 1
    while row[right].place in "BI":
        right += 1
    last = row[left - 1].word if left else "<s>"
    following = row[right + 1].word if right + 1 < len(row) else "</s>"
    return [f"last={last}", f"next={following}", f"last,next={last} {following}"]


def _marks_around(marks: list[list[str]], number: int) -> list[str]:
    """The unit's marks, alone and together, and those of two units on either side."""
    out = [
        f"{at - number}m={mark}"
        for at in range(max(0, number - 2), number + 3)
        if at < len(marks)
        for mark in marks[at]
    ]
    return [*out, f"mm={'|'.join(marks[number])}"] if len(marks[number]) > 1 else out


def _neighbours(row: list[Unit], number: int) -> list[str]:
    """Shapes, parts of speech and endings of the units around."""
    out = []
    for step in (-2, -1, 1, 2):
        if 0 <= number + step < len(row):
            near = row[number + step]
            out.append(f"{step}shape={near.shape}")
            if near.kind:
                out.append(f"{step}k={near.kind}")
            elif near.form.isalpha() and abs(step) == 1:
                out += [f"{step}s2={near.form[-2:]}", f"{step}s3={near.form[-3:]}"]
    return out
