"""The entity model: what it learns from examples, spans that are the text's own, and the way through the file."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.entities import BilingualEntities
from nlu.entity_features import units
from nlu.tokenizer import spans

EXAMPLES = """
version: "3.1"
nlu:
- intent: place_order
  examples: |
    - i want [2](quantity) [mugs](product)
    - i want [three](quantity) red [plates](product) please
    - i want [4](quantity) [cups](product)
    - i want [6](quantity) [bowls](product)
    - please send [5](quantity) [spoons](product) to [Leeds](place)
    - the [bowls](product) please
    - the [pans](product) please
    - the [pots](product) please
    - 我要[两](quantity)个[杯子](product)
    - 给我来[三](quantity)箱[苹果](product)
    - 我要[五](quantity)个[碗](product)，寄到[上海](place)
    - hello
    - 你好
- intent: order_status
  examples: |
    - where is order [SC-10234](order_number)
    - where is order [A-7781](order_number) of [Mr Wang](buyer)
    - status of [SC-4410](order_number) please
    - 订单[SC-20981](order_number)到哪了
    - [王先生](buyer)的订单[A-2290](order_number)到哪了
    - [陈先生](buyer)的订单到哪了
    - 查一下[张先生](buyer)的订单[A-1180](order_number)
    - [赵先生](buyer)的货呢
    - thanks
- intent: classify_photos
  examples: |
    - the [bowls](category) please
    - the [pans](category) please
    - the [pots](category) please
    - 哪些照片是[杯子](category)
"""


class Fitted:
    """A component trained on a few examples, and the same one read back from its file."""

    def __init__(self, folder: Path, data: TrainingData, **settings: float) -> None:
        folder.mkdir()
        storage = LocalModelStorage(folder)
        context = ExecutionContext(GraphSchema({}))
        resource = Resource("entities")
        config = {**BilingualEntities.get_default_config(), "rounds": 60, **settings}
        self.trained = BilingualEntities.create(config, storage, resource, context)
        self.trained.train(data)
        self.loaded = BilingualEntities.load(config, storage, resource, context)

    def found(
        self, text: str, intent: str | None = None, trained: bool = False
    ) -> list[tuple[str, str]]:
        """(name, value) of the entities in a text."""
        message = Message({TEXT: text})
        if intent:
            message.set(INTENT, {"name": intent, "confidence": 0.9})
        (self.trained if trained else self.loaded).process([message])
        for entity in message.get(ENTITIES, []):
            assert text[entity["start"] : entity["end"]] == entity["value"]
        return [(entity["entity"], entity["value"]) for entity in message.get(ENTITIES, [])]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """One training for all tests that only read."""
    return Fitted(tmp_path_factory.mktemp("entities") / "model", RasaYAMLReader().reads(EXAMPLES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i want 7 forks", [("quantity", "7"), ("product", "forks")]),
        ("where is order SC-99812", [("order_number", "SC-99812")]),
        ("status of SC-77120 please", [("order_number", "SC-77120")]),
        ("我要六个勺子", [("quantity", "六"), ("product", "勺子")]),
        ("李先生的订单A-9917到哪了", [("buyer", "李先生"), ("order_number", "A-9917")]),
        ("hello", []),
    ],
)
def test_unseen_values_are_found(fitted, text, expected):
    """What stands where entities stood is one, also when the word itself was never seen."""
    assert fitted.found(text) == expected


def test_traditional_signs_are_read_as_simplified_ones(fitted):
    """訂單 is 订单; the value stays as it was typed."""
    assert fitted.found("訂單SC-20981到哪了") == [("order_number", "SC-20981")]
    assert fitted.found("給我來三箱蘋果") == [("quantity", "三"), ("product", "蘋果")]


def test_the_intent_tells_a_class_from_a_product(tmp_path):
    """The same words are a product in an order and a category among photos."""
    told = Fitted(tmp_path / "model", RasaYAMLReader().reads(EXAMPLES), hidden_intent=0.0)
    assert told.found("the jugs please", "place_order") == [("product", "jugs")]
    assert told.found("the jugs please", "classify_photos") == [("category", "jugs")]


def test_stored_model_answers_as_the_trained_one(fitted):
    """Nothing is lost on the way through the file."""
    for text in ["i want 2 mugs to Leeds", "我要两个杯子", "hello there"]:
        assert fitted.found(text) == fitted.found(text, trained=True)


def test_earlier_entities_stay(fitted):
    """Another extractor's finds are kept."""
    earlier = {"entity": "time", "start": 0, "end": 1, "value": "i"}
    message = Message({TEXT: "i want 2 mugs", ENTITIES: [earlier]})
    fitted.loaded.process([message])
    assert message.get(ENTITIES)[0] == earlier
    assert len(message.get(ENTITIES)) > 1


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_nothing_has_no_entities(fitted, text):
    """Blank texts go through."""
    assert fitted.found(text) == []


def test_any_text_goes_through(fitted):
    """In 1,000 random texts spans are in order, apart, and equal their slice (checked in `found`)."""
    chance = random.Random(5)
    signs = "ab2 -.%$'’满减折上周两箱订單０Ａé\u0301👍🏽\u200bßİ年月"
    for _ in range(1000):
        text = "".join(chance.choices(signs, k=chance.randint(1, 40)))
        message = Message({TEXT: text})
        fitted.loaded.process([message])
        end = 0
        for entity in message.get(ENTITIES, []):
            assert end <= entity["start"] < entity["end"] <= len(text)
            end = entity["end"]


def test_an_annotation_inside_a_word_is_named(tmp_path):
    """The error says which annotation has to be mended."""
    example = "version: '3.1'\nnlu:\n- intent: a\n  examples: |\n    - i like tea[pots](product)\n"
    with pytest.raises(ValueError, match="product"):
        Fitted(tmp_path / "model", RasaYAMLReader().reads(example))


def _examples() -> list[Message]:
    return RasaFileImporter(training_data_paths=["data/nlu"]).get_nlu_data().nlu_examples


def test_every_annotation_fits_the_units():
    """No entity of our examples begins or ends inside a token that is not Chinese."""
    cut = []
    for example in _examples():
        row = units(example.get(TEXT))
        begins, ends = {unit.start for unit in row}, {unit.end for unit in row}
        cut.extend(
            (example.get(TEXT), entity["value"])
            for entity in example.get(ENTITIES, [])
            if entity["start"] not in begins or entity["end"] not in ends
        )
    assert cut == []


def test_words_rarely_cut_an_entity():
    """jieba's words, which the other components read, end where entities end in 99 of 100 cases."""
    whole = total = 0
    for example in _examples():
        found = list(spans(example.get(TEXT)))
        begins, ends = {start for start, _ in found}, {end for _, end in found}
        for entity in example.get(ENTITIES, []):
            total += 1
            whole += entity["start"] in begins and entity["end"] in ends
    assert whole / total > 0.99


def test_annotations_follow_the_rules():
    """An order number is the code only, a courier stands without 快递, nothing has an article."""
    for example in _examples():
        for entity in example.get(ENTITIES, []):
            name, value = entity["entity"], entity["value"]
            said = f"{value!r} in {example.get(TEXT)!r}"
            assert value == value.strip(" ,.，。"), said
            assert not (name == "order_number" and value.startswith("#")), said
            assert not (name == "courier" and value.endswith("快递")), said
            assert not (
                name in ("product", "period")
                and value.lower().startswith(("the ", "a ", "my "))
                and value not in ("the first half of the year", "the launch")
            ), said
            assert not (name == "product" and value[0].isdigit()), said
