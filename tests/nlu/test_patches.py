"""The patches change how fast Rasa is and nothing else; on another version they refuse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import rasa
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
from rasa.utils.tensorflow.models import RasaModel

from nlu import patches

CONFIG = """
recipe: default.v1
assistant_id: test
language: en
pipeline:
  - name: nlu.tokenizer.BilingualTokenizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: 1
    number_of_transformer_layers: 1
    constrain_similarities: true
    random_seed: 7
"""
EXAMPLES = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
    - 你好
- intent: sales_report
  examples: |
    - how were sales [last week](period)
    - [上周](period)卖了多少
    - sales [today](period)
- intent: order_status
  examples: |
    - where is [SO-1024](order_number)
    - 我的订单[A1099](order_number)到哪了
"""
TEXTS = [
    "hello",
    "how were sales today",
    "订单SO-1024到哪了",
    "上周呢",
    "something else entirely",
    "🤷",
]
REPLIES: list[Any] = [
    {},
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "a", "value": 1}], "responses": [{"text": "x"}]},
    {"events": [{"event": "slot", "value": 1}], "responses": []},
    {"events": [{"event": "no such event"}]},
    {"events": {}, "responses": []},
    {"events": [], "responses": ["x"]},
    {"events": [{"event": "user", "text": "x", "parse_data": {"intent": 3}}]},
    [],
    None,
]


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of three intents, trained here."""
    from rasa.model_training import train_nlu

    folder = tmp_path_factory.mktemp("small")
    (folder / "config.yml").write_text(CONFIG)
    (folder / "nlu.yml").write_text(EXAMPLES)
    trained = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder))
    assert trained is not None
    return trained


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rasa as it comes."""
    patches.apply()
    monkeypatch.setattr(RasaModel, "load", classmethod(patches.ORIGINAL["load"]))
    monkeypatch.setattr(RemoteAction, "_validate_action_result", patches.ORIGINAL["validate"])
    return


def read_all(model: str) -> tuple[list[dict[str, Any]], float]:
    """What a freshly loaded model reads in the texts, and the CPU seconds that loading took."""
    started = time.process_time()
    agent = Agent.load(model)
    seconds = time.process_time() - started
    read = [asyncio.run(agent.parse_message(text)) for text in TEXTS]
    return [
        {key: value for key, value in one.items() if key != "message_id"} for one in read
    ], seconds


@pytest.fixture(scope="module")
def patched_reading(small_model: str) -> tuple[list[dict[str, Any]], float]:
    """The reading of a model that was loaded with the patch."""
    patches.apply()
    return read_all(small_model)


def test_loading_eagerly_reads_the_same(small_model, patched_reading, unpatched):
    """Intents, confidences and entities are equal to the last bit."""
    read, seconds = read_all(small_model)
    assert read == patched_reading[0]
    print(f"loading took {seconds:.1f} CPU s without the patch, {patched_reading[1]:.1f} with it")


def test_loading_runs_no_training_step(small_model, monkeypatch):
    """What the patch is for: no training graph is traced."""
    patches.apply()
    monkeypatch.setattr(RasaModel, "train_step", lambda *_: pytest.fail("a training step was run"))
    assert read_all(small_model)[0]


@pytest.mark.parametrize("reply", REPLIES)
def test_replies_of_actions_are_judged_the_same(reply):
    """Valid replies pass and broken ones raise the same error with the same words."""
    patches.apply()
    outcomes = []
    for judge in (patches._validate_action_result, patches.ORIGINAL["validate"]):
        try:
            outcomes.append(judge(RemoteAction("action_help", None), reply))
        except jsonschema.ValidationError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_events_are_resolved_the_same():
    """Each name still gives its class, an unknown one an error, also when it is asked twice."""
    patches.apply()
    names = {
        event.type_name for event in all_subclasses(Event) if getattr(event, "type_name", None)
    }
    assert len(names) > 20
    for name in [*sorted(names), *sorted(names)]:
        assert Event.resolve_by_type(name) is patches.ORIGINAL["resolve"](name)
    for _ in range(2):
        with pytest.raises(ValueError, match="no such event"):
            Event.resolve_by_type("no such event")


def test_other_versions_are_refused(monkeypatch):
    """The error says what to do."""
    monkeypatch.setattr(rasa, "__version__", "3.6.20")
    with pytest.raises(patches.WrongRasa, match=r"3\.6\.21.*3\.6\.20.*requirements\.lock"):
        patches.apply()


def test_applying_twice_changes_nothing(monkeypatch):
    """The originals are not lost."""
    patches.apply()
    original = dict(patches.ORIGINAL)
    patches.apply()
    assert original == patches.ORIGINAL
    assert RasaModel.load.__func__ is patches._load.__func__
