"""Looking at bytes: every kind of file, upright, on white; what is no photo says why."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ml.photos import look as looking
from ml.photos.look import NotAPhoto, look
from tests.ml.photos.pictures import coded, picture


def test_a_photo_that_is_shown_large_is_as_sharp_as_its_file() -> None:
    """Only what the network sees goes by way of the side that it learnt from."""
    lines = np.zeros((384, 384, 3), np.uint8)
    lines[:, ::2] = 255
    assert look(coded(lines), 384).pixels.std() > 80
    assert look(coded(lines), 96).pixels.std() < 40


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_usual_kind_is_looked_at(kind: str) -> None:
    seen = look(coded(picture(), kind), 64)
    assert seen.pixels.shape == (64, 64, 3)
    assert (seen.width, seen.height) == (320, 240)
    assert abs(seen.pixels.astype(int).mean() - picture().mean()) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB")])
def test_a_photo_held_anyhow_is_looked_at_upright(orientation: int, kind: str, mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(picture(1, 1200, 800)).convert(mode).save(file, kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    seen = look(file.getvalue(), 64)
    assert (seen.width, seen.height) == upright.size
    wanted = np.asarray(upright.resize((64, 64), Image.Resampling.BOX), int)
    assert np.abs(seen.pixels - wanted).mean() < 4


def test_a_large_transparent_photo_needs_little_memory() -> None:
    seen = look(
        coded(np.dstack([picture(1, 5000, 4800), np.full((4800, 5000), 255, np.uint8)]), "PNG"), 64
    )
    assert (
        np.abs(seen.pixels - look(coded(picture(1, 5000, 4800)), 64).pixels.astype(int)).mean() < 4
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(mode: str) -> None:
    """Shops cut their goods out; the ground behind is not black."""
    file = io.BytesIO()
    Image.new("RGBA", (100, 80), (0, 0, 0, 0)).convert(mode).save(file, "PNG")
    assert look(file.getvalue(), 32).pixels.min() > 250


def test_grey_and_four_colours_are_looked_at() -> None:
    for mode in ("L", "CMYK"):
        file = io.BytesIO()
        Image.fromarray(picture()).convert(mode).save(file, "JPEG")
        assert look(file.getvalue(), 32).pixels.shape == (32, 32, 3)


def test_a_large_photo_is_looked_at_smaller() -> None:
    seen = look(coded(picture(2, 5000, 3000)), 64)
    assert (seen.width, seen.height) == (5000, 3000)


def moving() -> bytes:
    file = io.BytesIO()
    frames = [Image.fromarray(picture(n, 60, 60)) for n in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def huge() -> bytes:
    """A header that promises 20,000 by 20,000 pixels."""
    data = bytearray(coded(picture(), "BMP"))
    data[18:26] = (20_000).to_bytes(4, "little") * 2
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unreadable"),
        (b"hello", "unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unreadable"),
        (coded(picture())[:2000], "broken"),
        (moving(), "animated"),
        (huge(), "too_many_pixels"),
        (bytes(looking.MOST_BYTES + 1), "too_many_bytes"),
    ],
    ids=["nothing", "text", "svg", "cut off", "moving", "huge", "heavy"],
)
def test_what_is_no_photo_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(NotAPhoto) as told:
        look(data, 32)
    assert told.value.reason == reason


@settings(max_examples=60, deadline=None)
@given(
    place=st.integers(0, 4000),
    value=st.integers(0, 255),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]),
)
def test_a_spoiled_file_is_looked_at_or_refused(place: int, value: int, kind: str) -> None:
    data = bytearray(coded(picture(3, 90, 70), kind))
    data[place % len(data)] = value
    with suppress(NotAPhoto):
        assert look(bytes(data), 32).pixels.shape == (32, 32, 3)


def test_the_same_photo_has_nearly_the_same_hash_in_other_sizes_and_formats() -> None:
    first = look(coded(picture()), 32).hash
    for data in (
        coded(picture(), quality=40),
        coded(picture(), "PNG"),
        coded(np.asarray(Image.fromarray(picture()).resize((200, 150))), "WEBP"),
    ):
        assert (first ^ look(data, 32).hash).bit_count() <= 4
    others = [look(coded(picture(n)), 32).hash for n in range(2, 12)]
    assert min((first ^ other).bit_count() for other in others) > 10
