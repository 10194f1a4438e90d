"""Orders: read one, talk about its draft, list them, say where one is."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import SlotSet

from actions.base import MERCHANT, Heard, Outcome, SkillAction
from bot.conversation.messages import FileRef, Role, Text, is_photo
from bot.inputs import BadInput
from bot.skills.orders import form, views
from bot.skills.orders.batch import INLINE, JOB
from bot.skills.orders.files import messages_in, refuse_unreadable
from bot.skills.orders.form import Said, Say
from bot.skills.orders.intake import order_text
from bot.skills.orders.listing import list_orders
from bot.skills.turn import Turn
from bot.store.catalogue import stock_of
from bot.store.drafts import DraftState
from bot.store.jobs import enqueue
from bot.store.traces import said_in
from bot.texts import say

_KINDS = {"affirm": Say.YES, "deny": Say.NO, "cancel": Say.CANCEL}


def said(heard: Heard) -> Said:
    """How a message speaks to the open draft."""
    if heard.intent == "inform_choice":
        return Said(Say.CHOICE, heard.entity("choice"))
    return Said(_KINDS.get(heard.intent, Say.TEXT), heard.text)


class ParseOrder(SkillAction):
    """Reads an order and opens its draft; the form then talks about it."""

    action = "action_parse_order"
    roles = MERCHANT

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """No draft is opened, so the form must not start."""
        return Outcome(super().refused(turn, heard).replies, _opened(False))

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Read the text, or say what is needed."""
        text, files = turn.text, turn.files
        if earlier := heard.entity("choice"):  # the button of an earlier message
            with self.app.store.read() as session:
                text, files = said_in(session, turn.shop, turn.conversation, earlier)
            # a button under photos and others: the others hold the orders
            files = tuple(file for file in files if not is_photo(file)) or files
        if files:
            return self._files(turn, files)
        wanted = order_text(text)
        if not wanted:
            return _not_opened("parse_needs_text", turn)
        return self._drafted(turn, (wanted,))

    def _files(self, turn: Turn, files: Sequence[FileRef]) -> Outcome:
        """A few messages are drafted at once; many become a job for each file."""
        try:
            refuse_unreadable(files)
            with self.app.store.read() as session:
                found = [
                    (
                        file,
                        messages_in(file, self.app.files.read(session, turn.shop, file.sha256)[1]),
                    )
                    for file in files
                ]
        except BadInput as error:
            return Outcome((Text(say("parse_bad_file", turn.language, why=error)),), _opened(False))
        total = sum(len(texts) for _, texts in found)
        if total <= INLINE:
            return self._drafted(turn, tuple(text for _, texts in found for text in texts))
        with self.app.store.write() as session:
            for place, (file, texts) in enumerate(found):
                enqueue(
                    session,
                    turn.shop,
                    f"{JOB}-{turn.message}-{place}",
                    JOB,
                    {"sha256": file.sha256, "name": file.name, "message": turn.message},
                    conversation=turn.conversation,
                    language=turn.language,
                    total=len(texts),
                )
        return Outcome((Text(say("batch_begun", turn.language, total=total)),), _opened(False))

    def _drafted(self, turn: Turn, texts: Sequence[str]) -> Outcome:
        with self.app.store.read() as session:
            reader = self.app.reader(session, turn.shop)
        orders = tuple(order for of in reader.orders(texts) for order in of)
        if not orders:
            return _not_opened("parse_no_order", turn)
        with self.app.store.write() as session:
            form.start(session, turn, orders)
        return Outcome(events=_opened(True))


class ValidateOrderForm(SkillAction):
    """Takes a message to the draft; `order_reply` says how the form goes on."""

    action = "validate_order_form"
    roles = MERCHANT

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """Whoever is not the merchant has no draft to talk about."""
        return Outcome(events=(SlotSet("order_reply", DraftState.CANCELLED),))

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Nothing was said to the form where Rasa extracted no reply: other rules answer then."""
        if heard.slots.get("order_reply") is None:
            return Outcome()
        if turn.files:
            sentence = Text(say("draft_before_files", turn.language))
            return Outcome((sentence,), (SlotSet("order_reply", None),))
        with self.app.store.read() as session:
            reader = self.app.reader(session, turn.shop)
            known, talk = form.of_message(session, turn), form.current(session, turn)
        if talk and not known:
            state, orders = form.consider(talk, reader, said(heard))
            with self.app.store.write() as session:
                known = form.keep(session, turn, talk, state, orders)
        state = known.state if known else DraftState.CANCELLED
        return Outcome(
            events=(SlotSet("order_reply", None if state is DraftState.OPEN else state),)
        )


class AskOrderReply(SkillAction):
    """Asks the next thing about the draft, or shows it with Confirm and Cancel."""

    action = "action_ask_order_reply"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Where the draft stands."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            talk = form.current(session, turn)
            if talk is None:
                return Outcome((Text(look.say("draft_none")),))
            asked = talk.orders.question()
            order = talk.orders.orders[asked.order] if asked else None
            buyer = form.known_buyer(session, turn.shop, order) if order else None
            stock = stock_of(session, turn.shop, talk.orders.skus())
            return Outcome(views.draft_step(look, talk, buyer, turn.message, stock))


class OrderResult(SkillAction):
    """Says how the talk about the draft ended."""

    action = "action_order_result"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The orders that were placed, or that nothing was stored; ready for the next draft."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            talk, orders = form.of_message(session, turn), form.placed_by(session, turn)
        ready = (SlotSet("order_reply", None), SlotSet("draft_open", False))
        return Outcome((views.result(look, talk, orders),), ready)


class ListOrders(SkillAction):
    """Lists the shop's orders, or a customer's own."""

    action = "action_list_orders"
    roles = frozenset({Role.MERCHANT, Role.AGENT})

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The newest orders that were asked for."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            return Outcome(list_orders(session, turn, look, heard.entity("buyer")))


def _not_opened(key: str, turn: Turn) -> Outcome:
    return Outcome((Text(say(key, turn.language)),), _opened(False))


def _opened(opened: bool) -> tuple[dict[str, object], ...]:
    return (SlotSet("draft_open", opened), SlotSet("order_reply", None))
