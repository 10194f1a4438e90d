"""One turn of a conversation: read the message, let the policies act, and say why it went as it did.

It does what `MessageProcessor.handle_message` does, in the same order, and adds what the gateway relies on: a turn that
fails leaves no trace in the tracker, and a message that comes a second time is answered as if it were the first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.action_endpoint import CLOCK, ActionEndpoint, TurnClock
from nlu.forms import kept_in_form
from nlu.reading import read

RANKING_LENGTH = 5


@dataclass(frozen=True)
class Turn:
    """What the bot said and why."""

    replies: Sequence[Mapping[str, Any]]
    trace: Mapping[str, Any]


@dataclass
class Replies(CollectingOutputChannel):
    """Collects a turn's replies in the form of the wire: texts of the domain and customs of the actions."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one reply, if it says anything."""
        kept = {key: message[key] for key in ("text", "custom") if message.get(key)}
        if kept:
            self.messages.append(kept)


def prepare(agent: Agent) -> None:
    """Swap in our action endpoint, and take away Rasa's fallback that would lose trackers in memory unseen."""
    processor = agent.processor
    if isinstance(processor.tracker_store, FailSafeTrackerStore):
        processor.tracker_store = agent.tracker_store = processor.tracker_store._tracker_store
    if processor.action_endpoint and not isinstance(processor.action_endpoint, ActionEndpoint):
        processor.action_endpoint = agent.action_endpoint = ActionEndpoint.like(
            processor.action_endpoint
        )


async def take_turn(agent: Agent, message: UserMessage) -> Turn:
    """Run one turn; raises `ActionFailed`, with nothing saved, where an action did not do its part."""
    clock = TurnClock()
    CLOCK.set(clock)
    prepare(agent)
    async with agent.lock_store.lock(message.sender_id):
        tracker, parse_seconds = await _hear(agent.processor, message)
        tracker = await agent.processor.run_action_extract_slots(message.output_channel, tracker)
        await agent.processor._run_prediction_loop(message.output_channel, tracker)
        if clock.failure:
            raise clock.failure
        await agent.processor.save_tracker(tracker)
    milliseconds = {
        "parse": parse_seconds * 1000,
        "total": (time.monotonic() - clock.started) * 1000,
    }
    return Turn(message.output_channel.messages, trace_of(tracker, milliseconds))


async def _hear(
    processor: MessageProcessor, message: UserMessage
) -> tuple[DialogueStateTracker, float]:
    """Put the message on the tracker, read in the light of the form that may be open."""
    tracker = await processor.fetch_tracker_and_update_session(
        message.sender_id, message.output_channel, message.metadata
    )
    tracker = rewound(tracker, message.message_id, processor.domain)
    if tracker.is_active_loop_rejected:
        # The last turn left the form without asking on (a goodbye, a handoff); this one may answer it again.
        tracker.update(ActiveLoop(tracker.active_loop_name), processor.domain)
    started = time.monotonic()
    parsed = await read(processor, message, tracker)
    seconds = time.monotonic() - started
    message.parse_data = kept_in_form(parsed, tracker.active_loop_name)
    await processor._handle_message_with_tracker(message, tracker)
    return tracker, seconds


def rewound(tracker: DialogueStateTracker, message_id: str, domain: Domain) -> DialogueStateTracker:
    """The tracker as it was before the message with this id, if that was the last one: a retry is no second turn."""
    events = list(tracker.events)
    start = _last_message(events)
    if start is None or events[start].message_id != message_id:
        return tracker
    return DialogueStateTracker.from_events(
        tracker.sender_id, events[:start], slots=domain.slots, domain=domain
    )


def _last_message(events: Sequence[Event]) -> int | None:
    """Where the last message stands (Rasa's own look-up passes over messages that a form took in)."""
    return max(
        (index for index, event in enumerate(events) if isinstance(event, UserUttered)),
        default=None,
    )


def trace_of(tracker: DialogueStateTracker, milliseconds: Mapping[str, float]) -> dict[str, Any]:
    """Why the last turn went as it did: what was understood and which actions were chosen by which policy."""
    events = list(tracker.events)
    start = max(index for index, event in enumerate(events) if isinstance(event, UserUttered))
    chosen = [
        e
        for e in events[start:]
        if isinstance(e, ActionExecuted) and e.action_name != ACTION_LISTEN_NAME
    ]
    parsed = tracker.latest_message.parse_data
    return {
        "intent": parsed["intent"]["name"] or "",
        "confidence": float(parsed["intent"]["confidence"]),
        "ranking": [
            {"name": entry["name"], "confidence": float(entry["confidence"])}
            for entry in parsed.get("intent_ranking", [])[:RANKING_LENGTH]
        ],
        "entities": [
            {key: e.get(key) for key in ("entity", "value", "start", "end")}
            for e in parsed["entities"]
        ],
        "actions": [event.action_name for event in chosen],
        "policy": next((event.policy for event in chosen if event.policy), None),
        "milliseconds": {name: round(value, 2) for name, value in milliseconds.items()},
    }
