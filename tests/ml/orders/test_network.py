"""The network: what ONNX Runtime answers is what Keras answers, alone or in a batch."""

from pathlib import Path

import numpy as np
import pytest

from ml.orders.decode import best_tags
from ml.orders.encode import Encoder, Text, Vocabulary
from ml.orders.tag import tag
from ml.orders.tagger import Settings, Tagger
from ml.serving import Card, Model

TEXTS = [
    Text(("two", "red", "mugs", "please")),
    Text(("王", "小", "明", "13812345678")),
    Text(("a",)),
    Text(
        ("unseenlongword", "2", "x", "mugs", ",", "mugs", "red"),
        (1, 2, 3, 3, 0, 2, 1),
        (0, 1, 1, 2, 0, 1, 1),
    ),
]
VOCABULARY = Vocabulary.of([t.tokens for t in TEXTS], least=1)
TAGS = ("O", "B-item", "I-item", "B-quantity", "I-quantity")


@pytest.fixture(scope="module", params=[1, 2])
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[object, Tagger]:
    """A small network with random weights, as Keras model and as served."""
    network = pytest.importorskip("ml.orders.network")
    from ml.orders.export import export

    shape = network.Shape(
        len(VOCABULARY.words),
        len(VOCABULARY.characters),
        len(TAGS),
        word_size=8,
        units=6,
        filters=5,
        depth=request.param,
    )
    model = network.build(shape, 3)
    folder = tmp_path_factory.mktemp("weights")
    export(model, folder / "small.onnx")
    Settings(VOCABULARY, TAGS).write(folder / "small.json")
    return model, Tagger(Model(folder, Card("small", [], "", {}, {}, 1, "", 0)), "small")


def test_onnx_runtime_answers_as_keras_does(exported: tuple[object, Tagger]) -> None:
    model, tagger = exported
    batch = Encoder(VOCABULARY).batch(TEXTS)
    wanted = np.asarray(model.predict_on_batch(batch.inputs()))  # type: ignore[attr-defined]
    found = tagger.logits(TEXTS)
    for row, text in enumerate(TEXTS):
        size = len(text.tokens)
        np.testing.assert_allclose(found[row, :size], wanted[row, :size], atol=1e-5)


def test_a_text_is_tagged_alike_alone_and_beside_longer_ones(
    exported: tuple[object, Tagger],
) -> None:
    _, tagger = exported
    together = tagger.probabilities(TEXTS)
    for text, beside in zip(TEXTS, together, strict=True):
        (alone,) = tagger.probabilities([text])
        np.testing.assert_allclose(alone, beside, atol=1e-5)


def test_settings_come_back_as_written(tmp_path: Path) -> None:
    Settings(VOCABULARY, TAGS, 1.5).write(tmp_path / "s.json")
    assert Settings.read(tmp_path / "s.json") == Settings(VOCABULARY, TAGS, 1.5)


def test_the_decoder_never_leaves_an_inside_without_its_beginning() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = rng.dirichlet(np.ones(len(TAGS)), size=rng.integers(1, 12)).astype(np.float32)
        found = best_tags(scores, TAGS)
        before = ["O", *found[:-1]]
        assert all(
            not now.startswith("I-") or was[2:] == now[2:]
            for was, now in zip(before, found, strict=True)
        )


def test_the_decoder_keeps_the_likeliest_tags_when_they_are_proper() -> None:
    scores = np.eye(len(TAGS), dtype=np.float32)[[3, 1, 2, 0]]
    assert best_tags(scores, TAGS) == ["B-quantity", "B-item", "I-item", "O"]


def test_the_shipped_tagger_gives_one_tag_per_token_in_order() -> None:
    texts = [
        ["i", "want", "2", "large", "pepperoni", "pizzas"],
        [],
        [""],
        ["ok"],
        ["address", "12", "oak", "street"],
    ]
    found = tag(texts)
    assert [len(tags) for tags in found] == [len(tokens) for tokens in texts]
    assert found[0][2] == "B-quantity"
    assert {t[2:] for t in found[4]} >= {"address"}
