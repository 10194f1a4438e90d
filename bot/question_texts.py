"""Customers' questions that are given as lines or files, answered as a shop of this machine would."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.conversation.messages import Language, language_of, normalise
from bot.inputs import (
    BadInput,
    Document,
    checked,
    identity,
    is_jsonl,
    read_jsonl,
    read_text,
)
from bot.launch import RASA_PYTHON
from bot.shop_here import shop_here
from bot.skills.answers.answering import Answered, Decision, Desk, Question, answer
from bot.skills.answers.desks import Desks
from bot.skills.answers.knowledge import BadKnowledge
from bot.skills.answers.ranking import RankerOf, learned
from bot.store.catalogue import products
from bot.store.engine import NotFound
from bot.store.orders import OrderInfo, access_order
from bot.store.shops import access_shop
from bot.understand import NotUnderstood, understand
from ml.orders.catalogue import Catalogue
from ml.orders.types import CatalogueItem


@dataclass(frozen=True)
class Line:
    """A question; `order_number` is the order that it is about, where the giver says so."""

    document: Document
    order_number: str = ""


def read_questions(source: str, encoding: str | None) -> list[Line]:
    """Lines of text, or JSONL {"id","text","order_number"?}; raises `BadInput`."""
    text = read_text(source, encoding)
    if not is_jsonl(source, text):
        rows = text.replace("\r\n", "\n").split("\n")
        documents = [Document(n, row) for n, row in enumerate(rows, start=1) if row.strip()]
        return [Line(Document(d.id, checked(d.text, f"line {d.id}"))) for d in documents]
    name = "standard input" if source == "-" else source
    return [_line(row, f"{name} line {number}") for number, row in read_jsonl(source, text)]


def _line(row: Mapping[str, object], where: str) -> Line:
    text, number = row.get("text"), row.get("order_number")
    if not isinstance(text, str):
        raise BadInput(f'{where}: has no "text"')
    if number is not None and not isinstance(number, (str, int)):
        raise BadInput(f'{where}: "order_number" is neither a text nor a number')
    document = Document(identity(row, where), checked(text, where), "customer")
    return Line(document, "" if number is None else str(number))


def answer_lines(lines: Sequence[Line], shop: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What came of each question, in order: as JSON, and as a line for people. Raises `BadInput`."""
    with shop_here(shop) as store:
        said = meant(lines)
        with store.read() as session:
            desk = desk_of(session, shop)
            for line, (intent, confidence) in zip(lines, said, strict=True):
                found = answer(_question(session, desk, line, intent, confidence), desk)
                yield _row(line, found), _shown(found)


def meant(lines: Sequence[Line]) -> list[tuple[str, float]]:
    """Intent and confidence of each by the trained NLU, all in one go; without one the answers do without."""
    try:
        rows = list(understand(RASA_PYTHON, [line.document for line in lines]))
    except NotUnderstood as error:
        print(f"shopclerk: answering without intents: {error}", file=sys.stderr)
        return [("", 0.0)] * len(lines)
    return [(str(row["intent"]), float(row["confidence"])) for row in rows]


def desk_of(session: Session, shop: str, ranker_of: RankerOf = learned) -> Desk:
    """The desk of a shop for once; raises `BadInput`."""
    found = products(session, shop)
    items = [
        CatalogueItem(p.sku, p.name, p.name_zh, p.unit, p.price_cents, p.aliases) for p in found
    ]
    try:
        return Desks(ranker_of).desk(
            session, access_shop(session, shop), Catalogue(items), {p.sku: p for p in found}
        )
    except BadKnowledge as error:
        raise BadInput(str(error)) from None


def _question(session: Session, desk: Desk, line: Line, intent: str, confidence: float) -> Question:
    text = normalise(line.document.text)
    number = line.order_number or desk.namer.mentions(text).order
    language = language_of(text, Language.EN)
    order = _order(session, desk.shop.id, number)
    return Question(text, language, intent, confidence, order)


def _order(session: Session, shop: str, number: str) -> OrderInfo | None:
    """Whoever runs commands on the merchant's own machine may see every order."""
    if not number:
        return None
    try:
        return access_order(session, shop, number)
    except NotFound:
        return None


def _row(line: Line, found: Answered) -> dict[str, Any]:
    sent = found.decision is Decision.SEND
    return {
        "id": line.document.id,
        "answer": found.text if sent else None,
        "source": found.source if sent else None,
        "confidence": found.confidence,
        "handoff": not sent,
        "facts": [asdict(fact) for fact in found.facts],
        "decision": str(found.decision),
        "reason": str(found.reason),
        "choices": [choice.title for choice in found.choices],
    }


def _shown(found: Answered) -> str:
    if found.decision is Decision.SEND:
        return f"{found.text}  [{found.source}, {found.confidence:.2f}]"
    choices = " | ".join(choice.title for choice in found.choices)
    asked = f"asks back: {found.text} {choices}".rstrip()
    told = asked if found.decision is Decision.ASK_BACK else "hands over"
    return f"{told}  [{found.reason}, {found.confidence:.2f}]"
