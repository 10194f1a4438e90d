"""Many photos in a conversation: what they show as a contact sheet, bars, a table and a CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.conversation.messages import Language, Table
from bot.skills.exports import to_csv
from bot.skills.photos.classify import Classified, Guess
from bot.texts import say

JOB = "photos"
SHOWN = 12
COLUMNS = (
    "photo", "category", "taxonomy_id", "name", "name_zh", "confidence", "second", "third", "review",
    "warnings", "duplicate_of",
)  # fmt: skip


@dataclass(frozen=True)
class Count:
    """What a batch came to."""

    photos: int
    categories: int
    to_check: int
    duplicates: int
    refused: int


def count(photos: Sequence[Classified]) -> Count:
    """How many photos, categories, photos to look at, repeated and refused ones."""
    good = [photo for photo in photos if not photo.refused]
    return Count(
        len(photos),
        len(
            {
                (best.category, best.taxonomy_id)
                for best in (photo.top[0].category for photo in good)
            }
        ),
        sum(photo.review for photo in good),
        sum(photo.duplicate_of is not None for photo in good),
        len(photos) - len(good),
    )


def name_of(guess: Guess, language: Language) -> str:
    """A category in the reader's language."""
    return guess.category.name_zh if language is Language.ZH else guess.category.name


def tally(photos: Iterable[Classified], language: Language) -> list[tuple[str, int]]:
    """How many photos each category has, most first."""
    names = (name_of(photo.top[0], language) for photo in photos if not photo.refused)
    return Counter(names).most_common()


def _faults(photo: Classified, language: Language) -> list[str]:
    """Why a photo was refused, else what is wrong with it."""
    keys = [photo.refused] if photo.refused else photo.warnings
    return [say(f"photo_{key}", language) for key in keys]


def remarks(photo: Classified, language: Language) -> str:
    """What a person should know of a photo."""
    told = _faults(photo, language)
    if photo.review and not photo.refused:
        told.insert(0, say("photo_review", language))
    if photo.duplicate_of:
        told.append(say("photo_duplicate", language, name=photo.duplicate_of))
    return say("photo_list_comma", language).join(told)


def batch_table(photos: Sequence[Classified], language: Language) -> Table:
    """The refused ones first, then those that a person should look at, then the others; the first two kinds marked."""
    refused = [photo for photo in photos if photo.refused]
    others = sorted(
        (photo for photo in photos if not photo.refused), key=lambda photo: not photo.review
    )
    many = max(SHOWN // 2, SHOWN - len(others))
    order = [*refused[:many], *others][:SHOWN]
    rows, marks = [], []
    for place, photo in enumerate(order):
        best = photo.top[0] if photo.top else None
        shown = (name_of(best, language), f"{best.confidence:.0%}") if best else ("", "")
        rows.append((photo.name, *shown, remarks(photo, language)))
        if photo.review:
            marks.append((place, 1))
    columns = tuple(
        say(f"column_{name}", language) for name in ("photo", "category", "sure", "check")
    )
    return Table(say("photos_table", language), columns, tuple(rows), tuple(marks))


def batch_csv(photos: Iterable[Classified], language: Language) -> bytes:
    """Everything, a photo a row; what is wrong with one is said in the language."""
    return to_csv(COLUMNS, (_row(photo, language) for photo in photos))


def _row(photo: Classified, language: Language) -> list[object]:
    faults = say("photo_list_comma", language).join(_faults(photo, language))
    if photo.refused:
        return [photo.name, *[""] * 7, "yes", faults, ""]
    best, *others = photo.top
    category = best.category
    more = [*(guess.category.name for guess in others), "", ""][:2]
    named = [category.category, category.taxonomy_id, category.name, category.name_zh]
    return [
        photo.name,
        *named,
        round(best.confidence, 4),
        *more,
        "yes" if photo.review else "",
        faults,
        photo.duplicate_of or "",
    ]
