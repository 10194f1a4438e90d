"""Takes out of photos what they tell of those who made them (where, when, with what), without coding a pixel anew.

What may stay is listed, as makers of cameras find new places for what they know.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from itertools import islice

from PIL import Image

MOST_PARTS = 100_000
"""No photo has more; what has is cut there."""
_ORIENTATION = 0x0112
_END, _SCAN, _EXIF, _COMMENT = 0xD9, 0xDA, 0xE1, 0xFE
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers that nothing goes with (ITU T.81, table B.1)."""
_APPLICATION = range(0xE0, 0xF0)
_JPEG_KEPT = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
"""What pixels mean by; all else of applications tells of a maker, or is another picture."""
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In what is coded, 0xff has 0x00 or a restart marker behind it."""
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {
    b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs", b"tRNS", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_MAY_BE_LEFT_OUT = 0x20
"""In the first letter of a PNG chunk's name."""
_WEBP_KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"}
_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def without_metadata(data: bytes) -> bytes:
    """A JPEG, PNG or WebP without EXIF data (but how it is turned), XMP, IPTC, comments and pictures behind the first.

    Anything else, told from its bytes, comes back as it is.
    """
    if data.startswith(_JPEG):
        return b"".join(_jpeg(data, _turned(data)))
    if data.startswith(_PNG):
        return b"".join(_png(data, _turned(data)))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data, _turned(data))
    return data


def _turned(data: bytes) -> bytes:
    """EXIF data that says only how the photo is turned; empty where it is upright, or where that cannot be read."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as photo:
            exif = Image.Image.getexif(photo)  # that of a PNG would decode all of it
            orientation = exif.get(_ORIENTATION, 1)
    except Exception:  # a broken or boobytrapped header, for which Pillow has many exceptions
        return b""
    if orientation not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif.tobytes()


def _jpeg(data: bytes, exif: bytes) -> Iterator[bytes]:
    yield _JPEG
    if exif:
        yield bytes([0xFF, _EXIF]) + (len(exif) + 2).to_bytes(2) + exif
    place = len(_JPEG)
    for _ in range(MOST_PARTS):
        found = _MARKER.search(data, place)  # decoders pass over what is between
        if found is None:
            return
        place, marker = found.start(), found[1][0]
        if marker == _END:
            yield data[place : place + 2]
            return
        if marker in _ALONE:
            place += 2
            continue
        end = place + 2 + max(int.from_bytes(data[place + 2 : place + 4]), 2)
        if marker == _SCAN:
            after = _AFTER_SCAN.search(data, end)
            end = after.start() if after else len(data)
        if _shown(marker, data[place + 4 : end]):
            yield data[place:end]
        place = end


def _shown(marker: int, body: bytes) -> bool:
    """Whether a segment is needed to show the picture."""
    if marker in _APPLICATION:
        return marker in _JPEG_KEPT and body.startswith(_JPEG_KEPT[marker])
    return marker != _COMMENT


def _png(data: bytes, exif: bytes) -> Iterator[bytes]:
    yield _PNG
    place = len(_PNG)
    for _ in range(MOST_PARTS):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        kind = data[place + 4 : place + 8]
        if len(kind) < 4:
            return
        if not kind[0] & _MAY_BE_LEFT_OUT or kind in _PNG_KEPT:
            yield data[place:end]
        if kind == b"IHDR" and exif:
            chunk = b"eXIf" + exif.removeprefix(b"Exif\x00\x00")
            length, check = len(chunk) - 4, zlib.crc32(chunk)
            yield length.to_bytes(4) + chunk + check.to_bytes(4)
        if kind == b"IEND":
            return
        place = end


def _webp(data: bytes, exif: bytes) -> bytes:
    chunks = [one for one in islice(_riff(data), MOST_PARTS) if one[0] in _WEBP_KEPT]
    if exif:
        chunks.append((b"EXIF", exif.removeprefix(b"Exif\x00\x00")))
    made = [b"WEBP"]
    for kind, body in chunks:
        if kind == b"VP8X" and body:
            flags = body[0] & ~_HAS_EXIF & ~_HAS_XMP | (_HAS_EXIF if exif else 0)
            body = bytes([flags]) + body[1:]
        made += [kind, len(body).to_bytes(4, "little"), body, b"\x00" * (len(body) % 2)]
    return b"".join([b"RIFF", sum(map(len, made)).to_bytes(4, "little"), *made])


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk."""
    place, last = 12, min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while place + 8 <= last:
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        yield data[place : place + 4], data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
