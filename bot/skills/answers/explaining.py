"""Why a question was answered as it was: the decision, how sure it was and of what, and where the answer stands."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.conversation.messages import Language
from bot.skills.turn import Turn
from bot.store.questions import AskedQuestion, question_of
from bot.store.traces import turns_before
from bot.texts import percent, say

NOT_EXPLAINED = "why"


def explained_question(session: Session, turn: Turn) -> AskedQuestion | None:
    """The question of the turn that `why` is about, if that turn asked one."""
    past = turns_before(session, turn.shop, turn.conversation, turn.message)
    explained = next((one for one in past if one.trace.get("intent") != NOT_EXPLAINED), None)
    return question_of(session, turn.shop, explained.message) if explained else None


def why_answer(question: AskedQuestion, language: Language) -> str:
    """The decision in a few lines."""
    told = say(
        "why_answer",
        language,
        decision=say(f"decision_{question.decision}", language),
        percent=percent(question.confidence, language),
    )
    lines = [told]
    if question.source:
        lines.append(say("why_answer_source", language, source=question.source))
    if question.parts:
        parts = ", ".join(f"{name} {share:.2f}" for name, share in question.parts.items())
        lines.append(say("why_answer_parts", language, parts=parts))
    if question.guesses:
        guesses = ", ".join(f"{name} ({percent(p, language)})" for name, p in question.guesses)
        lines.append(say("why_answer_guesses", language, guesses=guesses))
    return "\n".join(lines)
