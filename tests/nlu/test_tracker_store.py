"""The tracker store: what is folded away must not change what the dialogue does next, nor let a row grow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.tracker_store import FOLD_AT_TURNS, KEEP_TURNS, TRACKERS, FoldingTrackerStore, folded


@pytest.fixture(scope="module")
def domain() -> Domain:
    """The project's domain."""
    return Domain.load("domain.yml")


@pytest.fixture
def store(tmp_path: Path, domain: Domain) -> FoldingTrackerStore:
    """An empty store in a folder that is not there yet."""
    return FoldingTrackerStore(f"sqlite:///{tmp_path / 'new' / 'rasa.db'}", domain)


def turn(number: int) -> list:
    """The events of one turn."""
    parsed = {
        "intent": {"name": "greet", "confidence": 1.0},
        "entities": [],
        "text": f"text {number}",
    }
    return [
        UserUttered(f"text {number}", parse_data=parsed, message_id=f"m{number}"),
        ActionExecuted("utter_greet"),
        BotUttered("hello"),
        ActionExecuted("action_listen"),
    ]


def conversation(domain: Domain, turns: int) -> DialogueStateTracker:
    """A conversation that opened a form in its first turn and is still in it."""
    tracker = DialogueStateTracker("anna", domain.slots)
    events = [
        ActionExecuted("action_session_start"),
        ActionExecuted("action_listen"),
        *turn(0),
        SlotSet("draft", "d1"),
        SlotSet("draft_open", True),
        ActionExecuted("order_form"),
        ActiveLoop("order_form"),
        SlotSet("requested_slot", "order_reply"),
        ActionExecuted("action_listen"),
    ]
    for event in [*events, *(event for number in range(1, turns) for event in turn(number))]:
        tracker.update(event, domain)
    return tracker


async def test_state_survives_any_number_of_turns(store, domain):
    """Slots, form and last message are what they were, however long ago they were set."""
    for turns in (1, FOLD_AT_TURNS - 1, FOLD_AT_TURNS, FOLD_AT_TURNS + 1, 50):
        tracker = conversation(domain, turns)
        await store.save(tracker)
        again = await store.retrieve("anna")
        assert again.current_slot_values() == tracker.current_slot_values()
        assert again.active_loop_name == "order_form"
        assert again.latest_message.message_id == tracker.latest_message.message_id
        assert again.latest_action_name == "action_listen"


async def test_row_does_not_grow(store, domain):
    """A hundred turns later the row is as large as after a dozen."""
    sizes = []
    tracker = conversation(domain, 1)
    for number in range(1, 100):
        for event in turn(number):
            tracker.update(event, domain)
        await store.save(tracker)
        tracker = await store.retrieve("anna")
        with store.engine.connect() as connection:
            sizes.append(len(connection.execute(sa.select(TRACKERS.c.events)).scalar()))
    assert max(sizes[50:]) <= max(sizes[:50]) * 1.05
    assert (
        len(json.loads(json.dumps([e.as_dict() for e in tracker.events]))) < 4 * FOLD_AT_TURNS + 12
    )


def test_the_last_turns_are_kept_whole(domain):
    """A retry has to find the turn it repeats."""
    kept = [
        event
        for event in folded(conversation(domain, 30), domain)
        if isinstance(event, UserUttered)
    ]
    assert [event.message_id for event in kept] == [
        f"m{number}" for number in range(30 - KEEP_TURNS, 30)
    ]


async def test_unknown_conversation_is_none(store):
    """Rasa then starts a new one."""
    assert await store.retrieve("nobody") is None


async def test_lone_surrogates_are_kept(store, domain):
    """What JSON let in can be stored and read back."""
    tracker = conversation(domain, 1)
    tracker.update(
        UserUttered(
            "half \ud83d", parse_data={"intent": {}, "entities": [], "text": "half \ud83d"}
        ),
        domain,
    )
    await store.save(tracker)
    assert (await store.retrieve("anna")).latest_message.text == "half \ud83d"
