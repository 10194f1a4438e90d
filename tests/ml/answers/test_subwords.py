"""The vocabulary loses nothing and keeps every placeholder in one piece."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.answers.subwords import (
    CHARACTERS,
    SLOTS,
    SlotsFullError,
    Subwords,
    learn,
    placeholders,
    tidy,
)

WORDS = learn(["how long can i return it", "多久之内可以退货", "You can send it back."] * 20, 640)


@pytest.mark.parametrize(
    "text",
    [
        "You can send it back within {return_window}.",
        "收到后 {return_window} 内可以退货，请联系客服。",
        "👩🏽‍🚀 naïve ﷽ 𝒳",
        "two\nlines,  two blanks",
        "{not_known_here} stays as it is",
        "",
    ],
)
def test_a_text_comes_back_as_it_was(subwords: Subwords, text: str) -> None:
    assert subwords.decode(subwords.encode(text)) == text


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=80))
def test_any_text_comes_back(text: str) -> None:
    """But for the sign that only the learner of pieces uses, NUL and SentencePiece's own mark of a blank."""
    text = text.translate({0x241F: None, 0: None, 0x2581: None})
    assert WORDS.decode(WORDS.encode(text)) == text


def test_a_placeholder_is_one_piece(subwords: Subwords) -> None:
    shown = subwords.shown(subwords.encode("within {return_window}, please"))
    assert shown.count("{return_window}") == 1


def test_further_placeholders_take_free_slots_and_move_none(subwords: Subwords) -> None:
    more = subwords.with_names(["price", "return_window", "product"])
    assert more.encode("{return_window}") == subwords.encode("{return_window}")
    assert more.decode(more.encode("{price} {product}")) == "{price} {product}"
    assert more.size == subwords.size


def test_too_many_placeholders_are_refused_in_words(subwords: Subwords) -> None:
    with pytest.raises(SlotsFullError, match=str(SLOTS)):
        subwords.with_names(f"name_{n}" for n in range(SLOTS + 1))


def test_sampling_cuts_differently_and_means_the_same(subwords: Subwords) -> None:
    text = "until when can i send it back"
    cuts = {tuple(subwords.encode(text, 0.1)) for _ in range(20)}
    assert len(cuts) > 1
    assert {subwords.decode(cut) for cut in cuts} == {text}


def test_a_question_is_folded_to_plain_small_simplified_signs() -> None:
    assert tidy("  ＨＯＷ  much\u200b\tis it\ud800\ue001 ") == "how much is it"
    assert tidy("退貨時間") == "退货时间"
    assert len(tidy("ﷺ" * 100_000)) <= 20 * CHARACTERS


def test_placeholders_are_found_in_order() -> None:
    assert placeholders(["{b} and {a}", "{a} {Not} {c_1}"]) == ["b", "a", "c_1"]
