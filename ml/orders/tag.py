"""The tagger alone, on tokens: what `shopclerk tag` prints (fast-food label set, BIO)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ml.orders.decode import best_tags
from ml.orders.encode import Text
from ml.orders.tagger import Tagger, shipped


def tag(texts: Sequence[Sequence[str]], tagger: Tagger | None = None) -> list[list[str]]:
    """BIO tags for each list of tokens, as many tags as tokens."""
    tagger = tagger or _tagger()
    scores = tagger.probabilities([Text([t or " " for t in tokens]) for tokens in texts])
    return [best_tags(found, tagger.settings.tags) for found in scores]


@lru_cache(maxsize=1)
def _tagger() -> Tagger:
    return Tagger(shipped(), "fastfood")
