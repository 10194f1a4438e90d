"""A linear intent classifier beside DIET: TF-IDF of words and signs, one SVM per intent, trained in seconds.

On held-out examples it is better than DIET alone, and the two together are better than either (docs/quality.md).
"""

from __future__ import annotations

import json
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
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from nlu.tokenizer import words

ARRAYS = "linear.npz"
NAMES = "linear.json"
LEAST = (
    1e-4  # DIET gives next to nothing to all but a few intents; this keeps it from having a veto
)


def vectorizers() -> list[TfidfVectorizer]:
    """Two views of a text: its words and pairs of words, and its runs of one to five signs."""
    return [
        TfidfVectorizer(
            tokenizer=words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True, min_df=2
        ),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True, min_df=2),
    ]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntents(GraphComponent):
    """Stands after DIET and puts the two classifiers' confidences together as a weighted geometric mean."""

    def __init__(
        self, config: Mapping[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        """Keep the settings; what is learned comes from `train` or `load`."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._vectorizers = vectorizers()
        self._names: list[str] = []
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`sharpness` makes confidences of margins (chosen to be calibrated); `share` is our weight in the mean."""
        return {"C": 0.5, "sharpness": 5.0, "share": 0.7, "random_seed": 7}

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
        texts = [example.get(TEXT) for example in examples]
        features = hstack([vectorizer.fit_transform(texts) for vectorizer in self._vectorizers])
        machine = LinearSVC(C=self._config["C"], random_state=self._config["random_seed"])
        machine.fit(features, [example.get(INTENT) for example in examples])
        self._names = [str(name) for name in machine.classes_]
        # With two classes scikit-learn keeps one row: the second's margin is the first's, turned round.
        signs = [[-1], [1]] if len(self._names) == 2 else 1
        self._weights = (signs * machine.coef_).astype(np.float32)
        self._bias = np.ravel(
            signs * machine.intercept_[:, None] if len(self._names) == 2 else machine.intercept_
        )
        self._persist()
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:  # noqa: UP006
        """Join our confidences with those that DIET left in the message."""
        for message in messages:
            if self._names and message.get(TEXT):
                self._join(message)
        return messages

    def _join(self, message: Message) -> None:
        earlier = {
            e[INTENT_NAME_KEY]: e[PREDICTED_CONFIDENCE_KEY]
            for e in message.get(INTENT_RANKING_KEY) or []
        }
        theirs = np.array([max(earlier.get(name, 0.0), LEAST) for name in self._names])
        share = self._config["share"] if earlier else 1.0
        joined = self._confidences(message.get(TEXT)) ** share * theirs ** (1.0 - share)
        joined /= joined.sum()
        ranking = [
            {INTENT_NAME_KEY: self._names[index], PREDICTED_CONFIDENCE_KEY: float(joined[index])}
            for index in np.argsort(-joined, kind="stable")
        ]
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(INTENT, ranking[0], add_to_output=True)

    def _confidences(self, text: str) -> np.ndarray:
        """Softmax of the margins, shape (intents,)."""
        features = hstack(
            [vectorizer.transform([text]) for vectorizer in self._vectorizers], format="csr"
        )
        margins = features @ self._weights.T + self._bias
        powers = np.exp(self._config["sharpness"] * (margins - margins.max()))
        return np.ravel(powers / powers.sum())

    def _persist(self) -> None:
        """Plain arrays and names: nothing that would have to be unpickled."""
        vocabularies = [
            {term: int(place) for term, place in vectorizer.vocabulary_.items()}
            for vectorizer in self._vectorizers
        ]
        idf = {
            f"idf_{number}": vectorizer.idf_ for number, vectorizer in enumerate(self._vectorizers)
        }
        with self._model_storage.write_to(self._resource) as folder:
            names = {"intents": self._names, "vocabularies": vocabularies}
            (Path(folder) / NAMES).write_text(json.dumps(names), encoding="utf-8")
            np.savez_compressed(
                Path(folder) / ARRAYS, weights=self._weights, bias=self._bias, **idf
            )

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
            stored = json.loads((Path(folder) / NAMES).read_text(encoding="utf-8"))
            with np.load(Path(folder) / ARRAYS, allow_pickle=False) as arrays:
                component._restore(stored, dict(arrays))
        return component

    def _restore(self, stored: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        self._names = stored["intents"]
        self._weights, self._bias = arrays["weights"], arrays["bias"]
        for number, vectorizer in enumerate(self._vectorizers):
            vectorizer.vocabulary = stored["vocabularies"][number]
            vectorizer.idf_ = arrays[f"idf_{number}"]
