"""Holds an answer against the shop's files and records as they are now; what is not supported is not sent.

Three checks, each of which refuses alone: the template is made of whole answers or policy paragraphs that are in the
files now; the text is this template with the present values in it; and every claim of the text (see `claims`) stands
in those values, or in words that the shop itself wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bot.conversation.messages import Language
from bot.skills.answers.claims import Claim, claims_in, whole_number
from bot.skills.answers.filling import evidence
from bot.skills.answers.knowledge import Knowledge
from bot.skills.answers.placeholders import placeholders_in, replaced
from bot.skills.answers.records import Records
from bot.skills.answers.sentences import one_line, sentences


@dataclass(frozen=True)
class Verdict:
    """Whether an answer may be sent: what is not supported, else which answers and policies support it."""

    unsupported: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether everything stands somewhere."""
        return not self.unsupported


@dataclass(frozen=True)
class Checked:
    """An answer to be checked: the template that it claims to come from, and its text."""

    template: str
    text: str
    language: Language


def verify(answer: Checked, knowledge: Knowledge, records: Records) -> Verdict:
    """Whether all of an answer is supported now."""
    sources = supporting(answer.template, answer.language, knowledge)
    if not sources:
        return Verdict(("a sentence that no answer or policy has",))
    known = evidence(answer.language, knowledge, records)
    missing = sorted(placeholders_in(answer.template) - known.keys())
    if missing:
        return Verdict(tuple(f"{{{name}}}" for name in missing))
    expected = replaced(answer.template, lambda name: known[name].text)
    if one_line(expected) != one_line(answer.text):
        return Verdict(("a text that differs from its answer and the records",))
    values = {name: known[name].text for name in placeholders_in(answer.template)}
    loose = unsupported_claims(answer.text, answer.template, values, records)
    return Verdict(tuple(f"{claim.kind}: {claim.what}" for claim in loose), sources)


def unsupported_claims(
    text: str, template: str, values: Mapping[str, str], records: Records
) -> tuple[Claim, ...]:
    """The claims of a text that neither a value nor the template's own words have."""
    names = _product_names(records)
    evidence_texts = (*values.values(), _own_words(template, values))
    known = {claim for one in evidence_texts for claim in claims_in(one, names, evidence=True)}
    loose = claims_in(text, names) - known
    return tuple(sorted(loose, key=lambda claim: (claim.kind, claim.what)))


def _own_words(template: str, values: Mapping[str, str]) -> str:
    """The words that the shop wrote itself, with bare numbers in their places: they may have their unit there."""
    return replaced(
        template, lambda name: values[name] if whole_number(values[name]) is not None else " | "
    )


def supporting(template: str, language: Language, knowledge: Knowledge) -> tuple[str, ...]:
    """Which answers and policies, each whole and in this order, the template is made of; empty if it is not."""
    wanted = sentences(template)
    whole = _wholes(knowledge)[language]
    if not wanted:
        return ()
    reached: dict[int, tuple[str, ...]] = {0: ()}
    for start in range(len(wanted)):
        if start not in reached:
            continue
        for length in range(1, len(wanted) - start + 1):
            source = whole.get(wanted[start : start + length])
            if source:
                reached.setdefault(start + length, (*reached[start], source))
    return reached.get(len(wanted), ())


_Wholes = Mapping[Language, Mapping[tuple[str, ...], str]]
_KNOWN: WeakKeyDictionary[Knowledge, _Wholes] = WeakKeyDictionary()


def _wholes(knowledge: Knowledge) -> _Wholes:
    """What may be said as a whole, by its sentences: answers, policies and their paragraphs."""
    known = _KNOWN.get(knowledge)
    if known is None:
        known = {language: dict(_spoken(knowledge, language)) for language in Language}
        _KNOWN[knowledge] = known
    return known


def _spoken(knowledge: Knowledge, language: Language) -> Iterator[tuple[tuple[str, ...], str]]:
    for policy in knowledge.policies.values():
        text = policy.text.get(language, "")
        for part in (text, *text.splitlines()):
            if part.strip():
                yield sentences(part), f"policy:{policy.topic}"
    for entry in knowledge.answers.values():
        if language in entry.answer:
            yield sentences(entry.answer[language]), f"answer:{entry.id}"


def _product_names(records: Records) -> tuple[str, ...]:
    return tuple(
        name
        for product in records.look.products.values()
        for name in (product.name, product.name_zh, *product.aliases)
    )
