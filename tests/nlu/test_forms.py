"""How a reading changes while a form is open."""

from __future__ import annotations

from typing import Any

import pytest

from nlu.forms import kept_in_form


def reading(intent: str, confidence: float) -> dict[str, Any]:
    """What the classifier made of a message."""
    ranking = [{"name": intent, "confidence": confidence}]
    return {
        "text": "x",
        "intent": {"name": intent, "confidence": confidence},
        "intent_ranking": ranking,
    }


@pytest.mark.parametrize(
    ("intent", "confidence", "form", "meant"),
    [
        ("sales_report", 0.95, "order_form", "sales_report"),
        ("sales_report", 0.5, "order_form", "nlu_fallback"),
        ("sales_report", 0.5, None, "sales_report"),
        ("order_status", 0.6, "order_status_form", "nlu_fallback"),
        ("cancel", 0.95, "order_form", "cancel"),
        ("cancel", 0.55, "order_form", "nlu_fallback"),
        ("cancel_job", 0.95, "order_form", "cancel"),
        ("cancel_job", 0.95, None, "cancel_job"),
        ("affirm", 0.5, "order_form", "affirm"),
        ("change_order", 0.5, "order_form", "change_order"),
    ],
)
def test_only_a_sure_reading_leaves_the_form(intent, confidence, form, meant):
    """Outside a form nothing changes; the ranking never does."""
    before = reading(intent, confidence)
    after = kept_in_form(before, form)
    assert after["intent"] == {"name": meant, "confidence": confidence}
    assert after["intent_ranking"] == before["intent_ranking"]
    assert before == reading(intent, confidence)


def test_cancels_are_counted_together():
    """What three intents share is one wish here, even where the split made the classifier unsure."""
    shared = {"cancel": 0.45, "cancel_job": 0.3, "cancel_order": 0.2, "greet": 0.05}
    ranking = [{"name": name, "confidence": value} for name, value in shared.items()]
    before = {
        "text": "stop",
        "intent": {"name": "nlu_fallback", "confidence": 0.4},
        "intent_ranking": ranking,
    }
    assert kept_in_form(before, "order_form")["intent"] == {
        "name": "cancel",
        "confidence": pytest.approx(0.95),
    }
    assert kept_in_form(before, None)["intent"]["name"] == "nlu_fallback"
