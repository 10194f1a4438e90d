"""Finds the product and the order that a question names, and puts {product} and {order_number} in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.conversation.messages import Language
from bot.skills.answers.placeholders import OrderField, ProductField
from bot.store.catalogue import ProductInfo
from bot.store.orders import plain_number
from ml.orders.catalogue import Catalogue, plain, words_of
from ml.orders.tokens import fold, has_han, tokenize
from ml.orders.types import CatalogueItem

SURE = 0.88
"""Least score of a span to be a product's name: every word is the product's, and nearly half of a name is there."""
NEAR = 0.03
"""Products that score this close are meant alike."""
MOST_TOKENS = 60
LONGEST_NAME = 10
SHORTEST_TYPO = 6
LONGEST_SHORT_HAN = 3
MOST_PRODUCTS = 4

_ORDER = re.compile(
    r"(?<![\w.])(?:(?:sc\s*[-–]?\s*|#\s*)(\d{4,8})|(\d{5,8}))(?![\w]|[.,]\d)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Span:
    """A part of a question, by its places."""

    start: int
    end: int


@dataclass(frozen=True)
class Mentions:
    """What a question names: products (several where the words fit several), and an order by its number.

    `plain` is the question with placeholders instead.
    """

    text: str
    plain: str
    products: tuple[str, ...] = ()
    order: str = ""

    @property
    def variants(self) -> tuple[str, ...]:
        """The question as it is understood, and as it was asked."""
        return (self.plain,) if self.plain == self.text else (self.plain, self.text)


class Namer:
    """Finds a shop's products in questions; made once per catalogue, used by many threads."""

    def __init__(self, catalogue: Catalogue, shop_names: Sequence[str] = ()) -> None:
        """`shop_names` name no product: a shop may be called Lantern & Loom and sell lanterns."""
        self._catalogue = catalogue
        own = {plain(word) for name in shop_names for word in name.lower().split()}
        units = {plain(fold(item.unit).lower()) for item in catalogue.items}
        self._heads = frozenset(head for item in catalogue.items for head in _heads(item))
        self._heads -= units | own

    def mentions(self, text: str) -> Mentions:
        """What a question names; a word that may be anything (a box, a set) names no product."""
        order = _ORDER.search(fold(text))
        number = plain_number(order.group(1) or order.group(2)) if order else ""
        taken = Span(*order.span()) if order else None
        named = self._product(text, taken)
        edits = [(taken, f"{{{OrderField.NUMBER}}}")] if taken else []
        if named:
            edits.append((named[0], f"{{{ProductField.PRODUCT}}}"))
        told = text
        for span, placeholder in sorted(edits, key=lambda edit: -edit[0].start):
            told = told[: span.start] + placeholder + told[span.end :]
        return Mentions(text, told, named[1] if named else (), number)

    def _product(self, text: str, taken: Span | None) -> tuple[Span, tuple[str, ...]] | None:
        """The longest and surest name in the text, and the products that it may mean."""
        best: tuple[tuple[int, float], Span, tuple[str, ...]] | None = None
        for span in self._spans(text, taken):
            words = words_of(text[span.start : span.end])
            found = self._catalogue.match_words(words, MOST_PRODUCTS + 1)
            if not found or found[0].score < SURE:
                continue
            rank = (len("".join(words)), found[0].score)
            if best is None or rank > best[0]:
                same = tuple(c.sku for c in found if c.score >= found[0].score - NEAR)
                best = (rank, span, same)
        return (best[1], best[2][:MOST_PRODUCTS]) if best else None

    def _spans(self, text: str, taken: Span | None) -> Iterator[Span]:
        """Every run of words that a name could be; it neither begins nor ends with a filler such as "the"."""
        tokens = [t for t in tokenize(text)[:MOST_TOKENS] if t.text[0].isalnum()]
        fillers = [not words_of(token.text) for token in tokens]
        known = [self._known(token.text) for token in tokens]
        for first in range(len(tokens)):
            for last in range(first, min(first + LONGEST_NAME, len(tokens))):
                if not known[last]:
                    break
                span = Span(tokens[first].start, tokens[last].end)
                if taken and span.start < taken.end and taken.start < span.end:
                    break
                if not fillers[first] and not fillers[last] and self._could_be(text, span):
                    yield span

    def _known(self, word: str) -> bool:
        """Whether the catalogue has the word; a typo is let pass in a long one only (price is no rice)."""
        folded = plain(word.lower())
        return (
            folded in self._catalogue.words
            or not words_of(word)
            or word.isdigit()
            or len(word) >= SHORTEST_TYPO
        )

    def _could_be(self, text: str, span: Span) -> bool:
        """A short name has to be a name's head ("mug", 毛毯), not any word of it ("gift", 包装)."""
        words = fold(text[span.start : span.end]).lower()
        if has_han(words):
            return len(words) > LONGEST_SHORT_HAN or words in self._heads
        return len(words_of(words)) > 1 or plain(words) in self._heads


def _heads(item: CatalogueItem) -> Iterator[str]:
    """What is said for short: the last word of a name, or its last two or three characters."""
    for name in (item.name, item.name_zh, *item.aliases):
        head = fold(re.split(r"[,，(（]", name)[0]).strip().lower()
        if not head:
            continue
        if not has_han(head):
            yield plain(head.split()[-1])
            continue
        first = head.split()[0]
        yield from (first, *(first[-n:] for n in (2, 3)))


def product_name(product: ProductInfo, language: Language) -> str:
    """A product's name in the reader's language."""
    return (product.name_zh or product.name) if language is Language.ZH else product.name
