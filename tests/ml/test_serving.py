"""A model folder is used only when every file is what its card says."""

from pathlib import Path

import pytest

from ml.orders.tagger import WEIGHTS
from ml.serving import CARD, Card, ModelError, load_model, save_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.onnx").write_bytes(b"weights")
    card = Card("test", ["nothing"], "none", {"f1": 0.5}, {}, 1, "2026-11-23", 0.1)
    save_card(tmp_path, card, ["a.onnx"])
    return tmp_path


def test_a_card_comes_back_as_it_was_saved(folder: Path) -> None:
    card = load_model(folder).card
    assert (card.name, card.figures, list(card.files)) == ("test", {"f1": 0.5}, ["a.onnx"])


def test_a_changed_file_is_refused(folder: Path) -> None:
    (folder / "a.onnx").write_bytes(b"other weights")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_model(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "a.onnx").unlink()
    with pytest.raises(ModelError, match=r"a\.onnx is missing"):
        load_model(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "x"}', '{"nonsense": 1}'])
def test_a_broken_card_is_refused_in_one_sentence(folder: Path, content: str) -> None:
    (folder / CARD).write_text(content)
    with pytest.raises(ModelError, match="is not a model card"):
        load_model(folder)


def test_no_card_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json is missing"):
        load_model(tmp_path)


def test_the_shipped_weights_are_what_their_card_says() -> None:
    card = load_model(WEIGHTS).card
    assert {"orders.onnx", "fastfood.onnx", "orders.json", "fastfood.json"} <= set(card.files)
    assert card.figures
    assert card.baselines
