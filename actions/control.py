"""Steering the talk: help, why, undo, cancel, yes and no out of the blue, and what was not understood."""

from __future__ import annotations

import json

from actions.answers import AnswersFirst, answered, attention_of
from actions.base import MERCHANT, Heard, Outcome, SkillAction
from actions.photos import pictured, why_photo
from bot.conversation.messages import Button, Buttons, Reply, Role, Text, is_photo
from bot.skills.answers.explaining import explained_question, why_answer
from bot.skills.orders import form, views
from bot.skills.orders.form import Said, Say
from bot.skills.photos import talk as photos
from bot.skills.photos.explaining import meant
from bot.skills.turn import Turn
from bot.skills.undo import End, undo
from bot.skills.why import why
from bot.texts import say

_OFFERS = {
    Role.MERCHANT: ("list_orders", "sales_report", "stock_report"),
    Role.AGENT: ("list_orders",),
    Role.CUSTOMER: ("order_status", "ask_shipping", "ask_return_policy"),
}


class Help(AnswersFirst):
    """What the assistant does for this role, with examples."""

    action = "action_help"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Examples to copy and buttons to press."""
        buttons = tuple(
            Button(say(f"try_{intent}", turn.language), f"/{intent}")
            for intent in _OFFERS[turn.role]
        )
        return Outcome((Buttons(say(f"help_{turn.role}", turn.language), buttons),))


class Chitchat(AnswersFirst):
    """Small talk is steered back to the shop."""

    action = "action_chitchat"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """A friendly word."""
        return Outcome((Text(say(f"chitchat_{turn.role}", turn.language)),))


class Why(SkillAction):
    """The last turn explained."""

    action = "action_why"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """From the stored trace; of a question also what its answer rests on, for the shop's own people."""
        with self.app.store.read() as session:
            told = why(session, turn)
            question = explained_question(session, turn)
            photo = None if turn.role is Role.CUSTOMER else meant(session, turn)
        if photo:
            return Outcome(why_photo(self.app, turn, told, *photo))
        if question is None or turn.role is Role.CUSTOMER:
            return Outcome((Text(told),))
        words = Text(f"{told}\n{why_answer(question, turn.language)}")
        return Outcome((words, *attention_of(self.app, turn, question)))


class Undo(SkillAction):
    """One step back in the open draft, else the last confirmed change."""

    action = "action_undo"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """An order that is named is meant, draft or not."""
        number = heard.entity("order_number")
        with self.app.store.write() as session:
            in_draft = form.current(session, turn) or form.of_message(session, turn)
            if in_draft and heard.form and not number:
                reader = self.app.reader(session, turn.shop)
                form.hear(session, turn, reader, Said(Say.UNDO))
                return Outcome()  # the form asks on, from the step before
            undone = undo(session, turn, number)
        if undone.end is End.NOTHING:
            return Outcome((Text(say("undo_nothing", turn.language)),))
        key = "undo_too_late" if undone.end is End.TOO_LATE else f"undo_done_{undone.what}"
        return Outcome((Text(say(key, turn.language, names=photos.shortened(undone.names))),))


class Cancel(SkillAction):
    """A bare "cancel" where no form is open: an open draft is dropped, else nothing is there to drop."""

    action = "action_cancel"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Nothing that was confirmed is touched."""
        with self.app.store.write() as session:
            reader = self.app.reader(session, turn.shop)
            talk = form.hear(session, turn, reader, Said(Say.CANCEL))
        key = "draft_dropped" if talk else "cancel_nothing"
        return Outcome((Text(say(key, turn.language)),))


class AffirmOrDeny(AnswersFirst):
    """A yes or a no to what was asked about photos; else one, or an old button, where nothing was asked."""

    action = "action_affirm_or_deny"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The turn of a confirmation that is tried again gets its good answer again."""
        if turn.role is Role.MERCHANT and heard.intent in ("affirm", "deny"):
            with self.app.store.read() as session:
                asked = photos.asked(session, turn)
            if asked:
                with self.app.store.write() as session:
                    replies = photos.answer(session, turn, heard.intent == "affirm")
                return Outcome(pictured(self.app, turn, replies))
        with self.app.store.read() as session:
            talk = form.of_message(session, turn)
            if talk:
                look = self.app.look(session, turn)
                return Outcome((views.result(look, talk, form.placed_by(session, turn)),))
        key = "note_old_button" if heard.intent == "inform_choice" else f"nothing_asked_{turn.role}"
        return Outcome((Text(say(key, turn.language)),))


class Fallback(SkillAction):
    """What was not understood: a merchant's text that reads like an order is offered to be read, and a customer's

    may be a question that the shop's files answer all the same.
    """

    action = "action_fallback"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Never a guess, always a way on."""
        if turn.role is Role.MERCHANT and any(map(is_photo, turn.files)):
            look = self._button("classify_photos", "button_classify", turn)
            learn = self._button("teach_category", "button_teach", turn)
            read = self._button("parse_order", "button_read_order", turn)
            every = (look, learn) if all(map(is_photo, turn.files)) else (look, learn, read)
            return Outcome((Buttons(say("photos_without_words", turn.language), every),))
        if turn.role is Role.MERCHANT and (turn.files or self._is_order(turn)):
            read = self._button("parse_order", "button_read_order", turn)
            key = "file_without_words" if turn.files else "looks_like_order"
            return Outcome((Buttons(say(key, turn.language), (read,)),))
        known = turn.role is Role.CUSTOMER and turn.text.strip()
        told = answered(self.app, turn, heard, sure_only=True) if known else None
        return told or Outcome((self._sorry(turn),))

    def _button(self, intent: str, title: str, turn: Turn) -> Button:
        """Does something with this message."""
        return Button(say(title, turn.language), f"/{intent}{json.dumps({'choice': turn.message})}")

    def _is_order(self, turn: Turn) -> bool:
        if not turn.text.strip():
            return False
        with self.app.store.read() as session:
            reader = self.app.reader(session, turn.shop)
        (orders,) = reader.orders([turn.text])
        return any(line.sku for order in orders for line in order.lines)

    def _sorry(self, turn: Turn) -> Reply:
        buttons = [Button(say("button_help", turn.language), "/help")]
        if turn.role is Role.CUSTOMER:
            buttons.append(Button(say("button_human", turn.language), "/ask_human"))
        return Buttons(say(f"fallback_{turn.role}", turn.language), tuple(buttons))
