"""Teaching in the chat: photos and a name, the name asked for where it is missing; renaming, merging, forgetting."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from actions.app import App
from bot.conversation.messages import Buttons, FileRef, Table, Text
from bot.skills.photos.lessons import Want, Wish, name_in, read
from bot.store.changes import changes_of_message
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
        ("马克杯并到Mugs里", [], Wish(Want.RENAME, "马克杯", "Mugs")),
        ("把Mugs和马克杯合并", [], Wish(Want.RENAME, "Mugs", "马克杯")),
        ("merge mugs into mugs red", [], Wish(Want.RENAME, "Mugs", "Mugs red")),
        ("rename mugs to shoppers please", [], Wish(Want.RENAME, "Mugs", "shoppers")),
        ("the category mugs should be called cups and jugs from now on", [],
         Wish(Want.RENAME, "Mugs", "cups and jugs")),
        ("rename smugs to x", ["smugs"], Wish(Want.TEACH, "smugs")),
        ("马克杯改名为成衣", [], Wish(Want.RENAME, "马克杯", "成衣")),
        ('6" pots and 8" pots', [], Wish(Want.TEACH)),
        ("please forget MUGS", [], Wish(Want.FORGET, "Mugs")),
        ("forget the mugs red", [], Wish(Want.FORGET, "Mugs red")),
        ("忘掉马克杯", [], Wish(Want.FORGET, "马克杯")),
        ("which categories have I taught you?", [], Wish(Want.LIST)),
        ("我教过你哪些类目", [], Wish(Want.LIST)),
        ("let me show you what clogs are", ["clogs"], Wish(Want.TEACH, "clogs")),
    ],
)  # fmt: skip
def test_what_is_wanted_is_read_from_the_words(text: str, found: list[str], wish: Wish) -> None:
    assert read(text, found, ["Mugs", "Mugs red", "马克杯"]) == wish


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("tea pots", "tea pots"), ("call them tea pots please!", "tea pots please"),
        ("they're 'tea pots'", "tea pots"), ("These are all lamps.", "lamps"), ("茶壶", "茶壶"),
        ("名片", "名片"), ("/parse_order", ""), ("叫茶壶。", "茶壶"), ("这些都是茶壶", "茶壶"), ("?!", ""),
        ("x" * 200, ""), ("", ""),
    ],
)  # fmt: skip
def test_a_name_is_taken_out_of_an_answer(said: str, name: str) -> None:
    assert name_in(said) == name


def lesson(app: App, message: str) -> JobInfo:
    with app.store.read() as session:
        return access_job(session, "demo", f"teach-{message}")


def heard(app: App, message: str, number: int, *files: dict[str, object]) -> None:
    """A message of the merchant's conversation."""
    with app.store.write() as session:
        session.add(
            Message(
                id=message, shop_id="demo", channel="web", external_id=message, number=number,
                conversation_id="demo-merchant", person="p", role="merchant",
                content={"text": "", "files": list(files)}, done_at=utc_now(),
                trace={"intent": "nlu_fallback"},
            )
        )  # fmt: skip


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
    """Files without a word, buttons and a yes are no names; the gateway sends the first as payloads."""
    merchant.files = [asdict(PHOTO)]
    assert "What do the photos show" in words(merchant.say("learn these", "teach_category"))
    merchant.files = [asdict(FileRef("b" * 64, "b.zip", "application/zip", 9))]
    assert "What do the photos show" in words(merchant.say("/parse_order", "parse_order"))
    merchant.files = [asdict(FileRef("c" * 64, "c.jpg", "image/jpeg", 9))]
    assert "What do the photos show" in words(merchant.say("/classify_photos", "classify_photos"))
    merchant.files = []
    for text, intent in (
        ("x" * 500, "nlu_fallback"), ("yes", "affirm"), ("learn a category", "teach_category"),
    ):  # fmt: skip
        assert "short name" in words(merchant.say(text, intent))
    pressed = merchant.say('/inform_choice{"choice": "mugs"}', "inform_choice", {"choice": "mugs"})
    assert "short name" in words(pressed)
    said = merchant.say(
        "these are tea pots", "teach_category", {"category": "tea pots"}, message_id="m9"
    )
    assert "tea pots" in words(said)
    assert merchant.form is None
    found = lesson(app, "m9")
    assert [file["name"] for file in found.arguments["files"]] == ["pot.jpg", "b.zip", "c.jpg"]
    assert found.arguments["name"] == "tea pots"


def test_a_cancel_leaves_it_and_photos_of_a_moment_ago_are_meant(app: App, merchant: Rasa) -> None:
    heard(app, "p1", 1, asdict(PHOTO))
    heard(app, "p2", 2)
    said = merchant.say("which have I taught you", "teach_category", message_id="p2")
    assert "To teach me" in words(said)
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


def test_a_category_is_renamed_merged_and_forgotten_after_a_button(
    app: App, merchant: Rasa
) -> None:
    taught_here(app, "Pots", 2)
    taught_here(app, "Jugs", 3)
    (asked,) = merchant.say("rename pots to Kettles", "teach_category")
    assert names(app) == {"Pots": 2, "Jugs": 3}
    for _ in range(2):  # a turn may be tried again
        assert words(merchant.press(asked, "Rename it", message_id="m1")) == "Done."
    assert names(app) == {"Kettles": 2, "Jugs": 3}
    (asked,) = merchant.say("rename kettles to jugs", "teach_category")
    assert "become part" in words([asked])
    merchant.press(asked, "Leave it as it is")
    assert names(app) == {"Kettles": 2, "Jugs": 3}
    merchant.press(asked, "Make it one")
    assert names(app) == {"Jugs": 5}
    assert "Done" not in words(merchant.press(asked, "Make it one"))
    (asked,) = merchant.say("forget jugs", "teach_category")
    assert isinstance(asked, Buttons)
    assert "5 photos" in asked.text
    merchant.press(asked, "Forget it", message_id="m2")
    assert names(app) == {}
    with app.store.read() as session:
        (change,) = changes_of_message(session, "demo", "m2")
    assert change.before == {"name": "Jugs"}


def test_with_photos_nothing_is_forgotten_and_taught_ones_are_not_meant_again(
    app: App, merchant: Rasa
) -> None:
    taught_here(app, "earrings", 2)
    merchant.files = [asdict(PHOTO)]
    text = "these are drop earrings, learn them"
    said = merchant.say(text, "teach_category", {"category": "drop earrings"}, message_id="p1")
    assert "learning" in words(said)
    merchant.files = []
    heard(app, "p1", 1, asdict(PHOTO))
    heard(app, "p2", 2)
    said = merchant.say("these again", "teach_category", message_id="p2")
    assert "To teach me" in words(said)


def test_a_full_category_loses_nothing_by_a_merge(app: App, merchant: Rasa) -> None:
    taught_here(app, "Pots", 150)
    with app.store.write() as session:
        both = [f"Pots{n}".encode() for n in range(50)] + [b"%d" % n for n in range(60)]
        teach_photos(session, "demo", "Jugs", both)
    (asked,) = merchant.say("merge jugs into pots", "teach_category")
    assert "200" in words(merchant.press(asked, "Make it one"))
    assert names(app) == {"Pots": 150, "Jugs": 110}


def test_who_is_no_merchant_teaches_nothing(app: App, customer: Rasa) -> None:
    customer.files = [asdict(PHOTO)]
    customer.say("these are pots", "teach_category", {"category": "pots"}, message_id="c1")
    with pytest.raises(NotFound):
        lesson(app, "c1")
