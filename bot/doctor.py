"""`shopclerk doctor`: what is missing or wrong on this machine, and how to mend it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from bot.settings import ROOT, Settings, settings

LEAST_FREE_GB = 2.0
LEAST_MEMORY_GB = 3.0
OLDEST_SQLITE = (3, 42)
"""DBOS, which runs the background jobs, needs `unixepoch('subsec')`."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Grade(StrEnum):
    """How a check ended: fine, something to know, or something to mend."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


MARKS = {Grade.OK: "✓", Grade.NOTE: "·", Grade.BAD: "✗"}


@dataclass(frozen=True)
class Finding:
    """What one check found; `mend` says what to do where there is something to do."""

    name: str
    grade: Grade
    told: str
    mend: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether Shopclerk would not run well."""
        return self.grade is Grade.BAD

    def to_dict(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)

    def to_text(self) -> str:
        """For people."""
        mend = f"\n  {'':<30}-> {self.mend}" if self.mend else ""
        return f"{MARKS[self.grade]} {self.name:<30}{self.told}{mend}"


def examine() -> Iterator[Finding]:
    """All checks, one finding each; a check that breaks is a finding too."""
    config = settings()
    for name, check in _checks(config):
        try:
            yield check(name)
        except Exception as error:
            yield Finding(name, Grade.BAD, f"could not be checked: {type(error).__name__}: {error}")


Check = Callable[[str], Finding]


def _checks(config: Settings) -> Iterator[tuple[str, Check]]:
    yield "machine", _machine
    yield "Python", _python
    yield "app environment", partial(_environment, python=ROOT / ".venv", lock="requirements.lock")
    rasa = ROOT / "nlu" / ".venv"
    yield "Rasa environment", partial(_environment, python=rasa, lock="nlu/requirements.lock")
    yield "Rasa model", _model
    yield "front end", _front_end
    for card in sorted((ROOT / "ml").glob("*/weights/**/card.json")):
        parts = card.parent.relative_to(ROOT / "ml").parts
        skill = " ".join(part for part in parts if part != "weights")
        yield f"weights of {skill}", partial(_weights, card=card)
    yield "answers and policies", _knowledge
    for folder in sorted((config.home / "shops").glob("*")):
        yield f"files of {folder.name}", partial(_knowledge, own=folder)
    yield "disk", partial(_disk, home=config.home)
    yield "memory", _memory
    yield "SQLite", _sqlite
    yield "database", partial(_database, config=config)
    yield "secrets", partial(_secrets, path=config.home / "secrets.json")
    for what, port in (
        ("pages", config.port),
        ("Rasa", config.rasa_port),
        ("actions", config.actions_port),
    ):
        yield f"port of {what}", partial(_port, port=port)
    yield "fonts for Chinese", _fonts
    yield "Chromium for tests", _chromium


def _machine(name: str) -> Finding:
    told = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Finding(name, Grade.OK, told)


def _python(name: str) -> Finding:
    told = platform.python_version()
    if sys.version_info[:2] != (3, 11):
        return Finding(
            name, Grade.BAD, f"{told}, but 3.11 is needed", "make setup PYTHON=python3.11"
        )
    return Finding(name, Grade.OK, told)


def _environment(name: str, python: Path, lock: str) -> Finding:
    """Whether an environment holds just what its lock names, by the names and versions it says it has."""
    program = python / "bin" / "python"
    if not program.exists():
        return Finding(name, Grade.BAD, "is not installed", "make setup")
    code = (
        "import json; from importlib.metadata import distributions as d; "
        "print(json.dumps({x.metadata['Name'].lower().replace('_', '-').replace('.', '-'): x.version for x in d()}))"
    )
    done = subprocess.run([program, "-I", "-c", code], capture_output=True, text=True, check=True)
    installed = json.loads(done.stdout)
    wanted = _locked(ROOT / lock)
    wrong = [
        package
        for package, version in installed.items()
        if version not in wanted.get(package, {version})
    ]
    missing = wanted.keys() - installed.keys()
    if wrong or len(missing) > len(wanted) // 4:  # some are for other systems
        named = ", ".join(sorted([*wrong, *missing])[:3])
        return Finding(name, Grade.BAD, f"differs from {lock}: {named}", "make setup")
    return Finding(name, Grade.OK, f"{len(installed)} packages as in {lock}")


def _locked(lock: Path) -> dict[str, set[str]]:
    """Versions of each package in a lock; a universal one may name several for different systems."""
    found: dict[str, set[str]] = {}
    for line in lock.read_text().splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            package, _, rest = line.partition("==")
            found.setdefault(package.partition("[")[0].strip(), set()).add(
                rest.split()[0].rstrip(";")
            )
    return found


def _model(name: str) -> Finding:
    model = ROOT / "models" / "shopclerk.tar.gz"
    if not model.exists():
        return Finding(name, Grade.BAD, "is not trained yet", "make train (about two minutes)")
    python = ROOT / "nlu" / ".venv" / "bin" / "python"
    code = "import sys; from nlu.training import up_to_date; sys.exit(not up_to_date())"
    fresh = subprocess.run([python, "-c", code], cwd=ROOT, check=False).returncode == 0
    if not fresh:
        return Finding(name, Grade.NOTE, "is older than its training data", "make train")
    return Finding(name, Grade.OK, f"is trained ({model.stat().st_size / 1e6:.0f} MB) and fresh")


def _front_end(name: str) -> Finding:
    built = ROOT / "connectors" / "web" / "static"
    files = [path for path in built.rglob("*") if path.is_file()] if built.exists() else []
    if not files:
        return Finding(name, Grade.BAD, "is not built", "make setup")
    return Finding(name, Grade.OK, f"is built ({len(files)} files)")


def _weights(name: str, card: Path) -> Finding:
    """Whether every file of a model is the one its card names."""
    from ml.serving import ModelError, load_model

    try:
        model = load_model(card.parent)
    except ModelError as error:
        return Finding(name, Grade.BAD, str(error), "git checkout, or train anew")
    return Finding(name, Grade.OK, f"{len(model.card.files)} files as in card.json")


def _knowledge(name: str, own: Path | None = None) -> Finding:
    """Whether the files that questions are answered from can be read, and are as they should be."""
    from bot.skills.answers.check import problems
    from bot.skills.answers.knowledge import SHIPPED, load_folders

    folders = (SHIPPED, own) if own else (SHIPPED,)
    wrong = problems(*folders)
    if wrong:
        told = wrong[0] if len(wrong) == 1 else f"{wrong[0]} (and {len(wrong) - 1} more)"
        return Finding(name, Grade.BAD, told, "correct the file; it is read anew at once")
    known = load_folders(*folders)
    told = f"{len(known.answers)} answers, {len(known.policies)} policies, {len(known.facts)} facts"
    if known.warnings:
        return Finding(name, Grade.NOTE, f"{told}; {known.warnings[0]}", "make it a fact")
    return Finding(name, Grade.OK, told)


def _disk(name: str, home: Path) -> Finding:
    home = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(home).free / 1e9
    grade = Grade.OK if free >= LEAST_FREE_GB else Grade.BAD
    mend = "" if grade is Grade.OK else "free some space, or point SHOPCLERK_HOME to another disk"
    return Finding(name, grade, f"{free:.0f} GB free for {home}", mend)


def _memory(name: str) -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free >= LEAST_MEMORY_GB:
        return Finding(name, Grade.OK, f"{free:.1f} GB free")
    return Finding(
        name, Grade.NOTE, f"only {free:.1f} GB free", f"{LEAST_MEMORY_GB:.0f} GB make it run well"
    )


def _sqlite(name: str) -> Finding:
    import sqlite3

    if sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return Finding(name, Grade.OK, sqlite3.sqlite_version)
    try:
        own = metadata.version("pysqlite3-binary")
    except metadata.PackageNotFoundError:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        return Finding(
            name,
            Grade.BAD,
            f"{sqlite3.sqlite_version}, {wanted} is needed for jobs",
            "a newer Python 3.11",
        )
    return Finding(
        name, Grade.OK, f"Python's own is {sqlite3.sqlite_version}; pysqlite3 {own} takes its place"
    )


def _database(name: str, config: Settings) -> Finding:
    """Whether the database answers and has the newest schema; nothing is made or changed."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from bot.store.engine import HEAD

    url = make_url(config.store_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding(name, Grade.OK, "will be made at the first start")
    engine = create_engine(
        url, connect_args={} if "sqlite" in url.drivername else {"connect_timeout": 5}
    )
    try:
        with engine.connect() as connection:
            version = connection.scalar(text("select version_num from alembic_version"))
    except ProgrammingError:
        return Finding(name, Grade.OK, "is empty and will be filled at the first start")
    except OperationalError as error:
        told = f"{url.render_as_string()} does not answer: {str(error.orig).splitlines()[0]}"
        return Finding(name, Grade.BAD, told, "start it, or mend DATABASE_URL")
    finally:
        engine.dispose()
    if version != HEAD:
        return Finding(
            name,
            Grade.NOTE,
            f"has schema {version}, newest is {HEAD}",
            "shopclerk run brings it up to date",
        )
    return Finding(name, Grade.OK, f"{url.get_backend_name()}, schema {version}")


def _secrets(name: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(name, Grade.OK, "will be made at the first start")
    if path.stat().st_mode & 0o077:
        return Finding(name, Grade.BAD, f"{path} can be read by others", f"chmod 600 {path}")
    return Finding(name, Grade.OK, "are readable by their owner only")


def _port(name: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    if taken:
        return Finding(
            name, Grade.NOTE, f"{port} is in use (by a running Shopclerk, or by something else)"
        )
    return Finding(name, Grade.OK, f"{port} is free")


def _fonts(name: str) -> Finding:
    """Plots take their font from the package mplfonts, whatever this machine has."""
    package = find_spec("mplfonts")
    there = (
        sorted(Path(package.origin).parent.glob("fonts/*CJK*"))
        if package and package.origin
        else []
    )
    if not there:
        return Finding(name, Grade.BAD, "mplfonts or its fonts are missing", "make setup")
    return Finding(name, Grade.OK, f"{there[0].name} and {len(there) - 1} more, from mplfonts")


def _chromium(name: str) -> Finding:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        return Finding(
            name, Grade.NOTE, "is not there; browser tests are skipped", "apt install chromium"
        )
    return Finding(name, Grade.OK, found)
