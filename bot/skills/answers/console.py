"""A shop's knowledge as its merchant sees and changes it: listed, searched, edited, and put back.

Every change goes through the `Editor`, which checks it with all the rest, and leaves a line in the audit log with
the shop's own words before and after; that line is what putting back goes by.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.conversation.messages import Language, normalise
from bot.skills.answers.editing import Edit, Editor, Kind, Raw
from bot.skills.answers.facts import BadFact, parse_fact, to_text
from bot.skills.answers.knowledge import AnswerEntry, BadKnowledge, Knowledge, Policy
from bot.skills.answers.models import TRAINING, Version, Versions
from bot.skills.answers.placeholders import placeholders_in
from bot.skills.answers.unanswered import Cluster, clustered
from bot.store.changes import Author, ChangeInfo, access_change, recent_changes, record
from bot.store.clock import new_id, utc_now
from bot.store.engine import NotFound, Store
from bot.store.jobs import ACTIVE, cancel_job, enqueue, latest_of_kind
from bot.store.people import person_by_id
from bot.store.proposals import ProposalInfo, close_proposal, open_proposals
from bot.store.questions import close_questions, unanswered
from ml.orders.tokens import fold
from ml.serving import ModelError

ANSWER, FACT, POLICY, MODEL = "answer", "fact", "policy", "model"
NAMES = tuple(
    f"{part}.{what}"
    for part in (ANSWER, FACT, POLICY, MODEL)
    for what in ("save", "use", "hide", "restore", "put_back")
)
HISTORY = 100
WORDS_IN_ID = 6
MOST_NAMED = 3
_GONE = {"delete": "true"}

Both = Mapping[Language, str]
Value = str | Mapping[str, str] | Sequence[str | Mapping[str, str]]
"""A fact as a file has it; see `facts.parse_fact`."""


class State(StrEnum):
    """Whose words count: the shipped ones, the shop's in their place, the shop's alone, or none."""

    SHIPPED = "shipped"
    CHANGED = "changed"
    OWN = "own"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Brief:
    """An answer in a list; `forms` counts its questions, `silent` says that it cannot be told now."""

    id: str
    topic: str
    answer: Both
    question: Both
    forms: int
    state: State
    silent: bool


@dataclass(frozen=True)
class Listing:
    """What a search found; `topics` counts the answers of each, `values` has every fact in both languages."""

    entries: tuple[Brief, ...]
    topics: Mapping[str, int]
    values: Mapping[str, Both]
    intents: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Shown:
    """An answer as it can be edited; `warnings` are lines about it."""

    id: str
    topic: str
    intents: tuple[str, ...]
    answer: Both
    questions: Mapping[Language, tuple[str, ...]]
    state: State
    silent: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """What an answer is to say from now on."""

    topic: str
    intents: tuple[str, ...]
    answer: Both
    questions: Mapping[Language, tuple[str, ...]]


@dataclass(frozen=True)
class ShownFact:
    """A value as a file has it and as it is told; `used` counts the answers and policies that tell it."""

    name: str
    value: object
    told: Both
    state: State
    used: int


@dataclass(frozen=True)
class ShownPolicy:
    """A topic's text and facts."""

    topic: str
    title: Both
    text: Both
    state: State
    facts: tuple[ShownFact, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Past:
    """A change that was made: by whom, of what, and the words before and after it."""

    id: str
    at: datetime
    person: str
    name: str
    subject: str
    before: object
    after: object


@dataclass(frozen=True)
class Waiting:
    """What waits for the merchant."""

    clusters: tuple[Cluster, ...]
    proposals: tuple[ProposalInfo, ...]


@dataclass(frozen=True)
class Job:
    """A training as its merchant sees it; `error` says why it failed."""

    state: str
    done: int
    total: int
    error: str


@dataclass(frozen=True)
class Models:
    """The trained versions, newest first; an empty name is the shipped model."""

    versions: tuple[Version, ...]
    current: str
    before: str | None
    job: Job | None


class Console:
    """One shop's knowledge, and the person who looks after it."""

    def __init__(self, store: Store, shop: str, person: str, editor: Editor | None = None) -> None:
        """Raises `BadKnowledge` for what is no name of a shop."""
        self._store, self._shop, self._person = store, shop, person
        self._editor = editor or Editor(shop)

    def answers(self, query: str = "", topic: str = "") -> Listing:
        """The answers with all words of the query in their texts or questions; raises `BadKnowledge`."""
        known, shipped = self._editor.knowledge(), self._editor.shipped()
        own = self._editor.own_subjects(Kind.ANSWER)
        entries = [*known.answers.values(), *_hidden(known, shipped)]
        wanted = _plain(query).split()
        found = [
            _brief(entry, known, _state(entry.id, known.answers, shipped.answers, own))
            for entry in entries
            if topic in ("", entry.topic) and _has(entry, wanted)
        ]
        return Listing(
            tuple(sorted(found, key=lambda brief: (brief.topic, brief.id))),
            dict(sorted(Counter(entry.topic for entry in entries).items())),
            {name: _told(known, name) for name in sorted(known.facts)},
            tuple(sorted({intent for entry in entries for intent in entry.intents})),
            len(entries),
        )

    def answer(self, id_: str) -> Shown:
        """One answer; raises `NotFound`."""
        known, shipped = self._editor.knowledge(), self._editor.shipped()
        entry = known.answers.get(id_) or shipped.answers.get(id_)
        if entry is None:
            raise NotFound(f"no answer {id_!r}")
        own = self._editor.own_subjects(Kind.ANSWER)
        return Shown(
            entry.id,
            entry.topic,
            entry.intents,
            entry.answer,
            entry.questions,
            _state(id_, known.answers, shipped.answers, own),
            _silent(entry, known),
            (*_warned(known, f"{entry.source}, entry {id_}: "), *_twice(entry, known)),
        )

    def save(self, id_: str, draft: Draft) -> Shown:
        """Make this the answer of an id, or of a new one where it is empty; raises `BadKnowledge`."""
        known = self._editor.knowledge()
        id_ = id_ or _new_id_of(draft, known)
        raw: Raw = {
            "intents": list(draft.intents or _usual_intents(draft.topic, known)),
            "answer": {str(lang): text for lang, text in draft.answer.items() if text.strip()},
            "questions": {str(lang): list(forms) for lang, forms in draft.questions.items()},
        }
        self._put(f"{ANSWER}.save", id_, draft.topic, raw)
        return self.answer(id_)

    def unanswered(self) -> Waiting:
        """What customers asked in vain, and what the shop's people answered by hand."""
        with self._store.read() as session:
            questions = unanswered(session, self._shop)
            proposals = open_proposals(session, self._shop)
            people = {p.person: person_by_id(session, self._shop, p.person) for p in proposals}
        names = {id_: person.name if person else "" for id_, person in people.items()}
        offered = tuple(replace(p, person=names[p.person]) for p in proposals)
        return Waiting(clustered(questions), offered)

    def dealt_with(self, questions: Sequence[str], proposal: str = "") -> int:
        """Take questions and a proposal off the list; how many questions were on it. Other shops' are left alone."""
        with self._store.write() as session:
            if proposal:
                close_proposal(session, self._shop, proposal)
            return close_questions(session, self._shop, questions, utc_now())

    def models(self) -> Models:
        """The trained versions, the one in place and before, and the newest training."""
        versions = Versions(self._shop)
        with self._store.read() as session:
            job = latest_of_kind(session, self._shop, TRAINING)
        known = Job(job.state, job.done, job.total, job.error) if job else None
        return Models(versions.trained(), versions.current(), versions.before(), known)

    def train(self) -> Models:
        """Begin a training, where none is under way."""
        now = utc_now()
        version = f"{now:%Y%m%d-%H%M%S}-{new_id()[:4]}"
        with self._store.write() as session:
            job = latest_of_kind(session, self._shop, TRAINING)
            if job is None or job.state not in ACTIVE:
                arguments = {"version": version}
                enqueue(
                    session,
                    self._shop,
                    f"train-{new_id()}",
                    TRAINING,
                    arguments,
                    conversation=None,
                    language=Language.EN,
                )
        return self.models()

    def stop_training(self) -> Models:
        """Stop the training that is under way, if one is."""
        with self._store.write() as session:
            job = latest_of_kind(session, self._shop, TRAINING)
            if job:
                cancel_job(session, self._shop, job.id)
        return self.models()

    def use_model(self, version: str, name: str = f"{MODEL}.use") -> Models:
        """Put a version in place; empty is the shipped one. Raises `NotFound`, `BadKnowledge`."""
        versions = Versions(self._shop)
        try:
            before = versions.put_in_place(version)
        except ModelError as error:
            raise BadKnowledge(str(error)) from None
        try:
            self._record(name, version or "shipped", before, version, MODEL)
        except Exception:
            versions.put_in_place(before)
            raise
        return self.models()

    def take_out(self, id_: str) -> None:
        """Say this no more; raises `NotFound`."""
        shown = self.answer(id_)
        gone: Raw | None = None if shown.state is State.OWN else {"id": id_, **_GONE}
        self._put(f"{ANSWER}.hide", id_, shown.topic, gone)

    def restore(self, id_: str) -> Shown:
        """Say what is shipped again; raises `NotFound` where nothing is."""
        if id_ not in self._editor.shipped().answers:
            raise NotFound(f"no shipped answer {id_!r}")
        self._put(f"{ANSWER}.restore", id_, self.answer(id_).topic, None)
        return self.answer(id_)

    def policies(self) -> tuple[ShownPolicy, ...]:
        """Every topic with its text and facts; raises `BadKnowledge`."""
        known, shipped = self._editor.knowledge(), self._editor.shipped()
        used = Counter(name for text in _texts(known) for name in placeholders_in(text))
        return tuple(
            self._shown_policy(policy, known, shipped, used)
            for _, policy in sorted(known.policies.items())
        )

    def policy(self, topic: str) -> ShownPolicy:
        """One topic; raises `NotFound`."""
        found = next((policy for policy in self.policies() if policy.topic == topic), None)
        if found is None:
            raise NotFound(f"no policy {topic!r}")
        return found

    def save_policy(self, topic: str, title: Both, text: Both) -> ShownPolicy:
        """Make this the text of a topic; raises `NotFound`, `BadKnowledge`."""
        self.policy(topic)
        words = {"title": _filled(title), "text": _filled(text)}
        self._put_policy(f"{POLICY}.save", topic, words)
        return self.policy(topic)

    def restore_policy(self, topic: str) -> ShownPolicy:
        """Say the shipped text again; the shop's own facts stay."""
        if topic not in self._editor.shipped().policies:
            raise NotFound(f"no shipped policy {topic!r}")
        self._put_policy(f"{POLICY}.restore", topic, {})
        return self.policy(topic)

    def save_fact(self, topic: str, name: str, value: Value) -> ShownPolicy:
        """Make this the value of a fact, known or new; raises `NotFound`, `BadKnowledge`."""
        fact = self._editor.knowledge().facts.get(name)
        topic = fact.topic if fact else topic
        self.policy(topic)
        self._put_fact(f"{FACT}.save", topic, name, value)
        return self.policy(topic)

    def restore_fact(self, name: str) -> ShownPolicy:
        """Take the shop's own value away: the shipped one counts again, or the fact is gone."""
        fact = self._editor.knowledge().facts.get(name)
        if fact is None:
            raise NotFound(f"no fact {name!r}")
        self._put_fact(f"{FACT}.restore", fact.topic, name, None)
        return self.policy(fact.topic)

    def history(self) -> tuple[Past, ...]:
        """The newest changes, newest first."""
        with self._store.read() as session:
            changes = recent_changes(session, self._shop, NAMES, HISTORY)
            people = {
                change.person: person_by_id(session, self._shop, change.person)
                for change in changes
            }
        names = {id_: person.name if person else "" for id_, person in people.items()}
        return tuple(_past(change, names[change.person]) for change in changes)

    def put_back(self, change_id: str) -> None:
        """Make it as it was before a change; raises `NotFound`, and `BadKnowledge` where that fits no more."""
        with self._store.read() as session:
            change = access_change(session, self._shop, change_id)
        if change.name not in NAMES or not change.before:
            raise NotFound(f"no change {change_id!r} to put back")
        part = change.name.partition(".")[0]
        topic, words = str(change.before["topic"]), change.before["words"]
        name = f"{part}.put_back"
        if part == MODEL:
            self.use_model(str(words), name)
        elif part == ANSWER:
            self._put(name, change.subject, topic, words)
        elif part == FACT:
            self._put_fact(name, topic, change.subject, words)
        else:
            self._put_policy(name, change.subject, words or {})

    def _shown_policy(
        self, policy: Policy, known: Knowledge, shipped: Knowledge, used: Mapping[str, int]
    ) -> ShownPolicy:
        raw = self._editor.own(Kind.POLICY, policy.topic) or {}
        own = set(raw.get("facts", {}))
        facts = [
            ShownFact(
                name,
                to_text(fact.value),
                _told(known, name),
                _state(name, known.facts, shipped.facts, own),
                used[name],
            )
            for name, fact in known.facts.items()
            if fact.topic == policy.topic
        ]
        worded = {policy.topic} if _words_of(raw) else set()
        return ShownPolicy(
            policy.topic,
            policy.title,
            policy.text,
            _state(policy.topic, known.policies, shipped.policies, worded),
            tuple(sorted(facts, key=lambda fact: fact.name)),
            _warned(known, f"{policy.source}: "),
        )

    def _put(self, name: str, id_: str, topic: str, raw: Raw | None) -> None:
        edit = self._editor.put(Kind.ANSWER, id_, topic, raw)
        self._written(edit, name, id_, edit.before, raw)

    def _put_policy(self, name: str, topic: str, words: Raw) -> None:
        """Change the words of a policy, and not its facts."""
        edit = self._editor.change(
            Kind.POLICY,
            topic,
            topic,
            lambda own: {**words, **({"facts": own["facts"]} if own and "facts" in own else {})},
        )
        self._written(edit, name, topic, _words_of(edit.before or {}), words)

    def _put_fact(self, name: str, topic: str, fact: str, value: object) -> None:
        edit = self._editor.change(
            Kind.POLICY, topic, topic, lambda own: _with_fact(own or {}, fact, value)
        )
        before = (edit.before or {}).get("facts", {}).get(fact)
        self._written(edit, name, fact, before, value)

    def _written(self, edit: Edit, name: str, subject: str, before: object, after: object) -> None:
        """Write down a change that the files have already; where that fails they are as before again."""
        try:
            self._record(name, subject, before, after, edit.topic)
        except Exception:
            self._editor.put(edit.kind, edit.subject, edit.topic, edit.before)
            raise

    def _record(self, name: str, subject: str, before: object, after: object, topic: str) -> None:
        with self._store.write() as session:
            record(
                session,
                self._shop,
                Author(self._person, new_id()),
                name,
                subject,
                now=utc_now(),
                before={"topic": topic, "words": before},
                after={"topic": topic, "words": after},
            )


def told_value(value: Value) -> Both:
    """How a fact would be told; raises `BadKnowledge`."""
    try:
        fact = parse_fact(value)
    except BadFact as error:
        raise BadKnowledge(str(error)) from None
    return {language: fact.render(language) for language in Language}


def _state(
    name: str,
    known: Mapping[str, object],
    shipped: Mapping[str, object],
    own: set[str] | frozenset[str],
) -> State:
    if name not in known:
        return State.HIDDEN
    if name not in own:
        return State.SHIPPED
    return State.CHANGED if name in shipped else State.OWN


def _hidden(known: Knowledge, shipped: Knowledge) -> Iterator[AnswerEntry]:
    return (entry for id_, entry in shipped.answers.items() if id_ not in known.answers)


def _brief(entry: AnswerEntry, known: Knowledge, state: State) -> Brief:
    return Brief(
        entry.id,
        entry.topic,
        entry.answer,
        {language: forms[0] for language, forms in entry.questions.items() if forms},
        sum(len(forms) for forms in entry.questions.values()),
        state,
        _silent(entry, known),
    )


def _silent(entry: AnswerEntry, known: Knowledge) -> bool:
    return not all(known.fillable(text) for text in entry.answer.values())


def _has(entry: AnswerEntry, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    texts = (entry.id, *entry.answer.values(), *(q for of in entry.questions.values() for q in of))
    text = _plain("\n".join(texts))
    return all(word in text for word in wanted)


def _plain(text: str) -> str:
    return fold(normalise(text)).lower()


def _told(known: Knowledge, name: str) -> Both:
    return {language: known.facts[name].value.render(language) for language in Language}


def _warned(known: Knowledge, where: str) -> tuple[str, ...]:
    return tuple(line.removeprefix(where) for line in known.warnings if line.startswith(where))


def _twice(entry: AnswerEntry, known: Knowledge) -> Iterator[str]:
    """Questions that another answer has too: only one of them can be found by it."""
    mine = {_plain(form): form for forms in entry.questions.values() for form in forms}
    found = 0
    for other in known.answers.values():
        same = [mine[_plain(q)] for of in other.questions.values() for q in of if _plain(q) in mine]
        if other.id != entry.id and same and found < MOST_NAMED:
            found += 1
            yield f"{same[0][:80]!r} is a question of {other.id} too; keep it in one of them"


def _new_id_of(draft: Draft, known: Knowledge) -> str:
    """An id that says what the answer is about, and that no other has."""
    first = next(iter(draft.questions.get(Language.EN, ())), "")
    words = re.findall(r"[a-z0-9]+", re.sub(r"\{\w*\}", " ", first.lower()))[:WORDS_IN_ID]
    stem = "-".join(words)[:60].strip("-") or f"answer-{new_id()[:8]}"
    numbered = (f"{stem}-{number}" for number in range(2, len(known.answers) + 3))
    return next(id_ for id_ in (stem, *numbered) if id_ not in known.answers)


def _usual_intents(topic: str, known: Knowledge) -> list[str]:
    """What the answers of the topic are mostly asked as."""
    intents = Counter(i for e in known.answers.values() if e.topic == topic for i in e.intents)
    return [intent for intent, _ in intents.most_common(1)]


def _texts(known: Knowledge) -> Iterator[str]:
    """A text of each answer and policy; both languages have the same placeholders."""
    for entry in known.answers.values():
        yield next(iter(entry.answer.values()), "")
    for policy in known.policies.values():
        yield next(iter(policy.text.values()), "")


def _filled(texts: Both) -> dict[str, str]:
    return {str(language): text for language, text in texts.items() if text.strip()}


def _words_of(raw: Raw) -> Raw:
    return {name: part for name, part in raw.items() if name != "facts"}


def _with_fact(raw: Raw, name: str, value: object) -> Raw:
    facts: dict[str, Any] = {n: v for n, v in raw.get("facts", {}).items() if n != name}
    if value is not None:
        facts[name] = value
    return {**_words_of(raw), **({"facts": facts} if facts else {})}


def _past(change: ChangeInfo, person: str) -> Past:
    before, after = change.before or {}, change.after or {}
    return Past(
        change.id,
        change.made_at,
        person,
        change.name,
        change.subject,
        before.get("words"),
        after.get("words"),
    )
