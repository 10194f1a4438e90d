"""Which of the present answers a question asks for, and how surely: the seam between the skill and its models.

A ranker is made of the candidates that the files have now, so what a merchant adds can be found at once, before
anything is trained on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.conversation.messages import Language, normalise
from bot.skills.answers.knowledge import Knowledge
from ml.answers.types import Generated
from ml.orders.tokens import fold, tokenize

MOST_RANKED = 10


@dataclass(frozen=True)
class Candidate:
    """Something that can be answered: `id` is `answer:ENTRY` or `policy:TOPIC`, `answer` a template.

    A template that is empty stands for what goes to a person.
    """

    id: str
    language: Language
    answer: str
    questions: tuple[str, ...]
    intents: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A question as the ranker gets it.

    `variants` are its wordings, the one with {product} and {order_number} for mentions first; `intent` and `confidence`
    (0..1) are the NLU's, empty and 0 where nobody asked it.
    """

    variants: tuple[str, ...]
    language: Language
    intent: str = ""
    confidence: float = 0.0


@dataclass(frozen=True)
class Ranked:
    """Candidates that together answer the question (two for a question in two parts), and the probability that they

    do, 0..1. `parts` are what it was made of, for `why`; `generated` is what the network wrote, where it was asked.
    """

    ids: tuple[str, ...]
    probability: float
    parts: Mapping[str, float] = field(default_factory=dict)
    generated: Generated | None = None


class Ranker(Protocol):
    """Ranks the candidates that it was made of; likeliest first."""

    @property
    def send(self) -> float:
        """The probability from which an answer is sent."""

    @property
    def ask(self) -> float:
        """The probability from which the two best are offered."""

    def rank(self, asked: Asked) -> Sequence[Ranked]:
        """The candidates for a question, likeliest first; empty where nothing fits at all."""


RankerOf = Callable[[Sequence[Candidate], Path], Ranker]
"""Makes a ranker of what can be told now and of the folder of the shop's answerer (it may have none in it)."""


def candidates(knowledge: Knowledge) -> Iterator[Candidate]:
    """All that can be told now, in each language: answers, then whole policies (asked for by their title)."""
    for entry in knowledge.answers.values():
        for language, questions in entry.questions.items():
            answer = entry.answer.get(language, "")
            if entry.hand_over or (answer and knowledge.fillable(answer)):
                yield Candidate(f"answer:{entry.id}", language, answer, questions, entry.intents)
    for policy in knowledge.policies.values():
        for language, text in policy.text.items():
            if knowledge.fillable(text) and language in policy.title:
                title = (policy.title[language],)
                yield Candidate(f"policy:{policy.topic}", language, text, title, policy.intents)


def nearest_question(known: Sequence[Candidate], _: Path) -> Ranker:
    """The plain ranker, which asks no network."""
    return NearestQuestion(known)


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
    # Imported late: commands that only refuse a file should not wait seconds for it.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

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
