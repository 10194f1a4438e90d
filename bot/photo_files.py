"""`shopclerk classify` and `teach`: photos that are given as files, with the categories of a shop of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.conversation.messages import Language
from bot.inputs import BadInput
from bot.shop_here import shop_here
from bot.skills.photos.classify import Classified, classify, with_duplicates
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.filing import catalogue_marks
from bot.skills.photos.sources import given
from bot.skills.photos.teaching import Lesson, learn, of_shop, shots_of
from bot.store.engine import NotFound
from bot.store.taught import TooMany, clean_name, forget_taught, rename_taught, taught
from bot.texts import say
from ml.photos.classifier import PhotoClassifier, shipped
from ml.photos.teach import FEWEST


def classify_files(paths: Sequence[Path], shop: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What came of each photo, in order: as JSON, and as a line for people. Raises `BadInput`."""
    model = PhotoClassifier.load(shipped())
    with shop_here(shop) as store, store.read() as session:
        classifier = of_shop(session, shop, model)
        before = catalogue_marks(session, shop, model.name)
    some = False
    with Lookers(classifier.settings.size) as lookers:
        for photo in with_duplicates(classify(given(paths), classifier, lookers), before):
            some = True
            yield row(photo, model.name), shown(photo)
    if not some:
        raise BadInput(f"{', '.join(map(str, paths))}: there are no photos in it")


def teach_files(name: str, paths: Sequence[Path], shop: str) -> tuple[dict[str, Any], str]:
    """Teach a category from photos; what came of it. Raises `BadInput`."""
    if not clean_name(name):
        raise BadInput("the category needs a name")
    model = PhotoClassifier.load(shipped())
    try:
        with Lookers(model.settings.size) as lookers:
            shots = shots_of(given(paths), lookers)
        with shop_here(shop) as store, store.write() as session:
            lesson = learn(session, shop, name, shots)
    except TooMany as error:
        raise BadInput(f"that would be more than {error}; please leave some out") from None
    if not lesson.photos:
        raise BadInput(
            f"{', '.join(map(str, paths))}: there are no photos in it that can be learnt from"
        )
    return _lesson(lesson)


def change_taught(name: str, new: str, shop: str) -> tuple[dict[str, Any], str]:
    """Rename a taught category (into another one that is there: both become one), or forget it where `new` is empty."""
    if new and not clean_name(new):
        raise BadInput("the category needs a name")
    with shop_here(shop) as store, store.write() as session:
        try:
            if new:
                rename_taught(session, shop, name, new)
            else:
                forget_taught(session, shop, name)
        except TooMany as error:
            raise BadInput(f"together they have more than {error}") from None
        except NotFound as error:
            known = ", ".join(one.name for one in taught(session, shop)) or "none"
            raise BadInput(f"{error}; taught are: {known}") from None
    done = f"renamed to {clean_name(new)}" if new else "forgotten"
    return {"category": clean_name(name), "done": done}, f"{clean_name(name)}: {done}"


def _lesson(lesson: Lesson) -> tuple[dict[str, Any], str]:
    refused = [
        {"path": path, "error": say(f"photo_{reason}", Language.EN)}
        for path, reason in lesson.refused
    ]
    found = {
        "category": lesson.name,
        "new": lesson.new,
        "photos": lesson.photos,
        "ready": lesson.ready,
        "refused": refused,
    }
    known = "known from now on" if lesson.ready else f"known from {FEWEST} photos on"
    line = f"{lesson.name}: {lesson.new} new photos, {lesson.photos} in all; {known}"
    return found, "\n".join([line, *(f"{one['path']}: {one['error']}" for one in refused)])


def row(photo: Classified, model: str) -> dict[str, Any]:
    """As the command line gives it."""
    top = [
        {
            "category": guess.category.category,
            "taxonomy_id": guess.category.taxonomy_id,
            "name": guess.category.name,
            "name_zh": guess.category.name_zh,
            "confidence": round(guess.confidence, 4),
        }
        for guess in photo.top
    ]
    warnings = [photo.refused] if photo.refused else list(photo.warnings)
    found: dict[str, Any] = {
        "path": photo.name,
        "top": top,
        "embedding_model": model,
        "review": photo.review,
        "warnings": warnings,
        "duplicate_of": photo.duplicate_of,
    }
    return found | ({"error": refusal(photo)} if photo.refused else {})


def refusal(photo: Classified) -> str:
    """Why a photo was not looked at, in English."""
    return say(f"photo_{photo.refused}", Language.EN)


def shown(photo: Classified) -> str:
    """A photo as a line."""
    if photo.refused:
        return f"{photo.name}: {refusal(photo)}"
    best = photo.top[0]
    line = f"{photo.name}: {best.category.name} {best.confidence:.2f}"
    told = [say(f"photo_{warning}", Language.EN) for warning in photo.warnings]
    if photo.review:
        told.insert(0, "please look at it")
    if photo.duplicate_of:
        told.append(f"shows the same as {photo.duplicate_of}")
    return line + (f"  ({'; '.join(told)})" if told else "")
