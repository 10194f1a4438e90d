"""The intent classifier in Rasa's pipeline; what it does is in `nlu/classifier.py`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, List  # noqa: UP035 - Rasa compares annotations with its own

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ml.sentence import SentenceEncoder
from nlu.classifier import TextClassifier


def shared_encoder() -> SentenceEncoder:
    """The encoder of this installation, which the app's processes read from the same file."""
    return SentenceEncoder.kept(Path(os.environ.get("SHOPCLERK_HOME", "var")) / "encoder")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntents(GraphComponent):
    """Gives each message its intent and the ranking of all of them, with confidences that sum to 1."""

    def __init__(
        self, config: Mapping[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        """Keep the settings; what is learned comes from `train` or `load`."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._classifier: TextClassifier | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """As `TextClassifier` has them; chosen by learning from some writers' files and reading the others'."""
        return {"cost": 0.5, "sharpness": 4.0, "doubt": 0.25, "meaning": 1.0, "seed": 7}

    @staticmethod
    def required_packages() -> list[str]:
        """What must be installed."""
        return ["sklearn", "onnxruntime", "tokenizers"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntents:
        """Make an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that have an intent, and store what was learned."""
        examples = training_data.intent_examples
        encoder = shared_encoder() if self._config["meaning"] else None
        self._classifier = self._untrained(encoder).fit(
            [example.get(TEXT) for example in examples],
            [example.get(INTENT) for example in examples],
        )
        with self._model_storage.write_to(self._resource) as folder:
            self._classifier.save(Path(folder))
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:  # noqa: UP006
        """Set each message's intent and ranking; a message without a text is left alone."""
        for message in messages:
            if self._classifier and message.get(TEXT):
                self._rank(self._classifier, message)
        return messages

    @staticmethod
    def _rank(classifier: TextClassifier, message: Message) -> None:
        confidences = classifier.confidences([message.get(TEXT)])[0]
        ranking = [
            {
                INTENT_NAME_KEY: classifier.names[index],
                PREDICTED_CONFIDENCE_KEY: float(confidences[index]),
            }
            for index in np.argsort(-confidences, kind="stable")
        ]
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(INTENT, ranking[0], add_to_output=True)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntents:
        """Take up what `train` stored."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            encoder = shared_encoder() if config["meaning"] else None
            component._classifier = component._untrained(encoder).restore(Path(folder))
        return component

    def _untrained(self, encoder: SentenceEncoder | None) -> TextClassifier:
        settings = {key: self._config[key] for key in self.get_default_config()}
        return TextClassifier(**settings, encoder=encoder)
