"""The order parser: texts and a catalogue in, orders out; and answers and corrections about them.

parser = OrderParser()
(order, *_), = parser.parse(["2 red mugs to Ann Lee, 415-555-0134"], items)
changes = parser.read_changes("make it three", order, items)
order = parser.apply_changes(order, changes, items)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ml.orders.assembly import Assembler, Thresholds
from ml.orders.catalogue import Catalogue
from ml.orders.replies import apply_changes, read_answer, read_changes
from ml.orders.tagger import TaggedSpans, Tagger, shipped
from ml.orders.types import (
    Candidate,
    CatalogueItem,
    Change,
    FieldAnswer,
    OrderField,
    ParsedOrder,
    Span,
)
from ml.serving import Model

__all__ = ["Catalogue", "CatalogueItem", "OrderParser", "ParsedOrder", "SpanFinder"]

Items = Catalogue | Sequence[CatalogueItem]


class SpanFinder(Protocol):
    """Finds the labelled pieces of messages: the trained tagger, or the rules beside it."""

    def find(self, texts: Sequence[str], catalogue: Catalogue) -> list[list[Span]]: ...


class OrderParser:
    """Thread-safe and made once per process; build a `Catalogue` once per shop and pass it in."""

    def __init__(
        self, finder: SpanFinder | None = None, thresholds: Thresholds | None = None
    ) -> None:
        if finder is None:
            model = shipped()
            finder = TaggedSpans(Tagger(model, "orders"))
            thresholds = thresholds or card_thresholds(model)
        self.finder = finder
        self.thresholds = thresholds or Thresholds()

    @classmethod
    def of(cls, model: Model) -> OrderParser:
        """The parser of a model folder, shipped or not."""
        return cls(TaggedSpans(Tagger(model, "orders")), card_thresholds(model))

    def parse(self, texts: Sequence[str], catalogue: Items) -> list[tuple[ParsedOrder, ...]]:
        """The orders of each text, in the order of the texts; none where nothing was ordered."""
        known = _indexed(catalogue)
        assembler = Assembler(known, self.thresholds)
        found = self.finder.find(texts, known)
        return [assembler.orders(text, spans) for text, spans in zip(texts, found, strict=True)]

    def read_answer(
        self,
        asked: OrderField,
        text: str,
        catalogue: Items,
        candidates: Sequence[Candidate] = (),
    ) -> FieldAnswer | None:
        """What `text` answers to the one field that was asked; None when it does not answer it.

        `candidates` are the items that were offered, for "the second one" and 第二个.
        """
        known = _indexed(catalogue)
        (spans,) = self.finder.find([text], known)
        return read_answer(asked, text, spans, known, candidates, self.thresholds)

    def read_changes(self, text: str, order: ParsedOrder, catalogue: Items) -> tuple[Change, ...]:
        """The corrections of `text` to an order on the table: "make it three", 第二个要两箱."""
        known = _indexed(catalogue)
        (spans,) = self.finder.find([text], known)
        return read_changes(text, spans, order, known, self.thresholds)

    def apply_changes(
        self, order: ParsedOrder, changes: Sequence[Change], catalogue: Items
    ) -> ParsedOrder:
        """The order with the changes in it, judged anew (`missing`, `review`)."""
        return apply_changes(order, changes, Assembler(_indexed(catalogue), self.thresholds))


def card_thresholds(model: Model) -> Thresholds:
    """The thresholds that training chose; the defaults when the card has none yet."""
    found = model.card.settings.get("thresholds")
    if not isinstance(found, dict):
        return Thresholds()
    weights = tuple(float(w) for w in found["line_weights"])
    return Thresholds(**{**found, "line_weights": weights})


def _indexed(catalogue: Items) -> Catalogue:
    return catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue)
