"""Where an order is; a visitor whom nobody vouches for is asked for its number and the end of the phone."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions.answers import AnswersFirst
from actions.base import CUSTOMER, Event, Heard, Outcome, SkillAction
from bot.skills.orders import status
from bot.skills.turn import Turn
from bot.store.drafts import DraftState

_STOPS = frozenset({"cancel", "deny", "cancel_job"})


class OrderStatus(AnswersFirst):
    """Tells at once, or opens the form."""

    action = "action_order_status"

    def instead(self, turn: Turn, heard: Heard) -> Outcome | None:
        """Rasa would call this again where it is not told that no form follows."""
        told = super().instead(turn, heard)
        return Outcome(told.replies, _open(False)) if told else None

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """`status_open` says to Rasa whether the form follows."""
        with self.app.store.write() as session:
            look = self.app.look(session, turn)
            told = status.order_status(session, turn, look)
        return Outcome(told.replies, _open(told.open))


class ValidateOrderStatusForm(SkillAction):
    """Takes what the visitor says; `order_status_reply` says how the form goes on."""

    action = "validate_order_status_form"
    roles = CUSTOMER

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Nothing was said to the form where Rasa extracted no reply."""
        if heard.slots.get("order_status_reply") is None:
            return Outcome()
        with self.app.store.write() as session:
            state = status.hear(session, turn, heard.intent in _STOPS)
        value = None if state is DraftState.OPEN else state
        return Outcome(events=(SlotSet("order_status_reply", value),))


class AskOrderStatusReply(SkillAction):
    """Asks for the number, the digits, or both."""

    action = "action_ask_order_status_reply"
    roles = CUSTOMER

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """What is missing."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            return Outcome(status.question(session, turn, look))


class OrderStatusResult(SkillAction):
    """Shows the order, or says why not."""

    action = "action_order_status_result"
    roles = CUSTOMER

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """How the asking ended; ready for the next time."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            return Outcome(status.result(session, turn, look), _open(False))


def _open(opened: bool) -> tuple[Event, ...]:
    return (SlotSet("status_open", opened), SlotSet("order_status_reply", None))
