"""The shop's policies, as files that a merchant edits: one per topic and language, with a small header.

They are read anew when a file changed, so an edit needs no restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.conversation.messages import Language
from bot.settings import ROOT

FOLDER = ROOT / "data" / "policies"


class BadPolicy(ValueError):
    """A policy file that cannot be read; the text says which and what to do."""


@dataclass(frozen=True)
class Policy:
    """One policy in one language; `intents` are the questions that it answers."""

    topic: str
    language: Language
    title: str
    intents: tuple[str, ...]
    text: str


def policy_for(intent: str, language: Language, folder: Path = FOLDER) -> Policy | None:
    """The policy that answers an intent."""
    found = load_policies(folder)
    return next((p for p in found if intent in p.intents and p.language is language), None)


def load_policies(folder: Path = FOLDER) -> tuple[Policy, ...]:
    """Every policy of a folder; raises `BadPolicy`."""
    paths = sorted(folder.glob("*.md"))
    stamps = tuple((path, path.stat().st_mtime_ns) for path in paths)
    return _loaded(stamps)


@lru_cache(maxsize=4)
def _loaded(stamps: tuple[tuple[Path, int], ...]) -> tuple[Policy, ...]:
    return tuple(read_policy(path) for path, _ in stamps)


def read_policy(path: Path) -> Policy:
    """The policy of a file such as `shipping.en.md`."""
    topic, _, language = path.stem.partition(".")
    parts = path.read_text("utf-8-sig").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip() or language not in set(Language):
        raise BadPolicy(
            f"{path.name}: name it TOPIC.en.md or TOPIC.zh.md, and begin it with a header between two lines of ---"
        )
    try:
        header = yaml.safe_load(parts[1])
        title, intents = str(header["title"]), tuple(map(str, header["intents"]))
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise BadPolicy(f"{path.name}: its header needs `title` and `intents`") from error
    return Policy(topic, Language(language), title, intents, parts[2].strip())
