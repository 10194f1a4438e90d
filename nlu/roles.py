"""Re-ranks intents by the role that the door gave: the same words mean one thing in each role's mouth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, List  # noqa: UP035 - Rasa compares annotations with its own

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
)
from rasa.shared.nlu.training_data.message import Message


@dataclass(frozen=True)
class Twins:
    """Two intents that share their words; the pull is how many times likelier a role's own twin is in its mouth."""

    merchant: str
    customer: str
    merchant_pull: float
    customer_pull: float

    def pulls(self, role: str) -> dict[str, float]:
        """Weight of each twin in the mouth of a role; all equal for roles that have no twin."""
        return {
            self.merchant: self.merchant_pull if role == "merchant" else 1.0,
            self.customer: self.customer_pull if role == "customer" else 1.0,
        }


ALWAYS = 1e6
TWINS = (
    Twins("parse_order", "place_order", ALWAYS, ALWAYS),
    Twins("recommend_products", "recommend_me", ALWAYS, ALWAYS),
    Twins("draft_promotion", "ask_discount", ALWAYS, ALWAYS),
    # A merchant asks for the price of a thing too, and after a single order; a customer never sees stock or all orders.
    Twins("stock_report", "ask_product", 4.0, ALWAYS),
    Twins("list_orders", "order_status", 2.0, ALWAYS),
)

# What a role hardly ever asks. It stays possible, so that a wish is refused by name; twins are settled below.
# A merchant does ask about, change or cancel one order of a customer, ask for a product, and want a person.
UNUSUAL = 0.2
UNUSUAL_FOR = {
    "customer": frozenset(
        "classify_photos teach_category best_courier plan_routes segment_buyers sales_report job_status cancel_job "
        "export_data undo support_report".split()
    ),
    "merchant": frozenset(
        "change_address return_item exchange_item refund_status ask_shipping ask_payment ask_return_policy "
        "ask_store_info request_invoice report_problem complain".split()
    ),
}


def weighed(ranking: Mapping[str, float], role: str) -> dict[str, float]:
    """The ranking with what is unusual for the role made less likely; the sum stays what it was."""
    unusual = UNUSUAL_FOR.get(role, frozenset())
    result = {
        name: value * (UNUSUAL if name in unusual else 1.0) for name, value in ranking.items()
    }
    scale = sum(ranking.values()) / (sum(result.values()) or 1.0)
    return {name: value * scale for name, value in result.items()}


def reranked(ranking: Mapping[str, float], role: str) -> dict[str, float]:
    """The ranking with the twins' confidence shared out by role, after what is unusual for it lost weight."""
    ranking = weighed(ranking, role)
    result = dict(ranking)
    for twins in TWINS:
        pulls = twins.pulls(role)
        mass = sum(ranking.get(name, 0.0) for name in pulls)
        weighted = {
            name: max(ranking.get(name, 0.0), mass * 1e-3) * pull for name, pull in pulls.items()
        }
        if mass > 0.0 and len(set(pulls.values())) > 1:
            result.update(
                {name: mass * weight / sum(weighted.values()) for name, weight in weighted.items()}
            )
    return dict(sorted(result.items(), key=lambda item: item[1], reverse=True))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class RoleReranker(GraphComponent):
    """Stands after the classifier; a message whose metadata has no role passes unchanged."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RoleReranker:
        """Make the component (see parent class)."""
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:  # noqa: UP006
        """Re-rank the intents of each message that carries a role."""
        for message in messages:
            role = (message.get("metadata") or {}).get("role")
            if role in ("merchant", "customer") and message.get(INTENT_RANKING_KEY):
                _rerank(message, role)
        return messages


def _rerank(message: Message, role: str) -> None:
    before = {
        entry[INTENT_NAME_KEY]: entry[PREDICTED_CONFIDENCE_KEY]
        for entry in message.get(INTENT_RANKING_KEY)
    }
    after = [
        {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}
        for name, confidence in reranked(before, role).items()
    ]
    message.set(INTENT_RANKING_KEY, after, add_to_output=True)
    message.set(INTENT, after[0], add_to_output=True)
