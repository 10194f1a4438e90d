"""The words every order parser speaks: catalogue items in, parsed orders, answers and changes out.

Everything is frozen. Every piece knows where in the message it stands (`text[start:end]`) and how
sure the model is (calibrated, 0 to 1). Money is integer cents inside and currency units in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Quantity = int | float


class Label(StrEnum):
    """What a piece of an order message can be; the tagger's label set."""

    BUYER = "buyer"
    PHONE = "phone"
    ADDRESS = "address"
    ITEM = "item"
    VARIANT = "variant"
    QUANTITY = "quantity"
    UNIT = "unit"
    PRICE = "price"
    DELIVERY = "delivery"
    PAYMENT = "payment"
    NOTE = "note"
    SPLIT = "split"
    CHANGE = "change"
    REMOVE = "remove"


class OrderField(StrEnum):
    """What the form can ask for, one at a time."""

    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    ITEM = "item"
    QUANTITY = "quantity"
    PAYMENT = "payment"
    DELIVERY = "delivery"
    NOTES = "notes"


class Reason(StrEnum):
    """Why a person should look at a field."""

    UNSURE = "unsure"
    UNKNOWN_ITEM = "unknown_item"
    SEVERAL_ITEMS_FIT = "several_items_fit"
    INVALID_PHONE = "invalid_phone"
    QUANTITY_UNCLEAR = "quantity_unclear"
    PRICE_DIFFERS = "price_differs"


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One thing the shop sells."""

    sku: str
    name: str
    name_zh: str = ""
    unit: str = ""
    price_cents: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled piece of a message, as a tagger or a rule found it."""

    label: Label
    start: int
    end: int
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A value read from the message: `text` is the message's own words."""

    text: str
    start: int
    end: int
    confidence: float

    def to_dict(self) -> dict[str, Json]:
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "confidence": round(self.confidence, 4),
        }


@dataclass(frozen=True, slots=True)
class Phone(Found):
    """A phone number; `e164` is empty when it is not a number anyone could call."""

    e164: str = ""

    @property
    def value(self) -> str:
        return self.e164 or self.text


@dataclass(frozen=True, slots=True)
class Address(Found):
    """A postal address with the parts that could be told apart, such as `city` or `postcode`."""

    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A catalogue item that may be meant, with its match score (0 to 1)."""

    sku: str
    score: float


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One ordered thing; `sku` is None when nothing fits or several items fit equally well."""

    text: str
    start: int
    end: int
    sku: str | None
    quantity: Quantity
    unit: str | None
    unit_price_cents: int | None
    confidence: float
    candidates: tuple[Candidate, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        cents = self.unit_price_cents
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "sku": self.sku,
            "quantity": self.quantity,
            "unit": self.unit,
            "unit_price": None if cents is None else cents / 100,
            "confidence": round(self.confidence, 4),
        }


@dataclass(frozen=True, slots=True)
class ReviewPoint:
    """A field a person should check: `field` is a path such as `phone` or `lines.0.sku`."""

    field: str
    reason: Reason
    candidates: tuple[Candidate, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        shown: dict[str, Json] = {"field": self.field, "reason": str(self.reason)}
        if self.candidates:
            shown["candidates"] = [{"sku": c.sku, "score": c.score} for c in self.candidates]
        return shown


@dataclass(frozen=True, slots=True)
class ParsedOrder:
    """One order of a message. `missing` names what the form must ask; `review` what is doubtful."""

    name: Found | None = None
    phone: Phone | None = None
    address: Address | None = None
    lines: tuple[OrderLine, ...] = ()
    payment: Found | None = None
    delivery: Found | None = None
    notes: tuple[Found, ...] = ()
    missing: tuple[OrderField, ...] = ()
    review: tuple[ReviewPoint, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        """The JSON of `shopclerk parse-order`, plus `spans` for the fields that are plain text."""
        return {
            "buyer": {
                "name": self.name.text if self.name else None,
                "phone": self.phone.value if self.phone else None,
            },
            "address": {
                "text": self.address.text if self.address else None,
                "parts": dict(self.address.parts) if self.address else {},
            },
            "lines": [line.to_dict() for line in self.lines],
            "payment": self.payment.text if self.payment else None,
            "delivery": self.delivery.text if self.delivery else None,
            "notes": "; ".join(note.text for note in self.notes) or None,
            "missing": [str(name) for name in self.missing],
            "review": [point.to_dict() for point in self.review],
            "spans": self._spans(),
        }

    def _spans(self) -> dict[str, Json]:
        named = {
            "name": self.name,
            "phone": self.phone,
            "address": self.address,
            "payment": self.payment,
            "delivery": self.delivery,
        }
        spans: dict[str, Json] = {key: found.to_dict() for key, found in named.items() if found}
        if self.notes:
            spans["notes"] = [note.to_dict() for note in self.notes]
        return spans

    def with_lines(self, lines: Sequence[OrderLine]) -> ParsedOrder:
        return replace(self, lines=tuple(lines))


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """The answer to one asked field. `value` is normalised: E.164, a SKU, the number as text."""

    field: OrderField
    value: str
    found: Found
    quantity: Quantity | None = None
    candidates: tuple[Candidate, ...] = ()


class ChangeKind(StrEnum):
    """What a merchant can say about an order that is already on the table."""

    SET_QUANTITY = "set_quantity"
    ADD_LINE = "add_line"
    REMOVE_LINE = "remove_line"
    REPLACE_LINE = "replace_line"
    SET_FIELD = "set_field"


@dataclass(frozen=True, slots=True)
class Change:
    """One correction. `line` counts from 0; `new_line` and `answer` carry what is put in."""

    kind: ChangeKind
    line: int | None = None
    quantity: Quantity | None = None
    new_line: OrderLine | None = None
    answer: FieldAnswer | None = None
