"""Orders out of texts and catalogues that are given as files, without a shop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from bot.inputs import Document, read_catalogue
from ml.orders.parse import Catalogue, CatalogueItem, OrderParser, ParsedOrder

AT_ONCE = 256


def parse_documents(
    documents: Sequence[Document], catalogue: str | None, encoding: str | None
) -> Iterator[tuple[dict[str, Any], str]]:
    """The orders of each text, in order: as JSON, and as lines for people."""
    rows = read_catalogue(catalogue, encoding) if catalogue else []
    items = Catalogue([CatalogueItem(**vars(row)) for row in rows])
    parser, waiting = OrderParser(), iter(documents)
    while batch := list(islice(waiting, AT_ONCE)):
        parsed = parser.parse([document.text for document in batch], items)
        for document, orders in zip(batch, parsed, strict=True):
            row = {"id": document.id, "orders": [order.to_dict() for order in orders]}
            yield row, "\n\n".join(map(_shown, orders)) or "no order in it"


def _shown(order: ParsedOrder) -> str:
    lines = [
        f"{line.quantity:>4} {line.unit or ''} {line.text}  {line.sku or '?'}"
        for line in order.lines
    ]
    buyer = [part.text for part in (order.name, order.phone, order.address) if part]
    asked = [f"missing: {', '.join(order.missing)}"] if order.missing else []
    doubts = [f"check {point.field}: {point.reason.replace('_', ' ')}" for point in order.review]
    return "\n".join([*lines, ", ".join(buyer), *asked, *doubts])
