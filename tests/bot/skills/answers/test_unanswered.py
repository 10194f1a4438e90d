"""Questions that nobody could answer are put together by what they are about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.messages import Language
from bot.skills.answers.unanswered import clustered
from bot.store.questions import AskedQuestion
from tests.bot.skills.answers.conftest import NOW

ENGRAVING = [
    "can you engrave a name on the mug",
    "do you engrave names on mugs",
    "engraving on a mug possible?",
    "can you engrave the mug for me",
]
PARKING = ["is there parking at the shop", "where can i find parking near your shop"]
SCHOOLS = ["do you give discounts to schools", "discount for schools?"]
CHINESE = ["马克杯可以刻字吗", "杯子能刻名字吗，想刻字", "店门口可以停车吗", "附近有停车的地方吗"]


def asked(texts: list[str], language: Language = Language.EN) -> list[AskedQuestion]:
    """Questions that were handed over, a minute apart."""
    return [
        AskedQuestion(
            message=f"m{language}{place}",
            conversation=None,
            language=language,
            text=text,
            plain=text,
            decision="hand_over",
            asked_at=NOW - timedelta(minutes=place),
            id=f"{language}{place}",
        )
        for place, text in enumerate(texts)
    ]


def test_questions_about_one_thing_are_together() -> None:
    """Three things, three clusters, the one asked most first."""
    found = clustered(asked(ENGRAVING + PARKING + SCHOOLS))
    assert [set(cluster.texts) for cluster in found[:1]] == [set(ENGRAVING)]
    assert {frozenset(cluster.texts) for cluster in found} == {
        frozenset(ENGRAVING),
        frozenset(PARKING),
        frozenset(SCHOOLS),
    }


def test_chinese_questions_are_together_too_and_apart_from_english_ones() -> None:
    """A language is answered by itself."""
    found = clustered(asked(PARKING) + asked(CHINESE, Language.ZH))
    assert {(cluster.language, frozenset(cluster.texts)) for cluster in found} == {
        (Language.EN, frozenset(PARKING)),
        (Language.ZH, frozenset(CHINESE[:2])),
        (Language.ZH, frozenset(CHINESE[2:])),
    }


def test_what_is_asked_again_is_counted_and_shown_once() -> None:
    """However it is spelled: capitals, blanks, full-width letters."""
    (found,) = clustered(
        asked(["Do you ship lamps?", "do you ship  lamps?", "ＤＯ you ship lamps?"])
    )
    assert len(found.ids) == 3
    assert found.newest == NOW


@pytest.mark.parametrize(
    "texts", [[], ["?"], ["?", "!!"], ["", "  "], ["😀", "a"], ["<b>", "</b>"]]
)
def test_odd_questions_break_nothing(texts: list[str]) -> None:
    """None, one, signs alone."""
    assert len(clustered(asked(texts))) <= len(texts)


def test_many_questions_take_a_bounded_work() -> None:
    """The newest are compared; the rest waits until those are dealt with."""
    found = clustered(asked([f"what about thing number {n} of {n * 7}" for n in range(1_500)]))
    assert sum(len(cluster.ids) for cluster in found) == 1_000
