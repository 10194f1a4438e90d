"""Customers' questions: answered from the shop's files and records, asked back, or kept for the shop's people."""

from __future__ import annotations

from actions.app import App
from actions.base import Heard, Outcome, SkillAction
from bot.conversation.messages import Button, Buttons, Image, Language, Reply, Role, Text
from bot.skills.answers import talk
from bot.skills.answers.answering import Answered, Decision, Question, written
from bot.skills.answers.attention import Heading, draw_attention
from bot.skills.turn import Turn
from bot.store.questions import AskedQuestion
from bot.texts import say

_AXES = ("why_attention_rows", "why_attention_columns")


class AnswersFirst(SkillAction):
    """An action for an intent that customers' questions are taken for too: a sure answer on another matter comes first.

    Not for a wish for a person, which is granted even where an answer might do.
    """

    def instead(self, turn: Turn, heard: Heard) -> Outcome | None:
        """Where nothing else is under way; a pressed button says what it means."""
        asked = turn.text.strip() and not turn.text.startswith("/")
        if turn.role is not Role.CUSTOMER or heard.form or not asked:
            return None
        return _on_another_matter(self.app, turn, heard)


class AnswerQuestion(SkillAction):
    """Shipping, payment, returns, the shop, a product, an invoice, how something is done."""

    action = "action_answer"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """What can be said for sure, and an honest word else."""
        if turn.role is Role.CUSTOMER and turn.files and turn.text.startswith("/"):
            with self.app.store.write() as session:  # files came without a word
                return Outcome(talk.wordless(session, turn))
        return answered(self.app, turn, heard) or _without_files(turn)


def answered(app: App, turn: Turn, heard: Heard, *, sure_only: bool = False) -> Outcome | None:
    """The answer to a turn's question, kept for `why`; None where the shop's files cannot be read,

    or, with `sure_only`, where there is no answer and nothing to ask back.
    """
    read = talk.Heard(heard.intent, heard.confidence, heard.entity("choice"))
    with app.store.read() as session:
        desk = app.desk(session, turn.shop)
        if desk is None:
            return None
        found, row = talk.ask(session, turn, desk, read)
    with app.store.write() as session:
        talk.keep(session, turn, row)
    if sure_only and not _helps(found):
        return None
    return Outcome((*talk.replies(turn, desk, read, found), *talk.noted(turn, len(row.photos))))


def _on_another_matter(app: App, turn: Turn, heard: Heard) -> Outcome | None:
    """The answer that is surely meant, where it is none of those for the intent; nothing else is kept."""
    read = talk.Heard(heard.intent, heard.confidence)
    with app.store.read() as session:
        desk = app.desk(session, turn.shop)
        if desk is None:
            return None
        found, row = talk.ask(session, turn, desk, read)
    if found.decision is not Decision.SEND or heard.intent in desk.intents_of(found.source):
        return None
    with app.store.write() as session:
        talk.keep(session, turn, row)
    return Outcome((*talk.replies(turn, desk, read, found), *talk.noted(turn, len(row.photos))))


def attention_of(app: App, turn: Turn, question: AskedQuestion) -> tuple[Reply, ...]:
    """The picture of the network's attention for a question, where a network is in place; asked anew."""
    language = Language(question.language)
    with app.store.read() as session:
        desk = app.desk(session, turn.shop)
        generated = written(Question(question.text, language), desk) if desk else None
    if generated is None:
        return ()
    told = {name: say(name, turn.language) for name in ("why_attention", *_AXES)}
    png = draw_attention(generated, Heading(*told.values()))
    with app.store.write() as session:
        file = app.files.put(
            session, turn.shop, png, f"why-{question.id}.png", "image/png", turn.conversation
        )
    return (Image(file.sha256, alt=told["why_attention"], title=told["why_attention"]),)


def _helps(found: Answered) -> bool:
    return found.decision is Decision.SEND or bool(found.choices)


def _without_files(turn: Turn) -> Outcome:
    """The files are broken: `shopclerk doctor` tells the merchant which."""
    if turn.role is not Role.CUSTOMER:
        return Outcome((Text(say("answer_files_broken", turn.language)),))
    person = Button(say("button_human", turn.language), "/ask_human")
    return Outcome((Buttons(say("policy_none", turn.language), (person,)),))
