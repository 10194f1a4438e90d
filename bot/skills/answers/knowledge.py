"""What a shop says of itself: facts, policies, and answers with the questions they answer, as files have them now.

The files of the project (`data/`) come first; a shop's own (`SHOPCLERK_HOME/shops/SHOP/`) go over them: what has the
same topic, id or name wins, and `delete: true` takes one out. A changed file is read anew, without a restart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from bot.conversation.messages import Language
from bot.settings import ROOT, settings
from bot.skills.answers.entries import (
    EntryFile,
    NearMisses,
    PolicyFile,
    parse_answers,
    parse_near_misses,
    parse_policy,
)
from bot.skills.answers.facts import FactValue
from bot.skills.answers.placeholders import (
    MENTIONS,
    RECORD_FIELDS,
    placeholders_in,
    replaced,
    stray_braces,
)
from bot.skills.answers.yaml_files import BadFile, read_yaml

SHIPPED = ROOT / "data"
SHOP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadKnowledge(ValueError):
    """Files that cannot be used; the text says which file and entry, and what to do."""


@dataclass(frozen=True)
class Fact:
    """A typed value; `topic` is the policy that it stands in, `source` its file."""

    name: str
    value: FactValue
    topic: str
    source: str


@dataclass(frozen=True)
class Policy:
    """A text by language with facts in braces; `intents` are the questions that the whole of it answers."""

    topic: str
    title: Mapping[Language, str]
    intents: tuple[str, ...]
    text: Mapping[Language, str]
    source: str


@dataclass(frozen=True)
class AnswerEntry:
    """An answer template by language, and the ways in which people ask for it; `topic` is its file's name.

    What is to be handed over has no answer: its questions always go to a person. `near_misses` are questions that
    sound like the entry's and that neither it nor any other answers: they go to a person too.
    """

    id: str
    topic: str
    intents: tuple[str, ...]
    answer: Mapping[Language, str]
    questions: Mapping[Language, tuple[str, ...]]
    source: str
    hand_over: bool = False
    near_misses: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Knowledge:
    """All that a shop says of itself; `version` (SHA-256) changes with any of it.

    `withdrawn` are answers that the shop took out: their questions are still asked, and go to a person.
    """

    facts: Mapping[str, Fact]
    policies: Mapping[str, Policy]
    answers: Mapping[str, AnswerEntry]
    withdrawn: Mapping[str, AnswerEntry] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    version: str = ""

    def fillable(self, template: str) -> bool:
        """Whether every name in braces is a fact that is there now, or a field of a record."""
        return placeholders_in(template) <= self.facts.keys() | RECORD_FIELDS

    def policy_of(self, intent: str, language: Language) -> Policy | None:
        """The first policy that answers an intent in a language and can be told now."""
        return next((p for p in self.policies_of(intent, language)), None)

    def policies_of(self, intent: str, language: Language) -> Iterator[Policy]:
        """The policies that answer an intent in a language and can be told now."""
        for policy in self.policies.values():
            text = policy.text.get(language)
            if text and intent in policy.intents and self.fillable(text):
                yield policy

    def told(self, policy: Policy, language: Language) -> str:
        """A policy's text with its facts in it."""
        return replaced(
            policy.text[language], lambda name: self.facts[name].value.render(language)
        ).strip()


@dataclass
class _Layer:
    """What one folder says; a fact that is None is taken out."""

    policies: dict[str, tuple[PolicyFile, str]] = field(default_factory=dict)
    facts: dict[str, tuple[FactValue | None, str, str]] = field(default_factory=dict)
    answers: dict[str, tuple[EntryFile, str, str]] = field(default_factory=dict)
    near_misses: dict[str, Mapping[Language, tuple[str, ...]]] = field(default_factory=dict)


def load_knowledge(shop: str) -> Knowledge:
    """What a shop says of itself now; raises `BadKnowledge`."""
    return load_folders(SHIPPED, own_folder(shop))


def own_folder(shop: str) -> Path:
    """The folder of a shop's own files; it need not be there. Raises `BadKnowledge`."""
    if not SHOP_ID.fullmatch(shop):
        raise BadKnowledge(f"{shop[:40]!r} is no name of a shop")
    return settings().home / "shops" / shop


def load_folders(*folders: Path) -> Knowledge:
    """The knowledge of folders, a later one going over an earlier; raises `BadKnowledge`."""
    return _loaded(tuple(tuple(_stamps(folder)) for folder in folders))


def files_of(folder: Path) -> Iterator[Path]:
    """The policy and answer files of a folder, and those with near misses of its answers."""
    for part in ("policies", "answers", "near_misses"):
        for path in sorted((folder / part).glob("*.y*ml")):
            if path.is_file() and not path.name.startswith("."):
                yield path


_Stamp = tuple[Path, int, int]


def _stamps(folder: Path) -> Iterator[_Stamp]:
    for path in files_of(folder):
        stat = path.stat()
        yield path, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=16)
def _loaded(folders: tuple[tuple[_Stamp, ...], ...]) -> Knowledge:
    digest = hashlib.sha256()
    try:
        layers = [_read(stamps) for stamps in folders]
        for path, _, _ in (stamp for stamps in folders for stamp in stamps):
            digest.update(path.parent.name.encode() + path.name.encode() + path.read_bytes())
        known = _merged(layers)
        problems = _Checks(known, {name for layer in layers for name in layer.facts})
        problems.check()
    except BadFile as error:
        raise BadKnowledge(str(error)) from None
    except FileNotFoundError as error:  # removed since it was listed
        raise BadKnowledge(f"{error.filename} is gone; ask again") from None
    return replace(known, warnings=tuple(problems.warnings), version=digest.hexdigest())


def _read(stamps: Iterable[_Stamp]) -> _Layer:
    layer = _Layer()
    for stamp in stamps:
        path = stamp[0]
        name, read = f"{path.parent.name}/{path.name}", _parsed(stamp)
        if isinstance(read, PolicyFile):
            _add_policy(layer, read, path.stem, name)
        elif isinstance(read, dict):
            layer.near_misses |= read
        else:
            _add_answers(layer, read, path.stem, name)
    return layer


@lru_cache(maxsize=512)
def _parsed(stamp: _Stamp) -> PolicyFile | NearMisses | list[EntryFile]:
    """A file as it is since its stamp: an edit of one file need not wait for all others to be read again."""
    path = stamp[0]
    name, raw = f"{path.parent.name}/{path.name}", read_yaml(path)
    if path.parent.name == "policies":
        return parse_policy(raw, name)
    if path.parent.name == "near_misses":
        return parse_near_misses(raw, name)
    return parse_answers(raw, name)


def _add_policy(layer: _Layer, policy: PolicyFile, topic: str, name: str) -> None:
    if topic in layer.policies:
        raise BadFile(f"{name}: there is a {topic}.yml and a {topic}.yaml; keep one")
    layer.policies[topic] = (policy, name)
    for fact, value in policy.facts.items():
        if fact in RECORD_FIELDS:
            raise BadFile(f"{name}: {fact} is a field of a record; give the fact another name")
        if fact in layer.facts:
            raise BadFile(f"{name}: the fact {fact} is in {layer.facts[fact][2]} too; keep one")
        layer.facts[fact] = (value, topic, name)


def _add_answers(layer: _Layer, entries: Iterable[EntryFile], topic: str, name: str) -> None:
    for entry in entries:
        if entry.id in layer.answers:
            other = layer.answers[entry.id][2]
            raise BadFile(f"{name}, entry {entry.id}: the id is in {other} too; change one")
        layer.answers[entry.id] = (entry, topic, name)


def _merged(layers: Iterable[_Layer]) -> Knowledge:
    facts: dict[str, Fact] = {}
    policies: dict[str, Policy] = {}
    answers: dict[str, AnswerEntry] = {}
    withdrawn: dict[str, AnswerEntry] = {}
    near: dict[str, Mapping[Language, tuple[str, ...]]] = {}
    for layer in layers:
        near |= layer.near_misses
        for topic, (policy, source) in layer.policies.items():
            known = policies.pop(topic, None)
            if policy.delete:
                facts = {name: fact for name, fact in facts.items() if fact.topic != topic}
            else:
                policies[topic] = _over(known, topic, policy, source)
        for name, (value, topic, source) in layer.facts.items():
            facts.pop(name, None)
            if value is not None:
                facts[name] = Fact(name, value, topic, source)
        for id_, (entry, topic, source) in layer.answers.items():
            former = answers.pop(id_, None)
            withdrawn.pop(id_, None)
            if not entry.delete:
                answers[id_] = _answer(entry, topic, source)
            elif former:
                withdrawn[id_] = former
    told, silent = (
        {id_: replace(entry, near_misses=near.get(id_, {})) for id_, entry in group.items()}
        for group in (answers, withdrawn)
    )
    return Knowledge(
        MappingProxyType(facts),
        MappingProxyType(policies),
        MappingProxyType(told),
        MappingProxyType(silent),
    )


def _over(known: Policy | None, topic: str, policy: PolicyFile, source: str) -> Policy:
    """A policy with what a later file says of it; a text in one language drops the old one in the other."""
    return Policy(
        topic=topic,
        title=policy.title or (known.title if known else {}),
        intents=policy.intents or (known.intents if known else ()),
        text=policy.text or (known.text if known else {}),
        source=source if policy.text or not known else known.source,
    )


def _answer(entry: EntryFile, topic: str, source: str) -> AnswerEntry:
    return AnswerEntry(
        entry.id, topic, entry.intents, entry.answer, entry.questions, source, entry.hand_over
    )


class _Checks:
    """What only shows when all files are there: names that nothing stands behind."""

    def __init__(self, knowledge: Knowledge, names: set[str]) -> None:
        self.warnings: list[str] = []
        self._known = knowledge
        self._facts = names  # those taken out too: what needs one of them is silent, not wrong

    def check(self) -> None:
        """Raises `BadFile` at the first error; collects warnings."""
        for policy in self._known.policies.values():
            for text in policy.text.values():
                self._text(policy.source, text, self._facts)
        for entry in self._known.answers.values():
            where = f"{entry.source}, entry {entry.id}"
            for text in entry.answer.values():
                self._text(where, text, self._facts | RECORD_FIELDS)
            if len({placeholders_in(text) for text in entry.answer.values()}) > 1:
                self.warnings.append(f"{where}: its languages have different placeholders")
            for questions in (*entry.questions.values(), *entry.near_misses.values()):
                self._questions(where, questions)

    def _text(self, where: str, text: str, allowed: Iterable[str]) -> None:
        if stray_braces(text):
            raise BadFile(f"{where}: has a brace that is no {{placeholder}}; remove it")
        unknown = sorted(placeholders_in(text) - set(allowed))
        if unknown:
            raise BadFile(
                f"{where}: {{{unknown[0]}}} is not known; add it to facts: of a policy, or correct it"
            )
        literal = re.search(r"\d[\d.,:/-]*", re.sub(r"\{\w+\}", " ", text))
        if literal:
            self.warnings.append(
                f"{where}: {literal.group()!r} stands in the text; make it a fact with a placeholder"
            )

    def _questions(self, where: str, questions: Iterable[str]) -> None:
        for question in questions:
            stray = sorted(placeholders_in(question) - MENTIONS)
            if stray or stray_braces(question):
                raise BadFile(
                    f"{where}: a question may have {{product}} and {{order_number}} in braces, and nothing"
                    f" else: {question[:60]!r}"
                )
