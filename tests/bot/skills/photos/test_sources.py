"""Photos come out of files, folders and archives; what is dangerous is refused by name, and the rest goes on."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inputs import BadInput
from bot.skills.photos import sources
from bot.skills.photos.decoding import Refused
from bot.skills.photos.sources import NotRead, archived, archived_count
from bot.skills.photos.sources import given as given_
from tests.ml.photos.pictures import coded, picture

PHOTO = coded(picture(1, 60, 40))


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries:
            made.writestr(name, data)
    file.seek(0)
    return file


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o120777 << 16
    return entry


def test_a_folder_means_all_photos_under_it_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jpg", "a.JPG", "deep/c.png", "notes.txt"):
        (tmp_path / name).write_bytes(PHOTO)
    (tmp_path / "z.zip").write_bytes(archive(("in/d.jpg", PHOTO)).getvalue())
    (tmp_path / "l.jpg").symlink_to(tmp_path / "b.jpg")
    names = [name.removeprefix(f"{tmp_path}/") for name, _ in given_([tmp_path])]
    assert names == ["a.JPG", "b.jpg", "deep/c.png", "z.zip/in/d.jpg"]


@pytest.mark.parametrize(
    ("entry", "data", "reason"),
    [
        ("../out.jpg", PHOTO, "outside_zip"),
        ("/etc/out.jpg", PHOTO, "outside_zip"),
        ("a\\..\\b.jpg", PHOTO, "outside_zip"),
        (link("l.jpg"), b"/etc/passwd", "link"),
        ("more.zip", archive(("a.jpg", PHOTO)).getvalue(), "zip_in_zip"),
        ("bomb.jpg", bytes(8_000_000), "bomb"),
    ],
)
def test_what_is_dangerous_in_an_archive_is_refused_and_the_rest_goes_on(
    entry: str | zipfile.ZipInfo, data: bytes, reason: str
) -> None:
    found = list(archived(archive((entry, data), ("good.jpg", PHOTO)), "z.zip"))
    assert [data for _, data in found] == [Refused(reason), PHOTO]


def test_an_archive_that_lies_about_sizes_or_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(archived(io.BytesIO(b"no archive"), "z.zip")) == [("z.zip", Refused("broken_zip"))]
    monkeypatch.setattr(sources, "MOST_BYTES", 1000)
    ((_, refused),) = archived(archive(("a.jpg", PHOTO)), "z.zip")
    assert refused == Refused("too_many_bytes")
    spoiled = bytearray(archive(("a.jpg", PHOTO)).getvalue())
    spoiled[60:90] = bytes(30)
    ((_, refused),) = archived(io.BytesIO(bytes(spoiled)), "z.zip")
    assert isinstance(refused, Refused)


def test_an_archive_that_is_a_bomb_as_a_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that share their bytes, and those that are packed in a way that is unpacked without bounds."""
    file = archive(("a.jpg", PHOTO), ("b.jpg", PHOTO))
    data = bytearray(file.getvalue())
    start = int.from_bytes(data[-6:-2], "little")
    second = data.index(b"PK\x01\x02", start + 4)
    data[second + 42 : second + 46] = bytes(4)  # the second entry's bytes are the first one's
    assert list(archived(io.BytesIO(bytes(data)), "z.zip")) == [("z.zip", Refused("bomb"))]
    assert archived_count(io.BytesIO(bytes(data))) == 1
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("a.jpg", PHOTO)
    packed.seek(0)
    assert list(archived(packed, "z.zip")) == [("z.zip/a.jpg", Refused("packing"))]
    monkeypatch.setattr(sources, "MOST_UNPACKED", 10)
    assert list(archived(file, "z.zip")) == [("z.zip", Refused("bomb"))]


def test_an_archive_that_lists_too_much_is_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list of entries is not even read."""
    file = archive(*((f"{n}.jpg", b"x") for n in range(100)))
    assert archived_count(file) == 100
    monkeypatch.setattr(sources, "MOST_DIRECTORY", 4000)
    assert list(archived(file, "z.zip")) == [("z.zip", Refused("bomb"))]


def test_a_store_that_fails_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    class Fails(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            raise OSError("no route to the store")

    data = archive(("a.jpg", PHOTO)).getvalue()
    with pytest.raises(NotRead, match="no route"):
        archived_count(Fails(data))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 2000), value=st.integers(0, 255))
def test_a_spoiled_archive_ends_nothing(place: int, value: int) -> None:
    data = bytearray(archive(("a.jpg", b"abc" * 40), ("deep/b.jpg", b"x")).getvalue())
    data[place % len(data)] = value
    file = io.BytesIO(bytes(data))
    assert archived_count(file) <= 2
    assert len(list(archived(file, "z.zip"))) <= 2


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("红杯子/茶壶.jpg", "gbk"),
        ("红杯子.jpg", "utf-8"),
        ("déjà vu.jpg", "cp437"),
        ("mug.jpg", "ascii"),
    ],
)
def test_names_in_archives_that_do_not_say_their_encoding(name: str, encoding: str) -> None:
    """As Windows and macOS write them."""
    raw = name.encode(encoding)
    place = "x" * len(raw)
    data = archive((place, PHOTO)).getvalue().replace(place.encode(), raw)
    assert list(archived(io.BytesIO(data), "z.zip")) == [(f"z.zip/{name}", PHOTO)]


def test_what_macs_and_hidden_files_leave_in_archives_is_passed_over() -> None:
    file = archive(("__MACOSX/a.jpg", b"x"), (".hidden.jpg", b"x"), ("a.jpg", PHOTO))
    assert [name for name, _ in archived(file, "z.zip")] == ["z.zip/a.jpg"]


def test_a_path_that_is_not_there_and_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="no such file"):
        list(given_([tmp_path / "nothing.jpg"]))
    monkeypatch.setattr(sources, "MOST_PHOTOS", 2)
    for name in "abc":
        (tmp_path / f"{name}.jpg").write_bytes(PHOTO)
    with pytest.raises(BadInput, match="in parts"):
        list(given_([tmp_path]))
