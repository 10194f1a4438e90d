"""Splits an address into the parts that can be told apart; what cannot stays in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping

import usaddress

from ml.orders.tokens import fold, has_han

_CHINESE = re.compile(
    r"(?P<postcode>\b\d{6}\b)?\s*"
    r"(?P<state>[^\s,，、省]{2,6}(?:省|自治区|特别行政区))?\s*[,，]?\s*"
    r"(?P<city>[^\s,，、市]{2,7}?(?:市|自治州|盟|地区))?\s*[,，]?\s*"
    r"(?P<district>[^\s,，、区县]{1,7}?(?:区|县|市|旗))?\s*[,，]?\s*"
    r"(?P<street>.*)",
    re.DOTALL,
)
_UK_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b", re.IGNORECASE)
_POSTCODE = re.compile(
    r"\b\d{5}(?:-\d{4})?\b|\b\d{4}\b|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b", re.IGNORECASE
)
_US_PARTS = {
    "PlaceName": "city",
    "StateName": "state",
    "ZipCode": "postcode",
    "OccupancyIdentifier": "unit",
    "USPSBoxID": "box",
}
_US_STREET = (
    "AddressNumber",
    "StreetNamePreDirectional",
    "StreetName",
    "StreetNamePostType",
)


def address_parts(text: str) -> Mapping[str, str]:
    folded = " ".join(fold(text).split())
    if has_han(folded):
        return _chinese_parts(folded)
    uk = _UK_POSTCODE.search(folded)
    if uk:
        return _comma_parts(folded, uk.group())
    return _american_parts(folded)


def _chinese_parts(text: str) -> Mapping[str, str]:
    match = _CHINESE.match(text)
    found = match.groupdict() if match else {}
    return {
        name: value.strip(" ,，") for name, value in found.items() if value and value.strip(" ,，")
    }


def _comma_parts(text: str, postcode: str) -> Mapping[str, str]:
    pieces = [p.strip() for p in text.replace(postcode, "").split(",") if p.strip()]
    parts = {"street": pieces[0]} if pieces else {}
    if len(pieces) > 1:
        parts["city"] = pieces[1] if len(pieces) == 2 else pieces[-1]
    return {**parts, "postcode": postcode}


def _american_parts(text: str) -> Mapping[str, str]:
    parts: dict[str, list[str]] = {}
    for token, label in usaddress.parse(text):
        name = _US_PARTS.get(label) or ("street" if label in _US_STREET else "")
        if name:
            parts.setdefault(name, []).append(token.strip(",;"))
    if "postcode" not in parts and (match := _POSTCODE.search(text)):
        parts["postcode"] = [match.group()]
    return {name: " ".join(tokens) for name, tokens in parts.items()}
