"""Policy and answer files, checked at the edge: what a file may say, and what is wrong with one that says else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.conversation.messages import Language
from bot.skills.answers.facts import BadFact, FactValue, parse_fact
from bot.skills.answers.yaml_files import BadFile, Plain, parse_yaml, read_yaml

LONGEST_TEXT = 4_000
MOST_QUESTIONS = 2_000
LONGEST_QUESTION = 500
MOST_ENTRIES = 2_000

TOPIC = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
FACT = re.compile(r"[a-z][a-z0-9_]{0,63}")
INTENT = r"^[a-z][a-z_]{0,63}$"

_PROBLEMS = {
    "string_pattern_mismatch": "has a character it may not have; use small letters, and digits and - in an id",
    "string_type": "is not a text; quote it if it begins with { or [",
    "string_too_short": "is empty; write something, or remove it",
    "string_too_long": "is too long; split it",
    "tuple_type": "is not a list; write [one, another], or a line with - for each",
    "dict_type": "is not in two languages; write {en: ..., zh: ...}",
    "model_type": "is not an entry; begin it with - id: ...",
    "extra_forbidden": "is not a name I know; check its spelling",
    "enum": "is not a language I speak; there are en and zh (and quote a text with a comma)",
    "missing": "is missing; write it",
}

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Question = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]
Questions = Annotated[tuple[Question, ...], Field(max_length=MOST_QUESTIONS)]
EntryId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Intents = Annotated[tuple[Annotated[str, Field(pattern=INTENT)], ...], Field(max_length=20)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class PolicyFile(_Strict):
    """`policies/TOPIC.yml`; in a shop's own folder every part may be left out."""

    title: dict[Language, Text] = {}
    intents: Intents = ()
    facts: dict[str, Any] = {}
    text: dict[Language, Text] = {}
    delete: bool = False

    @field_validator("facts")
    @classmethod
    def _typed(cls, raw: Mapping[str, object]) -> dict[str, FactValue | None]:
        """Values by name; None is a fact that the shop takes out."""
        return {name: _fact(name, value) for name, value in raw.items()}


class EntryFile(_Strict):
    """One entry of `answers/TOPIC.yml`; with `hand_over` its questions go to a person and it has no answer."""

    id: EntryId
    intents: Intents = ()
    answer: dict[Language, Text] = {}
    questions: dict[Language, Questions] = {}
    hand_over: bool = False
    delete: bool = False

    @model_validator(mode="after")
    def _complete(self) -> EntryFile:
        if self.delete:
            return self
        if self.hand_over:
            return self._reserved()
        if not self.answer:
            raise ValueError("has no answer; write answer: {en: ..., zh: ...}")
        lacking = [language for language in self.answer if not self.questions.get(language)]
        if lacking:
            raise ValueError(f"has no questions in {lacking[0]}; write at least one")
        return self

    def _reserved(self) -> EntryFile:
        if self.answer:
            raise ValueError("goes to a person and has an answer; keep hand_over: or answer:")
        if not any(self.questions.values()):
            raise ValueError("has no questions; write at least one")
        return self


NearMisses = dict[EntryId, dict[Language, Questions]]
_NEAR_MISSES = TypeAdapter(NearMisses)


def read_policy(path: Path) -> PolicyFile:
    """The policy of a file; raises `BadFile`."""
    return parse_policy(read_yaml(path), path.name)


def parse_policy(raw: Plain, name: str) -> PolicyFile:
    """The policy of a read file; `name` is how errors call it."""
    if not TOPIC.fullmatch(Path(name).stem):
        raise BadFile(f"{name}: name it TOPIC.yml, with small letters, digits, - and _ only")
    if not isinstance(raw, dict):
        raise BadFile(f"{name}: begins with title:, intents:, facts: or text:, not with a list")
    try:
        return PolicyFile.model_validate(raw)
    except ValidationError as error:
        raise BadFile(f"{name}: {_told(error)}") from None


def read_answers(path: Path) -> list[EntryFile]:
    """The entries of a file; raises `BadFile`."""
    return parse_answers(read_yaml(path), path.name)


def parse_answers(raw: Plain, name: str) -> list[EntryFile]:
    """The entries of a read file; `name` is how errors call it."""
    if not TOPIC.fullmatch(Path(name).stem):
        raise BadFile(f"{name}: name it TOPIC.yml, with small letters, digits, - and _ only")
    if not isinstance(raw, list):
        raise BadFile(f"{name}: is a list of entries, each beginning with - id: ...")
    if len(raw) > MOST_ENTRIES:
        raise BadFile(f"{name}: has more than {MOST_ENTRIES} entries; split it")
    return [_entry(item, name, place) for place, item in enumerate(raw, start=1)]


def parse_answers_text(text: str, name: str) -> list[EntryFile]:
    """The entries of a text that is not saved yet."""
    return parse_answers(parse_yaml(text, name), name)


def parse_near_misses(raw: Plain, name: str) -> NearMisses:
    """The questions that sound like an answer's and are not answered by it, by the answer's id; raises `BadFile`."""
    if not isinstance(raw, dict):
        raise BadFile(f"{name}: is answers' ids, each with {{en: [...], zh: [...]}}")
    try:
        return _NEAR_MISSES.validate_python(raw)
    except ValidationError as error:
        raise BadFile(f"{name}: {_told(error)}") from None


def _entry(item: Plain, name: str, place: int) -> EntryFile:
    entry = item.get("id", place) if isinstance(item, dict) else place
    try:
        return EntryFile.model_validate(item)
    except ValidationError as error:
        raise BadFile(f"{name}, entry {entry}: {_told(error)}") from None


def _fact(name: str, raw: object) -> FactValue | None:
    if not FACT.fullmatch(name):
        raise ValueError(f"the fact {name[:40]!r} needs a name of small letters, digits and _")
    if raw == {"delete": "true"}:
        return None
    try:
        return parse_fact(raw)
    except BadFact as error:
        raise ValueError(f"the fact {name}: {error}") from None


def _told(error: ValidationError) -> str:
    """The first problem, in a line."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    what = _PROBLEMS.get(first["type"], first["msg"].lower())
    return f"{where}: {what}" if where else what
