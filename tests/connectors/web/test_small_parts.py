"""Texts, throttle and signed values on their own."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from starlette.requests import Request

import connectors.web
from bot.conversation.messages import Language
from connectors.web.errors import STATUS
from connectors.web.strings import language_of_request, say
from connectors.web.throttle import Throttle
from connectors.web.tokens import Tokens

STRINGS = Path(connectors.web.__file__).with_name("strings.json")
TEXTS = [
    pytest.param(texts, id=f"{section}.{key}")
    for section, entries in json.loads(STRINGS.read_text(encoding="utf-8")).items()
    for key, texts in entries.items()
]


@pytest.mark.parametrize("texts", TEXTS)
def test_every_text_is_there_in_both_languages(texts: dict[str, str]) -> None:
    """Both say the same with the same fields, and the Chinese one is Chinese."""
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(texts[lang]) if name}
        for lang in Language
    ]
    assert set(texts) == set(Language)
    assert fields[0] == fields[1]
    assert re.search(r"[\u4e00-\u9fff]", texts["zh"]) or fields[0]


@pytest.mark.parametrize("code", STATUS)
@pytest.mark.parametrize("language", Language)
def test_every_error_has_a_sentence(code: str, language: Language) -> None:
    """No code without words."""
    assert say("errors", code, language, id="1a2b", detail="x.yml: is empty")


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        ("", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "", "fr,en;q=0.5,zh;q=0.3", "en"),
        ("", "", "", "en"),
        ("", "", ",;q=,,", "en"),
        ("", "zh", "en", "zh"),
        ("language=en", "zh", "zh", "en"),
        ("language=xx", "", "zh", "zh"),
    ],
)
def test_language_of_a_request(query: str, cookie: str, accept: str, expected: str) -> None:
    """What was chosen goes before what the browser prefers."""
    headers = [(b"accept-language", accept.encode())]
    if cookie:
        headers.append((b"cookie", f"shopclerk_language={cookie}".encode()))
    scope = {"type": "http", "headers": headers, "query_string": query.encode()}
    assert language_of_request(Request(scope)) == expected


def test_throttle_forgets_after_its_window() -> None:
    """Tries count for their window only, and a success clears them."""
    now = [0.0]
    throttle = Throttle(tries=2, seconds=10, clock=lambda: now[0])
    throttle.failed("ann")
    assert not throttle.blocked("ann")
    throttle.failed("ann")
    assert throttle.blocked("ann")
    assert not throttle.blocked("ben")
    now[0] = 10.0
    assert not throttle.blocked("ann")
    throttle.failed("ann")
    throttle.failed("ann")
    throttle.succeeded("ann")
    assert not throttle.blocked("ann")


def test_throttle_keeps_a_bounded_number_of_keys() -> None:
    """Made-up names do not fill the memory; the newest stay counted."""
    throttle = Throttle(tries=1, seconds=10, clock=lambda: 0.0, keys=3)
    for name in "abcd":
        throttle.failed(name)
    assert [throttle.blocked(name) for name in "abcd"] == [False, True, True, True]


def test_signed_values_are_of_one_kind_and_one_installation() -> None:
    """What was signed as one thing is not another, nor valid elsewhere, nor changed or cut."""
    mine, theirs = Tokens("secret"), Tokens("other secret")
    signed = mine.visitor.sign(shop="demo", chat="visitor:1")
    assert mine.visitor.read(signed) == {"shop": "demo", "chat": "visitor:1"}
    assert theirs.visitor.read(signed) is None
    assert mine.identity.read(signed) is None
    assert mine.visitor.read(signed[:-1]) is None
    assert mine.visitor.read("x" + signed) is None
