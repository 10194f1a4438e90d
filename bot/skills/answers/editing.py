"""The merchant's hand on the shop's own files: each change is whole, and checked with all the others before it counts.

What a shop changes goes over the shipped files and never into them, so that it can be taken back. A change is
described by what the shop's own file said before and after, as plain YAML values: that is what the audit log keeps,
and what putting it back needs.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from bot.skills.answers.entries import TOPIC
from bot.skills.answers.knowledge import SHIPPED, BadKnowledge, Knowledge, load_folders, own_folder
from bot.skills.answers.yaml_files import BadFile, Plain, read_yaml

Raw = dict[str, Any]
"""An entry or a policy as its file has it."""


class Kind(StrEnum):
    """What can be edited; the value is the folder."""

    ANSWER = "answers"
    POLICY = "policies"


@dataclass(frozen=True)
class Edit:
    """A change that was made; `before` and `after` are the shop's own words, None where it has none of its own."""

    kind: Kind
    subject: str
    topic: str
    before: Raw | None
    after: Raw | None


class Editor:
    """Reads and writes the own files of one shop."""

    def __init__(self, shop: str, shipped: Path = SHIPPED) -> None:
        """Raises `BadKnowledge` for what is no name of a shop."""
        self._shipped = shipped
        self._own = own_folder(shop)

    def knowledge(self) -> Knowledge:
        """What the shop says now; raises `BadKnowledge`."""
        return load_folders(self._shipped, self._own)

    def raw(self, kind: Kind, subject: str) -> Raw | None:
        """An entry or policy as the files have it, the shop's own before the shipped; None where there is none."""
        own = self._raw_of(self._own, kind, subject)
        shipped = self._raw_of(self._shipped, kind, subject)
        if kind is Kind.POLICY and own and shipped and "delete" not in own:
            facts = {**shipped.get("facts", {}), **own.get("facts", {})}
            return {**shipped, **own, "facts": facts}
        return own or shipped

    def is_own(self, kind: Kind, subject: str) -> bool:
        """Whether the shop has words of its own here."""
        return self._raw_of(self._own, kind, subject) is not None

    def shipped(self) -> Knowledge:
        """What the project's own files say; raises `BadKnowledge`."""
        return load_folders(self._shipped)

    def own(self, kind: Kind, subject: str) -> Raw | None:
        """The shop's own words, as its own file has them; None where it has none."""
        return self._raw_of(self._own, kind, subject)

    def own_subjects(self, kind: Kind) -> frozenset[str]:
        """What the shop has words of its own for: ids of answers, or topics of policies."""
        files = _files(self._own, kind)
        if kind is Kind.POLICY:
            return frozenset(file.stem for file in files)
        entries = (entry for file in files for entry in self._entries(self._own, file.stem))
        return frozenset(str(entry.get("id")) for entry in entries)

    def put(self, kind: Kind, subject: str, topic: str, raw: Raw | None) -> Edit:
        """Make `raw` the shop's own words; None takes its own words away, and the shipped ones count again.

        A policy's topic is its subject. Raises `BadKnowledge`, and then nothing has changed.
        """
        return self.change(kind, subject, topic, lambda _: raw)

    def change(
        self, kind: Kind, subject: str, topic: str, to: Callable[[Raw | None], Raw | None]
    ) -> Edit:
        """As `put`, from what the shop's own words are at that moment."""
        if not TOPIC.fullmatch(topic):
            raise BadKnowledge(
                f"{topic[:40]!r} is no topic; use small letters, digits, - and _ only"
            )
        with self._locked():
            topic = self._topic_of(kind, subject) or topic
            before = self._raw_of(self._own, kind, subject)
            raw = to(before) or None
            self._replace(kind, topic, self._changed(kind, topic, subject, raw))
        return Edit(kind, subject, topic, before, raw)

    def hide(self, kind: Kind, subject: str) -> Edit:
        """Take an entry or a policy out: what is shipped is hidden, the shop's own is removed."""
        topic = self._topic_of(kind, subject)
        if not topic:
            raise BadKnowledge(f"there is no {subject[:80]!r} to take out")
        gone: Raw = {"id": subject, "delete": "true"} if kind is Kind.ANSWER else {"delete": "true"}
        shipped = self._raw_of(self._shipped, kind, subject)
        return self.put(kind, subject, topic, gone if shipped else None)

    def _changed(self, kind: Kind, topic: str, subject: str, raw: Raw | None) -> Plain | None:
        """The whole file with the change in it; None where nothing is left."""
        if kind is Kind.POLICY:
            return raw
        entries = [e for e in self._entries(self._own, topic) if e.get("id") != subject]
        entries += [{**raw, "id": subject}] if raw else []
        return list(entries) or None

    def _replace(self, kind: Kind, topic: str, content: Plain | None) -> None:
        """Try the change on a copy of the folder; what would break the shop's files is refused."""
        with tempfile.TemporaryDirectory(dir=self._own, prefix=".edit-") as scratch:
            copy = Path(scratch)
            for part in Kind:
                if (self._own / part).is_dir():
                    shutil.copytree(self._own / part, copy / part)
            fresh = _written(copy / kind / f"{topic}.yml", content)
            load_folders(self._shipped, copy)
            file = self._own / kind / f"{topic}.yml"
            if fresh:
                file.parent.mkdir(exist_ok=True)
                fresh.replace(file)
            else:
                file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One change of a shop at a time, also from other processes."""
        self._own.mkdir(parents=True, exist_ok=True)
        with (self._own / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _topic_of(self, kind: Kind, subject: str) -> str:
        if kind is Kind.POLICY:
            return subject
        for folder in (self._own, self._shipped):
            for file in _files(folder, kind):
                if any(e.get("id") == subject for e in self._entries(folder, file.stem)):
                    return file.stem
        return ""

    def _raw_of(self, folder: Path, kind: Kind, subject: str) -> Raw | None:
        if kind is Kind.POLICY:
            read = _read(folder / kind / f"{subject}.yml") if TOPIC.fullmatch(subject) else None
            return read if isinstance(read, dict) else None
        for file in _files(folder, kind):
            for entry in self._entries(folder, file.stem):
                if entry.get("id") == subject:
                    return entry
        return None

    def _entries(self, folder: Path, topic: str) -> list[Raw]:
        read = _read(folder / Kind.ANSWER / f"{topic}.yml")
        return [e for e in read if isinstance(e, dict)] if isinstance(read, list) else []


def _files(folder: Path, kind: Kind) -> list[Path]:
    return sorted((folder / kind).glob("[a-z0-9]*.yml"))


def _read(path: Path) -> Plain | None:
    try:
        return read_yaml(path) if path.exists() else None
    except BadFile as error:
        raise BadKnowledge(str(error)) from None


def _written(path: Path, content: Mapping[str, object] | Plain | None) -> Path | None:
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.unlink(missing_ok=True)
        return None
    path.write_text(
        yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110), "utf-8"
    )
    return path
