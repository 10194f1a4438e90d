"""The tagger's network in Keras 3: word, character and shape embeddings, BiLSTMs, one output per tag.

    words (B, T) -> embedding 96 -------------------\
    characters (B, T, 12) -> embedding, conv, max ---+-> dropout -> BiLSTM (x layers) -> logits (B, T, K)
    shape, catalogue mark, gap (B, T) -> embeddings -/

Written against `keras.ops` only: it trains on TensorFlow, JAX or PyTorch unchanged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import keras
from keras import layers, ops

from ml.orders.encode import CHARACTERS, GAPS, MARKS, SHAPES, UNKNOWN


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one network."""

    words: int
    characters: int
    tags: int
    word_size: int = 96
    character_size: int = 24
    filters: int = 64
    units: int = 96
    depth: int = 1
    dropout: float = 0.5
    word_dropout: float = 0.15

    def to_dict(self) -> dict[str, int | float]:
        return asdict(self)


@keras.saving.register_keras_serializable("shopclerk")
class WordDropout(layers.Layer):  # type: ignore[misc]
    """While training, turns some words into the unknown word: the spelling must then do."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, words: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training:
            return words
        drop = keras.random.uniform(ops.shape(words), seed=self.seed_generator) < self.rate
        return ops.where(
            ops.logical_and(drop, words > UNKNOWN), ops.full_like(words, UNKNOWN), words
        )

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "rate": self.rate}


def build(shape: Shape, seed: int) -> keras.Model:
    """The network, untrained; layer names are what `export.py` looks for."""
    keras.utils.set_random_seed(seed)
    words = keras.Input((None,), dtype="int32", name="words")
    characters = keras.Input((None, CHARACTERS), dtype="int32", name="characters")
    marks = {
        name: keras.Input((None,), dtype="int32", name=name) for name in ("shapes", "marks", "gaps")
    }
    seen = WordDropout(shape.word_dropout, seed, name="word_dropout")(words)
    spelled = layers.Embedding(
        shape.characters + 2, shape.character_size, name="character_embedding"
    )(characters)
    spelled = layers.Dropout(0.25)(spelled)
    spelled = layers.Conv2D(
        shape.filters, (1, 3), padding="same", activation="relu", name="character_conv"
    )(spelled)
    parts = [
        layers.Embedding(shape.words + 2, shape.word_size, name="word_embedding")(seen),
        CharacterMax(name="character_max")(spelled),
        layers.Embedding(SHAPES, 8, name="shapes_embedding")(marks["shapes"]),
        layers.Embedding(MARKS, 8, name="marks_embedding")(marks["marks"]),
        layers.Embedding(GAPS, 4, name="gaps_embedding")(marks["gaps"]),
    ]
    flow = layers.Dropout(shape.dropout)(layers.Concatenate()(parts))
    mask = ops.not_equal(words, 0)
    for level in range(shape.depth):
        lstm = layers.LSTM(shape.units, return_sequences=True)
        flow = layers.Bidirectional(lstm, name=f"bilstm_{level}")(flow, mask=mask)
        flow = layers.Dropout(shape.dropout)(flow)
    logits = layers.Dense(shape.tags, name="logits")(flow)
    return keras.Model({"words": words, "characters": characters, **marks}, logits)


@keras.saving.register_keras_serializable("shopclerk")
class CharacterMax(layers.Layer):  # type: ignore[misc]
    """(B, T, characters, filters) -> (B, T, filters): the strongest answer of each filter."""

    def call(self, spelled: keras.KerasTensor) -> keras.KerasTensor:
        return ops.max(spelled, axis=2)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape[:2], shape[3])
