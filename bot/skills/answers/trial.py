"""A question tried out by the merchant: what a customer would be told, and why. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.conversation.messages import Language, language_of, normalise
from bot.skills.answers.answering import Answered, Desk, Question, UsedFact, answer, written
from ml.answers.types import Generated


@dataclass(frozen=True)
class Written:
    """What the network wrote, piece by piece, and where it looked: `attention` has a row for each piece of `target`."""

    text: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    attention: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Trial:
    """What came of a question; from `send` on an answer is sent, from `ask` on it is asked back."""

    decision: str
    reason: str
    text: str
    language: Language
    source: str
    confidence: float
    send: float
    ask: float
    intent: str
    parts: Mapping[str, float]
    guesses: tuple[tuple[str, float], ...]
    choices: tuple[str, ...]
    facts: tuple[UsedFact, ...]
    written: Written | None


def try_out(desk: Desk, text: str, language: Language, intent: str, confidence: float) -> Trial:
    """Answer a text as a customer's of no known order; `intent` and `confidence` (0..1) are the NLU's.

    `language` is what the asker reads; a text that is plainly in the other one is answered in that.
    """
    said = normalise(text)
    language = language_of(said, language)
    question = Question(said, language, intent, confidence)
    return _trial(desk, answer(question, desk), question, written(question, desk))


def _trial(desk: Desk, found: Answered, question: Question, generated: Generated | None) -> Trial:
    return Trial(
        found.decision,
        found.reason,
        found.text,
        question.language,
        found.source,
        found.confidence,
        desk.ranker.send,
        desk.ranker.ask,
        question.intent,
        {name: round(float(part), 4) for name, part in found.parts.items()},
        found.guesses,
        tuple(choice.title for choice in found.choices),
        found.facts,
        _written(generated) if generated else None,
    )


def _written(generated: Generated) -> Written:
    rows = tuple(tuple(round(float(x), 3) for x in row) for row in generated.attention)
    return Written(generated.text, generated.source, generated.target, rows)
