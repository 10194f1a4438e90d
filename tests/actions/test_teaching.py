"""Teaching in the chat: photos and a name, the name asked for where it is missing; renaming, merging, forgetting."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from actions.app import App
from bot.conversation.messages import Buttons, FileRef, Table, Text
from bot.skills.photos.lessons import Want, Wish, name_in, read
from bot.store.clock import utc_now
from bot.store.engine import NotFound
from bot.store.jobs import JobInfo, access_job
from bot.store.schema import Message
from bot.store.taught import taught, teach_photos
from tests.actions.rasa import Rasa, words

PHOTO = FileRef("a" * 64, "pot.jpg", "image/jpeg", 10)


@pytest.mark.parametrize(
    ("text", "found", "wish"),
    [
        ("these are tea pots, learn them", ["tea pots"], Wish(Want.TEACH, "tea pots")),
        ("You keep calling these bowls. They're mortars.", ["bowls", "mortars"],
         Wish(Want.TEACH)),
        ("that's a sari not a dress", ["sari", "dress"], Wish(Want.TEACH, "sari")),
        ("这些不是T恤，是卫衣", ["T恤", "卫衣"], Wish(Want.TEACH, "卫衣")),
        ('learn these as "Pots, large"', ["Pots"], Wish(Want.TEACH, "Pots, large")),
        ("这些是“盖碗”，学一下", [], Wish(Want.TEACH, "盖碗")),
        ("learn a new category", [], Wish(Want.TEACH)),
        ("don't forget: these are lamps", ["lamps"], Wish(Want.TEACH, "lamps")),
        ("rename mugs to Cups.", ["mugs", "Cups"], Wish(Want.RENAME, "Mugs", "Cups")),
        ('rename "mugs" to "big cups"', [], Wish(Want.RENAME, "Mugs", "big cups")),
        ("把马克杯改名为杯子", [], Wish(Want.RENAME, "马克杯", "杯子")),
        ("马克杯并到Mugs里", [], Wish(Want.RENAME, "马克杯", "Mugs里")),
        ("please forget MUGS", [], Wish(Want.FORGET, "Mugs")),
        ("forget the mugs red", [], Wish(Want.FORGET, "Mugs red")),
        ("忘掉马克杯", [], Wish(Want.FORGET, "马克杯")),
    ],
)  # fmt: skip
def test_what_is_wanted_is_read_from_the_words(text: str, found: list[str], wish: Wish) -> None:
    assert read(text, found, ["Mugs", "Mugs red", "马克杯"]) == wish


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("tea pots", "tea pots"), ("call them tea pots please!", "tea pots please"),
        ("they're 'tea pots'", "tea pots"), ("These are all lamps.", "lamps"), ("茶壶", "茶壶"),
        ("叫茶壶。", "茶壶"), ("这些都是茶壶", "茶壶"), ("?!", ""), ("x" * 200, ""), ("", ""),
    ],
)  # fmt: skip
def test_a_name_is_taken_out_of_an_answer(said: str, name: str) -> None:
    assert name_in(said) == name


def lesson(app: App, message: str) -> JobInfo:
    with app.store.read() as session:
        return access_job(session, "demo", f"teach-{message}")


def names(app: App) -> dict[str, int]:
    with app.store.read() as session:
        return {one.name: len(one.photos) for one in taught(session, "demo")}


def test_photos_with_a_name_are_learnt_in_the_background_once(app: App, merchant: Rasa) -> None:
    merchant.files = [asdict(PHOTO)]
    for _ in range(2):
        said = merchant.say(
            "these are tea pots", "teach_category", {"category": "tea pots"}, message_id="m1"
        )
        assert "learning" in words(said)
    assert lesson(app, "m1").arguments["name"] == "tea pots"
    assert merchant.form is None


def test_without_a_name_it_is_asked_for_and_more_photos_may_come(app: App, merchant: Rasa) -> None:
    merchant.files = [asdict(PHOTO)]
    assert "What do the photos show" in words(merchant.say("learn these", "teach_category"))
    merchant.files = [asdict(FileRef("b" * 64, "b.zip", "application/zip", 9))]
    assert "What do the photos show" in words(merchant.say(""))
    merchant.files = []
    assert "short name" in words(merchant.say("x" * 500))
    said = merchant.say("call them tea pots", message_id="m9")
    assert "tea pots" in words(said)
    assert merchant.form is None
    found = lesson(app, "m9")
    assert [file["name"] for file in found.arguments["files"]] == ["pot.jpg", "b.zip"]
    assert found.arguments["name"] == "tea pots"


def test_a_cancel_leaves_it_and_photos_of_a_moment_ago_are_meant(app: App, merchant: Rasa) -> None:
    with app.store.write() as session:
        for number, files in enumerate(([asdict(PHOTO)], []), 1):
            content = {"text": "", "files": files}
            session.add(
                Message(
                    id=f"p{number}", shop_id="demo", channel="web", external_id=f"p{number}",
                    number=number, conversation_id="demo-merchant", person="p", role="merchant",
                    content=content, done_at=utc_now(), trace={"intent": "nlu_fallback"},
                )
            )  # fmt: skip
    said = merchant.say("teach you these", "teach_category", message_id="p2")
    assert "What do the photos show" in words(said)
    assert "nothing is learnt" in words(merchant.say("never mind", "cancel", message_id="m3"))
    with pytest.raises(NotFound):
        lesson(app, "m3")


def test_without_photos_it_says_how_and_what_is_known(app: App, merchant: Rasa) -> None:
    said = merchant.say("learn umbrellas", "teach_category", {"category": "umbrellas"})
    assert "umbrellas" in words(said)
    assert len(said) == 1
    taught_here(app, "Pots", 2)
    told, table = merchant.say("which categories did I teach", "teach_category")
    assert isinstance(told, Text)
    assert isinstance(table, Table)
    assert table.rows == (("Pots", "2", "needs 5 photos"),)


def taught_here(app: App, name: str, count: int) -> None:
    with app.store.write() as session:
        teach_photos(session, "demo", name, [f"{name}{n}".encode() for n in range(count)])


def test_a_category_is_renamed_merged_and_forgotten(app: App, merchant: Rasa) -> None:
    """What cannot be taken back happens only after its button."""
    taught_here(app, "Pots", 2)
    taught_here(app, "Jugs", 3)
    assert "Kettles" in words(merchant.say("rename pots to Kettles", "teach_category"))
    assert names(app) == {"Kettles": 2, "Jugs": 3}
    (asked,) = merchant.say("rename kettles to Jugs", "teach_category")
    assert "become part" in words([asked])
    assert names(app) == {"Kettles": 2, "Jugs": 3}
    merchant.press(asked, "Leave it as it is")
    merchant.press(asked, "Make it one")
    merchant.press(asked, "Make it one")
    assert names(app) == {"Jugs": 5}
    (asked,) = merchant.say("forget jugs", "teach_category")
    assert isinstance(asked, Buttons)
    assert "5 photos" in asked.text
    for _ in range(2):
        assert "Done" in words(merchant.press(asked, "Forget it"))
    assert names(app) == {}


def test_who_is_no_merchant_teaches_nothing(app: App, customer: Rasa) -> None:
    customer.files = [asdict(PHOTO)]
    customer.say("these are pots", "teach_category", {"category": "pots"}, message_id="c1")
    with pytest.raises(NotFound):
        lesson(app, "c1")
