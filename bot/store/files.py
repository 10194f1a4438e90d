"""Files of a shop: bytes by SHA-256 in an fsspec folder, names and owners in the store."""

from __future__ import annotations

import hashlib
import io
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import fsspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.store.clock import new_id
from bot.store.engine import NotFound
from bot.store.schema import FileReader, StoredFile

_AT_ONCE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that a shop's folder has."""

    sha256: str
    size: int


class FileStore:
    """A folder by any fsspec URL (`file:///...`, `s3://...`); the same bytes are kept once."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._fs.makedirs(self._root, exist_ok=True)

    def put(
        self,
        session: Session,
        shop: str,
        data: bytes,
        name: str,
        media_type: str,
        conversation: str | None = None,
    ) -> FileRef:
        """Keep a file of a shop; `conversation` is the one whose customer may read it too.

        The bytes are there before the row is, so a row never points at nothing.
        """
        kept = self.keep(shop, io.BytesIO(data))
        return self.add(session, shop, kept, name, media_type, conversation)

    def keep(self, shop: str, file: IO[bytes]) -> Kept:
        """Keep the bytes of a file of any length; nobody finds them before `add`, which needs a transaction."""
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        path = self._path(shop, sha256)
        if not self._fs.exists(path):
            part = f"{path}.{new_id()}"  # of its own: the same file may come twice at once
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            file.seek(0)
            try:
                with self._fs.open(part, "wb") as out:
                    shutil.copyfileobj(file, out, _AT_ONCE)
                self._fs.mv(part, path)
            except BaseException:
                with suppress(OSError):
                    self._fs.rm_file(part)
                raise
        return Kept(sha256, size)

    def add(
        self,
        session: Session,
        shop: str,
        kept: Kept,
        name: str,
        media_type: str,
        conversation: str | None = None,
    ) -> FileRef:
        """Give what was kept a name, and to a conversation where one is given."""
        sha256, name = kept.sha256, name[:255]
        row = StoredFile(
            shop_id=shop, sha256=sha256, name=name, media_type=media_type, size=kept.size
        )
        _add_once(session, row, (shop, sha256))
        if conversation:
            reader = FileReader(shop_id=shop, sha256=sha256, conversation_id=conversation)
            _add_once(session, reader, (shop, sha256, conversation))
        return FileRef(sha256, name, media_type, kept.size)

    def read(
        self, session: Session, shop: str, sha256: str, conversation: str | None = None
    ) -> tuple[FileRef, bytes]:
        """A file of this shop, of this conversation where one is given; raises `NotFound` for any other."""
        ref, file = self.open(session, shop, sha256, conversation)
        with file:
            return ref, file.read()

    def open(
        self, session: Session, shop: str, sha256: str, conversation: str | None = None
    ) -> tuple[FileRef, IO[bytes]]:
        """As `read`, but opened: for files that are too large to be held in memory."""
        row = session.get(StoredFile, (shop, sha256))
        reader = (shop, sha256, conversation)
        allowed = conversation is None or session.get(FileReader, reader) is not None
        if row is None or not allowed:
            raise NotFound(f"no file {sha256!r}")
        file: IO[bytes] = self._fs.open(self._path(shop, sha256), "rb")
        return FileRef(row.sha256, row.name, row.media_type, row.size), file

    def _path(self, shop: str, sha256: str) -> str:
        return f"{self._root}/{shop}/{sha256[:2]}/{sha256}"


def _add_once(session: Session, row: StoredFile | FileReader, key: tuple[str, ...]) -> None:
    """Add a row unless it is there, also where another transaction adds it at this moment."""
    if session.get(type(row), key) is not None:
        return
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if (
            session.get(type(row), key) is None
        ):  # something else is wrong, e.g. no such conversation
            raise
