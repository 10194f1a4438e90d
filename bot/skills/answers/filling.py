"""Puts facts and records into an answer's placeholders; what cannot be filled is not said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bot.conversation.messages import Language
from bot.skills.answers.knowledge import Knowledge
from bot.skills.answers.placeholders import placeholders_in, replaced
from bot.skills.answers.records import Records, Value


@dataclass(frozen=True)
class Filled:
    """A template with its values in it, and where each of them comes from."""

    template: str
    text: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Unfilled:
    """A template that cannot be told now: what it needs and nobody knows."""

    template: str
    missing: frozenset[str]


def fill(
    template: str, language: Language, knowledge: Knowledge, records: Records
) -> Filled | Unfilled:
    """The template's text for a reader."""
    known = evidence(language, knowledge, records)
    names = placeholders_in(template)
    missing = names - known.keys()
    if missing:
        return Unfilled(template, missing)
    text = replaced(template, lambda name: known[name].text)
    return Filled(template, text.strip(), {name: known[name] for name in sorted(names)})


def evidence(language: Language, knowledge: Knowledge, records: Records) -> dict[str, Value]:
    """Everything that may be said, by placeholder."""
    return {**_facts(knowledge)[language], **records.values()}


_Rendered = Mapping[Language, Mapping[str, Value]]
_KNOWN: WeakKeyDictionary[Knowledge, _Rendered] = WeakKeyDictionary()


def _facts(knowledge: Knowledge) -> _Rendered:
    """The facts in each language, rendered once while the files stay the same."""
    known = _KNOWN.get(knowledge)
    if known is None:
        known = {
            language: {
                name: Value(fact.value.render(language), f"{fact.source}:{name}")
                for name, fact in knowledge.facts.items()
            }
            for language in Language
        }
        _KNOWN[knowledge] = known
    return known
