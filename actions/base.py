"""The one base class of all actions: who asks, whether they may, and what happens when something breaks."""

from __future__ import annotations

import asyncio
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.app import App
from bot.conversation.messages import FileRef, Language, Reply, Role, Text, to_dict
from bot.failures import without_words
from bot.skills.turn import Turn
from bot.texts import say

logger = logging.getLogger(__name__)

ANYONE = frozenset(Role)
MERCHANT = frozenset({Role.MERCHANT})
CUSTOMER = frozenset({Role.CUSTOMER})

Event = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """What Rasa made of the message, as far as actions need it."""

    text: str
    intent: str
    confidence: float
    entities: tuple[tuple[str, str], ...]
    slots: Mapping[str, Any]
    form: str | None

    def entity(self, name: str) -> str:
        """The first entity of a name, or nothing."""
        return next((value for found, value in self.entities if found == name), "")


@dataclass(frozen=True)
class Outcome:
    """What an action says and which events it gives back to Rasa."""

    replies: tuple[Reply, ...] = ()
    events: tuple[Event, ...] = ()


class SkillAction(Action, ABC):  # type: ignore[misc]
    """Subclasses say their name, their roles, and `answer` a turn; everything else is here."""

    action: ClassVar[str]
    roles: ClassVar[frozenset[Role]] = ANYONE

    def __init__(self, app: App) -> None:
        self.app = app

    def name(self) -> str:
        """The name that Rasa calls."""
        return self.action

    @abstractmethod
    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Answer a turn; it may block."""

    def instead(self, turn: Turn, heard: Heard) -> Outcome | None:
        """What is said in place of all else, where there is something."""
        return None

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """What a role hears that may not do this."""
        return Outcome((Text(not_for(turn)),))

    def may(self, turn: Turn, heard: Heard) -> bool:
        """Whether this turn's role may do this."""
        return turn.role in self.roles

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[Event]:
        """Called by Rasa: never raises, and never blocks the other turns."""
        turn, heard = turn_of(tracker), heard_in(tracker)
        outcome = await asyncio.to_thread(self._guarded, turn, heard)
        for reply in outcome.replies:
            dispatcher.utter_message(json_message=to_dict(reply))
        return list(outcome.events)

    def _guarded(self, turn: Turn, heard: Heard) -> Outcome:
        try:
            if told := self.instead(turn, heard):
                return told
            if not self.may(turn, heard):
                return self.refused(turn, heard)
            return self.answer(turn, heard)
        except Exception as error:
            code = secrets.token_hex(4)
            what = without_words(error)
            logger.error(
                "%s failed (error %s, message %s): %s", self.action, code, turn.message, what
            )
            return Outcome((Text(say("failed", turn.language, error=code)),))


def not_for(turn: Turn) -> str:
    """The polite sentence for a request that belongs to another door."""
    key = "not_for_customers" if turn.role is Role.CUSTOMER else "only_for_customers"
    return say(key, turn.language)


def turn_of(tracker: Tracker) -> Turn:
    """The turn as the gateway described it; never from what was typed or from a slot."""
    known: Mapping[str, Any] = tracker.latest_message.get("metadata") or {}
    return Turn(
        shop=str(known["shop"]),
        role=Role(known["role"]),
        person=str(known["person"]),
        message=str(known["message_id"]),
        conversation=str(known.get("conversation") or tracker.sender_id),
        language=Language(known.get("language", Language.EN)),
        text=str(tracker.latest_message.get("text") or ""),
        time_zone=str(known.get("time_zone") or "UTC"),
        files=tuple(_file(file) for file in known.get("files") or ()),
    )


def heard_in(tracker: Tracker) -> Heard:
    """Rasa's reading of the latest message."""
    latest: Mapping[str, Any] = tracker.latest_message
    intent: Mapping[str, Any] = latest.get("intent") or {}
    entities: Sequence[Mapping[str, Any]] = latest.get("entities") or ()
    return Heard(
        text=str(latest.get("text") or ""),
        intent=str(intent.get("name") or ""),
        confidence=float(intent.get("confidence") or 0.0),
        entities=tuple((str(e["entity"]), str(e["value"])) for e in entities),
        slots=tracker.slots,
        form=(tracker.active_loop or {}).get("name"),
    )


def _file(data: Mapping[str, Any] | str) -> FileRef:
    if isinstance(data, str):
        return FileRef(data, "", "", 0)
    size = int(data.get("size") or 0)
    return FileRef(str(data["sha256"]), str(data["name"]), str(data["media_type"]), size)
