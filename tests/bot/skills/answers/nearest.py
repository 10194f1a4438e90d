"""A ranker for the tests' small shops: the nearest question form, with nothing to train and nothing to load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union

from bot.conversation.messages import Language, normalise
from bot.skills.answers.ranking import Asked, Candidate, Ranked
from ml.orders.tokens import fold, tokenize

MOST_RANKED = 10


class NearestQuestion:
    """The plain ranker: TF-IDF of words and characters, cosine to the nearest question form.

    Its probabilities are cosines (0..1) and are not calibrated; the thresholds are set for that.
    """

    send = 0.62
    ask = 0.35
    agreement = 0.1
    """How much of the score is the NLU's: whether the intent is one of the candidate's."""

    def __init__(self, known: Sequence[Candidate]) -> None:
        self._of = {
            language: _Questions([c for c in known if c.language is language])
            for language in Language
        }

    def rank(self, asked: Asked) -> Sequence[Ranked]:
        """Every candidate by its nearest question, the nearest first."""
        best: dict[str, Ranked] = {}
        for wording in asked.variants:
            for candidate, cosine in self._of[asked.language].nearest(wording):
                agrees = asked.confidence if asked.intent in candidate.intents else 0.0
                score = (1 - self.agreement) * cosine + self.agreement * agrees
                parts = {"retrieval": cosine, "intent": agrees}
                known = best.get(candidate.id)
                if known is None or known.probability < score:
                    best[candidate.id] = Ranked((candidate.id,), score, parts)
        return sorted(best.values(), key=lambda ranked: -ranked.probability)[:MOST_RANKED]

    def written(self, asked: Asked) -> None:
        """There is no network."""


class _Questions:
    """The question forms of one language as a matrix."""

    def __init__(self, known: Sequence[Candidate]) -> None:
        self._rows = [(c, question) for c in known for question in c.questions]
        self._vectors = _fitted([_plain(question) for _, question in self._rows])

    def nearest(self, question: str) -> Iterator[tuple[Candidate, float]]:
        """Candidates with the cosine of their question, nearest first; both halves of a vector have length 1."""
        if self._vectors is None:
            return
        vectorizer, matrix = self._vectors
        cosines = (matrix @ vectorizer.transform([_plain(question)]).T).toarray()[:, 0] / 2
        for row in cosines.argsort()[::-1][: 4 * MOST_RANKED]:
            if cosines[row] > 0:
                yield self._rows[row][0], float(cosines[row])


def _fitted(questions: Sequence[str]) -> tuple[Any, Any] | None:
    """The vectorizer of some questions and their matrix: (questions, features), sparse."""
    if not questions:
        return None
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    words = TfidfVectorizer(
        tokenizer=_words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True
    )
    vectorizer = make_union(characters, words)
    return vectorizer, vectorizer.fit_transform(questions)


def _words(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


def _plain(question: str) -> str:
    return fold(normalise(question)).lower()
