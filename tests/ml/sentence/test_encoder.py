"""The sentence encoder: what means the same lies together, across languages; anything can be read; nothing touched is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.sentence import SentenceEncoder, encoder, package
from ml.sentence.encoder import ADAPTERS, read_adapters
from ml.sentence.graph import Adapters, written
from ml.sentence.network import build
from ml.sentence.package import WIDTH, Weights, read_package, tokenizer
from ml.sentence.train import Labelled, Plan, embed, padded, train
from ml.serving import ModelError

LATE = ["where is my parcel", "my package has not come yet", "我的快递到哪了", "包裹怎么还没到"]
PAY = ["can i pay with paypal", "which cards do you take", "可以用微信付款吗", "支持支付宝吗"]


@pytest.fixture(scope="module")
def weights() -> Weights:
    """The package's."""
    return read_package()


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    """The encoder as it ships."""
    return SentenceEncoder.kept(tmp_path_factory.mktemp("encoder"))


def test_what_means_the_same_lies_together_in_both_languages(reads: SentenceEncoder) -> None:
    """Though no word is shared."""
    late, pay = reads.vectors(LATE), reads.vectors(PAY)
    assert (late @ late.T).min() > (late @ pay.T).max()
    assert (pay @ pay.T).min() > (late @ pay.T).max()


def test_a_text_alone_and_among_others_has_the_same_vector(reads: SentenceEncoder) -> None:
    """Of length 1; and the same where its states are wanted too."""
    among = reads.vectors(LATE)
    assert reads.vector(LATE[2]) == pytest.approx(among[2], abs=1e-6)
    read = reads.read(LATE[2])
    assert read.vector == pytest.approx(among[2], abs=1e-6)
    assert read.states.shape == (len(read.pieces), 384)
    assert np.linalg.norm(among, axis=1) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    "text", ["", "龘" * 500, "word " * 5_000, "\U0001f600", "\ud800x", "\0", "ไทย"]
)
def test_anything_can_be_read(reads: SentenceEncoder, text: str) -> None:
    """Nothing, signs without words, other scripts, halves of signs, and more than it was made for."""
    assert np.isfinite(reads.vector(text)).all()


def test_the_graph_computes_what_the_network_does(weights: Weights) -> None:
    """The same states, in whole numbers instead of full ones: each state's cosine is near 1."""
    graph = written(weights, Adapters({}, np.zeros(WIDTH, np.float32)))
    for text in (LATE[0], PAY[2]):
        served = SentenceEncoder(graph, tokenizer(weights).to_str()).read(text).states
        embedded = Labelled(embed(text, tokenizer(weights), weights), 0)
        states = np.asarray(build(weights, 0).predict_on_batch(padded([embedded])))[
            0, : len(served)
        ]
        lengths = np.linalg.norm(served, axis=1) * np.linalg.norm(states, axis=1)
        assert ((served * states).sum(axis=1) / lengths).min() > 0.97


def test_training_brings_the_questions_of_an_answer_together(
    weights: Weights, tmp_path: Path
) -> None:
    """More than they were; only the upper layers learn, and the card has the figures."""
    plan = Plan(lower=10, rank=4, epochs=15, batch=4, rate=1e-2, held_part=100)
    texts, labels = [*LATE, *PAY], ["late"] * 4 + ["pay"] * 4
    card = train(texts, labels, weights, tmp_path, lambda _: None, plan=plan)
    assert set(card.files) == {ADAPTERS}
    adapters = read_adapters(tmp_path / ADAPTERS)
    assert {name.partition(".")[0] for name in adapters.maps} == {"10", "11"}
    trained = SentenceEncoder(written(weights, adapters), tokenizer(weights).to_str())
    vectors = trained.vectors(texts)
    alike = vectors @ vectors.T
    assert alike[:4, :4].min() > alike[:4, 4:].max()
    assert alike[4:, 4:].min() > alike[:4, 4:].max()
    with pytest.raises(ValueError, match="at least two"):
        train(LATE, ["late"] * 4, weights, tmp_path, lambda _: None, plan=plan)


def test_adapters_that_were_touched_are_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their card names the hash."""
    folder = tmp_path / "weights"
    shutil.copytree(encoder.shipped(), folder)
    (folder / ADAPTERS).write_bytes(b"PK")
    monkeypatch.setattr(encoder, "shipped", lambda: folder)
    with pytest.raises(ModelError, match="SHA-256"):
        SentenceEncoder.kept(tmp_path)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S1" + b"\xff" * 200, b"PK\x03\x04"])
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    """With what to do."""
    path = tmp_path / package.FILE
    path.write_bytes(content)
    with pytest.raises(ModelError, match="make setup"):
        package.read(path)
