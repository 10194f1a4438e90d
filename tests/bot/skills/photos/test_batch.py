"""What a batch of photos looks like: names that a plot or a spreadsheet would take for something else do no harm."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image

from bot.conversation.messages import Language
from bot.skills.photos.batch import batch_csv, batch_table, count, tally
from bot.skills.photos.classify import Classified, Guess
from bot.skills.photos.sheet import Print, bars, contact_sheet
from bot.texts import say
from ml.photos.categories import Category

NAMES = ["gifts $10_$20", "US$ 5%–US$ 9", "$^$", "茶壶", "a" * 60, "=SUM(A1)", "\\frac{"]


def photo(name: str, sure: float = 0.9, **more: object) -> Classified:
    guess = Guess(Category(name, "", name, name, ()), sure)
    return Classified(f"{name}.jpg", (guess, guess), sure < 0.5, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_drawn_as_it_is(name: str) -> None:
    one = Print(np.zeros((32, 32, 3), np.uint8), 40, 60, name, True)
    for png in (contact_sheet(name, [one] * 30), bars(name, [(name, 3)])):
        assert Image.open(io.BytesIO(png)).format == "PNG"


@pytest.mark.parametrize("language", list(Language))
def test_the_refused_and_the_doubtful_come_first_and_marked(language: Language) -> None:
    photos = [
        photo("a"),
        photo("b", 0.3, warnings=("blurred",)),
        Classified("c.jpg", refused="link"),
    ]
    table = batch_table(photos, language)
    assert [row[0] for row in table.rows] == ["c.jpg", "b.jpg", "a.jpg"]
    assert table.marks == ((0, 1), (1, 1))
    assert all(row[3] for row in table.rows[:2])
    assert count(photos).__dict__ == {
        "photos": 3,
        "categories": 2,
        "to_check": 1,
        "duplicates": 0,
        "refused": 1,
    }
    assert tally(photos, language) == [("a", 1), ("b", 1)]


def test_refused_files_leave_room_for_the_doubtful_ones() -> None:
    refused = [Classified(f"{n}.mov", refused="unreadable") for n in range(30)]
    doubtful = [photo(f"p{n}", 0.3) for n in range(3)]
    names = [row[0] for row in batch_table([*refused, *doubtful], Language.EN).rows]
    assert len(names) == 12
    assert {one.name for one in doubtful} < set(names)


def test_the_csv_has_a_row_for_each_and_no_formula() -> None:
    blurred = photo("b", warnings=("blurred", "dark"))
    photos = [*map(photo, NAMES), blurred, Classified("=x.jpg", refused="link")]
    rows = list(csv.DictReader(io.StringIO(batch_csv(photos, Language.ZH).decode("utf-8-sig"))))
    assert len(rows) == len(NAMES) + 2
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    assert rows[-1]["warnings"] == say("photo_link", Language.ZH)
    both = (say(f"photo_{name}", Language.ZH) for name in ("blurred", "dark"))
    assert rows[-2]["warnings"] == say("photo_list_comma", Language.ZH).join(both)


def test_a_taught_category_that_is_called_like_a_shipped_one_is_another() -> None:
    own, shipped = (
        Category("hat", "", "hat", "hat", ()),
        Category("hat", "aa-2-17", "Hats", "帽子", ()),
    )
    photos = [Classified("a.jpg", (Guess(one, 0.9),), False) for one in (own, shipped)]
    assert count(photos).categories == 2
