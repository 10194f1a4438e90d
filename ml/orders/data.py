"""Reads the real data sets that training and evaluation use, from `SHOPCLERK_DATA`."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

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


@dataclass(frozen=True, slots=True)
class Sources:
    """Real words that the generator weaves in: product names, addresses, and talk about other things."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    chatter_en: tuple[str, ...] = ()
    chatter_zh: tuple[str, ...] = ()


def sources(folder: Path) -> Sources:
    return Sources(
        tuple(shop_names(folder)),
        tuple(us_addresses(folder)),
        tuple(sorted({*_other_talk(folder), *_clinc(folder)})),
        tuple(_crosswoz(folder)),
    )


def shop_names(folder: Path) -> list[str]:
    """Product descriptions of a real gift shop."""
    path = required(folder / "buyers" / "uci_online_retail" / "to_2011-09.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        found = {row["Description"].strip().lower() for row in csv.DictReader(file)}
    return sorted(
        name for name in found if 6 < len(name) < 40 and name[0].isalpha() and " " in name
    )


def _other_talk(folder: Path) -> Iterator[str]:
    """Turns about flights and insurance in which the annotators found nothing."""
    for domain in DOMAINS[1:]:
        for turn in multidogo(folder, domain, "train"):
            if 4 <= len(turn.tokens) <= 25 and set(turn.tags) == {"O"}:
                yield " ".join(turn.tokens)


def _clinc(folder: Path) -> Iterator[str]:
    path = required(folder / "service" / "clinc150" / "train_val.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    skipped = {"order", "shopping_list_update", "reminder_update", "pay_bill", "transfer"}
    for text, intent in found["train"]:
        if intent not in skipped and not re.search(r"\d", text):
            yield text


def _crosswoz(folder: Path) -> Iterator[str]:
    """What Chinese visitors said to a guide."""
    path = required(folder / "service" / "crosswoz_zh" / "val.json.zip")
    with zipfile.ZipFile(path) as archive:
        dialogues = json.loads(archive.read("val.json"))
    for dialogue in dialogues.values():
        for message in dialogue["messages"]:
            for sentence in re.split(r"[。！？]", message["content"]):
                if 4 <= len(sentence) <= 30 and not re.search(r"\d|地址", sentence):
                    yield sentence
