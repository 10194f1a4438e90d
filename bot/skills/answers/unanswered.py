"""Puts the questions that nobody could answer together by what they are about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation.messages import FileRef, Language, normalise
from bot.store.questions import AskedQuestion
from ml.orders.tokens import fold, tokenize

MOST_TEXTS = 1_000
"""Distinct texts that are compared, newest first: every pair is, so the time grows with the square."""
FARTHEST = {Language.EN: 0.78, Language.ZH: 0.84}
"""Cosine distance on average up to which groups are one; chosen on the made-up questions of the tests."""


@dataclass(frozen=True)
class Cluster:
    """Questions about one thing: distinct texts, asked most often first; every question's id, and their photos."""

    language: Language
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    newest: datetime
    photos: tuple[FileRef, ...] = ()


def clustered(questions: Sequence[AskedQuestion]) -> tuple[Cluster, ...]:
    """Clusters of each language, the largest first."""
    found = [
        cluster
        for language in Language
        for cluster in _of_language([q for q in questions if q.language == language], language)
    ]
    return tuple(
        sorted(found, key=lambda cluster: (-len(cluster.ids), -cluster.newest.timestamp()))
    )


def _of_language(questions: Sequence[AskedQuestion], language: Language) -> Iterator[Cluster]:
    asked: dict[str, list[AskedQuestion]] = defaultdict(list)
    for question in questions:
        asked[_plain(question.plain)].append(question)
    texts = [text for text in asked if text][:MOST_TEXTS]
    for group in _groups(texts, FARTHEST[language]):
        yield _cluster([asked[text] for text in group], language)


def _cluster(groups: Iterable[list[AskedQuestion]], language: Language) -> Cluster:
    together = [question for group in groups for question in group]
    counts = Counter(question.plain.strip() for question in together)
    return Cluster(
        language,
        tuple(text for text, _ in counts.most_common()),
        tuple(question.id for question in together),
        max(question.asked_at for question in together),
        tuple(dict.fromkeys(photo for question in together for photo in question.photos)),
    )


def _groups(texts: Sequence[str], farthest: float) -> list[list[str]]:
    """Texts that are near each other on average."""
    if len(texts) < 2:
        return [list(texts)] if texts else []
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, distance_threshold=farthest, metric="cosine", linkage="average"
    )
    labels = model.fit_predict(_vectors(texts))
    groups: Mapping[int, list[str]] = defaultdict(list)
    for text, label in zip(texts, labels, strict=True):
        groups[int(label)].append(text)
    return list(groups.values())


def _vectors(texts: Sequence[str]) -> Any:
    """(texts, features), dense: pieces of words and whole words, those rare in these texts weighing most."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    words = TfidfVectorizer(tokenizer=_words, token_pattern=None, sublinear_tf=True)
    return make_union(pieces, words).fit_transform(texts).toarray()


def _words(text: str) -> list[str]:
    """Every token, signs too: a question of nothing but signs is one as well."""
    return [token.text for token in tokenize(text)] or [text]


def _plain(text: str) -> str:
    return " ".join(fold(normalise(text)).lower().split())
