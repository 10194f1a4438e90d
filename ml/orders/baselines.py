"""What the tagger must beat: a CRF over strong hand-made features, and rules with `rapidfuzz`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from ml.orders.catalogue import Catalogue
from ml.orders.tokens import fold
from ml.orders.types import Label, Span

_LABELLED = {
    Label.BUYER: r"name|buyer|customer|recipient|ship to|收件人|收货人|姓名|买家|联系人|名字",
    Label.PHONE: r"phone|tel|mobile|cell|contact(?: number)?|whatsapp|电话|手机号?|联系电话|联系方式|手机号码",
    Label.ADDRESS: r"address|addr|ship(?:ping)? address|deliver(?:y)? address|地址|收货地址|收件地址|所在地区|详细地址",
    Label.PAYMENT: r"payment|pay(?:ing)?(?: by| with)?|付款|支付方式|付款方式",
    Label.DELIVERY: r"delivery|deliver by|送货时间|配送时间|发货时间|配送|送达",
    Label.NOTE: r"notes?|remarks?|comments?|备注|留言|要求",
}
_VALUE = {
    label: re.compile(rf"(?:^|[\n\t;；,，])\s*(?:{words})\s*[:：]\s*([^\n\t;；]+)", re.IGNORECASE)
    for label, words in _LABELLED.items()
}
_PHONE = re.compile(r"(?<![\d.])\+?\(?\d[\d\-()\s.]{7,17}\d(?!\d)")
_ENGLISH_ADDRESS = re.compile(
    r"\b\d{1,5}[a-z]? (?:[A-Z0-9][\w.'’]*,? ){1,4}(?:St|Street|Ave|Avenue|Rd|Road|Dr|Drive|Ln|Lane|Blvd|Way|Court|Ct"
    r"|Place|Pl|Close|Terrace|Crescent|Highway|Hwy|Parkway)\b[^\n;]{0,60}",
    re.IGNORECASE,
)
_CHINESE_ADDRESS = re.compile(
    r"[^\s,，:：;；。]{2,10}[省市区县][^\n;；。]{2,40}?(?:号|室|楼|单元|栋|幢)(?:[\dA-Za-z\-]*[号室楼])*"
)
_PAYMENT = re.compile(
    r"cash on delivery|\bcod\b|paypal|credit card|debit card|bank transfer|apple pay|\bcash\b|venmo|alipay|wechat pay"
    r"|货到付款|微信(?:支付|转账|付款)?|支付宝|银行转账|转账|现金|刷卡",
    re.IGNORECASE,
)
_DELIVERY = re.compile(
    r"\b(?:by|before|after|on) (?:next )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:after|before|by) \d{1,2}(?::\d\d)? ?[ap]m\b"
    r"|\b(?:tomorrow|tonight|asap|this weekend)\b|(?:下?周|星期)[一二三四五六日天]?(?:之?前|后|送|下午|上午)+|(?:今天|明天|后天|周末)(?:上午|下午|晚上)?(?:之?前|送到?)?",
    re.IGNORECASE,
)
_NUMBER = (
    r"\d+|half a dozen|a dozen|a couple(?: of)?|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty)"
    r"(?: dozen)?|[一二两三四五六七八九十俩半]+打?"
)
_UNIT = r"(?:箱|盒|件|个|包|瓶|袋|双|套|条|支|只|斤|罐|台|把|本|张|对|pcs|pieces|pc|packs?|boxes|box|bottles?|bags?|kg|sets?|pairs?|cases?)"
_BEFORE = re.compile(
    rf"^\W*(?:x|×|\*)?\s*(?P<n>{_NUMBER})\s*(?:x|×|\*)?\s*(?P<u>{_UNIT}(?![a-z]))?\s*(?:of\s)?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"[\s(（]*(?:x|×|\*|要|来)?\s*(?P<n>{_NUMBER})\s*(?P<u>{_UNIT}(?![a-z]))?\W*$",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"[$￥¥£€]\s*\d+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?\s*(?:元|块|dollars|bucks|usd|rmb)(?:一?[个件箱盒])?",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"[\n\t;；,，、。!！?？]|\.(?:\s|$)|\band\b|\bplus\b|和|还有|以及|\+", re.IGNORECASE
)
_LEAD = re.compile(
    r"(?:hi|hello|hey|please|pls|can i (?:get|have|order)|i(?:'d| would)? ?(?:like|want|need)(?: to order)?|order|send me|你好|您好|我要|我想要|要|来|麻烦|帮我|请)\s*",
    re.IGNORECASE,
)
_FUZZY = 80.0


class RuleSpans:
    """Regular expressions and fuzzy lookup of catalogue names: what one writes in a day without a model."""

    def find(self, texts: Sequence[str], catalogue: Catalogue) -> list[list[Span]]:
        names = {
            name.lower(): 0
            for item in catalogue.items
            for name in (item.name, item.name_zh, *item.aliases)
            if name
        }
        return [
            sorted(self._spans(fold(text), list(names)), key=lambda s: s.start) for text in texts
        ]

    def _spans(self, text: str, names: Sequence[str]) -> list[Span]:
        taken: list[Span] = []
        for label, pattern in _VALUE.items():
            for match in pattern.finditer(text):
                _add(taken, Span(label, *match.span(1)))
        for label, pattern in (
            (Label.PHONE, _PHONE),
            (Label.ADDRESS, _CHINESE_ADDRESS),
            (Label.ADDRESS, _ENGLISH_ADDRESS),
            (Label.PAYMENT, _PAYMENT),
            (Label.DELIVERY, _DELIVERY),
            (Label.PRICE, _PRICE),
        ):
            for match in pattern.finditer(text):
                _add(taken, Span(label, *match.span()))
        for start, end in _segments(text, taken):
            for span in _line_spans(text, start, end, names):
                _add(taken, span)
        return taken


def _add(taken: list[Span], span: Span) -> None:
    if span.start < span.end and all(span.end <= t.start or span.start >= t.end for t in taken):
        taken.append(span)


def _segments(text: str, taken: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """The stretches between separators that no field has claimed."""
    masked = list(text)
    for span in taken:
        masked[span.start : span.end] = "\n" * (span.end - span.start)
    free, start = "".join(masked), 0
    for match in [*_CUT.finditer(free), None]:
        end = match.start() if match else len(free)
        if free[start:end].strip():
            yield start, end
        start = match.end() if match else end


def _line_spans(text: str, start: int, end: int, names: Sequence[str]) -> list[Span]:
    lead = _LEAD.search(text, start, end)
    if lead:
        start = lead.end()
    words, spans = text[start:end], []
    number = _BEFORE.search(words) or _AFTER.search(words)
    if number:
        spans.append(Span(Label.QUANTITY, start + number.start("n"), start + number.end("n")))
        if number["u"]:
            spans.append(Span(Label.UNIT, start + number.start("u"), start + number.end("u")))
        start, end = (
            (start + number.end(), end)
            if number.start("n") < 3
            else (start, start + number.start())
        )
    item = text[start:end].strip()
    hit = (
        process.extractOne(item.lower(), names, scorer=fuzz.WRatio, score_cutoff=_FUZZY)
        if item
        else None
    )
    if not hit or len(item) < 2:
        return []
    begin = text.index(item, start)
    return [Span(Label.ITEM, begin, begin + len(item)), *spans]
