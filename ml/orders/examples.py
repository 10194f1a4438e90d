"""Turns synthetic messages and annotated turns into what the networks learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ml.orders.catalogue import Catalogue
from ml.orders.features import text_features
from ml.orders.generate import Message
from ml.orders.learn import Example
from ml.orders.tokens import Token, tokenize
from ml.orders.types import Label, Span

ORDER_TAGS = ("O", *(f"{place}-{label}" for label in Label for place in "BI"))


def message_examples(messages: Iterable[Message]) -> Iterator[Example]:
    """One example per message; a message whose pieces cut a token in two is left out."""
    last: tuple[object, Catalogue] = (None, Catalogue(()))
    for message in messages:
        if last[0] != message.catalogue:
            last = (message.catalogue, Catalogue(message.catalogue))
        tokens = tokenize(message.text)
        tags = bio(tokens, message.spans)
        if tags and tokens:
            yield Example(text_features(message.text, tokens, last[1]), tuple(tags))


def bio(tokens: Sequence[Token], spans: Sequence[Span]) -> list[str] | None:
    tags = ["O"] * len(tokens)
    place = 0
    for span in spans:
        while place < len(tokens) and tokens[place].end <= span.start:
            place += 1
        first = place
        while place < len(tokens) and tokens[place].start < span.end:
            inside = tokens[place].start >= span.start and tokens[place].end <= span.end
            if not inside:
                return None
            tags[place] = f"{'B' if place == first else 'I'}-{span.label}"
            place += 1
    return tags
