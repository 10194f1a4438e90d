"""Files of a shop: bytes by SHA-256 in an fsspec folder, names and owners in the store."""

from __future__ import annotations

import hashlib

import fsspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
from bot.store.clock import new_id
from bot.store.engine import NotFound
from bot.store.schema import FileReader, StoredFile


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
        sha256 = hashlib.sha256(data).hexdigest()
        self._keep(self._path(shop, sha256), data)
        file = StoredFile(
            shop_id=shop, sha256=sha256, name=name[:255], media_type=media_type, size=len(data)
        )
        _add_once(session, file, (shop, sha256))
        if conversation:
            reader = FileReader(shop_id=shop, sha256=sha256, conversation_id=conversation)
            _add_once(session, reader, (shop, sha256, conversation))
        return FileRef(sha256, name[:255], media_type, len(data))

    def _keep(self, path: str, data: bytes) -> None:
        """Write the bytes under a name of their own first: the same file may come twice at once."""
        if not self._fs.exists(path):
            part = f"{path}.{new_id()}"
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._fs.pipe_file(part, data)
            self._fs.mv(part, path)

    def read(
        self, session: Session, shop: str, sha256: str, conversation: str | None = None
    ) -> tuple[FileRef, bytes]:
        """A file of this shop, of this conversation where one is given; raises `NotFound` for any other."""
        row = session.get(StoredFile, (shop, sha256))
        reader = (shop, sha256, conversation)
        allowed = conversation is None or session.get(FileReader, reader) is not None
        if row is None or not allowed:
            raise NotFound(f"no file {sha256!r}")
        data: bytes = self._fs.cat_file(self._path(shop, sha256))
        return FileRef(row.sha256, row.name, row.media_type, row.size), data

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
