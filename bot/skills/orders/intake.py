"""What of a message is the order: the request around it is cut off."""

from __future__ import annotations

import re

LONGEST_REQUEST = 160
"""A request is short; only so much of a long text is looked at."""

_ENGLISH = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok(?:ay)?|please|pls|can|could|would|will|you|i need to|i want to|let['’]?s)\b[\s,]*)*"
    r"(?:parse|read|process|enter|record|take|add|log|input|put in|book|create|make|draft|handle|import)\s+"
    r"(?:(?:in|this|the|these|those|an?|my|new|following|attached|for|me|please|text|customer['’]?s?|chat|e-?mail)\s+)*"
    r"(?:orders?|messages?|e-?mails?|file)\b(?:\s+(?:for|from|below|message|text|please|me))*\s*(?:[:：\-–]+\s*|\n+|$)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"^[\s，,]*(?:你好|您好|请|麻烦(?:你|您)?|帮(?:我|忙)?|把|给我|来)*[\s，,]*"
    r"(?:解析|识别|分析|录入|录|读取?|处理|看看?|整理|登记|导入|下单|建|新建|记)?(?:一下|下|个)?"
    r"(?:这|这个|这份|这些|这条|以下|下面|如下|新)*(?:的|张|个|条|份)?(?:客户|买家|顾客)?的?"
    r"(?:订单|单子|下单(?:消息|信息)?|消息|文件|单)(?:信息|内容|消息)?(?:解析|识别|录入|录|整理|登记|处理)?(?:一下|下|吧)?"
    r"\s*(?:[:：，,。]+\s*|\n+|$)"
)


def order_text(text: str) -> str:
    """The order in a message such as "parse this order: 2 mugs ..."; the whole text where nothing asks so."""
    whole = text.strip()
    head = whole[:LONGEST_REQUEST]
    for request in (_ENGLISH, _CHINESE):
        match = request.match(head)
        if match and (match.end() < len(head) or head == whole):
            return whole[match.end() :].strip()
    return whole
