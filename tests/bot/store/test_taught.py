"""What shops teach is kept by shop, once, and can be renamed, merged and forgotten."""

from __future__ import annotations

import pytest

from bot.store import taught as taught_
from bot.store.engine import NotFound, Store
from bot.store.taught import (
    TooMany,
    clean_name,
    forget_taught,
    rename_taught,
    taught,
    taught_mark,
    teach_photos,
)


def photos(*numbers: int) -> list[bytes]:
    return [f"png {number}".encode() for number in numbers]


def test_photos_are_kept_in_order_and_none_twice(store: Store) -> None:
    with store.write() as session:
        assert teach_photos(session, "demo", "tea  pots\n", photos(3, 4)) == (2, 2)
        assert teach_photos(session, "demo", "tea pots", photos(1, 3)) == (1, 3)
    with store.read() as session:
        (one,) = taught(session, "demo")
        assert one.name == "tea pots"
        assert one.photos == (b"png 3", b"png 4", b"png 1")
        assert taught(session, "other") == ()


def test_capitals_make_no_other_category(store: Store) -> None:
    with store.write() as session:
        teach_photos(session, "demo", "Tea pots", photos(1))
        assert teach_photos(session, "demo", "tea Pots", photos(2)) == (1, 2)
        rename_taught(session, "demo", "TEA POTS", "tea pots")
    with store.read() as session:
        assert [one.name for one in taught(session, "demo")] == ["tea pots"]


def test_another_shop_neither_sees_nor_changes_it(store: Store) -> None:
    with store.write() as session:
        teach_photos(session, "demo", "pots", photos(1))
        teach_photos(session, "other", "pots", photos(2))
    for change in (
        lambda s: forget_taught(s, "other", "cups"),
        lambda s: rename_taught(s, "other", "cups", "x"),
    ):
        with store.write() as session, pytest.raises(NotFound):
            change(session)
    with store.write() as session:
        forget_taught(session, "other", "pots")
    with store.read() as session:
        assert [one.name for one in taught(session, "demo")] == ["pots"]
        assert taught(session, "other") == ()


def test_renaming_into_another_makes_one_of_both(store: Store) -> None:
    with store.write() as session:
        teach_photos(session, "demo", "pots", photos(1, 2))
        teach_photos(session, "demo", "cups", photos(2, 3))
        rename_taught(session, "demo", "cups", "mugs")
        rename_taught(session, "demo", "mugs", "pots")
    with store.read() as session:
        (one,) = taught(session, "demo")
        assert (one.name, len(one.photos)) == ("pots", 3)


def test_the_mark_changes_with_everything_that_is_taught(store: Store) -> None:
    def mark(shop: str = "demo") -> tuple[object, ...]:
        with store.read() as session:
            return taught_mark(session, shop)

    marks = [mark()]
    for change in (
        lambda s: teach_photos(s, "demo", "pots", photos(1)),
        lambda s: teach_photos(s, "demo", "pots", photos(2)),
        lambda s: teach_photos(s, "demo", "cups", photos(2)),
        lambda s: rename_taught(s, "demo", "pots", "mugs"),
        lambda s: rename_taught(s, "demo", "mugs", "cups"),
        lambda s: forget_taught(s, "demo", "cups"),
    ):
        with store.write() as session:
            change(session)
        marks.append(mark())
    assert len(set(marks[:-1])) == len(marks) - 1
    assert marks[-1] != marks[-2]
    with store.write() as session:
        teach_photos(session, "other", "pots", photos(9))
    assert mark() == marks[-1]


def test_there_is_an_end_to_categories_and_photos(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taught_, "MOST_PHOTOS", 3)
    monkeypatch.setattr(taught_, "MOST_CATEGORIES", 1)
    with store.write() as session:
        teach_photos(session, "demo", "pots", photos(1, 2, 3))
        with pytest.raises(TooMany):
            teach_photos(session, "demo", "pots", photos(4))
        with pytest.raises(TooMany):
            teach_photos(session, "demo", "cups", photos(4))
        monkeypatch.setattr(taught_, "MOST_CATEGORIES", 2)
        teach_photos(session, "demo", "cups", photos(4))
        with pytest.raises(TooMany):
            rename_taught(session, "demo", "cups", "pots")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Tea\tpots ", "Tea pots"),
        ("茶壶\0", "茶壶"),
        ("\u202e\n", ""),
        ("a" * 99, "a" * 60),
        ("ＡＢ", "AB"),
    ],
)
def test_a_name_is_one_clean_line(name: str, kept: str) -> None:
    assert clean_name(name) == kept
