"""A photo of a job shown again: to be asked about, and with what in it speaks for its category."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.uploads import Uploads
from bot.store.files import FileStore
from bot.store.jobs import access_job
from ml.photos.look import Look

SHOWN = 384
Bytes = npt.NDArray[np.uint8]


def looked_at(
    session: Session, files: FileStore, shop: str, job: str, number: int, size: int
) -> Look | None:
    """A photo of a job, its pixels (size, size, 3); None where it cannot be looked at any more."""
    refs = [FileRef(**file) for file in access_job(session, shop, job).arguments["files"]]
    with Lookers(size, 1) as lookers:
        photos = Uploads(files, session, shop, refs).photos(number, 1)
        look = next((found for _, found in lookers.looks(photos)), None)
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
