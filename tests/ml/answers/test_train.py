"""Training end to end, as small as it gets."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.answers.answerer import Answerer
from ml.answers.pairs import public
from ml.answers.pretrain import Size, pretrain
from ml.answers.train import Plan, train
from ml.answers.types import Example
from ml.orders.data import DataMissingError
from ml.serving import ModelError, load_model
from tests.ml.answers.data import write_data
from tests.ml.answers.shop import EXAMPLES, Signs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ONCE = Plan(epochs=1, finish=1)


@pytest.mark.slow
def test_training_says_how_it_goes_and_writes_a_card(trained: Path, said: list[str]) -> None:
    card = load_model(trained).card
    assert {
        "encoder.onnx",
        "decoder.onnx",
        "subwords.model",
        "placeholders.json",
        "settings.json",
    } == set(card.files)
    assert {"exact", "perplexity", "topic"} <= set(card.figures)
    assert any("round 4 of" in text for text in said)


@pytest.mark.slow
def test_the_same_seed_trains_the_same_answerer(start: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(EXAMPLES, start, tmp_path / name, str, seed=3, plan=ONCE, encoder=Signs())
    one, two = (
        Answerer.load(tmp_path / name).topics(Signs().read("how much")) for name in ("one", "two")
    )
    np.testing.assert_allclose(list(one.values()), list(two.values()), atol=1e-4)


@pytest.mark.slow
def test_a_training_that_fails_leaves_the_old_answerer(
    start: Path, trained: Path, tmp_path: Path
) -> None:
    """And nothing half-written beside it; the next one takes its place."""
    out = tmp_path / "shop"
    shutil.copytree(trained, out)
    before = (out / "card.json").read_bytes()

    def stop(text: str) -> None:
        if "round 5 of 5" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(EXAMPLES, start, out, stop, seed=9, plan=ONCE, encoder=Signs())
    assert (out / "card.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
    train(EXAMPLES, start, out, str, seed=9, plan=ONCE, encoder=Signs())
    assert (out / "card.json").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


@pytest.mark.slow
def test_one_answer_is_enough(start: Path, tmp_path: Path) -> None:
    example = Example("new", "en", "Yes, {brand_new_fact}.", ("do you have it",))
    train([example], start, tmp_path / "shop", str, plan=ONCE, encoder=Signs())
    assert Answerer.load(tmp_path / "shop").topics(Signs().read("anything")) == pytest.approx(
        {"new": 1.0}
    )


def test_nothing_to_learn_is_said(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no questions"):
        train([Example("a", "en", "Yes.", ())], start, tmp_path / "shop", str, encoder=Signs())


def test_a_start_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json is missing"):
        train(EXAMPLES, tmp_path / "nowhere", tmp_path / "shop", str, encoder=Signs())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pretraining_gives_a_start_for_training(tmp_path: Path) -> None:
    answers = [e.answer for e in EXAMPLES]
    size = Size(pieces=5000, rounds=1, english=30, topics=60, joined=5, held=10)
    data, encoder = write_data(tmp_path / "data"), Signs(width=384)
    card = pretrain(data, tmp_path / "start", answers, say=str, size=size, encoder=encoder)
    assert card.figures["perplexity, replies of SGD dev"] > 1
    train(EXAMPLES, tmp_path / "start", tmp_path / "shop", str, plan=ONCE, encoder=encoder)
    assert Answerer.load(tmp_path / "shop").generate(encoder.read("how much"), "en")


def test_missing_data_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="SHOPCLERK_DATA"):
        public(tmp_path)


def test_what_is_held_out_is_not_learnt(tmp_path: Path) -> None:
    sets = public(write_data(tmp_path))
    assert not {p.source for p in sets.topics} & {p.source for p in sets.held_topics}
    assert not {p.source for p in sets.replies} & {p.source for p in sets.held_replies}
    assert sets.held_topics
