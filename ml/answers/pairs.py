"""Reads what the answerer learns from: public dialogues, labelled questions, and the shop's own answers."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

from ml.answers.subwords import CHINESE, ENGLISH, TAGS, TOPIC, tidy
from ml.answers.types import Example
from ml.orders.data import required

# Rasa's files of labelled texts, part of this repository.
NLU = Path(__file__).resolve().parents[2] / "data" / "nlu"
_ENTITY = re.compile(r"\[([^\]]+)\](?:\((\w+)\)|\{[^}]*\})")
_MENTIONS = {"product": "{product}", "order_number": "{order_number}"}
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Pair:
    """What is read, what is written, and the control piece that says which kind of writing it is.

    `topic` numbers what a question is about, for the head that learns it beside the writing; -1 where
    it is not known or is more than one thing.
    """

    source: str
    target: str
    tag: str
    topic: int = -1


@dataclass(frozen=True, slots=True)
class Public:
    """The pairs to pretrain on and a part held out: of SGD its own `dev`, of the others every twentieth."""

    replies: tuple[Pair, ...]
    topics: tuple[Pair, ...]
    held_replies: tuple[Pair, ...]
    held_topics: tuple[Pair, ...]


def public(folder: Path, nlu: Path = NLU) -> Public:
    """Everything but the shop's own answers; raises `DataMissingError` where a set is missing."""
    english, chinese = sgd(folder, "train"), crosswoz(folder)
    labelled = [*labelled_texts(nlu), *clinc(folder), *bitext(folder)]
    kept: list[Pair] = []
    held: list[Pair] = []
    for pair in distinct(labelled):
        (held if is_held_out(pair.source) else kept).append(pair)
    known = {pair.source for pair in (*english, *chinese)}
    held_chinese = [pair for pair in chinese if is_held_out(pair.source)]
    return Public(
        (*english, *(pair for pair in chinese if not is_held_out(pair.source))),
        tuple(kept),
        (*(p for p in sgd(folder, "dev") if p.source not in known), *held_chinese),
        tuple(held),
    )


def is_held_out(text: str, part: int = 20) -> bool:
    """One text in `part`, the same ones whatever else there is."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % part == 0


def distinct(pairs: Iterable[Pair]) -> list[Pair]:
    return list(dict.fromkeys(pairs))


def sgd(folder: Path, part: str) -> list[Pair]:
    """Customer turn -> agent turn, English."""
    path = required(folder / "service" / "sgd_pairs" / f"{part}.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return distinct(
            Pair(tidy(row["user"]), " ".join(row["system"].split()), ENGLISH)
            for row in csv.DictReader(file)
        )


def crosswoz(folder: Path) -> list[Pair]:
    """What each side of a Chinese dialogue said -> what the other side answered."""
    path = required(folder / "service" / "crosswoz_zh" / "val.json.zip")
    with zipfile.ZipFile(path) as archive:
        dialogues = json.loads(archive.read("val.json"))
    turns = [[turn["content"].strip() for turn in d["messages"]] for d in dialogues.values()]
    return distinct(
        Pair(tidy(one), other, CHINESE) for said in turns for one, other in pairwise(said)
    )


def labelled_texts(nlu: Path = NLU) -> Iterator[Pair]:
    """Rasa's examples -> the words of their intent, with mentions as they are and as placeholders."""
    for path in sorted(required(nlu).glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" not in group:
                continue
            topic = group["intent"].replace("_", " ")
            for text in _texts(group["examples"]):
                for said in (_ENTITY.sub(r"\1", text), _ENTITY.sub(_mention, text)):
                    if said:
                        yield Pair(tidy(said), topic, TOPIC)


def _texts(examples: str | list[dict[str, str]]) -> list[str]:
    """Rasa writes a short example on a line of its own, and one of several lines as an item."""
    if isinstance(examples, str):
        return [line.strip().removeprefix("- ") for line in examples.splitlines()]
    return [item["text"].strip() for item in examples]


def _mention(found: re.Match[str]) -> str:
    return _MENTIONS.get(found[2] or "", found[1])


def clinc(folder: Path) -> Iterator[Pair]:
    path = required(folder / "service" / "clinc150" / "train_val.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    for text, intent in (*found["train"], *found["val"]):
        yield Pair(tidy(text), "assistant: " + intent.replace("_", " "), TOPIC)


def bitext(folder: Path) -> Iterator[Pair]:
    path = required(folder / "service" / "bitext" / "bitext_20k_utterances.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield Pair(tidy(row["utterance"]), "service: " + row["intent"].replace("_", " "), TOPIC)


def shop_pairs(examples: Sequence[Example]) -> list[Pair]:
    """Every question form -> its answer; forms of one id share a topic over all languages."""
    topics = {name: number for number, name in enumerate(dict.fromkeys(e.id for e in examples))}
    return [
        Pair(tidy(question), tidied(e.answer), TAGS[e.language], topics[e.id])
        for e in examples
        for question in e.questions
        if tidy(question)
    ]


def tidied(answer: str) -> str:
    """An answer as the network writes it: one line, single blanks."""
    return " ".join(answer.split())


def is_chinese(text: str) -> bool:
    return bool(_HAN.search(text))
