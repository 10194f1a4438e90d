"""A photo of a job shown again: to be asked about, and with what in it speaks for its category."""

from __future__ import annotations

from itertools import chain
from pathlib import PurePosixPath

import cv2
import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from bot.conversation.messages import Language
from bot.skills.photos import talk
from bot.skills.photos.batch import JOB, name_of, remarks
from bot.skills.photos.classify import Classified
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.teaching import Classifies
from bot.skills.photos.uploads import Uploads
from bot.skills.turn import Turn
from bot.store.drafts import draft_of_message
from bot.store.engine import NotFound
from bot.store.files import FileStore
from bot.store.inbox import files_of
from bot.store.jobs import access_job, latest_job
from bot.store.photos import SeenInfo, seen_photo, seen_photos
from bot.store.traces import turns_before
from bot.texts import percent, say
from ml.photos.look import Look
from ml.photos.occlusion import occlusion

SHOWN = 384
_DARKEST = 0.25
Bytes = npt.NDArray[np.uint8]


def looked_at(
    session: Session, files: FileStore, shop: str, job: str, number: int, size: int
) -> Look | None:
    """A photo of a job, its pixels (size, size, 3); None where it cannot be looked at any more."""
    refs = files_of(access_job(session, shop, job).arguments["files"])
    try:
        with Lookers(size, 1) as lookers:
            photos = Uploads(files, session, shop, refs).photos(number, 1)
            look = next((found for _, found in lookers.looks(photos)), None)
    except (NotFound, OSError):
        return None
    return look if isinstance(look, Look) else None


def preview(session: Session, files: FileStore, shop: str, job: str, number: int) -> bytes | None:
    """A photo as a PNG of its own shape, at most `SHOWN` pixels wide or high."""
    look = looked_at(session, files, shop, job, number, SHOWN)
    return None if look is None else png(shaped(look.pixels, look))


def shaped(pixels: Bytes, look: Look) -> Bytes:
    """A square (S, S, 3) as wide and high as its photo is."""
    longer = max(look.width, look.height)
    size = [max(round(len(pixels) * side / longer), 1) for side in (look.width, look.height)]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def png(pixels: Bytes) -> bytes:
    """Pixels (H, W, 3) RGB as a PNG."""
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def meant(session: Session, turn: Turn) -> tuple[str, SeenInfo] | None:
    """Job and photo that a "why" is about, where the talk was of photos: the one that is asked about, the one that the

    text names, else the first in doubt, else the first.
    """
    past = turns_before(session, turn.shop, turn.conversation, turn.message)
    last = next((one for one in past if one.trace.get("intent") != "why"), None)
    if last is None:
        return None
    answered = draft_of_message(session, turn.shop, turn.conversation, talk.KIND, last.message)
    if answered is None and "action_classify_photos" not in (last.trace.get("actions") or ()):
        return None
    if asked := talk.reviewed(session, turn):
        return asked[0], seen_photo(session, turn.shop, *asked)
    job = latest_job(session, turn.shop, turn.conversation)
    if job is None or job.kind != JOB:
        return None
    every = [one for one in seen_photos(session, turn.shop, job.id) if one.body["top"]]
    text = turn.text.casefold()
    names = [(PurePosixPath(one.body["name"]).name.casefold(), one) for one in every]
    found = max(((len(name), one.number) for name, one in names if name in text), default=None)
    named = (one for one in every if found and one.number == found[1])
    doubtful = (one for one in every if one.doubtful and one.decided is None)
    chosen = next(chain(named, doubtful, every), None)
    return (job.id, chosen) if chosen else None


def told(seen: SeenInfo, language: Language) -> str:
    """What a photo was taken for, and for what else it could be."""
    photo = Classified.from_json(seen.body)
    shares = [f"{name_of(one, language)} {percent(one.confidence, language)}" for one in photo.top]
    text = say(
        "why_photo",
        language,
        name=photo.name,
        first=shares[0],
        others=say("photo_list_comma", language).join(shares[1:]),
    )
    left = remarks(photo, language)
    return f"{text} {say('why_photo_remarks', language, remarks=left)}" if left else text


def spotlight(look: Look, seen: SeenInfo, classifier: Classifies) -> bytes | None:
    """The photo as a PNG, bright where it matters for its likeliest category; None where that is gone."""
    photo = Classified.from_json(seen.body)
    known = [(one.category, one.taxonomy_id) for one in classifier.categories]
    best = photo.top[0].category if photo.top else None
    if best is None or (best.category, best.taxonomy_id) not in known:
        return None
    column = known.index((best.category, best.taxonomy_id))
    light = occlusion(look.pixels, lambda views: classifier.see(views).probabilities[:, column])
    lit = look.pixels * (_DARKEST + (1 - _DARKEST) * light[..., None])
    large = cv2.resize(lit.astype(np.uint8), (SHOWN, SHOWN), interpolation=cv2.INTER_CUBIC)
    return png(shaped(np.asarray(large, np.uint8), look))
