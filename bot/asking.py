"""`shopclerk ask`: one turn through the running system, by the same durable way as every other channel."""

from __future__ import annotations

import io
import mimetypes
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.conversation.messages import FileRef, InboundMessage, Role
from bot.inputs import BadInput, read_bytes
from bot.metadata import without_metadata
from bot.settings import Settings
from bot.store.clock import new_id
from bot.store.engine import Store, open_store
from bot.store.files import FileStore
from bot.store.inbox import StoredInbox
from bot.store.people import SignedIn, person_by_login
from bot.store.timeline import Entry, replies_to

CHANNEL = "cli"
LOOK_EVERY = 0.02


class NotAnswered(Exception):
    """No answer can be had now; the text says why and what to do."""


@dataclass(frozen=True)
class Turn:
    """A question and what came back."""

    conversation: str
    replies: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        replies = [entry.reply for entry in self.replies]
        return {"conversation": self.conversation, "replies": replies}

    def to_text(self) -> str:
        """For people."""
        shown = [_shown(entry.reply or {}) for entry in self.replies]
        return "\n\n".join([*shown, f"(go on: --conversation {self.conversation})"])


def _shown(reply: Mapping[str, Any]) -> str:
    """A reply of any kind as plain text."""
    match reply:
        case {"kind": "buttons", "text": text, "buttons": buttons}:
            return f"{text}\n  {'  '.join('[' + button['title'] + ']' for button in buttons)}"
        case {"kind": "table", "title": title, "columns": columns, "rows": rows, "marks": marks}:
            return _table(title, columns, rows, {(row, column) for row, column in marks})
        case {"kind": "image", "alt": alt}:
            return f"[picture: {alt}]"
        case {"kind": "file", "name": name}:
            return f"[file: {name}]"
        case {"kind": "progress", "text": text, "done": done, "total": total}:
            return f"{text} ({done}/{total})"
        case {"kind": "handoff"}:
            return "[a person was asked to take over]"
    return str(reply.get("text", ""))


def _table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    marks: set[tuple[int, int]],
) -> str:
    """A table as aligned text; a cell in doubt has a question mark."""
    from rich.cells import cell_len

    cells = [list(columns)]
    cells += [
        [f"{c} ?" if (r, i) in marks else c for i, c in enumerate(row)]
        for r, row in enumerate(rows)
    ]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(c + " " * (w - cell_len(c)) for c, w in zip(row, widths, strict=True))
        for row in cells
    ]
    return "\n".join([title, *(line.rstrip() for line in lines)])


def ask(
    config: Settings,
    shop: str,
    role: Role,
    text: str,
    files: Sequence[str],
    chat: str | None,
    seconds: float,
) -> Turn:
    """Say something as the shop's own merchant or customer and wait for the replies."""
    _check_gateway(config)
    chat = chat or new_id()
    attached = [(Path(name), read_bytes(name)) for name in files]
    store = open_store(config.store_url)
    try:
        person = _speaker(store, shop, role)
        refs = _put(store, FileStore(config.files_url), shop, attached)
        message = InboundMessage(shop, CHANNEL, new_id(), chat, person.person, role, text, refs)
        accepted = StoredInbox(store).accept(message)
        return Turn(chat, _wait(store, shop, accepted.message, seconds))
    finally:
        store.close()


def _check_gateway(config: Settings) -> None:
    url = f"{config.local_url}/healthz"
    try:
        httpx.get(url, timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError:
        raise NotAnswered(
            f"Shopclerk does not run at {config.local_url}. Start it: make run"
        ) from None


def _speaker(store: Store, shop: str, role: Role) -> SignedIn:
    """The demo shop's merchant and customer sign in by the names of their roles."""
    with store.read() as session:
        found = person_by_login(session, shop, role)
    if found is None or found.role is not role:
        raise BadInput(f"shop {shop!r} has no {role} to speak as")
    return found


def _put(
    store: Store, files: FileStore, shop: str, attached: Sequence[tuple[Path, bytes]]
) -> tuple[FileRef, ...]:
    kept = [(path, files.keep(shop, io.BytesIO(without_metadata(data)))) for path, data in attached]
    with store.write() as session:
        return tuple(
            files.add(session, shop, one, path.name, _media_type(path)) for path, one in kept
        )


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name, strict=False)[0] or "application/octet-stream"


def _wait(store: Store, shop: str, message: str, seconds: float) -> tuple[Entry, ...]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with store.read() as session:
            replies = replies_to(session, shop, message)
        if replies is not None:
            return tuple(replies)
        time.sleep(LOOK_EVERY)
    raise NotAnswered(
        f"no answer after {seconds:.0f} s. The message is kept and will be answered; "
        "`shopclerk doctor` and the logs in var/log say what is wrong."
    )
