"""Reading the data sets, and what is said when one is missing."""

from pathlib import Path

import pytest

from ml.orders.data import (
    DataMissingError,
    Tagged,
    data_folder,
    distinct,
    multidogo,
    sources,
    unseen,
)
from tests.ml.orders.folder import write_data


def test_a_missing_set_is_one_clear_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(
        DataMissingError, match=r"fastfood_train\.jsonl is missing: set SHOPCLERK_DATA"
    ):
        multidogo(tmp_path, "fastfood", "train")


def test_the_folder_comes_from_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOPCLERK_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    assert data_folder(Path("other")) == Path("other")


def test_repeated_texts_become_one_with_the_tags_of_most() -> None:
    turns = [Tagged(("cola",), (tag,)) for tag in ("O", "B-drink_item", "B-drink_item")]
    assert distinct(turns) == [Tagged(("cola",), ("B-drink_item",), 3)]


def test_only_texts_that_were_not_trained_on_are_unseen(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    turns = unseen(multidogo(folder, "fastfood", "dev"), multidogo(folder, "fastfood", "train"))
    assert [turn.tokens for turn in turns] == [("3", "pizzas")]


def test_the_generator_gets_real_names_addresses_and_talk(tmp_path: Path) -> None:
    found = sources(write_data(tmp_path))
    assert found.names == ("red woolly hottie", "white hanging heart")
    assert found.addresses == ("12 Oak",)
    assert found.chatter_en == ("thank you very much", "what is the weather like")
    assert found.chatter_zh == ("你好，我想找一家餐馆",)
