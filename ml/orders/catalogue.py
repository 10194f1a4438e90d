"""Finds the catalogue item that a customer's words mean, or says which items may be meant.

A name matches word by word (Han: character by character) with typos allowed by `rapidfuzz`. Rare
words weigh more than common ones, and a word of the query that the item does not have counts
against it: "blue mug" is not the red mug.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from ml.orders.tokens import has_han, tokenize
from ml.orders.types import Candidate, CatalogueItem

_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "with",
        "in",
        "and",
        "please",
        "pls",
        "some",
        "x",
        "my",
        "your",
        "的",
        "个",
        "那",
        "这",
        "款",
        "要",
        "and",
    ]
)
_SAME_WORD = 80.0
_RETRIEVED = 24
SIZES = {
    "small": "s", "medium": "m", "large": "l", "xlarge": "xl", "xxlarge": "xxl", "med": "m", "lg": "l", "sm": "s",
}  # fmt: skip


@lru_cache(maxsize=32768)
def words_of(text: str) -> tuple[str, ...]:
    """The words that carry meaning, folded: lower case, plural cut, sizes spelled one way."""
    found = (plain(token.text.lower()) for token in tokenize(text))
    return tuple(w for w in found if w not in _STOP and (w[0].isalnum() or has_han(w)))


def plain(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return SIZES.get(word, word)


@dataclass(frozen=True, slots=True)
class _Name:
    row: int
    words: tuple[str, ...]
    weight: float


class Catalogue:
    """A shop's items, indexed once; `match` answers with candidates, best first."""

    def __init__(self, items: Sequence[CatalogueItem]) -> None:
        self.items = tuple(items)
        names = [(row, words_of(name)) for row, item in enumerate(items) for name in _names(item)]
        used = Counter(word for _, words in names for word in set(words))
        total = max(len(names), 1)
        self._weights = {w: math.log(1 + total / n) for w, n in used.items()}
        self._names = [_Name(row, words, self._weigh(words)) for row, words in names if words]
        self._with_word: dict[str, list[int]] = {}
        for index, name in enumerate(self._names):
            for word in set(name.words):
                self._with_word.setdefault(word, []).append(index)
        self._latin = [w for w in self._with_word if len(w) > 3 and not has_han(w)]
        self._same_words: dict[str, tuple[tuple[str, float], ...]] = {}
        self.words = frozenset(self._with_word)
        self.pairs = frozenset(
            pair for name in self._names for pair in zip(name.words, name.words[1:], strict=False)
        )
        self._skus = {item.sku.lower(): item for item in items}

    def item(self, sku: str) -> CatalogueItem | None:
        return self._skus.get(sku.lower())

    def match(self, text: str, limit: int = 5) -> tuple[Candidate, ...]:
        """The items that `text` may mean, best first; scores are 0 to 1."""
        exact = self.item(text.strip())
        if exact:
            return (Candidate(exact.sku, 1.0),)
        query = words_of(text)
        best: dict[int, float] = {}
        for index in self._retrieve(query):
            name = self._names[index]
            score = self._score(query, name)
            if score > best.get(name.row, 0.0):
                best[name.row] = score
        ranked = sorted(best.items(), key=lambda pair: -pair[1])[:limit]
        return tuple(Candidate(self.items[row].sku, round(score, 4)) for row, score in ranked)

    def _weigh(self, words: Iterable[str]) -> float:
        rare = math.log(1 + max(len(self._weights), 1))
        return sum(self._weights.get(w, rare) * _importance(w) for w in words)

    def _retrieve(self, query: Sequence[str]) -> list[int]:
        hits: Counter[int] = Counter()
        for word in set(query):
            for same, likeness in self._same(word):
                for index in self._with_word[same]:
                    hits[index] += self._weights[same] * likeness  # type: ignore[assignment]
        return [index for index, _ in hits.most_common(_RETRIEVED)]

    def _same(self, word: str) -> tuple[tuple[str, float], ...]:
        """The catalogue's words that `word` may be, with their likeness."""
        known = self._same_words.get(word)
        if known is None:
            known = self._look_up(word)
            if len(self._same_words) < 65536:
                self._same_words[word] = known
        return known

    def _look_up(self, word: str) -> tuple[tuple[str, float], ...]:
        if word in self._with_word:
            return ((word, 1.0),)
        if len(word) < 4 or has_han(word):
            return ()
        near = process.extract(
            word, self._latin, scorer=fuzz.ratio, score_cutoff=_SAME_WORD, limit=3
        )
        return tuple((other, (score / 100) ** 2) for other, score, _ in near)

    def _score(self, query: Sequence[str], name: _Name) -> float:
        """Weighted F-measure of the words shared, with the query's side counting double."""
        left = Counter(name.words)
        shared_query = shared_name = 0.0
        for word in query:
            for same, likeness in self._same(word):
                if left[same]:
                    left[same] -= 1
                    shared_query += likeness * self._weigh(
                        [word] if word in self._weights else [same]
                    )
                    shared_name += likeness * self._weigh([same])
                    break
        total = sum(self._query_weight(word) for word in query)
        if not shared_query or not total:
            return 0.0
        precision, recall = shared_query / total, shared_name / name.weight
        return 5 * precision * recall / (precision + 4 * recall) * 0.5 + 0.5 * precision

    def _query_weight(self, word: str) -> float:
        same = self._same(word)
        return self._weigh([same[0][0]]) if same else self._weigh([word])


def _importance(word: str) -> float:
    """A single Han character says less than a word."""
    return 0.5 if has_han(word) else 1.0


def _names(item: CatalogueItem) -> list[str]:
    return [name for name in (item.name, item.name_zh, *item.aliases) if name.strip()]
