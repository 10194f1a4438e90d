"""The photos that a message brought: its pictures, and those in its archives, by one running number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from sqlalchemy.orm import Session

from bot.conversation.messages import ZIP, FileRef, is_photo
from bot.skills.photos.decoding import Refused
from bot.skills.photos.sources import Named, archived, archived_count
from bot.store.files import FileStore


@dataclass(frozen=True)
class Uploads:
    """Files of a shop as photos; each archive is opened anew by every call."""

    files: FileStore
    session: Session
    shop: str
    refs: Sequence[FileRef]

    def count(self) -> int:
        """How many photos there are, those that will be refused among them."""
        return sum(map(self._count, self.refs))

    def photos(self, first: int, most: int) -> Iterator[Named]:
        """`most` photos from `first` on."""
        for ref in self.refs:
            if most <= 0:
                return
            here = self._count(ref)
            if first < here:
                wanted = min(most, here - first)
                yield from self._some(ref, first, wanted)
                most -= wanted
            first = max(first - here, 0)

    def _some(self, ref: FileRef, first: int, most: int) -> Iterator[Named]:
        if _archive(ref):
            with self._open(ref) as file:
                yield from archived(file, ref.name, first, most)
        elif is_photo(ref):
            yield ref.name, self.files.read(self.session, self.shop, ref.sha256)[1]
        else:
            yield ref.name, Refused("unreadable")

    def _count(self, ref: FileRef) -> int:
        if not _archive(ref):
            return 1
        with self._open(ref) as file:
            return archived_count(file)

    def _open(self, ref: FileRef) -> IO[bytes]:
        return self.files.open(self.session, self.shop, ref.sha256)[1]


def _archive(ref: FileRef) -> bool:
    return ref.media_type == ZIP and is_photo(ref)


def photos_among(files: Sequence[FileRef]) -> tuple[FileRef, ...]:
    """The files of a message that has pictures or archives; what else it has is refused by name when they are read."""
    return tuple(files) if any(map(is_photo, files)) else ()
