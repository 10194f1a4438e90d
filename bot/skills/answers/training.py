"""Trains a shop's answerer on the shop's own questions, and compares it with the one in place.

`python -m bot.skills.answers.training SHOP VERSION`: a process of its own, so that it can be stopped and its memory
given back; it tells how far it is in lines of JSON, and ends with whoever started it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from bot.conversation.messages import Language
from bot.settings import settings
from bot.skills.answers.knowledge import (
    SHIPPED,
    BadKnowledge,
    Knowledge,
    load_folders,
    load_knowledge,
)
from bot.skills.answers.models import Comparison, Row, Versions
from bot.store.engine import NotFound
from ml.answers.answerer import Answerer, pretrained
from ml.answers.pairs import is_held_out, tidied
from ml.answers.states import Reads
from ml.answers.types import Example, Generated
from ml.answers.words import spoken
from ml.sentence import Encoded, SentenceEncoder
from ml.serving import ModelError

OWN, VALIDATION = "own", "validation"
HELD_PART = 5
"""One of so many of the shop's own question forms is kept from the training, to judge by."""
FEWEST_FORMS = 3
PRETRAINED = pretrained()
QUESTIONS = SHIPPED / "questions" / "validation.jsonl"
_ROUND = re.compile(r"round (\d+) of (\d+)")


class Writes(Protocol):
    """A trained answerer, as far as judging it goes."""

    def generate(self, question: Encoded, language: str, beams: int = 4) -> Sequence[Generated]:
        """Answers, the likeliest first."""


class Trains(Protocol):
    """What fits an answerer; see `ml.answers.train.train`."""

    def __call__(
        self,
        examples: Sequence[Example],
        start: Path,
        out: Path,
        say: Callable[[str], None],
        *,
        encoder: Reads,
    ) -> object:
        """Train from the weights in `start` and write the answerer into `out`."""


@dataclass(frozen=True)
class Judged:
    """A question of a set, and the answers (as the network writes them) of which each is right."""

    questions: str
    language: str
    text: str
    right: frozenset[str]


@dataclass(frozen=True)
class Trainer:
    """How a shop is trained; the defaults are the real ones."""

    train: Trains
    encoder: Reads
    load: Callable[[Path], Writes] = Answerer.load
    start: Path = PRETRAINED
    questions: Path = QUESTIONS

    def version(self, shop: str, version: str, tell: Callable[[str], None]) -> Comparison:
        """Train a version and compare it; raises `BadKnowledge`, `ModelError`, `ValueError`."""
        knowledge, versions = load_knowledge(shop), Versions(shop)
        known, held = split(examples(knowledge), own_answers(knowledge))
        self.train(known, self.start, versions.folder(version), tell, encoder=self.encoder)
        tell("comparing")
        judged = [*held, *validation(self.questions, knowledge)]
        against = versions.current()
        old, new = self.load(versions.in_place()), self.load(versions.folder(version))
        comparison = Comparison(against, tuple(compared(judged, old, new, self.encoder)))
        versions.compared(version, comparison)
        return comparison


def examples(knowledge: Knowledge) -> list[Example]:
    """What there is to learn: every answer that can be told, with its question forms."""
    return [
        Example(entry.id, str(language), text, entry.questions[language])
        for entry in knowledge.answers.values()
        for language, text in entry.answer.items()
        if knowledge.fillable(text) and entry.questions.get(language)
    ]


def own_answers(knowledge: Knowledge) -> frozenset[str]:
    """The answers that are not as shipped."""
    shipped = load_folders(SHIPPED).answers
    return frozenset(
        id_
        for id_, entry in knowledge.answers.items()
        if id_ not in shipped
        or (entry.answer, entry.questions) != (shipped[id_].answer, shipped[id_].questions)
    )


def split(known: Iterable[Example], own: frozenset[str]) -> tuple[list[Example], list[Judged]]:
    """The examples without some of the shop's own question forms, and these forms to judge by.

    Which ones is settled by their text (SHA-256), so a later training holds out the same; an answer with few forms
    keeps them all.
    """
    rest: list[Example] = []
    held: list[Judged] = []
    for example in known:
        few = len(example.questions) < FEWEST_FORMS
        out = () if few or example.id not in own else _held_out(example.questions)
        right = frozenset({tidied(example.answer)})
        held += [Judged(OWN, example.language, text, right) for text in out]
        rest.append(replace(example, questions=tuple(q for q in example.questions if q not in out)))
    return rest, held


def _held_out(questions: Sequence[str]) -> tuple[str, ...]:
    """At most half: something has to be left to learn from."""
    return tuple(q for q in questions if is_held_out(q, HELD_PART))[: len(questions) // 2]


def validation(path: Path, knowledge: Knowledge) -> Iterator[Judged]:
    """Questions of a set that nothing is trained on, as far as the shop still has an answer to them."""
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        language = Language(row["language"])
        entries = [knowledge.answers[id_] for id_ in row["expected"] if id_ in knowledge.answers]
        right = frozenset(tidied(e.answer[language]) for e in entries if language in e.answer)
        if right and "parts" not in row:
            yield Judged(VALIDATION, language, row["text"], right)


def compared(judged: Iterable[Judged], old: Writes, new: Writes, encoder: Reads) -> Iterator[Row]:
    """Both models on the same questions, by set and language."""
    groups: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for one in judged:
        read = encoder.read(spoken(one.text))
        pair = _right(one, old, read), _right(one, new, read)
        groups[one.questions, one.language].append(pair)
    for (questions, language), pairs in sorted(groups.items()):
        yield Row(
            questions,
            language,
            len(pairs),
            sum(before for before, _ in pairs),
            sum(after for _, after in pairs),
            sum(after and not before for before, after in pairs),
            sum(before and not after for before, after in pairs),
        )


def _right(judged: Judged, model: Writes, read: Encoded) -> bool:
    written = model.generate(read, judged.language)
    return bool(written) and written[0].text in judged.right


def main(arguments: list[str]) -> int:
    """Train; 1 with one line on standard error where that cannot be."""
    if len(arguments) != 2:
        print("Usage: python -m bot.skills.answers.training SHOP VERSION", file=sys.stderr)
        return 2
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from ml.answers.train import train  # TensorFlow: only where something is trained

    try:
        encoder = SentenceEncoder.kept(settings().home / "encoder")
        Trainer(train, encoder).version(arguments[0], arguments[1], _say)
    except (BadKnowledge, ModelError, NotFound, ValueError) as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return 1
    return 0


def _say(line: str) -> None:
    at = _ROUND.search(line)
    done, total = (int(at[1]), int(at[2])) if at else (0, 0)
    print(json.dumps({"said": line, "done": done, "total": total}), flush=True)


def _end_with_parent() -> None:
    """Standard input ends when whoever started this is gone, however that came."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
