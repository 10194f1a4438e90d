"""Orders: read one, talk about its draft, list them, say where one is."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions.base import MERCHANT, Heard, Outcome, SkillAction
from bot.conversation.messages import Role, Text
from bot.skills.orders import form, views
from bot.skills.orders.form import Said, Say
from bot.skills.orders.intake import order_text
from bot.skills.orders.listing import list_orders
from bot.skills.turn import Turn
from bot.store.drafts import DraftState
from bot.store.traces import text_of
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
        text = self._text(turn, heard)
        if not text:
            return Outcome((Text(say("parse_needs_text", turn.language)),), _opened(False))
        with self.app.store.write() as session:
            (orders,) = self.app.reader(session, turn.shop).orders([text])
            if not orders:
                return Outcome((Text(say("parse_no_order", turn.language)),), _opened(False))
            form.start(session, turn, orders)
        return Outcome(events=_opened(True))

    def _text(self, turn: Turn, heard: Heard) -> str:
        """The order that was typed, or that of an earlier message whose button was pressed."""
        earlier = heard.entity("choice")
        if not earlier:
            return order_text(turn.text)
        with self.app.store.read() as session:
            return order_text(text_of(session, turn.shop, turn.conversation, earlier))


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
        with self.app.store.write() as session:
            reader = self.app.reader(session, turn.shop)
            talk = form.hear(session, turn, reader, said(heard))
        state = talk.state if talk else DraftState.CANCELLED
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
            return Outcome(
                views.draft_step(look, talk, buyer, fresh=talk.orders.started == turn.message)
            )


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


def _opened(opened: bool) -> tuple[dict[str, object], ...]:
    return (SlotSet("draft_open", opened), SlotSet("order_reply", None))
