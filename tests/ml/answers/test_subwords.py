"""The vocabulary loses nothing and keeps every placeholder in one piece."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.answers.subwords import (
    AND,
    CHARACTERS,
    SLOTS,
    Shortlist,
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


def test_a_shortlist_writes_what_it_was_made_of_and_spells_the_rest(subwords: Subwords) -> None:
    text = f"You can send it back. {AND} within {{return_window}}"
    some = Shortlist.of(subwords, [text])
    assert len(some.pieces) < subwords.size
    assert some.parts(some.target(text)) == ("You can send it back.", "within {return_window}")
    assert some.parts(some.target("几天内能退 quizzical")) == ("几天内能退 quizzical",)


def test_a_shortlist_of_all_pieces_numbers_them_as_they_are(subwords: Subwords) -> None:
    text = "收到后 {return_window} 内可以退货。"
    assert Shortlist.whole(subwords).target(text) == subwords.encode(text)


def test_a_question_is_folded_to_plain_small_simplified_signs() -> None:
    assert tidy("  ＨＯＷ  much\u200b\tis it\ud800\ue001 ") == "how much is it"
    assert tidy("退貨時間") == "退货时间"
    assert len(tidy("ﷺ" * 100_000)) <= 20 * CHARACTERS


def test_placeholders_are_found_in_order() -> None:
    assert placeholders(["{b} and {a}", "{a} {Not} {c_1}"]) == ["b", "a", "c_1"]
