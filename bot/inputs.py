"""Reads what people give the command line: texts, JSON lines, CSV, in any encoding; a fault is told in one line."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from bot.conversation.messages import MAX_TEXT

MOST_BYTES = 500_000_000
CHINESE_ENCODINGS = ["gb18030", "big5", "utf_16_le", "utf_16_be"]
BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\x84\x31\x95\x33": "gb18030",
}
ENOUGH = 0.9
"""Share of common characters from which a decoded text is taken for Chinese and not for noise."""


class BadInput(Exception):
    """The input cannot be used; the text is one line that says where and why."""


@dataclass(frozen=True)
class Document:
    """One text to read; `id` is the giver's own, or its place."""

    id: str | int | float | None
    text: str
    role: str | None = None


@dataclass(frozen=True)
class CatalogueRow:
    """One line of a catalogue file."""

    sku: str
    name: str
    name_zh: str = ""
    unit: str = ""
    price_cents: int | None = None
    aliases: tuple[str, ...] = ()


def read_documents(source: str, encoding: str | None = None, *, by_line: bool) -> list[Document]:
    """Texts of a file, a folder or `-`: JSON lines, or plain text (one per line, or the whole as one)."""
    if source != "-" and Path(source).is_dir():
        files = [path for path in sorted(Path(source).rglob("*")) if path.is_file()]
        return [_whole(path, Path(source), encoding) for path in files] or _nothing(source)
    text = read_text(source, encoding)
    if is_jsonl(source, text):
        return [_document(row, _at(source, number)) for number, row in read_jsonl(source, text)]
    lines = text.replace("\r\n", "\n").split("\n") if by_line else [text.strip()]
    texts = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    return [
        Document(number, checked(line, _at(source, number) if by_line else _name(source)))
        for number, line in texts
    ]


def read_text(source: str, encoding: str | None = None) -> str:
    """The text of a file or of `-`; never empty."""
    text = decode(read_bytes(source), _name(source), encoding)
    if not text.strip():
        _nothing(source)
    return text


def read_bytes(source: str) -> bytes:
    """The bytes of a file or of `-`."""
    if source == "-":
        return sys.stdin.buffer.read()
    path = Path(source)
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise BadInput(f"{source}: is larger than {MOST_BYTES // 1_000_000} MB; split it")
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{source}: there is no such file") from None
    except OSError as error:
        raise BadInput(f"{source}: {error.strerror}") from error


def decode(data: bytes, name: str, encoding: str | None = None) -> str:
    """Text of some bytes: by the given encoding, a byte order mark, UTF-8, a sure sign of Chinese, or not at all."""
    if encoding is None:
        encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    if encoding is None and b"\0" not in data:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    try:
        return data.decode(encoding or _guess(data))
    except (UnicodeError, LookupError):
        hint = f"is not {encoding}" if encoding else "is not UTF-8, and what it is cannot be told"
        raise BadInput(f"{name}: {hint}; save it as UTF-8 or name it: --encoding gb18030") from None


def _guess(data: bytes) -> str:
    """The one encoding that makes common Chinese (or English in UTF-16) of the bytes; latin-1 is no fallback."""
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=CHINESE_ENCODINGS)
    found = {name for match in matches for name in (match.encoding, *match.could_be_from_charset)}
    likely = [name for name in sorted(found) if _is_common(data.decode(name, "replace"))]
    if len(likely) != 1:
        raise LookupError("no or several encodings fit")
    return likely[0]


def _is_common(text: str) -> bool:
    foreign = [ch for ch in text if ch > "\x7f"]
    return sum(map(_is_common_character, foreign)) >= ENOUGH * len(foreign)


def _is_common_character(ch: str) -> bool:
    """First level of GB 2312 or Big5, or CJK punctuation and full width forms."""
    if "\u3000" <= ch <= "\u303f" or "\uff00" <= ch <= "\uffef" or ch in "“”‘’…—·￥×":
        return True
    simple, traditional = ch.encode("gb2312", "ignore"), ch.encode("big5", "ignore")
    return b"\xb0" <= simple[:1] <= b"\xd7" or b"\xa4" <= traditional[:1] <= b"\xc6"


def is_jsonl(source: str, text: str) -> bool:
    """Whether a text is meant as JSON lines: by its name, or as it begins with an object."""
    return source.endswith((".jsonl", ".ndjson")) or text.lstrip().startswith('{"')


def read_jsonl(source: str, text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The objects of JSON lines with their line numbers."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadInput(f"{_at(source, number)}: is not JSON ({error})") from None
        except RecursionError:
            raise BadInput(f"{_at(source, number)}: is nested too deeply") from None
        if not isinstance(row, dict):
            raise BadInput(f"{_at(source, number)}: is not a JSON object")
        yield number, row


def _document(row: Mapping[str, object], where: str) -> Document:
    text, role = row.get("text"), row.get("role")
    if not isinstance(text, str):
        raise BadInput(f'{where}: has no "text"')
    if role is not None and role not in ("merchant", "customer", "agent"):
        raise BadInput(f'{where}: "role" is merchant, customer or agent')
    return Document(
        identity(row, where), checked(text, where), role if isinstance(role, str) else None
    )


def identity(row: Mapping[str, object], where: str) -> str | int | float | None:
    """The `id` of a row as it was given."""
    found = row.get("id")
    if found is None or isinstance(found, (str, int, float)):
        return found
    raise BadInput(f'{where}: "id" is neither a text nor a number')


def checked(text: str, where: str) -> str:
    """A text that is not longer than what is read."""
    if len(text) > MAX_TEXT:
        raise BadInput(
            f"{where}: the text has {len(text):,} characters; at most {MAX_TEXT:,} are read"
        )
    return text


def read_tokens(
    source: str, encoding: str | None = None
) -> list[tuple[str | int | float | None, list[str]]]:
    """JSON lines of `{"id","tokens"}`."""
    found = []
    for number, row in read_jsonl(source, read_text(source, encoding)):
        tokens = row.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise BadInput(f'{_at(source, number)}: "tokens" is not a list of texts')
        if len(tokens) > MAX_TEXT:
            raise BadInput(
                f"{_at(source, number)}: has {len(tokens):,} tokens; at most {MAX_TEXT:,} are read"
            )
        found.append((identity(row, _at(source, number)), tokens))
    return found


def read_catalogue(source: str, encoding: str | None = None) -> list[CatalogueRow]:
    """A catalogue CSV `sku,name,name_zh,unit,price,aliases`; only the first two columns must be there."""
    rows = read_csv(source, ("sku", "name"), encoding)
    found = [_catalogue_row(row, _at(source, number)) for number, row in rows]
    known: set[str] = set()
    for (number, _), item in zip(rows, found, strict=True):
        if item.sku in known:
            raise BadInput(f"{_at(source, number)}: the sku {item.sku!r} is there twice")
        known.add(item.sku)
    return found


def _catalogue_row(row: Mapping[str, str], where: str) -> CatalogueRow:
    if not row["sku"] or not row["name"]:
        raise BadInput(f"{where}: sku or name is empty")
    aliases = tuple(alias.strip() for alias in row.get("aliases", "").split("|") if alias.strip())
    texts = {name: row.get(name, "") for name in ("sku", "name", "name_zh", "unit")}
    return CatalogueRow(**texts, price_cents=_cents(row.get("price", ""), where), aliases=aliases)


def _cents(text: str, where: str) -> int | None:
    if not text:
        return None
    try:
        amount = Decimal(text.lstrip("$¥￥€£").replace(",", ""))
    except InvalidOperation:
        raise BadInput(f"{where}: {text!r} is not a price") from None
    if not amount.is_finite() or amount < 0 or amount > 10**10:
        raise BadInput(f"{where}: {text!r} is not a price")
    return int((amount * 100).to_integral_value())


def read_csv(
    source: str, required: Sequence[str], encoding: str | None = None
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV with a header, by column, with their line numbers."""
    reader = csv.reader(io.StringIO(read_text(source, encoding), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader)]
        lacking = [name for name in required if name not in header]
        if lacking:
            raise BadInput(f"{source}: the header has no column {', '.join(lacking)}")
        return [(number, row) for number, row in _rows(reader, header, source)]
    except csv.Error as error:
        raise BadInput(f"{_at(source, reader.line_num)}: is broken ({error})") from None


def _rows(
    reader: Iterator[list[str]], header: list[str], source: str
) -> Iterator[tuple[int, dict[str, str]]]:
    for cells in reader:
        number = int(getattr(reader, "line_num", 0))
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise BadInput(
                f"{_at(source, number)}: has {len(cells)} fields where the header has {len(header)}"
            )
        yield number, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def _whole(path: Path, folder: Path, encoding: str | None) -> Document:
    return Document(
        str(path.relative_to(folder)), checked(read_text(str(path), encoding).strip(), str(path))
    )


def _nothing(source: str) -> list[Document]:
    raise BadInput(f"{_name(source)}: is empty")


def _name(source: str) -> str:
    return "standard input" if source == "-" else source


def _at(source: str, line: int) -> str:
    return f"{_name(source)} line {line}"
