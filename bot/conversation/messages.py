"""What comes in and what goes out of a conversation, whatever the channel: frozen values, no behaviour of a channel."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

ZIP = "application/zip"
MAX_TEXT = 20_000
"""Longest text that is read, in characters; a longer one is stored as sent and refused politely."""


class Role(StrEnum):
    """Who speaks; it comes from the door and the signed-in identity, never from what was typed."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"
    AGENT = "agent"


class Language(StrEnum):
    """Languages the assistant speaks."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True)
class FileRef:
    """A stored file: its bytes are found by `sha256` (hex) in the file store of the shop."""

    sha256: str
    name: str
    media_type: str
    size: int


def is_photo(file: FileRef) -> bool:
    """Whether it is a picture, or an archive that may hold some."""
    zipped = file.media_type == ZIP and file.name.lower().endswith(".zip")  # a .docx is a zip too
    return zipped or file.media_type.startswith("image/")


@dataclass(frozen=True)
class InboundMessage:
    """One message as a connector parsed it; `external_id` is the channel's own id and makes a repeat a no-op.

    `chat` is the channel's id of the conversation, `person` the signed-in identity, `button` the opaque id of a
    pressed button (then `text` is its title).
    """

    shop: str
    channel: str
    external_id: str
    chat: str
    person: str
    role: Role
    text: str
    files: tuple[FileRef, ...] = ()
    button: str | None = None
    language: Language | None = None


@dataclass(frozen=True)
class Text:
    """A plain text; line breaks are kept, nothing in it is markup."""

    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Button:
    """A button: `payload` is what the engine wants back (`/intent{...}`) and never leaves this process:

    channels see the opaque id that the store issued for it, in `token`.
    """

    title: str
    payload: str = ""
    token: str = ""


@dataclass(frozen=True)
class Buttons:
    """A question with buttons."""

    text: str
    buttons: tuple[Button, ...]
    kind: ClassVar[str] = "buttons"


@dataclass(frozen=True)
class Table:
    """A table; `marks` are the (row, column) cells in doubt, shown marked."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[int, int], ...] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Image:
    """A picture from the file store, with a text for people who cannot see it."""

    file: str
    alt: str
    title: str = ""
    kind: ClassVar[str] = "image"


@dataclass(frozen=True)
class File:
    """A file from the file store, offered for download."""

    file: str
    name: str
    media_type: str
    kind: ClassVar[str] = "file"


@dataclass(frozen=True)
class Progress:
    """How far a job is; a later one with the same `job` takes the place of an earlier one."""

    job: str
    text: str
    done: int
    total: int
    kind: ClassVar[str] = "progress"


@dataclass(frozen=True)
class Handoff:
    """The wish to give the conversation to a person, with the reason."""

    reason: str
    kind: ClassVar[str] = "handoff"


Reply = Text | Buttons | Table | Image | File | Progress | Handoff
REPLY_KINDS: Mapping[str, type[Reply]] = {
    cls.kind: cls for cls in (Text, Buttons, Table, Image, File, Progress, Handoff)
}


class InvalidReply(ValueError):
    """A reply from outside the core that is of no known kind or lacks a part."""


def to_dict(reply: Reply) -> dict[str, object]:
    """The JSON form of a reply, with its `kind`."""
    return {"kind": reply.kind, **dataclasses.asdict(reply)}


def from_dict(data: Mapping[str, object]) -> Reply:
    """The reply of a JSON form; raises `InvalidReply` with what is wrong."""
    cls = REPLY_KINDS.get(str(data.get("kind")))
    if cls is None:
        raise InvalidReply(f"unknown reply kind {data.get('kind')!r}")
    try:
        parts = {name: _frozen(name, value) for name, value in data.items() if name != "kind"}
        return cls(**parts)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InvalidReply(f"{cls.kind}: {error}") from error


def _frozen(name: str, value: object) -> object:
    if name == "buttons" and isinstance(value, (list, tuple)):
        return tuple(Button(**button) for button in value)
    if isinstance(value, (list, tuple)):
        return tuple(_frozen("", item) for item in value)
    return value


_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[^\W\d_]+")


def language_of(text: str, default: Language) -> Language:
    """Language of a text: Chinese as soon as Han characters are not outnumbered by other words; else `default`."""
    han = len(_HAN.findall(text))
    words = len(_LATIN.findall(_HAN.sub(" ", text)))
    if not han and not words:
        return default
    return Language.ZH if han > words else Language.EN


def normalise(text: str) -> str:
    """The text that models read: NFKC, format and control characters dropped, no leading `/`.

    Rasa takes a text that begins with `/` as a forced intent, in any disguise that NFKC or its own trimming
    undoes; what people typed never may (ARCHITECTURE.md, step 3). Line breaks and tabs stay.
    """
    composed = unicodedata.normalize("NFKC", text)
    kept = "".join(
        ch
        for ch in composed
        if ch in "\n\t" or unicodedata.category(ch) not in ("Cf", "Cc", "Cs", "Co", "Cn")
    )
    return re.sub(r"^[\s/\\⁄∕⧸]+", "", kept).rstrip()
