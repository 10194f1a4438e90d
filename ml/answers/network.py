"""The answerer's network in Keras 3: a Seq2Seq that reads the sentence encoder's states and attends to them.

    states (B, S, 384) -> standardised -> bidirectional GRU -> memory (B, S, 2 x units)
    memory, mean and strongest, and the states' mean -> summary (B, 4 x units + 384)
    summary -> dense -> topic logits (B, topics) -> softmax, dense -> subject (B, size)
    subject, or summary where there is none -> dense, tanh -> first state of the decoder (B, decoder)
    target (B, T) -> embedding, plus subject -> GRU -> states (B, T, decoder)
    states, memory -> attention (Luong, Pham, Manning 2015, "general") -> contexts (B, T, 2 x units)
    [states, contexts] -> dense, plus a dense of subject, normalised -> times the embedding -> logits (B, T, pieces)

The writing goes by the likely topics at every step (Xing et al. 2017, "Topic Aware Neural Response Generation"): one
answer is told from hundreds long before attention has learnt to. Where no topics are known there is no subject. The
target's embedding is the output layer too (Press, Wolf 2017). Written against `keras.ops` only: it trains on
TensorFlow, JAX or PyTorch unchanged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import keras
from keras import layers, ops

from ml.answers.subwords import PAD

Lengths = tuple[int | None, ...]
EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one network; `width` is that of the states that are read, `units` are of one direction.

    `dropout` is for what was read, `forgotten` for what is written. While training, `lost` is the part of states that are
    hidden whole and `blurred` that of their numbers; `hidden` is the part of texts whose subject is hidden, so that the
    writing learns to look at the memory too (else attention rests on the first state, whatever is asked).
    """

    pieces: int
    gap: int
    width: int = 384
    size: int = 128
    units: int = 160
    decoder: int = 256
    topics: int = 0
    dropout: float = 0.3
    forgotten: float = 0.1
    blurred: float = 0.2
    lost: float = 0.1
    hidden: float = 0.3
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
class Standard(layers.Layer):  # type: ignore[misc]
    """States less their mean, in units of their spread: those of a sentence encoder share a large common part."""

    def build(self, states: Lengths) -> None:
        for name, start in (("mean", "zeros"), ("spread", "ones")):
            made = self.add_weight((states[-1],), start, trainable=False, name=name)
            setattr(self, name, made)

    def call(self, states: keras.KerasTensor) -> keras.KerasTensor:
        return (states - self.mean) / self.spread


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
    """Memory (B, S, M), states (B, S, W), kept (B, S) -> memory's mean and strongest, states' mean (B, 2 x M + W)."""

    def call(
        self, memory: keras.KerasTensor, states: keras.KerasTensor, kept: keras.KerasTensor
    ) -> keras.KerasTensor:
        ones = ops.expand_dims(ops.cast(kept, memory.dtype), -1)
        count = ops.maximum(ops.sum(ones, axis=1), 1.0)
        strongest = ops.max(memory * ones - 1e4 * (1.0 - ones), axis=1)
        means = [ops.sum(flow * ones, axis=1) / count for flow in (memory, states)]
        return ops.concatenate([means[0], strongest, means[1]], axis=-1)

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
        return ops.matmul(vectors, table) + self.bias


def build(shape: Shape, seed: int) -> keras.Model:
    """The network, untrained; layer names are what `export.py` looks for."""
    keras.utils.set_random_seed(seed)
    source = keras.Input((None, shape.width), name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    kept = ops.any(ops.not_equal(source, 0.0), axis=-1)  # padding is noughts throughout
    memory, summary = _read(shape, source, kept)
    outputs, subject = {}, None
    if shape.topics:
        topics = layers.Dense(shape.topics, name="topics")
        outputs["topics"] = topics(layers.Dropout(shape.dropout)(summary))
        # As sure as it is when serving, and left alone by what the writing would rather have. (Not `ops.softmax`, which
        # warns where a shop has a single answer.)
        sure = ops.stop_gradient(ops.exp(ops.log_softmax(topics(summary))))
        subject = layers.Dense(
            shape.size, use_bias=False, name="subject", kernel_initializer=_drawn(0.3, seed)
        )(sure)
        subject = layers.Dropout(shape.hidden, noise_shape=(None, 1))(subject)
    first = layers.Dense(shape.decoder, activation="tanh", name="bridge")(
        layers.Dropout(shape.dropout)(summary) if subject is None else subject
    )
    outputs["pieces"] = _written(shape, seed, target, subject, first, memory, kept)
    return keras.Model({"source": source, "target": target}, outputs)


def _drawn(spread: float, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=spread, seed=seed)


def _read(
    shape: Shape, source: keras.KerasTensor, kept: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Memory (B, S, 2 x units) and summary (B, 4 x units + width)."""
    states = layers.Dropout(shape.blurred)(Standard(name="standard")(source))
    states = layers.Dropout(shape.lost, noise_shape=(None, None, 1))(states)
    encoder = layers.Bidirectional(layers.GRU(shape.units, return_sequences=True), name="encoder")
    memory = layers.Dropout(shape.dropout)(encoder(states, mask=kept))
    return memory, Summary(name="summary")(memory, states, kept)


def _written(
    shape: Shape,
    seed: int,
    target: keras.KerasTensor,
    subject: keras.KerasTensor | None,
    first: keras.KerasTensor,
    memory: keras.KerasTensor,
    kept: keras.KerasTensor,
) -> keras.KerasTensor:
    """Logits (B, T, pieces) of the piece after each of `target`."""
    embedding = layers.Embedding(shape.pieces, shape.size, _drawn(0.1, seed), name="embedding")
    written = embedding(Gaps(shape.target_gaps, shape.gap, seed + 1, name="target_gaps")(target))
    if subject is not None:
        written = written + ops.expand_dims(subject, 1)
    decoder = layers.GRU(shape.decoder, return_sequences=True, name="decoder")
    states = decoder(layers.Dropout(shape.forgotten)(written), initial_state=first)
    states = layers.Dropout(shape.forgotten)(states)
    contexts = Attention(name="attention")(states, memory, kept)
    joined = layers.Dense(shape.size, name="joined")(ops.concatenate([states, contexts], axis=-1))
    if subject is not None:
        hint = layers.Dense(shape.size, use_bias=False, name="hint")(subject)
        joined = joined + ops.expand_dims(hint, 1)
    # Not tanh: contexts are much alike at first, and the first steps would drive it to its bounds for good.
    normal = layers.LayerNormalization(epsilon=EPSILON, name="normal")(joined)
    return PieceScores(embedding, name="pieces")(layers.Dropout(shape.forgotten)(normal))
