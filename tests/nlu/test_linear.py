"""The intent classifier: it learns, comes back from disk unchanged, and reads alike what looks or means alike."""

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
from nlu.normal import normal, pieces

EXAMPLES = {
    "greet": ["hello there", "hello you", "你好", "你好呀"],
    "order_status": ["where is my order", "my order is where", "我的订单在哪", "订单到哪了"],
    "sales_report": ["how were sales", "sales last week", "上周卖了多少", "卖了多少钱"],
}
CONTEXT = ExecutionContext(GraphSchema({}))


def trained(
    folder: Path, intents: list[str], **settings: float
) -> tuple[LinearIntents, LocalModelStorage]:
    """A component that learned some of the examples."""
    folder.mkdir(exist_ok=True)
    storage = LocalModelStorage(folder)
    config = {**LinearIntents.get_default_config(), **settings}
    component = LinearIntents.create(config, storage, Resource("linear"), CONTEXT)
    messages = [Message({TEXT: text, INTENT: name}) for name in intents for text in EXAMPLES[name]]
    component.train(TrainingData(messages))
    return component, storage


def ranking(component: LinearIntents, text: str) -> dict[str, float]:
    """The ranking that the component makes of a text."""
    message = Message({TEXT: text})
    component.process([message])
    assert message.get(INTENT) == message.get(INTENT_RANKING_KEY)[0]
    return {entry["name"]: entry["confidence"] for entry in message.get(INTENT_RANKING_KEY)}


@pytest.mark.parametrize("meaning", [0.0, 1.0])
@pytest.mark.parametrize("count", [2, 3])
def test_it_learns_and_comes_back_the_same(tmp_path, count, meaning):
    """Stored and loaded it gives the same confidences, with two classes and with more, with and without the encoder."""
    names = list(EXAMPLES)[:count]
    component, storage = trained(tmp_path, names, meaning=meaning)
    config = {**LinearIntents.get_default_config(), "meaning": meaning}
    again = LinearIntents.load(config, storage, Resource("linear"), CONTEXT)
    for name in names:
        for text in EXAMPLES[name]:
            found = ranking(component, text)
            assert next(iter(found)) == name
            assert sum(found.values()) == pytest.approx(1.0)
            assert ranking(again, text) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hi buddy", "greet"),
        ("monthly revenue figures", "sales_report"),
        ("营业额", "sales_report"),
    ],
)
def test_other_words_of_the_same_meaning(tmp_path, text, name):
    """Words that were never seen: the sentence vector knows what they mean."""
    knowing, _ = trained(tmp_path / "knowing", list(EXAMPLES))
    counting, _ = trained(tmp_path / "counting", list(EXAMPLES), meaning=0.0)
    assert next(iter(ranking(knowing, text))) == name
    assert ranking(knowing, text)[name] > ranking(counting, text)[name]


def test_empty_text_is_left_alone(tmp_path):
    """Nothing to read, nothing to say."""
    component, _ = trained(tmp_path, list(EXAMPLES), meaning=0.0)
    message = Message({TEXT: ""})
    assert component.process([message]) == [message]
    assert message.get(INTENT_RANKING_KEY) is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ＷＨＥＲＥ is my order", "where is my order"),
        ("退貨怎麼辦理", "退货怎么办理"),
        ("sooooooo slow", "soo slow"),
        ("don’t", "don't"),
        ("wh\u200bere", "where"),
        ("100000", "100000"),
    ],
)
def test_what_looks_alike_becomes_the_same(text, same):
    """Full-width, traditional, long-drawn and unseen signs; numbers stay what they are."""
    assert normal(text) == same


def test_numbers_and_codes_count_as_their_kind():
    """An order number that was never seen is still an order number."""
    assert pieces("order so-1024 and so-9999") == ["order", "<code>", "and", "<code>"]
    assert pieces("2 or 3") == pieces("5 or 7")
    assert pieces("退货 a@b.co") == ["退", "货", "<address>"]
