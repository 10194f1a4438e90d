"""Training and measuring the answers on the demo shop: whole answers, as customers would get them.

The questions (`data/questions/`) are synthetic, written by several who saw the answers and no question form. Gate and
thresholds were chosen on the validation set and the voices; the held-out sets are only measured.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sqlalchemy.orm import Session

from bot.conversation.messages import Language, normalise
from bot.demo import DEMO, ensure_demo_shop
from bot.inputs import BadInput, Document
from bot.question_texts import Line, desk_of, meant
from bot.settings import settings
from bot.skills.answers.answering import Answered, Decision, Desk, Question, answer
from bot.skills.answers.knowledge import SHIPPED, AnswerEntry, Knowledge, load_folders
from bot.skills.answers.placeholders import (
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    RECORD_FIELDS,
    placeholders_in,
)
from bot.skills.answers.ranking import candidates, entries, learned
from bot.skills.answers.training import examples
from bot.skills.answers.yaml_files import read_yaml
from bot.store.clock import utc_now
from bot.store.engine import NotFound, open_store
from bot.store.orders import OrderInfo, access_order
from ml.answers import answerer, gate, ranker
from ml.answers.answerer import Answerer
from ml.answers.fit import Judged
from ml.answers.fit import train as fit_ranking
from ml.answers.index import BM25, Forms
from ml.answers.rank import Query
from ml.answers.types import Example
from ml.answers.words import spoken
from ml.sentence import SentenceEncoder

QUESTIONS = SHIPPED / "questions"
CHOSEN_ON = ("validation", "voices")
SETS = ("validation", "heldout", "heldout2", "heldout3")
MOST_WRONG = 0.02
SEED = 7
CHANGED_FACTS, TAKEN_OUT, REWORDED = 40, 25, 40

Say = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """A question of a set; `expected` are the ids that are right, none where it is to be handed over."""

    text: str
    language: Language
    expected: frozenset[str]
    number: str
    intent: str
    confidence: float
    writer: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a case: the source, or nothing where it was not sent; the probability; whether it was right."""

    sent: bool
    right: bool
    asked_back: bool = False


def train(say: Say, network: bool = True) -> dict[str, Any]:
    """Fine-tune the network on the shipped files, then fit ranking and gate; the cards' figures."""
    knowledge = load_folders(SHIPPED)
    encoder = SentenceEncoder.kept(settings().home / "encoder")
    if network:
        from ml.answers.train import train as train_network  # TensorFlow: only here

        start, out = answerer.pretrained(), answerer.shipped()
        train_network(_unseen(examples(knowledge)), start, out, say, SEED, encoder=encoder)
    writer = Answerer.load(answerer.shipped())
    with _shop() as session:
        desk = desk_of(session, DEMO.id, lambda *_: _Nobody())
        judged = [_judged(case, desk) for name in CHOSEN_ON for case in cases(name)]
    known = entries(list(candidates(knowledge)))
    card = fit_ranking(known, judged, encoder, writer, ranker.shipped(), say)
    return {"network": dict(writer.card.figures), "ranking": dict(card.figures)}


def train_encoder(say: Say) -> dict[str, Any]:
    """Train the sentence encoder's adapters on the shipped question forms; the card's figures."""
    from ml import sentence
    from ml.sentence.package import read_package
    from ml.sentence.train import train as train_adapters  # TensorFlow: only here

    known = _unseen(examples(load_folders(SHIPPED)))
    rows = [(spoken(q), e.id) for e in known for q in e.questions]
    texts, ids = [text for text, _ in rows], [id_ for _, id_ in rows]
    return dict(train_adapters(texts, ids, read_package(), sentence.shipped(), say, SEED).figures)


def _unseen(known: Iterable[Example]) -> list[Example]:
    """Examples without the questions that the gate is fitted on: the network must not have seen those."""
    with _shop() as session:
        namer = desk_of(session, DEMO.id, lambda *_: _Nobody()).namer
        asked = {
            variant
            for name in CHOSEN_ON
            for row in _questions(name)
            for variant in namer.mentions(normalise(row["text"])).variants
        }
    return [replace(e, questions=tuple(q for q in e.questions if q not in asked)) for e in known]


class _Nobody:
    """Ranks nothing: a desk is wanted for its names of products alone."""

    send = ask = 1.0

    def rank(self, _: object) -> list[Any]:
        return []

    def written(self, _: object) -> None:
        return None


def cases(name: str) -> list[Case]:
    """The questions of a set with what the NLU makes of them; raises `BadInput` where it is not trained."""
    rows = _questions(name)
    heard = meant([Line(Document(row["id"], row["text"], "customer")) for row in rows])
    if not any(intent for intent, _ in heard):
        raise BadInput("the figures and the ranking rest on intents too: run make train first")
    return [
        Case(
            row["text"],
            Language(row["language"]),
            frozenset(f"answer:{id_}" for id_ in row["expected"]),
            str(row.get("order_number", "")),
            *said,
            row["id"].partition("-")[0],
        )
        for row, said in zip(rows, heard, strict=True)
    ]


def _questions(name: str) -> list[dict[str, Any]]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _judged(case: Case, desk: Desk) -> Judged:
    mentions = desk.namer.mentions(normalise(case.text))
    query = Query(mentions.variants, str(case.language), case.intent, case.confidence)
    named = {*ORDER_FIELDS} if mentions.order or case.number else set()
    named |= {*PRODUCT_FIELDS} if mentions.products else set()
    untold = (
        f"answer:{entry.id}"
        for entry in desk.knowledge.answers.values()
        if (placeholders_in(entry.answer.get(case.language, "")) & RECORD_FIELDS) - named
    )
    return Judged(query, case.expected, case.writer, frozenset(untold))


def evaluate() -> Iterator[dict[str, Any]]:
    """Rows of figures: right, wrong but sent, not sent; the shipped combination and its baselines in one run."""
    known = load_folders(SHIPPED)
    sets = {name: cases(name) for name in SETS}
    with demo_desk() as (session, desk):
        for name, asked in sets.items():
            yield from _rows(name, "shipped", asked, [outcome(c, desk, session) for c in asked])
        for system, score in _baselines(known, desk).items():
            chosen = _chosen(sets["validation"], score)
            for name, asked in sets.items():
                yield from _rows(name, system, asked, [_by(score, c, chosen) for c in asked])
        with changed(known) as folders:
            later = replace(
                desk,
                knowledge=folders,
                ranker=learned(list(candidates(folders)), answerer.shipped()),
            )
            for name, asked in sets.items():
                still = [_after(case, folders) for case in asked]
                outcomes = [outcome(c, later, session) for c in still]
                yield from _rows(
                    f"{name}, files changed after training", "shipped", still, outcomes
                )


def _rows(
    name: str, system: str, asked: Sequence[Case], outcomes: Sequence[Outcome]
) -> Iterator[dict[str, Any]]:
    for language in (None, *Language):
        pairs = [
            (c, o) for c, o in zip(asked, outcomes, strict=True) if language in (None, c.language)
        ]
        answerable = [o for c, o in pairs if c.expected]
        yield {
            "data": name,
            "system": system,
            "language": str(language or "both"),
            "questions": len(pairs),
            "right_of_answerable": _share(o.right and o.sent for o in answerable),
            "wrong_but_sent": _share(o.sent and not o.right for _, o in pairs),
            "asked_back": _share(o.asked_back for _, o in pairs),
            "handed_over": _share(not o.sent and not o.asked_back for _, o in pairs),
        }


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return round(sum(found) / max(len(found), 1), 4)


def outcome(case: Case, desk: Desk, session: Session) -> Outcome:
    """What a customer would get: an answer that is not the present text of a right entry is wrong."""
    order = _order(session, case.number or desk.namer.mentions(normalise(case.text)).order)
    question = Question(normalise(case.text), case.language, case.intent, case.confidence, order)
    found = answer(question, desk)
    sent = found.decision is Decision.SEND
    return Outcome(sent, sent and _right(found, case), found.decision is Decision.ASK_BACK)


def _right(found: Answered, case: Case) -> bool:
    if found.source.startswith("record:product"):  # sold out, said by the record itself
        return bool(case.expected & {"answer:product-stock", "answer:product-carry"})
    if found.source.startswith("record:order"):
        return any(id_.startswith("answer:order-") for id_ in case.expected)
    return set(found.source.split("+")) <= case.expected


def _order(session: Session, number: str) -> OrderInfo | None:
    try:
        return access_order(session, DEMO.id, number) if number else None
    except NotFound:
        return None


Score = Callable[[Case], tuple[str, float]]
"""The best id for a case, and how surely."""


def _baselines(known: Knowledge, desk: Desk) -> Mapping[str, Score]:
    return {
        "BM25": _bm25(known),
        "nearest question": _nearest(known),
        "Seq2Seq alone": _alone(known, desk),
    }


def _of(known: Knowledge, language: Language) -> tuple[list[str], list[str], list[int]]:
    here = [c for c in candidates(known) if c.language is language and c.answer]
    rows = [(question, number) for number, c in enumerate(here) for question in c.questions]
    return [c.id for c in here], [question for question, _ in rows], [owner for _, owner in rows]


def _bm25(known: Knowledge) -> Score:
    made = {}
    for language in Language:
        ids, questions, owners = _of(known, language)
        made[language] = ids, BM25(questions, owners, len(ids))

    def score(case: Case) -> tuple[str, float]:
        ids, model = made[case.language]
        found = model.scores(case.text)
        return ids[int(found.argmax())], float(found.max())

    return score


def _nearest(known: Knowledge) -> Score:
    made = {}
    for language in Language:
        ids, questions, owners = _of(known, language)
        made[language] = ids, Forms(questions, owners, len(ids))

    def score(case: Case) -> tuple[str, float]:
        ids, model = made[case.language]
        found = model.scores(case.text)[0]
        return ids[int(found.argmax())], float(found.max())

    return score


def _alone(known: Knowledge, desk: Desk) -> Score:
    network = Answerer.load(answerer.shipped())
    encoder = SentenceEncoder.kept(settings().home / "encoder")
    texts = {(c.language, " ".join(c.answer.split())): c.id for c in candidates(known) if c.answer}

    def score(case: Case) -> tuple[str, float]:
        wording = desk.namer.mentions(normalise(case.text)).variants[0]
        first = network.generate(encoder.read(spoken(wording)), str(case.language))[0]
        return texts.get((case.language, first.text), ""), float(np.exp(first.per_token))

    return score


def _chosen(asked: Sequence[Case], score: Score) -> Mapping[Language, float]:
    """For each language the threshold at which at most `MOST_WRONG` of its questions are answered wrongly."""
    return {
        language: _threshold([c for c in asked if c.language is language], score)
        for language in Language
    }


def _threshold(asked: Sequence[Case], score: Score) -> float:
    found = [score(case) for case in asked]
    sure = np.array([value for _, value in found])
    wrong = np.array(
        [id_ not in case.expected for case, (id_, _) in zip(asked, found, strict=True)]
    )
    return gate.threshold(sure, wrong, MOST_WRONG)


def _by(score: Score, case: Case, thresholds: Mapping[Language, float]) -> Outcome:
    id_, sure = score(case)
    sent = sure >= thresholds[case.language]
    return Outcome(sent, sent and id_ in case.expected)


@contextmanager
def changed(known: Knowledge, seed: int = SEED) -> Iterator[Knowledge]:
    """The shipped knowledge under a shop's own files: other facts, answers in other words, some taken out."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        names = sorted(n for n, fact in known.facts.items() if _other(_raw(fact.topic, n)))
        facts: dict[str, dict[str, str]] = defaultdict(dict)
        for name in rng.sample(names, CHANGED_FACTS):
            topic = known.facts[name].topic
            facts[topic][name] = _other(_raw(topic, name))
        for topic, values in facts.items():
            _put(folder / "policies" / f"{topic}.yml", {"facts": values})
        ids = sorted(id_ for id_, entry in known.answers.items() if entry.answer)
        gone, reworded = rng.sample(ids, TAKEN_OUT), rng.sample(ids, REWORDED)
        changes: dict[str, list[object]] = defaultdict(list)
        for id_ in gone:
            changes[known.answers[id_].topic].append({"id": id_, "delete": True})
        for id_ in sorted({*reworded} - {*gone}):
            changes[known.answers[id_].topic].append(_reworded(known.answers[id_]))
        for topic, entries_now in changes.items():
            _put(folder / "answers" / f"{topic}.yml", entries_now)
        yield load_folders(SHIPPED, folder)


def _raw(topic: str, name: str) -> str:
    read = read_yaml(SHIPPED / "policies" / f"{topic}.yml")
    facts = read.get("facts", {}) if isinstance(read, dict) else {}
    value = facts.get(name, "") if isinstance(facts, dict) else ""
    return value if isinstance(value, str) else ""


def _other(raw: str) -> str:
    """Another value of the same type: the first number is one more; empty where there is none, or a clock or date."""
    head = raw.split(" ")[0]
    return f"{int(head) + 1}{raw[len(head) :]}" if head.isdigit() else ""


def _reworded(entry: AnswerEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "intents": list(entry.intents),
        "answer": {str(k): f"{NEW_WORDS[k]}{text}" for k, text in entry.answer.items()},
        "questions": {str(k): list(questions) for k, questions in entry.questions.items()},
    }


def _put(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


NEW_WORDS = {"en": "Good to hear from you. ", "zh": "感谢您的咨询。"}


def _after(case: Case, known: Knowledge) -> Case:
    """What is right after the change: an answer that was taken out is right no more."""
    still = frozenset(id_ for id_ in case.expected if id_.partition(":")[2] in known.answers)
    return replace(case, expected=still)


@contextmanager
def demo_desk() -> Iterator[tuple[Session, Desk]]:
    """The demo shop in a store of its own, and what it answers from."""
    with _shop() as session:
        yield session, desk_of(session, DEMO.id)


@contextmanager
def _shop() -> Iterator[Session]:
    """The demo shop in a store of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(f"sqlite:///{Path(scratch) / 'shop.db'}")
        ensure_demo_shop(store, utc_now().date())
        with store.read() as session:
            yield session
        store.close()
