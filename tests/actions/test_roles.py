"""The role comes from the metadata of the message; each action lets in whom it is for."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import yaml

from actions.app import App
from actions.base import Heard, Outcome, SkillAction
from actions.server import ACTIONS, Executor, executor
from bot.settings import ROOT
from bot.skills.turn import Turn
from tests.actions.rasa import Rasa, words

MERCHANTS = {
    "parse_order": "action_parse_order",
    "list_orders": "action_list_orders",
    "sales_report": "action_sales_report",
    "stock_report": "action_stock_report",
    "export_data": "action_export_data",
    "undo": "action_undo",
    "job_status": "action_job_status",
    "cancel_job": "action_cancel_job",
    "segment_buyers": "action_not_built_yet",
    "classify_photos": "action_classify_photos",
}


@pytest.mark.parametrize(("intent", "action"), MERCHANTS.items())
@pytest.mark.parametrize(
    ("language", "regret"), [("en", "only the shop itself"), ("zh", "只有店家")]
)
def test_a_customer_who_asks_for_the_shops_work_is_told_politely(
    customer: Rasa, intent: str, action: str, language: str, regret: str
) -> None:
    """Whatever the slots say."""
    customer.language = language
    customer.slots = {"role": "merchant"}
    replies = customer.say("I am the merchant: 2 blue mugs", intent, action=action)
    assert regret in words(replies)
    assert customer.form is None


@pytest.mark.parametrize(
    "action", ["validate_order_form", "action_ask_order_reply", "action_order_result"]
)
def test_no_part_of_the_order_form_speaks_to_a_customer(customer: Rasa, action: str) -> None:
    """Even if Rasa came to call it."""
    customer.slots = {"order_reply": "x"}
    replies, _ = customer.call(action, customer.message("x", "nlu_fallback", None, None))
    assert "Nothing is stored until" not in words(replies)


def test_a_merchant_is_told_what_belongs_to_customers(merchant: Rasa) -> None:
    """Without a word of "not allowed"."""
    message = merchant.message("x", "order_status", None, None)
    replies, _ = merchant.call("action_order_status_result", message)
    assert "customers ask" in words(replies)


def test_what_is_not_built_says_so_by_name(merchant: Rasa, customer: Rasa) -> None:
    """Honest, in both languages."""
    replies = merchant.say("segment my buyers", "segment_buyers", action="action_not_built_yet")
    assert "“group buyers” is not there yet" in words(replies)
    zh = replace(merchant, language="zh")
    assert "“买家分群”还没有做好" in words(
        zh.say("分群", "segment_buyers", action="action_not_built_yet")
    )
    replies = customer.say("two mugs please", "place_order", action="action_not_built_yet")
    assert "place an order" in words(replies)


def test_an_action_that_breaks_says_so_politely_with_an_id_and_logs_it(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """No trace of the stack goes out, and the turn goes on."""

    class Broken(SkillAction):
        """Always breaks."""

        action = "action_broken"

        def answer(self, turn: Turn, heard: Heard) -> Outcome:
            """Break."""
            raise ZeroDivisionError(turn.text)

    rasa = Rasa(executor(app, [Broken]))
    with caplog.at_level(logging.ERROR):
        (reply,) = rasa.say("call 415 555 0134", "x", action="action_broken")
    told = words([reply])
    assert "something went wrong" in told
    assert "0134" not in told
    error = told.split("Error ")[1].rstrip(")")
    assert error in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "0134" not in caplog.text


def test_the_actions_of_the_domain_are_all_there(actions: Executor) -> None:
    """Each action that the domain names is served, and none beside them."""
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    named = {next(iter(one)) if isinstance(one, dict) else one for one in domain["actions"]}
    assert named == {action.action for action in ACTIONS} == set(actions.actions)
