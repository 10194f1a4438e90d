"""Everything the web door says to people: `strings.json`, shared with the front end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request

from bot.conversation.messages import Language

LANGUAGE_COOKIE = "shopclerk_language"


@lru_cache
def _strings() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    path = Path(__file__).with_name("strings.json")
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def say(section: str, key: str, language: Language, **fields: object) -> str:
    """One text of a section (`errors`, `pages`, `chat`)."""
    return _strings()[section][key][language].format(**fields)


def language_of_request(request: Request) -> Language:
    """What the browser was told to use here, else what it prefers, else English."""
    chosen = request.query_params.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return _known(chosen) or _preferred(request.headers.get("accept-language", ""))


def _known(tag: str | None) -> Language | None:
    return next((language for language in Language if tag == language), None)


def _preferred(header: str) -> Language:
    """The first language of the header that is spoken here; browsers list them in order of preference."""
    tags = (part.split(";")[0].strip().lower().split("-")[0] for part in header[:500].split(","))
    return next((known for tag in tags if (known := _known(tag))), Language.EN)
