"""Reads the real data sets that training and evaluation use, from `SHOPCLERK_DATA`."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("fastfood", "airline", "finance", "insurance", "media", "software")


class DataMissingError(Exception):
    """A data set is not where it should be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """One text as tokens with BIO tags; `times` counts how often it was seen."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    times: int = 1


def data_folder(given: Path | None = None) -> Path:
    """The folder of data sets: what was given, else `SHOPCLERK_DATA`, else `../shared/data`."""
    return given or Path(os.environ.get("SHOPCLERK_DATA") or "../shared/data")


def required(path: Path) -> Path:
    if not path.exists():
        raise DataMissingError(
            f"{path} is missing: set SHOPCLERK_DATA to the folder of data sets (docs/data.md says"
            " what is in it and where it comes from)"
        )
    return path


def multidogo(folder: Path, domain: str, part: str) -> list[Tagged]:
    """Customer turns of one domain, as annotated."""
    path = required(folder / "orders" / "multidogo" / f"{domain}_{part}.jsonl")
    turns = []
    for line in path.read_text(encoding="utf-8").splitlines():
        turn = json.loads(line)
        turns.append(Tagged(tuple(turn["tokens"]), tuple(turn["tags"])))
    return turns


def distinct(turns: Iterable[Tagged]) -> list[Tagged]:
    """Each text once, with the tags that most annotators gave it."""
    votes: defaultdict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for turn in turns:
        votes[turn.tokens][turn.tags] += 1
    return [Tagged(tokens, v.most_common(1)[0][0], sum(v.values())) for tokens, v in votes.items()]


def unseen(turns: Sequence[Tagged], known: Iterable[Tagged]) -> list[Tagged]:
    """The turns whose text is not among the known ones: nothing can be looked up."""
    seen = {" ".join(turn.tokens) for turn in known}
    return [turn for turn in turns if " ".join(turn.tokens) not in seen]


def us_addresses(folder: Path) -> list[str]:
    root = ElementTree.parse(required(folder / "orders" / "usaddress" / "labeled.xml")).getroot()
    return [" ".join("".join(node.itertext()).split()) for node in root]
