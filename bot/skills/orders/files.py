"""The order messages in an attached file: text, CSV, JSON lines, or a mail."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from email import policy
from email.parser import BytesParser
from pathlib import PurePath

from bot.conversation.messages import MAX_TEXT, FileRef
from bot.inputs import BadInput, decode

MOST_MESSAGES = 20_000
MOST_BYTES = 30_000_000
KNOWN = frozenset({".txt", ".md", ".csv", ".tsv", ".jsonl", ".json", ".eml"})
_TEXT_COLUMNS = (
    "text",
    "message",
    "order",
    "body",
    "content",
    "消息",
    "内容",
    "订单",
    "留言",
    "文本",
)
_SEPARATOR = re.compile(r"^\s*(?:[-=*#_]{3,}|[—－]{2,})\s*$", re.MULTILINE)


def refuse_unreadable(files: Sequence[FileRef]) -> None:
    """Raises `BadInput` for files that hold no messages, or too many; before any of them is read."""
    for file in files:
        _kind_of(file)
    if sum(file.size for file in files) > MOST_BYTES:
        raise BadInput(
            f"the files are larger than {MOST_BYTES // 1_000_000} MB together; please send them in parts"
        )


def _kind_of(file: FileRef) -> str:
    kind = PurePath(file.name).suffix.lower()
    if kind not in KNOWN:
        known = " ".join(sorted(KNOWN))
        raise BadInput(f"{file.name}: I cannot read orders from this kind of file; I read {known}")
    return kind


def messages_in(file: FileRef, data: bytes) -> tuple[str, ...]:
    """The messages of a file; raises `BadInput` with one line that says what is wrong."""
    kind = _kind_of(file)
    found = [text.strip() for text in _read(kind, file.name, data) if text.strip()]
    if not found:
        raise BadInput(f"{file.name}: there is no text in it")
    if len(found) > MOST_MESSAGES:
        raise BadInput(
            f"{file.name}: {len(found)} messages, the most is {MOST_MESSAGES}; please send it in parts"
        )
    return tuple(text[:MAX_TEXT] for text in found)


def _read(kind: str, name: str, data: bytes) -> Iterator[str]:
    if kind == ".eml":
        return _mail(data)
    text = decode(data, name)
    if kind in (".csv", ".tsv"):
        return _table(text, "\t" if kind == ".tsv" else "", name)
    if kind in (".jsonl", ".json"):
        return _json_lines(text, name)
    return iter(_SEPARATOR.split(text))


def _mail(data: bytes) -> Iterator[str]:
    mail = BytesParser(policy=policy.default).parsebytes(data)
    body = mail.get_body(("plain", "html"))
    try:
        words = str(body.get_content()) if body else ""
    except (LookupError, UnicodeDecodeError, KeyError) as error:
        raise BadInput("the mail's text cannot be read") from error
    if body and body.get_content_subtype() == "html":
        words = re.sub(r"<[^<>]*>", " ", words)
    yield words


def _table(text: str, delimiter: str, name: str) -> Iterator[str]:
    """One message a row: the column that holds it, or all cells under their headings."""
    try:
        delimiter = delimiter or csv.Sniffer().sniff(text[:4096], ",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise BadInput(f"{name}: not a CSV that can be read ({error})") from error
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((heading.index(word) for word in _TEXT_COLUMNS if word in heading), None)
    if column is not None:
        yield from (row[column] for row in rows[1:] if len(row) > column)
    elif len(heading) == 1:
        yield from (row[0] for row in rows if row)
    else:
        for row in rows[1:]:
            cells = [f"{title}: {cell}" for title, cell in zip(rows[0], row, strict=False) if cell]
            yield "\n".join(cells)


def _json_lines(text: str, name: str) -> Iterator[str]:
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name}: line {place} is not JSON") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise BadInput(f'{name}: line {place} is no {{"text": ...}}')
        yield row["text"]
