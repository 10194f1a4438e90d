"""What customers ask of the shop's people: a person, and what is not there yet."""

from __future__ import annotations

from actions.answers import AnswersFirst
from actions.base import Heard, Outcome, SkillAction, not_for
from bot.conversation.messages import Button, Buttons, Role, Text
from bot.skills.answers.talk import reached
from bot.skills.turn import Turn
from bot.skills.why import intent_name
from bot.texts import say

MERCHANTS_ONLY = frozenset(
    {
        "classify_photos",
        "teach_category",
        "parse_order",
        "list_orders",
        "best_courier",
        "plan_routes",
        "segment_buyers",
        "draft_promotion",
        "recommend_products",
        "sales_report",
        "stock_report",
        "job_status",
        "cancel_job",
        "export_data",
        "undo",
        "support_report",
    }
)


class AskHuman(SkillAction):
    """A person is asked for. There is no inbox yet, so nobody is promised: the shop's contact is told."""

    action = "action_ask_human"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Where a person can be reached."""
        if turn.role is not Role.CUSTOMER:
            return Outcome((Text(say("human_for_merchant", turn.language)),))
        with self.app.store.read() as session:
            desk = self.app.desk(session, turn.shop)
        contact = reached(desk, turn.language) if desk else ""
        contact = contact or say("policy_none", turn.language)
        return Outcome((Text(say("human_not_here", turn.language, contact=contact)),))


class NotBuiltYet(AnswersFirst):
    """Skills that are not there yet say so by name."""

    action = "action_not_built_yet"

    def may(self, turn: Turn, heard: Heard) -> bool:
        """A merchant's skill is for merchants; agents and merchants may look at customers' skills."""
        return turn.role is not Role.CUSTOMER or heard.intent not in MERCHANTS_ONLY

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """Politely, with what a customer can do here."""
        return Outcome((Text(not_for(turn)),))

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The honest word, and a way on."""
        skill = intent_name(heard.intent, turn.language)
        if turn.role is Role.CUSTOMER:
            person = Button(say("button_human", turn.language), "/ask_human")
            text = say("not_there_yet_customer", turn.language, skill=skill)
            return Outcome((Buttons(text, (person,)),))
        return Outcome((Text(say("not_there_yet", turn.language, skill=skill)),))
