"""Re-ranking twins by role."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

from nlu.roles import RoleReranker, reranked


def message(ranking: dict[str, float], role: str | None) -> Message:
    """A classified message."""
    entries = [{"name": name, "confidence": value} for name, value in ranking.items()]
    metadata = {"role": role} if role else None
    return Message(
        {"text": "x", "metadata": metadata, INTENT: entries[0], INTENT_RANKING_KEY: entries}
    )


@pytest.mark.parametrize(
    ("role", "ranking", "first"),
    [
        ("merchant", {"place_order": 0.7, "parse_order": 0.1, "greet": 0.2}, "parse_order"),
        ("customer", {"parse_order": 0.7, "place_order": 0.1, "greet": 0.2}, "place_order"),
        ("customer", {"parse_order": 0.9, "greet": 0.1}, "place_order"),
        ("merchant", {"recommend_me": 0.8, "recommend_products": 0.1}, "recommend_products"),
        ("merchant", {"ask_discount": 0.8, "draft_promotion": 0.1}, "draft_promotion"),
        ("customer", {"draft_promotion": 0.8, "ask_discount": 0.1}, "ask_discount"),
        ("customer", {"stock_report": 0.8, "ask_product": 0.1}, "ask_product"),
        ("customer", {"list_orders": 0.8, "order_status": 0.1}, "order_status"),
        ("merchant", {"order_status": 0.9, "list_orders": 0.05}, "order_status"),
        ("merchant", {"order_status": 0.5, "list_orders": 0.4}, "list_orders"),
        ("customer", {"segment_buyers": 0.9, "greet": 0.1}, "segment_buyers"),
    ],
)
def test_role_decides_between_twins(role, ranking, first):
    """The own twin wins; intents without a twin stay, so that they can be refused by name."""
    result = RoleReranker().process([message(ranking, role)])[0]
    assert result.get(INTENT)["name"] == result.get(INTENT_RANKING_KEY)[0]["name"] == first


@pytest.mark.parametrize("role", [None, "agent", "owner", 3])
def test_without_a_known_role_nothing_changes(role):
    """Measurements without roles see the classifier itself."""
    before = message({"place_order": 0.7, "parse_order": 0.3}, role)
    ranking = list(before.get(INTENT_RANKING_KEY))
    after = RoleReranker().process([before])[0]
    assert after.get(INTENT_RANKING_KEY) == ranking
    assert after.get(INTENT)["name"] == "place_order"


@pytest.mark.parametrize("role", ["merchant", "customer"])
def test_confidence_is_shared_not_made(role):
    """Sums stay, everything stays between 0 and 1 and sorted, and others are untouched."""
    before = {
        "place_order": 0.45,
        "parse_order": 0.15,
        "stock_report": 0.2,
        "ask_product": 0.1,
        "greet": 0.1,
    }
    after = reranked(before, role)
    assert sum(after.values()) == pytest.approx(1.0)
    assert after["place_order"] + after["parse_order"] == pytest.approx(0.6)
    assert after["greet"] == before["greet"]
    assert list(after.values()) == sorted(after.values(), reverse=True)
    assert all(0.0 <= value <= 1.0 for value in after.values())
