"""The linear classifier: it learns, comes back from disk unchanged, and joins its confidences with DIET's."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.linear import LinearIntents

EXAMPLES = {
    "greet": ["hello there", "hello you", "你好", "你好呀"],
    "order_status": ["where is my order", "my order is where", "我的订单在哪", "订单到哪了"],
    "sales_report": ["how were sales", "sales last week", "上周卖了多少", "卖了多少钱"],
}
CONTEXT = ExecutionContext(GraphSchema({}))


def trained(folder: Path, intents: list[str]) -> tuple[LinearIntents, LocalModelStorage]:
    """A component that learned some of the examples."""
    storage = LocalModelStorage(folder)
    component = LinearIntents.create(
        LinearIntents.get_default_config(), storage, Resource("linear"), CONTEXT
    )
    messages = [Message({TEXT: text, INTENT: name}) for name in intents for text in EXAMPLES[name]]
    component.train(TrainingData(messages))
    return component, storage


def ranking(
    component: LinearIntents, text: str, earlier: dict[str, float] | None = None
) -> dict[str, float]:
    """The ranking that the component makes of a text that DIET has ranked."""
    entries = [{"name": name, "confidence": value} for name, value in (earlier or {}).items()]
    message = Message({TEXT: text, **({INTENT_RANKING_KEY: entries} if entries else {})})
    component.process([message])
    assert message.get(INTENT) == message.get(INTENT_RANKING_KEY)[0]
    return {entry["name"]: entry["confidence"] for entry in message.get(INTENT_RANKING_KEY)}


@pytest.mark.parametrize("count", [2, 3])
def test_it_learns_and_comes_back_the_same(tmp_path, count):
    """Stored and loaded it gives the same confidences, with two classes and with more."""
    names = list(EXAMPLES)[:count]
    component, storage = trained(tmp_path, names)
    again = LinearIntents.load(
        LinearIntents.get_default_config(), storage, Resource("linear"), CONTEXT
    )
    for name in names:
        for text in EXAMPLES[name]:
            found = ranking(component, text)
            assert next(iter(found)) == name
            assert sum(found.values()) == pytest.approx(1.0)
            assert ranking(again, text) == pytest.approx(found, abs=1e-6)


def test_diet_has_its_share(tmp_path):
    """The same text leans to what DIET says; an unsure DIET does not overrule a clear text."""
    component, _ = trained(tmp_path, list(EXAMPLES))
    agreed = ranking(component, "order", {"order_status": 0.9, "greet": 0.1})["order_status"]
    assert agreed > ranking(component, "order", {"greet": 0.9, "order_status": 0.1})["order_status"]
    doubted = ranking(component, "where is my order", {"greet": 0.6, "order_status": 0.4})
    assert next(iter(doubted)) == "order_status"


def test_empty_text_is_left_alone(tmp_path):
    """Nothing to read, nothing to say."""
    component, _ = trained(tmp_path, list(EXAMPLES))
    message = Message({TEXT: ""})
    assert component.process([message]) == [message]
    assert message.get(INTENT_RANKING_KEY) is None
