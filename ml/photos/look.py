"""Looks at the bytes of a photo: pixels as the network wants them, how good it is, what tells the same one again.

Runs where nothing else does (see `bot/skills/photos/decoding.py`): photos come from strangers.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.photos.care import warnings_of

Bytes = npt.NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MOST_PIXELS = 60_000_000
MOST_BYTES = 40_000_000
REASONS = ("unreadable", "broken", "animated", "too_many_pixels", "too_many_bytes")
SIDE = 512
"""Photos are looked at with their longer side about so long; what is larger is decoded smaller."""
KEPT = 160
"""Side of the photos that the network learnt from; what is no larger goes by way of it, to be as sharp as they."""
_HASHED = 32
_ORIENTATION = 0x0112


class NotAPhoto(Exception):
    """The bytes cannot be looked at; `reason` is a key of the sentences for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Look:
    """A photo as it was seen: `pixels` (S, S, 3) RGB, `width` and `height` of the file as it is held upright.

    `warnings` are keys of `WARNINGS`; `hash` is its perceptual hash, 64 bits.
    """

    pixels: Bytes
    width: int
    height: int
    warnings: tuple[str, ...]
    hash: int


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file says of itself before anything is decoded."""

    width: int
    height: int
    kind: str
    transparent: bool
    orientation: int


def look(data: bytes, size: int) -> Look:
    """Looks at a file's bytes; raises `NotAPhoto`.

    EXIF orientation is honoured, all other EXIF data ignored; what is transparent is white.
    """
    header = _checked(data)
    photo = _decoded(data, header)
    width, height = header.width, header.height
    if (photo.shape[0] > photo.shape[1]) != (height > width):  # turned by its EXIF orientation
        width, height = height, width
    warnings = warnings_of(photo, width, height)
    by_way = squared(photo, KEPT) if size <= KEPT else photo
    return Look(squared(by_way, size), width, height, warnings, perceptual_hash(photo))


def _checked(data: bytes) -> _Header:
    """The header; nothing is decoded before its size is known."""
    if len(data) > MOST_BYTES:
        raise NotAPhoto("too_many_bytes")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            width, height = file.size
            moving = file.format != "MPO" and getattr(file, "n_frames", 1) > 1
            kind, transparent = str(file.format), file.has_transparency_data
            orientation = int(file.getexif().get(_ORIENTATION, 1))
    except Image.DecompressionBombError:
        raise NotAPhoto("too_many_pixels") from None
    except (OSError, ValueError, SyntaxError):
        raise NotAPhoto("unreadable") from None
    if moving:
        raise NotAPhoto("animated")
    if width * height > MOST_PIXELS:
        raise NotAPhoto("too_many_pixels")
    return _Header(width, height, kind, transparent, orientation)


def _decoded(data: bytes, header: _Header) -> Bytes:
    """Upright, RGB, as much smaller as the format's own decoder makes it."""
    raw = np.frombuffer(data, np.uint8)
    if header.transparent:
        found = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
        if found is not None and found.ndim == 3 and found.shape[2] == 4:
            return _upright(_on_white(found), header.orientation)
    # OpenCV turns the picture upright itself unless it is told not to; a TIFF made smaller it would squash.
    longer = max(header.width, header.height)
    found = cv2.imdecode(raw, cv2.IMREAD_COLOR if header.kind == "TIFF" else _flag(longer))
    if found is None or found.ndim != 3:
        raise NotAPhoto("broken")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def _on_white(photo: npt.NDArray[Any]) -> Bytes:
    """A photo (H, W, 4), BGR and how opaque it is, of 8 or 16 bits, no larger than it is looked at."""
    scale = SIDE / max(photo.shape[:2])
    if scale < 1:
        size = [max(round(side * scale), 1) for side in photo.shape[1::-1]]
        photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    most = 255.0 if photo.dtype == np.uint8 else 65535.0
    parts = photo.astype(np.float32) / most
    opaque = parts[..., 3:]
    return np.asarray((parts[..., 2::-1] * opaque + 1 - opaque) * 255 + 0.5, np.uint8)


def _upright(photo: Bytes, orientation: int) -> Bytes:
    """As its EXIF orientation, 1 to 8, wants it."""
    if orientation in (2, 4, 5, 7):  # mirrored
        photo = photo[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(photo, turns))


def _flag(longer: int) -> int:
    """Decodes to a half, a quarter or an eighth where that is large enough."""
    for shrink, flag in (
        (8, cv2.IMREAD_REDUCED_COLOR_8),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
    ):
        if longer >= shrink * SIDE:
            return flag
    return cv2.IMREAD_COLOR


def squared(photo: Bytes, size: int) -> Bytes:
    """All of a photo (H, W, 3) as a square (size, size, 3)."""
    smaller = min(photo.shape[:2]) >= size
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, (size, size), interpolation=way), np.uint8)


def squared_all(photos: Bytes, size: int) -> Bytes:
    """All of each of many photos (N, H, W, 3): (N, size, size, 3)."""
    return np.stack([squared(photo, size) for photo in photos])


def perceptual_hash(photo: Bytes) -> int:
    """The signs of the 8 x 8 lowest waves of the grey photo against their median: 64 bits (pHash, Zauner 2010)."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_HASHED, _HASHED), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = cv2.dct(small)[:8, :8].ravel()
    bits = waves > np.median(waves[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
