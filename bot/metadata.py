"""Takes out of photos what they tell of those who made them (where, when, with what), without coding a pixel anew."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

from PIL import Image

_ORIENTATION = 0x0112
_END, _SCAN, _EXIF, _PICTURES = 0xD9, 0xDA, 0xE1, 0xE2
_TELLING = {_EXIF, 0xED, 0xFE}
"""EXIF and XMP; IPTC; comments (ITU T.81, table B.1)."""
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The next marker: in what is coded, 0xff has 0x00 or a restart marker behind it."""
_PNG, _PNG_TELLING = b"\x89PNG\r\n\x1a\n", {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_WEBP_TELLING, _HAS_EXIF, _HAS_XMP = {b"EXIF", b"XMP "}, 0x08, 0x04


def without_metadata(data: bytes, media_type: str) -> bytes:
    """A JPEG, PNG or WebP without EXIF data (but how it is turned), XMP, IPTC, comments and pictures behind the first.

    Anything else, and what is not built as its type wants, comes back as it is.
    """
    bare = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}.get(media_type)
    if bare is None:
        return data
    try:
        return bare(data, _turned(data))
    except (ValueError, IndexError):
        return data


def _turned(data: bytes) -> bytes:
    """EXIF data that says only how the photo is turned; empty where it is upright, or where that cannot be read."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as photo:
            orientation = photo.getexif().get(_ORIENTATION, 1)
    except Exception:  # a broken or boobytrapped header, for which Pillow has many exceptions
        return b""
    if orientation not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif.tobytes()


def _jpeg(data: bytes, exif: bytes) -> bytes:
    kept = [data[:2]]
    if exif:
        kept.append(bytes([0xFF, _EXIF]) + (len(exif) + 2).to_bytes(2) + exif)
    place = 2
    while place < len(data):  # one that is cut short ends in the middle
        if data[place] != 0xFF:
            raise ValueError("no marker where one must be")
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker == _END:
            kept.append(data[place : place + 2])
            break
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if marker == _SCAN:
            after = _AFTER_SCAN.search(data, end)
            end = after.start() if after else len(data)
        more = marker == _PICTURES and data[place + 4 : place + 8] == b"MPF\x00"
        if marker not in _TELLING and not more:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def _png(data: bytes, exif: bytes) -> bytes:
    kept, place = [_PNG], len(_PNG)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        kind = data[place + 4 : place + 8]
        if kind not in _PNG_TELLING:
            kept.append(data[place:end])
        if kind == b"IHDR" and exif:
            chunk = b"eXIf" + exif.removeprefix(b"Exif\x00\x00")
            length, check = len(chunk) - 4, zlib.crc32(chunk)
            kept.append(length.to_bytes(4) + chunk + check.to_bytes(4))
        if kind == b"IEND":
            break
        place = end
    return b"".join(kept)


def _webp(data: bytes, exif: bytes) -> bytes:
    chunks = [(kind, body) for kind, body in _riff(data) if kind not in _WEBP_TELLING]
    if exif:
        chunks.append((b"EXIF", exif.removeprefix(b"Exif\x00\x00")))
    made = b"WEBP"
    for kind, body in chunks:
        if kind == b"VP8X":
            flags = body[0] & ~_HAS_EXIF & ~_HAS_XMP | (_HAS_EXIF if exif else 0)
            body = bytes([flags]) + body[1:]
        made += kind + len(body).to_bytes(4, "little") + body + b"\x00" * (len(body) % 2)
    return b"RIFF" + len(made).to_bytes(4, "little") + made


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk; raises `ValueError` where one is cut short."""
    place, last = 12, 8 + int.from_bytes(data[4:8], "little")
    while place + 8 <= min(last, len(data)):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        body = data[place + 8 : place + 8 + size]
        if len(body) < size:
            raise ValueError("a chunk is cut short")
        yield data[place : place + 4], body
        place += 8 + size + size % 2
