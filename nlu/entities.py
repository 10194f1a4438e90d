"""Entities by a conditional random field over Han signs and tokens; its features are in `nlu/entity_features.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, List  # noqa: UP035 - Rasa compares annotations with its own

import numpy as np
import pycrfsuite
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    EXTRACTOR,
    INTENT,
    INTENT_NAME_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.entity_features import Unit, features, units

WEIGHTS = "entities.crfsuite"
OUTSIDE = "O"
# Weights also for steps between tags that were never seen, so that those are known to be unlikely.
ALL_STEPS = "feature.possible_transitions"

Span = tuple[int, int, str]


def tags_of(row: Sequence[Unit], spans: Iterable[Span]) -> list[str]:
    """BIO tags, one per unit; a ValueError where a span does not begin and end with units."""
    tags = [OUTSIDE] * len(row)
    begins = {unit.start: number for number, unit in enumerate(row)}
    ends = {unit.end: number for number, unit in enumerate(row)}
    for start, end, name in spans:
        if start not in begins or end not in ends:
            raise ValueError(f"the {name} at {start}:{end} cuts a token; mend the annotation")
        for number in range(begins[start], ends[end] + 1):
            tags[number] = f"I-{name}"
        tags[begins[start]] = f"B-{name}"
    return tags


def spans_of(row: Sequence[Unit], tags: Sequence[str]) -> list[Span]:
    """What BIO tags say, as (start, end, name); an I without its B begins a span."""
    found: list[Span] = []
    before = OUTSIDE
    for unit, tag in zip(row, tags, strict=True):
        name = tag[2:]
        if tag.startswith("I-") and before[2:] == name:
            found[-1] = (found[-1][0], unit.end, name)
        elif tag != OUTSIDE:
            found.append((unit.start, unit.end, name))
        before = tag
    return found


def _intent(message: Message) -> str | None:
    """The intent of an example, or the one that a classifier before this component gave a text."""
    intent = message.get(INTENT)
    return intent.get(INTENT_NAME_KEY) if isinstance(intent, Mapping) else intent


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class BilingualEntities(GraphComponent):
    """Finds the entities of English, Chinese and mixed texts; `value` is the text between `start` and `end`.

    It stands after the intent classifiers, whose answer is a feature, and before the fallback, which hides it.
    """

    def __init__(
        self, config: Mapping[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        """Keep the settings; what is learned comes from `train` or `load`."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._weights = b""
        self._tagger: pycrfsuite.Tagger | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`hidden_goods` and `hidden_intent`: the share of examples that are learned without the list or the intent.

        Or the model would know no goods but those of the list, and little where the intent is wrong.
        """
        return {"rounds": 12, "hidden_goods": 0.3, "hidden_intent": 0.15, "random_seed": 7}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> BilingualEntities:
        """Make an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples, also those without entities, and store what was learned."""
        trainer = pycrfsuite.Trainer(algorithm="averaged-perceptron", verbose=False)
        trainer.set_params({"max_iterations": self._config["rounds"], ALL_STEPS: True})
        chance = np.random.default_rng(self._config["random_seed"])
        for example in training_data.nlu_examples:
            self._append(trainer, example, chance)
        with self._model_storage.write_to(self._resource) as folder:
            path = Path(folder) / WEIGHTS
            trainer.train(str(path))
            self._take(path.read_bytes())
        return self._resource

    def _append(
        self, trainer: pycrfsuite.Trainer, example: Message, chance: np.random.Generator
    ) -> None:
        text = example.get(TEXT)
        row = units(text)
        spans = [
            (e[ENTITY_ATTRIBUTE_START], e[ENTITY_ATTRIBUTE_END], e[ENTITY_ATTRIBUTE_TYPE])
            for e in example.get(ENTITIES, [])
        ]
        # Orders pasted over several lines carry no entities on purpose: the order tagger reads those.
        if row and (spans or "\n" not in text):
            goods = chance.random() >= self._config["hidden_goods"]
            shown = chance.random() >= self._config["hidden_intent"]
            intent = _intent(example) if shown else None
            trainer.append(features(text, row, intent, goods=goods), tags_of(row, spans))

    def process(self, messages: List[Message]) -> List[Message]:  # noqa: UP006
        """Add the entities to what other components found."""
        for message in messages:
            if self._tagger and message.get(TEXT):
                found = [*(message.get(ENTITIES) or []), *self._entities(message)]
                message.set(ENTITIES, found, add_to_output=True)
        return messages

    def _entities(self, message: Message) -> list[dict[str, Any]]:
        text = message.get(TEXT)
        row = units(text)
        if not row or self._tagger is None:
            return []
        tags = self._tagger.tag(features(text, row, _intent(message)))
        return [
            {
                ENTITY_ATTRIBUTE_TYPE: name,
                ENTITY_ATTRIBUTE_START: start,
                ENTITY_ATTRIBUTE_END: end,
                ENTITY_ATTRIBUTE_VALUE: text[start:end],
                EXTRACTOR: type(self).__name__,
            }
            for start, end, name in spans_of(row, tags)
        ]

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> BilingualEntities:
        """Take up what `train` stored."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._take((Path(folder) / WEIGHTS).read_bytes())
        return component

    def _take(self, weights: bytes) -> None:
        """Read the weights into memory: the folder they come from is gone soon."""
        self._weights = weights  # the tagger reads from these bytes for as long as it lives
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(weights)
