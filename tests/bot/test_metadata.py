"""Photos are kept without what they tell of their makers; not a pixel is another."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bot.metadata import MOST_PARTS, without_metadata
from tests.ml.photos.pictures import picture

SECRET = "53 deg 33 min north"
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[MAKER] = SECRET
    if orientation:
        made[ORIENTATION] = orientation
    made.get_ifd(GPS)[1] = "N"
    return made


def photo(kind: str, orientation: int = 6) -> bytes:
    """With EXIF data, and a comment or text where the format has them."""
    file, text = io.BytesIO(), PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    more = {
        "JPEG": {"comment": SECRET.encode(), "xmp": SECRET.encode(), "progressive": True},
        "PNG": {"pnginfo": text},
        "WEBP": {"xmp": SECRET.encode()},
    }[kind]
    Image.fromarray(picture(3, 90, 61)).save(file, kind, exif=exif(orientation), **more)  # type: ignore[arg-type]
    return file.getvalue()


def seen(data: bytes) -> tuple[np.ndarray, Image.Exif]:  # type: ignore[type-arg]
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image), image.getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [0, 6])
def test_only_how_it_is_turned_is_left(kind: str, orientation: int) -> None:
    data = photo(kind, orientation)
    bare = without_metadata(data)
    assert SECRET.encode() in data
    assert SECRET.encode() not in bare
    before, after = seen(data), seen(bare)
    np.testing.assert_array_equal(before[0], after[0])
    assert dict(after[1]) == ({ORIENTATION: 6} if orientation else {})
    assert without_metadata(bare) == bare


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_tells_nothing_is_the_same_to_the_byte(kind: str) -> None:
    file = io.BytesIO()
    Image.fromarray(picture(4, 90, 61)).save(file, kind)
    assert without_metadata(file.getvalue()) == file.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n", b"GIF89a", b"RIFF", b"%PDF-1.7", "茶壶".encode("utf-16")]
)
def test_other_files_are_left_as_they_are(data: bytes) -> None:
    assert without_metadata(data) == data


def test_pictures_behind_the_first_go_too() -> None:
    """As phones put them there, with EXIF data of their own."""
    file = io.BytesIO()
    first, second = (Image.fromarray(picture(n, 90, 61)) for n in (1, 2))
    first.save(file, "MPO", save_all=True, append_images=[second], exif=exif(6))
    bare = without_metadata(file.getvalue() + SECRET.encode())
    assert SECRET.encode() not in bare
    with Image.open(io.BytesIO(bare)) as image:
        assert (image.format, image.getexif()[ORIENTATION]) == ("JPEG", 6)
    np.testing.assert_array_equal(seen(file.getvalue())[0], seen(bare)[0])


def test_what_decoders_pass_over_hides_nothing() -> None:
    """Bytes between segments, makers' own segments, and zeros that make a marker none."""
    data = photo("JPEG")
    own = b"\xff\xeb" + (len(SECRET) + 2).to_bytes(2) + SECRET.encode()
    for between in (b"\x00", b"\xff\x00", b"\xff\xff", own, b"\xff\x01"):
        bare = without_metadata(data[:2] + between + data[2:])
        assert SECRET.encode() not in bare
        np.testing.assert_array_equal(seen(data)[0], seen(bare)[0])
    png = photo("PNG")
    chunk = len(SECRET).to_bytes(4) + b"caBX" + SECRET.encode() + bytes(4)
    assert SECRET.encode() not in without_metadata(png[:33] + chunk + png[33:])


def test_millions_of_parts_are_cut() -> None:
    """What has more parts than any photo ends early."""
    webp = photo("WEBP") + (b"JUNK" + bytes(4)) * 1_000_000
    webp = webp[:4] + (len(webp) - 8).to_bytes(4, "little") + webp[8:]
    assert len(without_metadata(webp)) < 20_000
    jpeg = b"\xff\xd8" + b"\xff\xdb\x00\x02" * 1_000_000
    assert len(without_metadata(jpeg)) < 4 * MOST_PARTS + 10


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP"]),
    cut=st.integers(0, 6000),
    place=st.integers(0, 6000),
    value=st.integers(0, 255),
)
def test_a_spoiled_photo_ends_nothing(kind: str, cut: int, place: int, value: int) -> None:
    data = bytearray(photo(kind))
    data[place % len(data)] = value
    assert isinstance(without_metadata(bytes(data[: cut or None])), bytes)
