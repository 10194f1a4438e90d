"""The answerer's network in Keras 3: a Seq2Seq with dot-product attention over the encoder's outputs.

    source (B, S) -> embedding -> bidirectional GRU -> memory (B, S, 2 x units)
    memory, mean and strongest -> dense, tanh -> first state of the decoder (B, decoder)
    target (B, T) -> embedding -> GRU -> states (B, T, decoder)
    states, memory -> attention (Luong, Pham, Manning 2015, "general") -> contexts (B, T, 2 x units)
    [states, contexts] -> dense, tanh -> times the embedding -> logits (B, T, pieces)
    memory, mean and strongest -> dense -> topic logits (B, topics), while training only

Source and target share one embedding, which is the output layer too (Press, Wolf 2017). Written against
`keras.ops` only: it trains on TensorFlow, JAX or PyTorch unchanged.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import keras
from keras import layers, ops

from ml.answers.subwords import PAD

Lengths = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one network; `units` are of one direction of the encoder."""

    pieces: int
    gap: int
    size: int = 128
    units: int = 160
    decoder: int = 256
    topics: int = 0
    dropout: float = 0.3
    source_gaps: float = 0.1
    target_gaps: float = 0.15

    def to_dict(self) -> dict[str, int | float]:
        return asdict(self)


@keras.saving.register_keras_serializable("shopclerk")
class Gaps(layers.Layer):  # type: ignore[misc]
    """While training, hides some pieces, so that no answer hangs on one of them (Bowman et al. 2016)."""

    def __init__(self, rate: float, gap: int, seed: int | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.rate, self.gap = rate, gap
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, pieces: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training or not self.rate:
            return pieces
        drop = keras.random.uniform(ops.shape(pieces), seed=self.seed_generator) < self.rate
        hidden = ops.logical_and(drop, ops.not_equal(pieces, PAD))
        return ops.where(hidden, ops.full_like(pieces, self.gap), pieces)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "rate": self.rate, "gap": self.gap}


@keras.saving.register_keras_serializable("shopclerk")
class Attention(layers.Layer):  # type: ignore[misc]
    """States (B, T, D), memory (B, S, M), kept (B, S) -> contexts (B, T, M); `kernel` is (M, D)."""

    def build(self, states_shape: Lengths, memory_shape: Lengths, kept_shape: Lengths) -> None:
        self.kernel = self.add_weight(shape=(memory_shape[-1], states_shape[-1]), name="kernel")

    def call(
        self, states: keras.KerasTensor, memory: keras.KerasTensor, kept: keras.KerasTensor
    ) -> keras.KerasTensor:
        keys = ops.matmul(memory, self.kernel)
        scores = ops.matmul(states, ops.transpose(keys, (0, 2, 1)))
        scores = ops.where(ops.expand_dims(kept, 1), scores, ops.full_like(scores, -1e9))
        return ops.matmul(ops.softmax(scores, axis=-1), memory)

    def compute_mask(self, inputs: object, previous: object = None) -> None:
        return None


@keras.saving.register_keras_serializable("shopclerk")
class Summary(layers.Layer):  # type: ignore[misc]
    """Memory (B, S, M), kept (B, S) -> its mean beside its strongest values (B, 2 x M)."""

    def call(self, memory: keras.KerasTensor, kept: keras.KerasTensor) -> keras.KerasTensor:
        ones = ops.expand_dims(ops.cast(kept, memory.dtype), -1)
        mean = ops.sum(memory * ones, axis=1) / ops.maximum(ops.sum(ones, axis=1), 1.0)
        strongest = ops.max(memory * ones - 1e4 * (1.0 - ones), axis=1)
        return ops.concatenate([mean, strongest], axis=-1)

    def compute_mask(self, inputs: object, previous: object = None) -> None:
        return None


@keras.saving.register_keras_serializable("shopclerk")
class PieceScores(layers.Layer):  # type: ignore[misc]
    """Vectors (B, T, size) times the transposed embedding, plus a bias: logits (B, T, pieces)."""

    def __init__(self, embedding: layers.Embedding, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding

    def build(self, vectors: Lengths) -> None:
        self.bias = self.add_weight(
            shape=(self.embedding.input_dim,), initializer="zeros", name="bias"
        )

    def call(self, vectors: keras.KerasTensor) -> keras.KerasTensor:
        table = ops.transpose(self.embedding.embeddings)
        return ops.matmul(vectors * scale(self.embedding.output_dim), table) + self.bias


def scale(size: int) -> float:
    """What joined vectors are multiplied by: tanh keeps them within 1, too little to tell thousands of pieces apart."""
    return math.sqrt(size)


def build(shape: Shape, seed: int) -> keras.Model:
    """The network, untrained; layer names are what `export.py` looks for."""
    keras.utils.set_random_seed(seed)
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    mask = ops.not_equal(source, PAD)
    embedding = layers.Embedding(
        shape.pieces,
        shape.size,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=seed),
        name="embedding",
    )
    seen = Gaps(shape.source_gaps, shape.gap, seed, name="source_gaps")(source)
    read = layers.Dropout(shape.dropout)(embedding(seen))
    memory = layers.Bidirectional(layers.GRU(shape.units, return_sequences=True), name="encoder")(
        read, mask=mask
    )
    memory = layers.Dropout(shape.dropout)(memory)
    summary = Summary(name="summary")(memory, mask)
    summary = layers.Dropout(shape.dropout)(summary)
    first = layers.Dense(shape.decoder, activation="tanh", name="bridge")(summary)
    written = embedding(Gaps(shape.target_gaps, shape.gap, seed + 1, name="target_gaps")(target))
    states = layers.GRU(shape.decoder, return_sequences=True, name="decoder")(
        layers.Dropout(shape.dropout)(written), initial_state=first
    )
    contexts = Attention(name="attention")(states, memory, mask)
    joined = layers.Dense(shape.size, activation="tanh", name="joined")(
        ops.concatenate([layers.Dropout(shape.dropout)(states), contexts], axis=-1)
    )
    outputs = {
        "pieces": PieceScores(embedding, name="pieces")(layers.Dropout(shape.dropout)(joined))
    }
    if shape.topics:
        outputs["topics"] = layers.Dense(shape.topics, name="topics")(summary)
    return keras.Model({"source": source, "target": target}, outputs)
