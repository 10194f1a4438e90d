"""Finds questions by their signs and words: nearest question form, mean of an answer's forms, BM25.

An index is made of the forms that are there now in a second or two, so a new answer is found at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize

from ml.answers.words import normal, words

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
RARE = 100
"""Signs that more forms have, and three in ten of all forms, tell nothing and would take a third of the time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be answered, in one language; entries of one id say the same in several.

    `intents` are what an NLU would call its questions.
    """

    id: str
    language: str
    answer: str
    questions: tuple[str, ...]
    intents: tuple[str, ...] = ()


class Forms:
    """The question forms of some entries by their signs (1 to 4 in a row) and words; both parts weigh alike."""

    def __init__(self, questions: Sequence[str], owners: Sequence[int], count: int) -> None:
        """`owners` are the numbers of the forms' entries, in 0..count-1."""
        self._count = count
        self._owners = np.asarray(owners, np.int32)
        options = {
            "sublinear_tf": True,
            "dtype": np.float32,
            "max_df": max(RARE, len(questions) * 3 // 10),
        }
        views = (
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), **options),
            TfidfVectorizer(analyzer=words, **options),
        )
        plain = [normal(question) for question in questions]
        forms = sparse.hstack([view.fit_transform(plain) for view in views], format="csr")
        self._views = [_View(view) for view in views]
        # A row for each sign or word: a question touches only those it has.
        self._by_sign: Any = forms.T.tocsr()
        self._means_by_sign: Any = self._weighed_means(forms).T.tocsr()

    def _weighed_means(self, forms: Any) -> Any:
        """Sums of each entry's forms, features weighed by how few entries have them (as IDF does), of length 1."""
        shape = (self._count, len(self._owners))
        ones = np.ones(len(self._owners), np.float32)
        member = sparse.csr_matrix((ones, (self._owners, np.arange(len(self._owners)))), shape)
        sums = member @ forms
        entries = np.asarray((sums > 0).sum(axis=0)).ravel()
        rare = np.log(self._count / np.maximum(entries, 1)) + 0.2
        return normalize(sums.multiply(rare.astype(np.float32)).tocsr())

    def scores(self, question: str) -> tuple[Floats, Floats]:
        """Cosine of each entry's nearest form, and closeness to its mean: (count,) each; 0 without forms."""
        asked = sparse.hstack([view.row(normal(question)) for view in self._views], format="csr")
        nearest = np.zeros(self._count, np.float32)
        np.maximum.at(nearest, self._owners, (asked @ self._by_sign).toarray()[0] / 2)
        means = (asked @ self._means_by_sign).toarray()[0]
        return nearest, np.asarray(means, np.float32)


class _View:
    """What a fitted vectorizer makes of one text, without the checks that cost it milliseconds a text."""

    def __init__(self, fitted: TfidfVectorizer) -> None:
        self._terms = fitted.build_analyzer()
        self._places: dict[str, int] = fitted.vocabulary_
        self._idf = fitted.idf_.astype(np.float32)

    def row(self, text: str) -> Any:
        """The text's TF-IDF: (1, terms), of length 1; noughts where no term is known."""
        counts = Counter(p for t in self._terms(text) if (p := self._places.get(t)) is not None)
        places = np.fromiter(counts, np.int32, len(counts))
        values = np.fromiter(counts.values(), np.float32, len(counts))
        weights = (1 + np.log(values)) * self._idf[places]
        weights /= max(float(np.linalg.norm(weights)), 1e-12)
        ends = np.array([0, len(places)], np.int32)
        return sparse.csr_matrix((weights, places, ends), (1, len(self._idf)))


class BM25:
    """Okapi BM25 over entries, each being all its forms (Robertson and Zaragoza 2009): k1 = 1.5, b = 0.75."""

    k1, b = 1.5, 0.75

    def __init__(self, questions: Sequence[str], owners: Sequence[int], count: int) -> None:
        texts: list[list[str]] = [[] for _ in range(count)]
        for question, owner in zip(questions, owners, strict=True):
            texts[owner].append(normal(question))
        self._counter = CountVectorizer(analyzer=_terms)
        counts = (
            self._counter.fit_transform(["\n".join(t) for t in texts]).tocsc().astype(np.float64)
        )
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        have = np.diff(counts.indptr)
        idf = np.log(1 + (count - have + 0.5) / (have + 0.5))
        damped = self.k1 * (1 - self.b + self.b * lengths / max(lengths.mean(), 1))
        counts.data = counts.data * (self.k1 + 1) / (counts.data + damped[counts.indices])
        self._weights = (counts @ sparse.diags(idf)).tocsr()

    def scores(self, question: str) -> Floats:
        """The score of each entry: (count,)."""
        asked = self._counter.transform([normal(question)]).T
        return np.asarray((self._weights @ asked).toarray()[:, 0], np.float32)


def _terms(text: str) -> list[str]:
    """Words, and Han signs in pairs too: BM25 does not see order."""
    single = words(text)
    return single + [a + b for a, b in pairwise(single) if not a.isascii()]
