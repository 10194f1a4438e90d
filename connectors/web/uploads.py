"""What an uploaded file is, told from its bytes: its name and its sender's word for it count for nothing."""

from __future__ import annotations

import unicodedata
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from connectors.web.errors import Refused

RASTER = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PIXELS = 80_000_000
ZIP, ZIP_MAGIC = "application/zip", b"PK\x03\x04"
MAGIC = {b"%PDF-": "application/pdf", ZIP_MAGIC: ZIP}
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
NOT_IN_TEXT = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")


def media_type_of(data: bytes, name: str) -> str:
    """The media type of a file that may be kept; raises `Refused` for any other."""
    for magic, media_type in MAGIC.items():
        if data.startswith(magic):
            return media_type
    if raster := _raster_type(data):
        return raster
    if not data or not _is_text(data):
        raise Refused("file_type")
    return "text/csv" if name.lower().endswith((".csv", ".tsv")) else "text/plain"


def is_archive(begins: bytes, name: str) -> bool:
    """Whether a file that begins like this is a zip by its name, too: many documents are zips inside."""
    return begins.startswith(ZIP_MAGIC) and name.lower().endswith(".zip")


def _raster_type(data: bytes) -> str | None:
    """Read from the header alone: nothing is decoded here."""
    try:
        with Image.open(BytesIO(data), formats=tuple(RASTER)) as image:
            pixels, media_type = image.width * image.height, RASTER[str(image.format)]
    except UnidentifiedImageError:
        return None
    except (
        Exception
    ) as error:  # a broken or boobytrapped header, for which Pillow has many exceptions
        raise Refused("file_type") from error
    if pixels > MAX_PIXELS:
        raise Refused("too_large")
    return media_type


def _is_text(data: bytes) -> bool:
    """Text in any encoding: which one is found out by who reads it, and never guessed here."""
    return data.startswith(BYTE_ORDER_MARKS) or NOT_IN_TEXT.isdisjoint(data)


def clean_name(name: str) -> str:
    """A file name that can be shown and saved: no folders, no control or direction characters, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        ch for ch in last if unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    stem, dot, extension = kept.strip(" .").rpartition(".")
    return f"{stem[:100]}{dot}{extension[:20]}" if stem else extension[:100] or "file"
