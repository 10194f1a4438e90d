"""Files of a shop: bytes by SHA-256 in an fsspec folder, names and owners in the store."""

from __future__ import annotations

import hashlib

import fsspec
from sqlalchemy.orm import Session

from bot.conversation.messages import FileRef
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
        path = self._path(shop, sha256)
        if not self._fs.exists(path):
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._fs.pipe_file(f"{path}.part", data)
            self._fs.mv(f"{path}.part", path)
        if session.get(StoredFile, (shop, sha256)) is None:
            row = StoredFile(
                shop_id=shop, sha256=sha256, name=name[:255], media_type=media_type, size=len(data)
            )
            session.add(row)
        if conversation and session.get(FileReader, (shop, sha256, conversation)) is None:
            session.add(FileReader(shop_id=shop, sha256=sha256, conversation_id=conversation))
        session.flush()
        return FileRef(sha256, name[:255], media_type, len(data))

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
