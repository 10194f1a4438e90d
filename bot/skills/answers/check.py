"""Checks policy and answer files and near misses: `python -m bot.skills.answers.check [FOLDER]` (default: data/)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bot.skills.answers.entries import parse_answers, parse_near_misses, parse_policy
from bot.skills.answers.knowledge import SHIPPED, BadKnowledge, files_of, load_folders
from bot.skills.answers.yaml_files import BadFile, read_yaml

_READ = {
    "policies": parse_policy,
    "answers": parse_answers,
    "near_misses": parse_near_misses,
}


def problems(*folders: Path) -> list[str]:
    """Every error of a file by itself; where there is none, the first error of all files together."""
    found = [str(error) for folder in folders for error in _broken(folder)]
    if found:
        return found
    try:
        load_folders(*folders)
    except BadKnowledge as error:
        return [str(error)]
    return []


def _broken(folder: Path) -> Iterator[BadFile]:
    for path in files_of(folder):
        name = f"{path.parent.name}/{path.name}"
        try:
            _READ[path.parent.name](read_yaml(path), name)
        except BadFile as error:
            yield error


def main(arguments: list[str]) -> int:
    """Tell all errors and warnings; 1 where there is an error."""
    folders = [Path(name) for name in arguments] or [SHIPPED]
    wrong = problems(*folders)
    for line in wrong:
        print(f"error: {line}")
    if wrong:
        return 1
    known = load_folders(*folders)
    for line in known.warnings:
        print(f"warning: {line}")
    print(f"{len(known.facts)} facts, {len(known.policies)} policies, {len(known.answers)} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
