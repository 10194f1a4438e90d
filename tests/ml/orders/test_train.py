"""Training end to end, as small as it gets: the files, the card, and a parser made of them."""

from pathlib import Path

import pytest

from ml.orders.metrics import calibration_error, span_score, spans_of
from ml.orders.parse import OrderParser
from ml.orders.train import Size, train
from ml.serving import load_model
from tests.ml.orders.folder import write_data
from tests.ml.orders.shop import ITEMS


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras 3.15 with NumPy 2.4
@pytest.mark.timeout(600)
def test_training_writes_a_model_that_loads_and_parses(tmp_path: Path) -> None:
    folder, said = write_data(tmp_path / "data"), []
    size = Size(messages=60, epochs=1, pretrain_epochs=1, fastfood_epochs=1, shuffles=2)
    card = train(folder, tmp_path / "weights", seed=1, say=said.append, size=size)
    assert {"orders.onnx", "orders.keras", "fastfood.onnx", "fastfood.keras"} <= set(card.files)
    assert any("CRF" in name for name in card.baselines)
    assert said
    model = load_model(tmp_path / "weights")
    assert len(OrderParser.of(model).parse(["2 red mugs", ""], ITEMS)) == 2


def test_span_score_counts_whole_spans() -> None:
    gold = [["B-item", "I-item", "O", "B-quantity"]]
    assert span_score(gold, gold).f1 == 1
    score = span_score(gold, [["B-item", "O", "O", "B-quantity"]])
    assert (score.right, score.found, score.wanted, score.f1) == (1, 2, 2, 0.5)


def test_an_inside_tag_without_its_beginning_opens_a_span() -> None:
    assert spans_of(["O", "I-item", "I-item", "I-name"]) == {("item", 1, 3), ("name", 3, 4)}


def test_calibration_error_is_nought_when_hits_are_as_often_as_said() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)
