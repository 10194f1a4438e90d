"""Reads YAML that people write: only texts, lists and mappings, bounded, every error with its file and line."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import yaml

MOST_BYTES = 2_000_000
DEEPEST = 8

Plain = str | list["Plain"] | dict[str, "Plain"]


class BadFile(ValueError):
    """A file that cannot be used; the text says which, where in it, and what to do."""


def read_yaml(path: Path) -> Plain:
    """The file as texts, lists and mappings; values stay as written (`09:00`, `no`, `2026-11-27`)."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"{path.name}: is larger than {MOST_BYTES // 1_000_000} MB; split it")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(f"{path.name}: is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise BadFile(f"{path.name}: cannot be read ({error.strerror})") from None
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Plain:
    """As `read_yaml`, of a text; `name` is how errors call it."""
    builder = _Builder(name)
    try:
        # Not `compose`: it goes down in C with the file's depth, and enough brackets end the process.
        for event in yaml.parse(text, yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise BadFile(f"{name}{_place(error)}: is not YAML ({_problem(error)})") from None
    except UnicodeError:
        raise BadFile(f"{name}: holds characters that no text has; save it as UTF-8") from None
    if not builder.root:
        raise BadFile(f"{name}: is empty; write something in it, or remove it")
    if len(builder.root) > 1:
        raise BadFile(f"{name}: holds several documents (---); keep one")
    return builder.root[0]


class _Builder:
    """Makes texts, lists and mappings of a parser's events."""

    def __init__(self, name: str) -> None:
        self.root: list[Plain] = []
        self._name = name
        self._open: list[tuple[list[Plain] | dict[str, Plain], str]] = [(self.root, "")]
        self._key: str | None = None

    def take(self, event: yaml.Event) -> None:
        """The next event; raises `BadFile`."""
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "uses an alias (*name); write the text out instead")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start(event, [])
        elif isinstance(event, yaml.MappingStartEvent):
            self._start(event, {})
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            value, key = self._open.pop()
            self._key = key or None
            self._put(value)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        into = self._open[-1][0]
        if not isinstance(into, dict) or self._key is not None:
            self._put(str(event.value))
        elif event.value in into:
            self._refuse(event, f"{event.value!r} is there twice; keep one")
        elif not event.value:
            self._refuse(event, "a name is empty")
        else:
            self._key = str(event.value)

    def _start(self, event: yaml.Event, value: list[Plain] | dict[str, Plain]) -> None:
        if isinstance(self._open[-1][0], dict) and self._key is None:
            self._refuse(event, "a name is a plain text; quote it if it begins with { or [")
        if len(self._open) > DEEPEST:
            self._refuse(event, "is nested too deeply")
        self._open.append((value, self._key or ""))
        self._key = None

    def _put(self, value: Plain) -> None:
        into = self._open[-1][0]
        if isinstance(into, list):
            into.append(value)
        elif self._key is not None:
            into[self._key] = value
            self._key = None

    def _refuse(self, event: yaml.Event, why: str) -> NoReturn:
        line = event.start_mark.line + 1 if event.start_mark else 0
        raise BadFile(f"{self._name} line {line}: {why}")


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" line {mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "broken")
