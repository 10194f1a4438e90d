"""The talk about a batch of photos: what could be filed, those in doubt one after the other, yes and no.

What is offered is a draft of the conversation, so that a typed yes finds it; buttons name their job themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.conversation.messages import Button, Buttons, Language, Reply, Table, Text
from bot.skills.photos.batch import name_of
from bot.skills.photos.classify import Classified
from bot.skills.photos.filing import Proposal, file_products, proposals
from bot.skills.turn import Turn
from bot.store.drafts import (
    DraftState,
    StoredDraft,
    draft_of_message,
    open_draft,
    save_draft,
    start_draft,
)
from bot.store.engine import NotFound
from bot.store.jobs import access_job
from bot.store.photos import SeenInfo, count_in_doubt, decide_photo, next_in_doubt, seen_photo
from bot.store.traces import turns_before
from bot.texts import percent, say

KIND = "photos"
FILE, REVIEW, DECIDE, OFFER, LEAVE = "file", "review", "decide", "offer", "leave"
STEPS = (FILE, REVIEW, DECIDE, OFFER, LEAVE)
SHOWN = 12
_ASIDES = frozenset({"why", "help", "job_status"})
_NONE: Mapping[str, Any] = {"category": "", "category_zh": "", "taxonomy_id": ""}


@dataclass(frozen=True)
class Place:
    """Where photos are talked about: the conversation, in which language, and the message that is answered."""

    shop: str
    conversation: str
    message: str
    language: Language

    @classmethod
    def of(cls, turn: Turn) -> Place:
        """A turn's."""
        return cls(turn.shop, turn.conversation, turn.message, turn.language)


def offer(session: Session, place: Place, job: str, every: Sequence[Proposal]) -> tuple[Reply, ...]:
    """What could be written to the catalogue, and what is in doubt; asks for a yes where there is something."""
    shop, language = place.shop, place.language
    changed = [one for one in every if one.changes]
    doubtful = count_in_doubt(session, shop, job)
    buttons = []
    if every:
        buttons.append(_button("photos_file", language, FILE, job))
    if doubtful:
        buttons.append(_button("photos_review_them", language, REVIEW, job, count=doubtful))
    if not every:
        _close(session, place, DraftState.CANCELLED)
        text = say("photos_no_products", language)
        return (Buttons(text, tuple(buttons)) if buttons else Text(text),)
    start_draft(session, shop, place.conversation, KIND, {"job": job}, place.message)
    buttons.append(_button("photos_leave", language, LEAVE, job))
    text = say(
        "photos_offer", language, products=len(every), changed=len(changed), doubtful=doubtful
    )
    return (
        (_table(changed, language), Buttons(text, tuple(buttons)))
        if changed
        else (Buttons(text, tuple(buttons)),)
    )


def _table(changed: Sequence[Proposal], language: Language) -> Table:
    zh = language is Language.ZH
    rows = tuple(
        (
            one.product.sku,
            one.product.name_zh if zh else one.product.name,
            (one.product.category_zh if zh else one.product.category) or "-",
            one.filed.category_zh if zh else one.filed.category,
            str(len(one.photos)),
        )
        for one in changed[:SHOWN]
    )
    columns = ("sku", "product", "category_now", "category_new", "photos")
    return Table(
        say("photos_changes", language, count=len(changed)),
        tuple(say(f"column_{name}", language) for name in columns),
        rows,
    )


def step(session: Session, turn: Turn, choice: str) -> tuple[Reply, ...]:
    """A pressed button; raises `NotFound` where its job is not one of this conversation."""
    word, job, *rest = choice.split(":")
    if access_job(session, turn.shop, job).conversation != turn.conversation:
        raise NotFound(f"no job {job!r}")
    if word == FILE:
        return _file(session, turn, job)
    if word == LEAVE:
        _close(session, Place.of(turn), DraftState.CANCELLED)
        return (Text(say("photos_left", turn.language)),)
    if word == OFFER:
        return _offered(session, turn, job)
    number = int(rest[0]) if rest else -1
    if word == DECIDE:
        _decide(session, turn, job, number, int(rest[1]))
    return _review(session, turn, job, number)


def asked(session: Session, turn: Turn) -> bool:
    """Whether a yes or a no may be meant for photos."""
    done = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    draft = _open(session, Place.of(turn))
    return done is not None or (draft is not None and _asked_last(session, turn, draft))


def answer(session: Session, turn: Turn, yes: bool) -> tuple[Reply, ...]:
    """A typed yes or no to what was asked last; nothing where nothing was."""
    done = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if done is not None:  # this turn is tried again
        return _again(session, turn, done)
    draft = _open(session, Place.of(turn))
    if draft is None or not _asked_last(session, turn, draft):
        return ()
    job, number = str(draft.body["job"]), draft.body.get("number")
    if number is None:
        return step(session, turn, f"{FILE if yes else LEAVE}:{job}")
    word = f"{DECIDE}:{job}:{number}:0" if yes else f"{REVIEW}:{job}:{number}"
    return step(session, turn, word)


def _again(session: Session, turn: Turn, draft: StoredDraft) -> tuple[Reply, ...]:
    job, number = str(draft.body["job"]), draft.body.get("number")
    if draft.state is DraftState.CONFIRMED:
        return _file(session, turn, job)
    if draft.state is DraftState.CANCELLED:
        return (Text(say("photos_left", turn.language)),)
    if number is None:
        return _offered(session, turn, job)
    return (_question(session, turn, job, seen_photo(session, turn.shop, job, int(number))),)


def _asked_last(session: Session, turn: Turn, draft: StoredDraft) -> bool:
    """Whether nothing else was talked about since: a yes to something else must file nothing."""
    past = turns_before(session, turn.shop, turn.conversation, turn.message)
    last = next((one for one in past if one.trace.get("intent") not in _ASIDES), None)
    return last is not None and (last.message == draft.message or last.at < draft.at)


def _file(session: Session, turn: Turn, job: str) -> tuple[Reply, ...]:
    skus = file_products(session, turn, job)
    _close(session, Place.of(turn), DraftState.CONFIRMED)
    key = "photos_filed" if skus else "photos_filed_before"
    return (Text(say(key, turn.language, skus=shortened(skus))),)


def shortened(names: Sequence[str]) -> str:
    """The first few of many names."""
    return ", ".join(names[:SHOWN]) + ("…" if len(names) > SHOWN else "")


def _offered(session: Session, turn: Turn, job: str) -> tuple[Reply, ...]:
    return offer(session, Place.of(turn), job, proposals(session, turn.shop, job))


def _decide(session: Session, turn: Turn, job: str, number: int, place: int) -> None:
    """`place` is one of the guesses; what is none of them is none of the categories."""
    top = Classified.from_json(seen_photo(session, turn.shop, job, number).body).top
    chosen = top[place].category if 0 <= place < len(top) else None
    decided = (
        _NONE
        if chosen is None
        else {
            "category": chosen.name,
            "category_zh": chosen.name_zh,
            "taxonomy_id": chosen.taxonomy_id,
        }
    )
    decide_photo(session, turn.shop, job, number, decided)


def _review(session: Session, turn: Turn, job: str, after: int) -> tuple[Reply, ...]:
    """The next photo in doubt with its likeliest categories to choose from; at the end the offer."""
    seen = next_in_doubt(session, turn.shop, job, after)
    if seen is None:
        left = count_in_doubt(session, turn.shop, job)
        key = "photos_review_skipped" if left else "photos_reviewed"
        done = Text(say(key, turn.language, count=left))
        return (done, *_offered(session, turn, job))
    body = {"job": job, "number": seen.number}
    start_draft(session, turn.shop, turn.conversation, KIND, body, turn.message)
    return (_question(session, turn, job, seen),)


def _question(session: Session, turn: Turn, job: str, seen: SeenInfo) -> Reply:
    photo, language = Classified.from_json(seen.body), turn.language
    left = count_in_doubt(session, turn.shop, job)
    guesses = [
        Button(
            f"{name_of(guess, language)} {percent(guess.confidence, language)}",
            _payload(DECIDE, job, seen.number, place),
        )
        for place, guess in enumerate(photo.top)
    ]
    others = (
        _button("photos_none", language, DECIDE, job, seen.number, -1),
        _button("photos_skip", language, REVIEW, job, seen.number),
        _button("photos_enough", language, OFFER, job),
    )
    text = say("photos_which", language, name=photo.name, left=left)
    return Buttons(text, (*guesses, *others))


def reviewed(session: Session, turn: Turn) -> tuple[str, int] | None:
    """Job and number of the photo that is asked about."""
    draft = _open(session, Place.of(turn))
    if draft is None or draft.body.get("number") is None:
        return None
    return str(draft.body["job"]), int(draft.body["number"])


def _open(session: Session, place: Place) -> StoredDraft | None:
    return open_draft(session, place.shop, place.conversation, KIND)


def _close(session: Session, place: Place, state: DraftState) -> None:
    if draft := _open(session, place):
        save_draft(session, place.shop, draft.id, draft.body, place.message, state)


def _payload(*parts: object) -> str:
    return "/classify_photos" + json.dumps({"choice": ":".join(map(str, parts))})


def _button(key: str, language: Language, *parts: object, **fields: object) -> Button:
    return Button(say(key, language, **fields), _payload(*parts))
