"""The photos of what was given: files, folders, zip archives; from an archive nothing is ever unpacked to a disk."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO

from bot.inputs import BadInput
from bot.skills.photos.decoding import Refused
from ml.photos.look import MOST_BYTES

MOST_PHOTOS = 20_000
MOST_RATIO = 200
"""No photo is packed to a two-hundredth of itself: that is a bomb."""
MOST_UNPACKED = 4_000_000_000
"""Nor are all photos of an archive together larger."""
MOST_DIRECTORY = 8_000_000
"""The list of an archive's entries is read at once; that of 20,000 photos with long names has less."""
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Other ways of packing are unpacked without bounds by `zipfile`, whatever is asked for."""
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".zip")
_ENCRYPTED, _UTF8 = 0x1, 0x800

Named = tuple[str, bytes | Refused]


def given(paths: Sequence[Path]) -> Iterator[Named]:
    """Name and bytes of every photo below `paths`, in order; raises `BadInput` where a path is none.

    A folder means all pictures and archives under it, links left out; a file that was given by itself is looked at
    whatever its name.
    """
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path}: there is no such file or folder")
    count = 0
    for path in paths:
        for named in _below(path):
            count += 1
            if count > MOST_PHOTOS:
                raise BadInput(f"more than {MOST_PHOTOS} photos at once; please send them in parts")
            yield named


def _below(path: Path) -> Iterator[Named]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not file.is_symlink() and file.suffix.lower() in _ENDINGS:
                yield from _file(file)
    else:
        yield from _file(path)


def _file(path: Path) -> Iterator[Named]:
    if path.suffix.lower() == ".zip" and os.access(path, os.R_OK):
        try:
            with path.open("rb") as file:
                yield from archived(file, str(path))
        except NotRead:
            yield str(path), Refused("unreadable")
        return
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        yield str(path), Refused("unreadable")
    else:
        yield str(path), data if len(data) <= MOST_BYTES else Refused("too_many_bytes")


def archived(
    file: IO[bytes], name: str, first: int = 0, count: int = MOST_PHOTOS
) -> Iterator[Named]:
    """The photos in a zip archive, by the names that they have in it, `count` of them from `first` on.

    One that is no archive is refused as a whole. Raises `NotRead`.
    """
    try:
        with _opened(file) as archive:
            for entry in _entries(archive)[first : first + count]:
                yield f"{name}/{entry.filename}", _entry(archive, entry)
    except _Bomb:
        yield name, Refused("bomb")
    except _BROKEN:
        yield name, Refused("broken_zip")


def archived_count(file: IO[bytes]) -> int:
    """How many photos an archive has; 1, the refusal, where it is none. Raises `NotRead`."""
    try:
        with _opened(file) as archive:
            return len(_entries(archive))
    except (_Bomb, *_BROKEN):
        return 1


class NotRead(Exception):
    """What keeps the archive did not give it; another try may help."""


class _Bytes:
    """An archive's bytes, of which only so many may be asked for at once; failures to read are not the archive's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.most: int | None = MOST_DIRECTORY
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, count: int = -1) -> bytes:
        if self.most is not None and count > self.most:
            raise _Bomb
        try:
            return self._file.read(count if self.most is None or count >= 0 else self.most)
        except OSError as error:
            raise NotRead(str(error)) from error


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    """`zipfile` makes an object of every entry that an archive claims to have, so what lists them is bounded first."""
    data = _Bytes(file)
    archive = zipfile.ZipFile(data)
    data.most = None
    return archive


class _Bomb(Exception):
    """The archive is made to be much larger than it looks."""


_BROKEN = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError)


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The photos; raises `_Bomb` where entries share their bytes or are too large together."""
    for one in archive.infolist():
        one.filename = _name(one)
    every = sorted(archive.infolist(), key=lambda one: one.header_offset)
    if sum(one.file_size for one in every) > MOST_UNPACKED:
        raise _Bomb
    if any(a.header_offset + a.compress_size > b.header_offset for a, b in pairwise(every)):
        raise _Bomb
    return [
        one
        for one in archive.infolist()
        if one.filename and not one.is_dir() and not _hidden(PurePosixPath(one.filename))
    ]


def _name(entry: zipfile.ZipInfo) -> str:
    """Names of no said encoding, which `zipfile` takes for that of old American machines, are Chinese ones mostly."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437")
    for encoding in ("utf-8", "gb2312"):  # macOS, Windows; gb18030 would take accents for Chinese
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _hidden(path: PurePosixPath) -> bool:
    """What systems put beside the photos."""
    return path.name.startswith(".") or "__MACOSX" in path.parts


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | Refused:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
        return Refused("outside_zip")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Refused("link")
    if path.suffix.lower() == ".zip":
        return Refused("zip_in_zip")
    if entry.compress_type not in PACKED:
        return Refused("packing")
    if entry.flag_bits & _ENCRYPTED:
        return Refused("locked")
    if entry.file_size > MOST_BYTES:
        return Refused("too_many_bytes")
    if entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
        return Refused("bomb")
    try:
        with archive.open(entry) as file:  # the header may lie about the size
            data = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return Refused("broken")
    except Exception as error:  # zlib.error and its kin, which share no base
        if type(error).__module__ in ("zlib", "lzma", "_lzma", "builtins"):
            return Refused("broken")
        raise
    return data if len(data) <= MOST_BYTES else Refused("too_many_bytes")
