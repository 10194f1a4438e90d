"""A customer's question in a conversation: who may know of which order, what is said, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.conversation.messages import (
    Button,
    Buttons,
    FileRef,
    Language,
    Reply,
    Role,
    Text,
    normalise,
)
from bot.skills.answers.answering import Answered, Choice, Decision, Desk, Question, Reason, answer
from bot.skills.answers.filling import evidence
from bot.skills.turn import Turn
from bot.skills.why import intent_name
from bot.store.engine import NotFound
from bot.store.orders import OPEN, OrderFilter, OrderInfo, access_order, find_orders
from bot.store.people import person_by_id
from bot.store.questions import (
    AskedQuestion,
    attach_photos,
    keep_question,
    last_question,
)
from bot.store.traces import said_in, turns_before
from bot.texts import say

REQUESTS = frozenset(
    {"cancel_order", "change_order", "change_address", "return_item", "exchange_item", "refund_status", "recommend_me"}
)  # fmt: skip
"""Things to be done, not to be told: where no answer helps, the shop's people do them."""

FEELINGS = frozenset({"complain", "report_problem"})
CONTACT_FACTS = ("contact_email", "contact_phone")
"""Names of facts by which a shop can be reached; a shop without them is reached as its `ask_human` policy says."""

PAYLOAD_INTENT = "ask_store_info"
_APART = "|"
ASKS_NOTHING = frozenset({"greet", "thank", "goodbye", "chitchat", "bot_challenge"})
WORDLESS = 3
"""So many messages before a question may have brought its photos."""
SOON = timedelta(minutes=30)
"""Photos that come later than this after a question are about something else."""


@dataclass(frozen=True)
class Pressed:
    """A pressed choice: the message with the question, the candidate, and a product where that was the choice."""

    message: str
    chosen: str
    product: str

    @classmethod
    def of(cls, choice: str) -> Pressed | None:
        """The choice of a button's payload."""
        parts = choice.split(_APART)
        return cls(*parts) if len(parts) == 3 else None

    def payload(self) -> str:
        """What the engine wants back when the button is pressed."""
        choice = _APART.join((self.message, self.chosen, self.product))
        return f"/{PAYLOAD_INTENT}{json.dumps({'choice': choice})}"


@dataclass(frozen=True)
class Heard:
    """What the NLU made of a message, and the choice of a pressed button."""

    intent: str
    confidence: float
    choice: str = ""


def ask(session: Session, turn: Turn, desk: Desk, heard: Heard) -> tuple[Answered, AskedQuestion]:
    """What came of a turn's question, and the row to keep of it."""
    pressed = Pressed.of(heard.choice)
    text = turn.text
    if pressed:
        text = normalise(said_in(session, turn.shop, turn.conversation, pressed.message)[0])
    elif text.startswith("/"):  # the button of a topic: typed texts never begin so
        pressed = _topic(desk, heard.intent, turn)
        text = ""
    language = Language(turn.language)
    named = desk.namer.mentions(text).order
    question = Question(
        text,
        language,
        "" if pressed else heard.intent,
        0.0 if pressed else heard.confidence,
        order_of(session, turn, named),
        pressed.chosen if pressed else "",
        pressed.product if pressed else "",
    )
    found = answer(question, desk)
    photos = photos_of(session, turn)
    return found, replace(_kept(turn, question, heard, found), photos=photos)


def _topic(desk: Desk, intent: str, turn: Turn) -> Pressed | None:
    """The whole policy on an intent, where there is one."""
    policy = desk.knowledge.policy_of(intent, turn.language)
    return Pressed(turn.message, f"policy:{policy.topic}", "") if policy else None


def photos_of(session: Session, turn: Turn) -> tuple[FileRef, ...]:
    """What a customer shows with a turn: its photos, and those of just before that no question has.

    Those came without a word, or with one that asked nothing ("hi").
    """
    if turn.role is not Role.CUSTOMER:
        return ()
    found = list(_pictures(turn.files))
    last = last_question(session, turn.shop, turn.conversation)
    taken = {photo.sha256 for photo in last.photos} if last else set()
    for past in turns_before(session, turn.shop, turn.conversation, turn.message, WORDLESS):
        asked = past.text and past.trace.get("intent") not in ASKS_NOTHING
        if asked or turn.now - past.at > SOON:
            break
        found += _pictures(said_in(session, turn.shop, turn.conversation, past.message)[1])
    here = {photo.sha256 for photo in turn.files}
    return tuple(photo for photo in found if photo.sha256 in here or photo.sha256 not in taken)


def _pictures(files: Sequence[FileRef]) -> tuple[FileRef, ...]:
    return tuple(file for file in files if file.media_type.startswith("image/"))


def wordless(session: Session, turn: Turn) -> tuple[Reply, ...]:
    """Photos without a word: put with what was asked a moment ago, else it is asked what is wrong."""
    photos = _pictures(turn.files)
    last = last_question(session, turn.shop, turn.conversation)
    if last is None or turn.now - last.asked_at > SOON:
        return (Text(say("photos_of_what", turn.language)),)
    attach_photos(session, turn.shop, last.id, photos)
    return noted(turn, len(photos)) or (Text(say("photos_of_what", turn.language)),)


def noted(turn: Turn, photos: int) -> tuple[Reply, ...]:
    """That the shop's people will see the photos."""
    return (Text(say("photos_kept", turn.language, count=photos)),) if photos else ()


def keep(session: Session, turn: Turn, question: AskedQuestion) -> None:
    """Keep what came of a question, once however often the turn is tried."""
    keep_question(session, turn.shop, question)


def order_of(session: Session, turn: Turn, number: str) -> OrderInfo | None:
    """The order that the asker means and may know of.

    The shop's own people see every order by its number; a signed-in customer their own, and without a number the one
    that is under way. Nobody else is told of any: they go through the order's number and phone (`order_status`).
    """
    if turn.role is not Role.CUSTOMER:
        return _numbered(session, turn.shop, number)
    person = person_by_id(session, turn.shop, turn.person)
    buyer = person.buyer if person and person.role is Role.CUSTOMER else None
    if not buyer:
        return None
    if number:
        order = _numbered(session, turn.shop, number)
        return order if order and order.buyer.id == buyer else None
    mine = find_orders(session, turn.shop, OrderFilter(buyer=buyer), 20).orders
    under_way = [order for order in mine if order.status in OPEN]
    return under_way[0] if len(under_way) == 1 else None


def replies(turn: Turn, desk: Desk, heard: Heard, found: Answered) -> tuple[Reply, ...]:
    """What is said to it."""
    if found.decision is Decision.SEND:
        return (Text(found.text),)
    person = Button(say("button_human", turn.language), "/ask_human")
    if found.decision is Decision.ASK_BACK:
        chosen = tuple(_button(turn, heard, choice) for choice in found.choices)
        return (Buttons(found.text, (*chosen, person)),) if chosen else (Text(found.text),)
    if turn.role is not Role.CUSTOMER:
        return (Text(say("policy_none", turn.language)),)
    if found.reason is Reason.WHICH_ORDER:
        look_up = Button(say("button_order_status", turn.language), "/order_status")
        return (Buttons(say("answer_which_order", turn.language), (look_up, person)),)
    return (Buttons(_handed_over(turn, desk, heard), (person,)),)


def reached(desk: Desk, language: Language) -> str:
    """How the shop's people are reached, in a line or a few; empty where the shop does not say."""
    known = evidence(language, desk.knowledge, desk.records(language))
    told = [known[name].text for name in CONTACT_FACTS if name in known]
    if told:
        return " · ".join(told)
    policy = desk.knowledge.policy_of("ask_human", language)
    return desk.knowledge.told(policy, language) if policy else ""


def _handed_over(turn: Turn, desk: Desk, heard: Heard) -> str:
    language = Language(turn.language)
    contact = reached(desk, language)
    if heard.intent in REQUESTS:
        skill = intent_name(heard.intent, language)
        return f"{say('not_there_yet_customer', language, skill=skill)}\n{contact}".strip()
    key = "answer_sorry" if heard.intent in FEELINGS else "answer_not_sure"
    return say(key, language, contact=contact).strip()


def _numbered(session: Session, shop: str, number: str) -> OrderInfo | None:
    if not number:
        return None
    try:
        return access_order(session, shop, number)
    except NotFound:
        return None


def _button(turn: Turn, heard: Heard, choice: Choice) -> Button:
    """A second choice (of a product, after one of an answer) still is about the first question."""
    before = Pressed.of(heard.choice)
    message = before.message if before else turn.message
    return Button(choice.title, Pressed(message, choice.chosen, choice.product).payload())


def _kept(turn: Turn, question: Question, heard: Heard, found: Answered) -> AskedQuestion:
    return AskedQuestion(
        message=turn.message,
        conversation=turn.conversation,
        language=question.language,
        text=question.text,
        plain=found.plain,
        decision=found.decision,
        intent=heard.intent,
        intent_confidence=heard.confidence,
        reason=found.reason,
        source=found.source,
        confidence=found.confidence,
        parts=found.parts,
        guesses=found.guesses,
        asked_at=turn.now,
    )
