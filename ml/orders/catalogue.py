"""Finds the catalogue item that a customer's words mean, or says which items may be meant.

Words match one by one (Han: character by character), with typos allowed by `rapidfuzz`. Rare words
weigh more than common ones. A colour, size or measure that the item does not have is a
contradiction: "blue mug" is not the red mug, and 5 kg is not 10 kg.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from ml.orders.numbers import read_quantity
from ml.orders.tokens import fold, has_han, tokenize
from ml.orders.types import Candidate, CatalogueItem

_STOP = frozenset(
    "a an the of for with in and or please pls some x my your ones one size colour color piece that this those these it"
    " to from usual same big-ish 的 个 那 这 款 要 也 就 吧 了 呢 啊 种 再 来 我 你 们 家 还 是 拿 装 色 码 和 给 下".split()
)
_SAME_WORD = 80.0
_SHORTEST_TYPO = 3
_RETRIEVED = 24
_CONTRADICTION = 0.45
_SPELLINGS = {
    "small": "s", "medium": "m", "large": "l", "xlarge": "xl", "xxlarge": "xxl", "med": "m", "lg": "l",
    "sm": "s", "sml": "s", "big": "l", "gray": "grey", "tee": "shirt", "tshirt": "shirt",
}  # fmt: skip
_SIZES = frozenset("s m l xl xxl xxxl xs".split())
_COLOURS = frozenset(
    "red blue green black white grey navy pink purple yellow beige brown orange silver gold sage cream burgundy khaki"
    " teal charcoal 红 蓝 绿 黑 白 灰 粉 紫 黄 棕 橙 银 金 米 青".split()
)
_MEASURES: tuple[tuple[str, float, str], ...] = (
    ("kg", 1000, "g"), ("kilos", 1000, "g"), ("kilo", 1000, "g"), ("kgs", 1000, "g"), ("公斤", 1000, "g"), ("千克", 1000, "g"),
    ("斤", 500, "g"), ("grams", 1, "g"), ("gram", 1, "g"), ("gr", 1, "g"), ("g", 1, "g"), ("克", 1, "g"), ("ml", 1, "ml"), ("毫升", 1, "ml"),
    ("litres", 1000, "ml"), ("litre", 1000, "ml"), ("liters", 1000, "ml"), ("liter", 1000, "ml"), ("l", 1000, "ml"), ("升", 1000, "ml"),
    ("cm", 10, "mm"), ("厘米", 10, "mm"), ("mm", 1, "mm"), ("毫米", 1, "mm"), ("m", 1000, "mm"), ("米", 1000, "mm"), ("w", 1, "w"), ("瓦", 1, "w"),
)  # fmt: skip
_SCALE = {name: (scale, unit) for name, scale, unit in _MEASURES}
_NUMBER_WORDS = "half|one|two|three|four|five|six|ten|twenty|thirty|sixty"
_MEASURE = re.compile(
    rf"(?<![\w.])(\d+(?:\.\d+)?|{_NUMBER_WORDS}|[一二两三四五六七八九十半]+)[\s-]*"
    rf"({'|'.join(sorted(_SCALE, key=len, reverse=True))})(?![a-z])"
    rf"|(\d+(?:\.\d+)?|[一二两三四五六七八九十半]+)({'|'.join(n for n in _SCALE if has_han(n))})",
    re.IGNORECASE,
)
_CHINESE_SIZE = re.compile(r"(加大|大|中|小)(?:号|码|包|瓶|袋|箱|的|$)|([smlx]+)\s*(?:码|号)")
_SIZE_OF = {"加大": "xl", "大": "l", "中": "m", "小": "s"}
# Counting words that mean the same package in both languages: they may decide between twins.
_PACKAGES = (
    ("case", "箱", "carton"), ("box", "盒"), ("bag", "袋", "包", "pack", "packet"), ("bottle", "瓶"), ("jar", "瓶", "罐"),
    ("tin", "罐", "can"), ("roll", "卷"), ("pair", "双"), ("bar", "块"), ("pcs", "pc", "piece", "个", "件", "只", "single", "支"),
)  # fmt: skip


@lru_cache(maxsize=32768)
def words_of(text: str) -> tuple[str, ...]:
    """The words that carry meaning: lower case, plural cut, sizes and measures spelled one way."""
    folded = fold(text).lower()
    measures = [_measure(match) for match in _MEASURE.finditer(folded)]
    rest = _MEASURE.sub(" ", folded)
    sizes = [_SIZE_OF.get(m.group(1) or "", m.group(2) or "") for m in _CHINESE_SIZE.finditer(rest)]
    rest = _CHINESE_SIZE.sub(" ", rest).replace("extra large", "xl").replace("t-shirt", "shirt")
    found = [plain(token.text) for token in tokenize(rest)]
    kept = [w for w in found if w not in _STOP and (w[0].isalnum() or has_han(w))]
    return (*kept, *sizes, *measures)


def _measure(match: re.Match[str]) -> str:
    number = read_quantity(match.group(1) or match.group(3)) or 1
    scale, unit = _SCALE[(match.group(2) or match.group(4)).lower()]
    return f"{number * scale:g}{unit}"


def plain(word: str) -> str:
    """One spelling for a word: no plural, no possessive, sizes by their letter."""
    word = word.replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SPELLINGS.get(word, word)


def kind_of(word: str) -> str:
    """What an item has only one of: a colour, a size, a weight, a volume, a length."""
    if word in _COLOURS:
        return "colour"
    if word in _SIZES:
        return "size"
    match = re.fullmatch(r"[\d.e+]+(g|ml|mm|w)", word)
    return match.group(1) if match else ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item: all its words, and the weight of each of its names."""

    words: frozenset[str]
    names: tuple[tuple[Counter[str], float], ...]
    kinds: frozenset[str]


class Catalogue:
    """A shop's items, indexed once; `match` answers with candidates, best first."""

    def __init__(self, items: Sequence[CatalogueItem]) -> None:
        self.items = tuple(items)
        named = [[words_of(name) for name in _names(item)] for item in items]
        used = Counter(word for names in named for word in {w for name in names for w in name})
        total = max(len(items), 1)
        self._weights = {w: math.log(1 + total / n) * _importance(w) for w, n in used.items()}
        self._unknown = 0.7 * math.log(1 + total)
        self._entries = [self._entry(names) for names in named]
        self._with_word: dict[str, list[int]] = {}
        for row, entry in enumerate(self._entries):
            for word in entry.words:
                self._with_word.setdefault(word, []).append(row)
        self._latin = [
            w
            for w in self._with_word
            if len(w) >= _SHORTEST_TYPO and w.isalpha() and not has_han(w)
        ]
        self._same_words: dict[str, tuple[tuple[str, float], ...]] = {}
        spelled = [
            [plain(t.text.lower()) for t in tokenize(name)]
            for item in items
            for name in _names(item)
        ]
        self.words = frozenset(word for name in spelled for word in name if word[0].isalnum())
        self.pairs = frozenset(pair for name in spelled for pair in itertools.pairwise(name))
        self._skus = {item.sku.lower(): item for item in items}

    def item(self, sku: str) -> CatalogueItem | None:
        return self._skus.get(sku.lower())

    def match(self, text: str, limit: int = 5) -> tuple[Candidate, ...]:
        """The items that `text` may mean, best first; scores are 0 to 1."""
        exact = self.item(text.strip())
        if exact:
            return (Candidate(exact.sku, 1.0),)
        return self.match_words(words_of(text), limit)

    def match_variant(self, head: str, variant: str, limit: int = 5) -> tuple[Candidate, ...]:
        """A variant of what the head names; its colour or size takes the place of the head's."""
        own = words_of(variant)
        said = {kind_of(word) for word in own} - {""}
        shared = [word for word in words_of(head) if kind_of(word) not in said]
        of_head = {c.sku: c.score for c in self.match_words(shared, len(self.items))}
        of_variant = {c.sku: c.score for c in self.match_words(own, len(self.items))}
        scored = [
            Candidate(sku, round(0.6 * score + 0.4 * of_head[sku], 4))
            for sku, score in of_variant.items()
            if sku in of_head
        ]
        return tuple(sorted(scored, key=lambda c: -c.score)[:limit])

    def match_words(self, query: Sequence[str], limit: int = 5) -> tuple[Candidate, ...]:
        scored = [(self._score(query, self._entries[row]), row) for row in self._retrieve(query)]
        ranked = sorted(
            (pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1])
        )
        return tuple(
            Candidate(self.items[row].sku, round(score, 4)) for score, row in ranked[:limit]
        )

    def with_package(self, candidates: Sequence[Candidate], unit: str) -> list[Candidate]:
        """Those sold by the counting word that was used: 箱 against 盒."""
        word = plain(fold(unit).lower())
        same = {w for group in _PACKAGES if word in group for w in group} or {word}
        return [
            c for c in candidates if (item := self.item(c.sku)) and plain(item.unit.lower()) in same
        ]

    def with_price(self, candidates: Sequence[Candidate], cents: int) -> list[Candidate]:
        return [c for c in candidates if (item := self.item(c.sku)) and item.price_cents == cents]

    def _entry(self, names: Sequence[tuple[str, ...]]) -> _Entry:
        words = frozenset(w for name in names for w in name)
        weighed = tuple((Counter(name), self._weigh(name)) for name in names if name)
        return _Entry(words, weighed, frozenset(k for w in words if (k := kind_of(w))))

    def _weigh(self, words: Iterable[str]) -> float:
        return sum(self._weights.get(w, self._unknown * _importance(w)) for w in words)

    def _retrieve(self, query: Sequence[str]) -> list[int]:
        hits: dict[int, float] = {}
        for word in set(query):
            for same, likeness in self._same(word):
                for row in self._with_word[same]:
                    hits[row] = hits.get(row, 0.0) + self._weights[same] * likeness
        return sorted(hits, key=lambda row: -hits[row])[:_RETRIEVED]

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
        if len(word) < _SHORTEST_TYPO or not word.isalpha() or has_han(word):
            return ()
        near = process.extract(
            word, self._latin, scorer=fuzz.ratio, score_cutoff=_SAME_WORD, limit=3
        )
        return tuple((other, score / 100) for other, score, _ in near)

    def _score(self, query: Sequence[str], entry: _Entry) -> float:
        """How much of the query the item has, and a little how much of a name the query has."""
        shared: dict[str, float] = {}
        total = matched = 0.0
        factor = 1.0
        for word in query:
            same = self._same(word)
            weight = self._weigh([same[0][0]]) if same else self._weigh([word])
            total += weight
            hit = next(((w, likeness) for w, likeness in same if w in entry.words), None)
            if hit:
                matched += weight * hit[1]
                shared[hit[0]] = hit[1]
            elif kind_of(word) in entry.kinds:
                factor = _CONTRADICTION
        if not matched:
            return 0.0
        recall = max(
            sum(self._weigh([w]) for w in name if w in shared) / weight
            for name, weight in entry.names
        )
        return factor * (0.8 * matched / total + 0.2 * recall)


def _importance(word: str) -> float:
    """A single Han character says less than a word; a size or a colour alone names nothing."""
    if kind_of(word):
        return 0.6
    return 0.5 if has_han(word) else 1.0


def _names(item: CatalogueItem) -> list[str]:
    return [name for name in (item.name, item.name_zh, *item.aliases) if name.strip()]
