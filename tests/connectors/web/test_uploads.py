"""What a file is, told from its bytes."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from connectors.web.errors import Refused
from connectors.web.uploads import MAGIC, RASTER, clean_name, media_type_of

ALLOWED = {*RASTER.values(), *MAGIC.values(), "text/csv", "text/plain"}


def picture(kind: str, size: tuple[int, int] = (4, 3)) -> bytes:
    """A real picture of a kind."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG whose header announces a size that its few bytes do not hold."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
    )


@pytest.mark.parametrize("kind", RASTER)
def test_pictures_are_known_by_their_bytes(kind: str) -> None:
    """The name says nothing."""
    assert media_type_of(picture(kind), "notes.txt") == RASTER[kind]


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"%PDF-1.7\n...", "a.png", "application/pdf"),
        (b"PK\x03\x04....", "photos", "application/zip"),
        (b"sku,name\nA,B\n", "stock.CSV", "text/csv"),
        ("编号,名称\n".encode("gb18030"), "库存.csv", "text/csv"),
        ("编号".encode("utf-16"), "notes.txt", "text/plain"),
        (b"<svg onload=alert(1)>", "logo.svg", "text/plain"),
        (b"<html>", "page.html", "text/plain"),
    ],
)
def test_other_files(data: bytes, name: str, media_type: str) -> None:
    """Documents, archives, and text in any encoding; what a browser would run is plain text."""
    assert media_type_of(data, name) == media_type


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF\x02\x01\x01\x00", b"MZ\x90\x00", b"\x00\x01\x02", picture("PNG")[:20]]
)
def test_what_is_refused(data: bytes) -> None:
    """Nothing, programs, other bytes, and a picture cut off in its header."""
    with pytest.raises(Refused, match="file_type"):
        media_type_of(data, "photo.png")


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (9_000, 9_000), (2**31 - 1, 1)])
def test_huge_pictures_are_refused_from_their_header(width: int, height: int) -> None:
    """Nothing is decoded to find out."""
    with pytest.raises(Refused):
        media_type_of(png_that_claims(width, height), "big.png")


@given(data=st.binary(max_size=200), name=st.text(max_size=50))
def test_any_bytes_are_told_or_refused(data: bytes, name: str) -> None:
    """There is no third way."""
    with suppress(Refused):
        assert media_type_of(data, name) in ALLOWED


@given(name=st.text(max_size=400))
def test_names_can_be_shown(name: str) -> None:
    """No folders, no control characters, bounded, never empty; cleaning twice changes nothing."""
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= 121
    assert not set("/\\\0\n\u202e") & set(cleaned)
    assert clean_name(cleaned) == cleaned
