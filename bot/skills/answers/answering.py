"""Answers a customer's question from what the shop says now, or asks back, or says honestly that it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.conversation.messages import Language, Role, Text
from bot.skills.answers.filling import Filled, Unfilled, fill
from bot.skills.answers.knowledge import Knowledge
from bot.skills.answers.mentions import Mentions, Namer, product_name
from bot.skills.answers.placeholders import (
    MENTIONS,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    OrderField,
    ProductField,
    placeholders_in,
    replaced,
)
from bot.skills.answers.ranking import NEAR, Asked, Ranked, Ranker
from bot.skills.answers.records import Records
from bot.skills.answers.verify import Checked, verify
from bot.skills.orders.status import order_card
from bot.skills.orders.views import Look
from bot.skills.turn import Turn
from bot.store.catalogue import ProductInfo
from bot.store.orders import OrderInfo
from bot.store.shops import ShopInfo
from bot.texts import say
from ml.answers.types import Generated

CHOICES = 2
GUESSES_KEPT = 3
TITLE_LENGTH = 60
ORDER_STATUS = "order_status"


class Decision(StrEnum):
    """What is done with a question."""

    SEND = "send"
    ASK_BACK = "ask_back"
    HAND_OVER = "hand_over"


class Reason(StrEnum):
    """Why a question was not answered at once."""

    NONE = ""
    NOTHING_FITS = "nothing_fits"
    NOT_SURE = "not_sure"
    WHICH_PRODUCT = "which_product"
    WHICH_ORDER = "which_order"
    NOT_KNOWN = "not_known"
    NEAR_MISS = "near_miss"
    NOT_SUPPORTED = "not_supported"
    RESERVED = "reserved"


@dataclass(frozen=True)
class Question:
    """What is asked, and by whom as far as it matters: `order` is one that the asker may know of.

    `intent` and `confidence` (0..1) are the NLU's. `chosen` and `product` are what a pressed button stands for: the id
    of a candidate, and a SKU.
    """

    text: str
    language: Language
    intent: str = ""
    confidence: float = 0.0
    order: OrderInfo | None = None
    chosen: str = ""
    product: str = ""


@dataclass(frozen=True)
class Choice:
    """Something that may have been meant: `chosen` and `product` go into `Question` when it is."""

    title: str
    chosen: str
    product: str = ""


@dataclass(frozen=True)
class UsedFact:
    """A value in an answer, and the file or record that it stands in."""

    name: str
    value: str
    source: str


@dataclass(frozen=True)
class Answered:
    """What came of a question.

    `source` is `answer:ID`, `policy:TOPIC` (several joined by `+`) or `record:SUBJECT`; `confidence` the calibrated
    probability of the best candidate; `parts` what it was made of; `guesses` the best candidates with theirs.
    """

    decision: Decision
    text: str = ""
    reason: Reason = Reason.NONE
    source: str = ""
    confidence: float = 0.0
    facts: tuple[UsedFact, ...] = ()
    choices: tuple[Choice, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    guesses: tuple[tuple[str, float], ...] = ()
    plain: str = ""


@dataclass(frozen=True)
class Desk:
    """A shop at this moment: what it says, what it sells, and who finds what."""

    shop: ShopInfo
    knowledge: Knowledge
    ranker: Ranker
    namer: Namer
    products: Mapping[str, ProductInfo]
    stock_of: Callable[[str], int | None]
    now: datetime

    def records(
        self, language: Language, product: str = "", order: OrderInfo | None = None
    ) -> Records:
        """The rows that an answer may use."""
        info = self.products.get(product)
        stock = self.stock_of(product) if info else None
        return Records(self.look(language), self.now, info, order, stock)

    def intents_of(self, source: str) -> frozenset[str]:
        """What an NLU calls the questions that are answered from there; see `Answered.source`."""
        return frozenset(
            intent for one in source.split("+") for intent in self._intents_of(*one.split(":")[:2])
        )

    def _intents_of(self, kind: str, name: str) -> Sequence[str]:
        if kind == "record":
            return (ORDER_STATUS,) if name == "order" else ("ask_product",)
        known = self.knowledge.policies if kind == "policy" else self.knowledge.answers
        return known[name].intents if name in known else ()

    def look(self, language: Language) -> Look:
        """How a reader sees values."""
        return Look(self.shop, self.products, language)


def answer(question: Question, desk: Desk) -> Answered:
    """The answer to a question, a question back, or the word that a person is needed."""
    mentions = desk.namer.mentions(question.text)
    ranked = _ranked(question, mentions, desk)
    told = _Telling(question, mentions, desk).answer(ranked)
    best = ranked[0] if ranked else None
    guesses = tuple((one.ids[0], round(one.probability, 4)) for one in ranked[:GUESSES_KEPT])
    return Answered(
        told.decision,
        told.text,
        told.reason,
        told.source,
        round(told.confidence or (best.probability if best else 0.0), 4),
        told.facts,
        told.choices,
        best.parts if best else {},
        guesses,
        mentions.plain,
    )


def _ranked(question: Question, mentions: Mentions, desk: Desk) -> Sequence[Ranked]:
    if question.chosen:  # the asker said it: nothing is surer
        return [Ranked((question.chosen,), 1.0, {"chosen": 1.0})]
    return desk.ranker.rank(_asked(question, mentions))


def _asked(question: Question, mentions: Mentions) -> Asked:
    return Asked(mentions.variants, question.language, question.intent, question.confidence)


def written(question: Question, desk: Desk) -> Generated | None:
    """What the network writes to a question. It is never sent: it shows where the network looks."""
    return desk.ranker.written(_asked(question, desk.namer.mentions(question.text)))


@dataclass(frozen=True)
class _Problem:
    """Why a candidate cannot be told."""

    reason: Reason


class _Telling:
    """One question and its candidates."""

    def __init__(self, question: Question, mentions: Mentions, desk: Desk) -> None:
        self._question = question
        self._desk = desk
        self._language = question.language
        named = (question.product,) if question.product else mentions.products
        self._named = tuple(sku for sku in named if sku in desk.products)
        self._product = self._named[0] if len(self._named) == 1 else ""
        self._records = desk.records(self._language, self._product, question.order)

    def answer(self, ranked: Sequence[Ranked]) -> Answered:
        """From the likeliest candidate, if it is likely enough."""
        best = ranked[0] if ranked else None
        if best is None or best.probability < self._desk.ranker.ask:
            return self._from_order() or _handed(Reason.NOTHING_FITS)
        if any(id_.startswith(NEAR) for id_ in best.ids):
            return _handed(Reason.NEAR_MISS)
        if any(self._reserved(id_) for id_ in best.ids):
            return _handed(Reason.RESERVED)
        if best.probability < self._desk.ranker.send:
            return self._from_order() or self._offered(ranked)
        told = self.told(best)
        if isinstance(told, Answered):
            return told
        if told.reason is Reason.WHICH_PRODUCT:
            return self._which_product(best)
        return _handed(told.reason)

    def told(self, ranked: Ranked) -> Answered | _Problem:
        """A candidate's text, filled and verified, or why not."""
        templates = [self._template(id_) for id_ in ranked.ids]
        if not all(templates):
            return _Problem(Reason.NOT_KNOWN)
        template = " ".join(templates)
        filled = fill(template, self._language, self._desk.knowledge, self._records)
        if isinstance(filled, Unfilled):
            return self._unfilled(filled)
        checked = Checked(filled.template, filled.text, self._language)
        if not verify(checked, self._desk.knowledge, self._records).supported:
            return _Problem(Reason.NOT_SUPPORTED)
        return _sent(filled, "+".join(ranked.ids), ranked.probability)

    def _reserved(self, id_: str) -> bool:
        """Whether the shop wants a person to answer this."""
        entry = self._desk.knowledge.answers.get(id_.removeprefix("answer:"))
        return entry is not None and entry.hand_over

    def _template(self, id_: str) -> str:
        """The template of a candidate as the files have it now; empty where they do not."""
        kind, _, name = id_.partition(":")
        known = self._desk.knowledge
        if kind == "policy":
            policy = known.policies.get(name)
            return policy.text.get(self._language, "") if policy else ""
        entry = known.answers.get(name)
        return entry.answer.get(self._language, "") if entry else ""

    def _unfilled(self, unfilled: Unfilled) -> Answered | _Problem:
        if unfilled.missing & ORDER_FIELDS:
            # A late or delivered order has no expected date; what is true of it is said instead.
            return self._order_told() or _Problem(Reason.WHICH_ORDER)
        if unfilled.missing & PRODUCT_FIELDS and not self._product:
            return _Problem(Reason.WHICH_PRODUCT)
        if ProductField.STOCK in unfilled.missing:
            return self._sold_out()
        return _Problem(Reason.NOT_KNOWN)

    def _from_order(self) -> Answered | None:
        """The state of the order, where the NLU is sure enough that it is what was asked for."""
        sure = self._question.confidence >= self._desk.ranker.send
        return self._order_told() if self._question.intent == ORDER_STATUS and sure else None

    def _order_told(self) -> Answered | None:
        order = self._question.order
        if order is None:
            return None
        turn = Turn(
            self._desk.shop.id, Role.CUSTOMER, "", "", "", self._language, now=self._desk.now
        )
        told = order_card(self._records.look, turn, order)[0]
        text = told.text if isinstance(told, Text) else ""
        return self._recorded(text, f"order:{order.number}", sorted(ORDER_FIELDS))

    def _sold_out(self) -> Answered:
        name = product_name(self._desk.products[self._product], self._language)
        text = say("answer_sold_out", self._language, product=name)
        return self._recorded(text, f"product:{self._product}", [ProductField.PRODUCT])

    def _recorded(self, text: str, source: str, names: Sequence[str]) -> Answered:
        """What a row says by itself; the values are those that stand in the text."""
        values = self._records.values()
        facts = tuple(
            UsedFact(name, values[name].text, values[name].source)
            for name in names
            if name in values and values[name].text in text
        )
        return Answered(Decision.SEND, text, source=f"record:{source}", facts=facts)

    def _offered(self, ranked: Sequence[Ranked]) -> Answered:
        """The two likeliest that could be told, to choose from."""
        choices = list(self._choices(ranked))[:CHOICES]
        if len(choices) < CHOICES:
            return _handed(Reason.NOT_SURE)
        text = say("answer_which", self._language)
        return Answered(Decision.ASK_BACK, text, Reason.NOT_SURE, choices=tuple(choices))

    def _choices(self, ranked: Sequence[Ranked]) -> Iterator[Choice]:
        seen: set[str] = set()
        for one in ranked:
            id_ = one.ids[0]
            told = self.told(Ranked((id_,), one.probability))
            # What only lacks a product or an order can be chosen too: that is asked for next.
            askable = isinstance(told, Answered) or told.reason in (
                Reason.WHICH_PRODUCT,
                Reason.WHICH_ORDER,
            )
            title = self._title(id_)
            if askable and title and title not in seen:
                seen.add(title)
                yield Choice(title, id_, self._product)

    def _title(self, id_: str) -> str:
        """What a candidate is about in a few words: a policy's title, or an answer's first question."""
        kind, _, name = id_.partition(":")
        known = self._desk.knowledge
        if kind == "policy":
            return known.policies[name].title.get(self._language, "")
        entry = known.answers.get(name)
        questions = entry.questions.get(self._language, ()) if entry else ()
        # One that names no product reads well whatever was asked.
        plain = [q for q in questions if not placeholders_in(q)] or [
            replaced(q, self._mention) for q in questions
        ]
        title = plain[0] if plain else ""
        title = title[:1].upper() + title[1:]
        return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1] + "…"

    def _mention(self, name: str) -> str:
        values = self._records.values()
        if name in MENTIONS and name in values:
            return values[name].text
        key = "answer_the_order" if name == OrderField.NUMBER else "answer_the_product"
        return say(key, self._language)

    def _which_product(self, ranked: Ranked) -> Answered:
        """Several fit: one button each; none was named: it is asked for."""
        choices = tuple(
            Choice(product_name(self._desk.products[sku], self._language), ranked.ids[0], sku)
            for sku in self._named
        )
        key = "answer_which_product" if choices else "answer_name_product"
        text = say(key, self._language)
        return Answered(Decision.ASK_BACK, text, Reason.WHICH_PRODUCT, choices=choices)


def _sent(filled: Filled, source: str, confidence: float) -> Answered:
    facts = tuple(UsedFact(name, v.text, v.source) for name, v in filled.values.items())
    return Answered(Decision.SEND, filled.text, source=source, confidence=confidence, facts=facts)


def _handed(reason: Reason) -> Answered:
    return Answered(Decision.HAND_OVER, reason=reason)
