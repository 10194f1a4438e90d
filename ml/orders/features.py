"""What the order tagger sees of a message: its tokens, how they stand to the catalogue, line breaks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ml.orders.catalogue import Catalogue, plain
from ml.orders.encode import Text
from ml.orders.tokens import Token

NO_CATALOGUE, ELSEWHERE, KNOWN_WORD, KNOWN_PAIR = range(4)
GLUED, BLANK, NEW_LINE = range(3)


def text_features(text: str, tokens: Sequence[Token], catalogue: Catalogue) -> Text:
    return Text([t.text for t in tokens], _marks(tokens, catalogue), _gaps(text, tokens))


def _marks(tokens: Sequence[Token], catalogue: Catalogue) -> list[int]:
    """Whether each token is a word of the catalogue, alone or beside a word it stands beside there."""
    if not catalogue.items:
        return [NO_CATALOGUE] * len(tokens)
    words = [plain(t.text.lower()) for t in tokens]
    marks = [KNOWN_WORD if w in catalogue.words else ELSEWHERE for w in words]
    for place, pair in enumerate(itertools.pairwise(words)):
        if pair in catalogue.pairs:
            marks[place] = marks[place + 1] = KNOWN_PAIR
    return marks


def _gaps(text: str, tokens: Sequence[Token]) -> list[int]:
    gaps, end = [], 0
    for token in tokens:
        between = text[end : token.start]
        gaps.append(NEW_LINE if "\n" in between else BLANK if between or not end else GLUED)
        end = token.end
    return gaps
