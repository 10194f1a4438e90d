"""The trained answerers of a shop: one folder for each training, and a file that says which one is in place.

`SHOPCLERK_HOME/shops/SHOP/models/answers/VERSION/` is a model with its card, `comparison.json` how it did against
the one in place then. `current.json` is replaced as a whole, so that whoever reads it sees the old or the new one.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.skills.answers.knowledge import own_folder
from bot.store.engine import NotFound
from ml.serving import CARD, load_model

logger = logging.getLogger(__name__)

TRAINING = "train_answers"
"""The kind of the job that trains."""

SHIPPED_VERSION = ""
POINTER = "current.json"
COMPARISON = "comparison.json"
VERSION = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")
SURE = 2.0
"""Standard deviations of a sign test that make a difference more than chance."""


@dataclass(frozen=True)
class Row:
    """Two models on the same questions of one set and language; counts of questions answered rightly.

    `gained` are those that only the new one gets right, `lost` those that only the old one does.
    """

    questions: str
    language: str
    asked: int
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True)
class Comparison:
    """A new model against the one that was in place (`against`, empty for the shipped one)."""

    against: str
    rows: tuple[Row, ...]

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `same` where the difference may be chance (sign test on the discordant questions)."""
        gained, lost = sum(row.gained for row in self.rows), sum(row.lost for row in self.rows)
        if abs(gained - lost) <= SURE * (gained + lost) ** 0.5:
            return "same"
        return "better" if gained > lost else "worse"


@dataclass(frozen=True)
class Version:
    """A trained model; it took `minutes`; `learnt` says from what."""

    name: str
    date: str
    minutes: float
    learnt: str
    in_place: bool
    comparison: Comparison | None
    verdict: str


class Versions:
    """The models of one shop."""

    def __init__(self, shop: str) -> None:
        """Raises `BadKnowledge` for what is no name of a shop."""
        self._folder = own_folder(shop) / "models" / "answers"

    def folder(self, version: str) -> Path:
        """Where a version is or will be; raises `NotFound` for what is no name of one."""
        if version == SHIPPED_VERSION:
            from ml.answers.answerer import shipped  # not before it is needed: the worker never is

            return shipped()
        if not VERSION.fullmatch(version):
            raise NotFound(f"no version {version[:40]!r}")
        return self._folder / version

    def trained(self) -> tuple[Version, ...]:
        """The trained versions, newest first; a training that was ended midway is none."""
        current = self.current()
        names = (path.parent.name for path in self._folder.glob(f"*/{CARD}"))
        found = sorted((name for name in names if VERSION.fullmatch(name)), reverse=True)
        return tuple(v for name in found if (v := self._version(name, name == current)))

    def current(self) -> str:
        """The version in place; empty for the shipped one."""
        version = str(self._pointer().get("version", SHIPPED_VERSION))
        known = VERSION.fullmatch(version) and (self._folder / version / CARD).exists()
        return version if known else SHIPPED_VERSION

    def before(self) -> str | None:
        """The version that was in place before; None where there was none."""
        found = self._pointer().get("before")
        return None if found is None else str(found)

    def in_place(self) -> Path:
        """The folder of the model in place."""
        return self.folder(self.current())

    def put_in_place(self, version: str) -> str:
        """Use this version from now on; the one that was in place. Raises `NotFound`, `ModelError`."""
        if version != SHIPPED_VERSION:
            if not (self.folder(version) / CARD).exists():
                raise NotFound(f"no version {version!r}")
            load_model(self.folder(version))
        before = self.current()
        self._write(self._folder / POINTER, {"version": version, "before": before})
        return before

    def compared(self, version: str, comparison: Comparison) -> None:
        """Keep how a version did."""
        self._write(self.folder(version) / COMPARISON, asdict(comparison))

    def _pointer(self) -> Mapping[str, object]:
        try:
            read = json.loads((self._folder / POINTER).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            logger.error("%s cannot be read: the shipped model answers", self._folder / POINTER)
            return {}
        return read if isinstance(read, dict) else {}

    def _version(self, name: str, in_place: bool) -> Version | None:
        try:
            card = json.loads((self._folder / name / CARD).read_text("utf-8"))
            comparison = self._comparison(name)
            verdict = comparison.verdict if comparison else ""
            learnt = str(card["data"][0])
            date, minutes = str(card["date"]), float(card["minutes"])
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            logger.error("%s is left out: its card cannot be read", self._folder / name)
            return None
        return Version(name, date, minutes, learnt, in_place, comparison, verdict)

    def _comparison(self, name: str) -> Comparison | None:
        path = self._folder / name / COMPARISON
        if not path.exists():
            return None
        read = json.loads(path.read_text("utf-8"))
        return Comparison(str(read["against"]), tuple(Row(**row) for row in read["rows"]))

    def _write(self, path: Path, content: Mapping[str, object]) -> None:
        """Beside its place first, then there at once."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", encoding="utf-8", delete=False
        ) as fresh:
            json.dump(content, fresh, ensure_ascii=False, indent=1)
            fresh.flush()
            os.fsync(fresh.fileno())
        Path(fresh.name).replace(path)
