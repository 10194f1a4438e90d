"""Which of the present answers a question asks for, and how surely: the seam between the skill and its models.

A ranker is made of the candidates that the files have now, so what a merchant adds can be found at once, before
anything is trained on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.conversation.messages import Language
from bot.settings import settings
from bot.skills.answers.knowledge import Knowledge
from ml.answers.types import Generated

if (
    TYPE_CHECKING
):  # importing the models costs seconds, which a command that only refuses a file should not wait
    from ml.answers.index import Entry
    from ml.answers.rank import Query
    from ml.answers.ranker import Ranker as ModelRanker


NEAR = "near:"


@dataclass(frozen=True)
class Candidate:
    """Something to be asked: `id` is `answer:ENTRY`, `policy:TOPIC` or `near:ENTRY`; `answer` a template.

    A template that is empty stands for what goes to a person, as all of `near:ENTRY` does.
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

    do, 0..1. `parts` are what it was made of, for `why`.
    """

    ids: tuple[str, ...]
    probability: float
    parts: Mapping[str, float] = field(default_factory=dict)


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

    def written(self, asked: Asked) -> Generated | None:
        """What the network writes to a question, where one is in place."""


RankerOf = Callable[[Sequence[Candidate], Path], Ranker]
"""Makes a ranker of what can be told now and of the folder of the shop's answerer (it may have none in it)."""


def candidates(knowledge: Knowledge) -> Iterator[Candidate]:
    """All that can be asked now, in each language: answers, then whole policies (asked for by their title).

    The questions of an answer that cannot be told now, or that the shop took out, are near misses like those that the
    files have: left out, they would be answered by what lies next to them.
    """
    for entry in (*knowledge.answers.values(), *knowledge.withdrawn.values()):
        for language in Language:
            questions, answer = entry.questions.get(language, ()), entry.answer.get(language, "")
            near = entry.near_misses.get(language, ())
            fillable = bool(answer) and knowledge.fillable(answer)
            if entry.id in knowledge.withdrawn or not (entry.hand_over or fillable):
                near = (*questions, *near)
            elif questions:
                yield Candidate(f"answer:{entry.id}", language, answer, questions, entry.intents)
            if near:
                yield Candidate(f"{NEAR}{entry.id}", language, "", near, ())
    for policy in knowledge.policies.values():
        for language, text in policy.text.items():
            if knowledge.fillable(text) and language in policy.title:
                title = (policy.title[language],)
                yield Candidate(f"policy:{policy.topic}", language, text, title, policy.intents)


def learned(known: Sequence[Candidate], model: Path) -> Ranker:
    """The ranker that ships; `model` is the folder of the network that is in place. Raises `ModelError`."""
    from ml.answers import ranker
    from ml.answers.answerer import Answerer
    from ml.sentence import SentenceEncoder

    encoder = SentenceEncoder.kept(settings().home / "encoder")
    ranking = ranker.Ranking.load(ranker.shipped())
    return Learned(ranker.Ranker(entries(known), ranking, encoder, Answerer.load(model)))


def entries(known: Sequence[Candidate]) -> list[Entry]:
    """Candidates as the models take them."""
    from ml.answers.index import Entry

    return [Entry(c.id, str(c.language), c.answer, c.questions, c.intents) for c in known]


class Learned:
    """Sentence vectors, signs, words, the network and the NLU, weighed together; calibrated probabilities."""

    def __init__(self, ranker: ModelRanker) -> None:
        self._ranker = ranker
        self.send, self.ask = ranker.gate.send, ranker.gate.ask

    def rank(self, asked: Asked) -> Sequence[Ranked]:
        """The best candidates, likeliest first."""
        found = self._ranker.rank(_query(asked))
        return [Ranked(one.ids, one.probability, one.parts) for one in found]

    def written(self, asked: Asked) -> Generated | None:
        """What the network writes; it is not sent, it shows where the network looks."""
        return self._ranker.written(_query(asked))


def _query(asked: Asked) -> Query:
    from ml.answers.rank import Query

    return Query(asked.variants, str(asked.language), asked.intent, asked.confidence)
