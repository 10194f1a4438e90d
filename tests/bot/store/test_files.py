"""Files of a shop."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.conversation.messages import InboundMessage, Role
from bot.store.engine import NotFound, Store
from bot.store.files import FileStore
from bot.store.inbox import StoredInbox

HELLO = InboundMessage("demo", "web", "m1", "chat-1", "ann", Role.CUSTOMER, "hello")


def test_a_file_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    """Bytes, name and type."""
    files = FileStore(tmp_path.as_uri())
    with store.write() as session:
        ref = files.put(session, "demo", b"a,b\n", "订单.csv", "text/csv")
        assert files.read(session, "demo", ref.sha256) == (ref, b"a,b\n")


def test_a_long_file_is_kept_before_it_has_a_name(store: Store, tmp_path: Path) -> None:
    """Nobody finds it before; then it can be read from any place on."""
    files = FileStore(tmp_path.as_uri())
    kept = files.keep("demo", io.BytesIO(b"abc" * 1_000_000))
    with store.read() as session, pytest.raises(NotFound):
        files.read(session, "demo", kept.sha256)
    with store.write() as session:
        ref = files.add(session, "demo", kept, "photos.zip", "application/zip")
        assert ref.size == 3_000_000
        _, file = files.open(session, "demo", ref.sha256)
    with file:
        file.seek(2_999_997)
        assert file.read() == b"abc"


def test_a_file_that_ends_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """Nor does it stand in the way of the next try."""

    class Breaks(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the disk is gone")
            return super().read(count)

    files = FileStore(tmp_path.as_uri())
    data = b"abc" * 1_000_000
    with pytest.raises(OSError, match="gone"):
        files.keep("demo", Breaks(data))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert files.keep("demo", io.BytesIO(data)).size == len(data)


def test_another_shop_or_conversation_does_not_find_it(store: Store, tmp_path: Path) -> None:
    """The same answer as for a file that is not there, paths included."""
    files, inbox = FileStore(tmp_path.as_uri()), StoredInbox(store)
    mine = inbox.accept(HELLO).conversation
    with store.write() as session:
        ref = files.put(session, "demo", b"secret", "a.txt", "text/plain", mine)
        assert files.read(session, "demo", ref.sha256, mine)[1] == b"secret"
        assert files.read(session, "demo", ref.sha256)[1] == b"secret"
        probes = (
            ("other", ref.sha256, None),
            ("demo", ref.sha256, "theirs"),
            ("demo", "../../etc", None),
        )
        for shop, sha256, conversation in probes:
            with pytest.raises(NotFound):
                files.read(session, shop, sha256, conversation)


def test_two_conversations_that_send_the_same_bytes_both_read_them(
    store: Store, tmp_path: Path
) -> None:
    """The bytes are kept once; neither takes the file from the other."""
    files, inbox = FileStore(tmp_path.as_uri()), StoredInbox(store)
    chats = [
        inbox.accept(replace(HELLO, external_id=chat, chat=chat)).conversation for chat in "ab"
    ]
    with store.write() as session:
        refs = [files.put(session, "demo", b"same", "a.txt", "text/plain", chat) for chat in chats]
        assert [files.read(session, "demo", refs[0].sha256, chat)[1] for chat in chats] == [
            b"same"
        ] * 2


def test_the_same_file_may_come_many_times_at_once(store: Store, tmp_path: Path) -> None:
    """All of them are told the same, and nothing half-written is left behind."""
    files, data = FileStore(tmp_path.as_uri()), b"same" * 100_000

    def put(number: int) -> str:
        with store.write() as session:
            return files.put(session, "demo", data, f"{number}.txt", "text/plain").sha256

    with ThreadPoolExecutor(8) as pool:
        (sha256,) = set(pool.map(put, range(24)))
    with store.read() as session:
        assert files.read(session, "demo", sha256)[1] == data
    kept = [path.name for path in (tmp_path / "demo").rglob("*") if path.is_file()]
    assert kept == [sha256]


def test_a_reader_that_is_no_conversation_is_an_error(store: Store, tmp_path: Path) -> None:
    """It is not mistaken for a file that came twice."""
    files = FileStore(tmp_path.as_uri())
    with pytest.raises(IntegrityError), store.write() as session:
        files.put(session, "demo", b"x", "a.txt", "text/plain", "nobody")
