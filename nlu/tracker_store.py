"""Keeps each conversation's dialogue state in one row, cut to the last turns, in SQLite or PostgreSQL.

Rasa's own store keeps every event as a row and replays all of them each turn, so that long conversations become slow;
here the turns before the last few are folded into the state they led to. The full history is the inbox's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

KEEP_TURNS = 4
FOLD_AT_TURNS = 2 * KEEP_TURNS

TRACKERS = sa.Table(
    "rasa_trackers",
    sa.MetaData(),
    sa.Column("sender", sa.String(255), primary_key=True),
    sa.Column("events", sa.Text, nullable=False),
)


def folded(tracker: DialogueStateTracker, domain: Domain) -> list[Event]:
    """The tracker's events, everything before the last turns replaced by the slots and the form it led to."""
    events = list(tracker.events)
    turns = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) < FOLD_AT_TURNS:
        return events
    start = turns[-KEEP_TURNS]
    then = DialogueStateTracker.from_events(
        tracker.sender_id, events[:start], slots=domain.slots, domain=domain
    )
    return [*_state_of(then), *events[start:]]


def _state_of(tracker: DialogueStateTracker) -> Sequence[Event]:
    slots = [
        SlotSet(name, slot.value)
        for name, slot in tracker.slots.items()
        if slot.value != slot.initial_value
    ]
    loop = [ActiveLoop(tracker.active_loop_name)] if tracker.active_loop_name else []
    start = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    return [*start, *loop, *slots, ActionExecuted(ACTION_LISTEN_NAME)]


class FoldingTrackerStore(TrackerStore):
    """A tracker store whose rows, and so the cost of a turn, do not grow with the conversation."""

    def __init__(
        self,
        host: str,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        """Open (or make) the table at `host`, which is the endpoint's `url`: an SQLAlchemy URL."""
        super().__init__(domain, event_broker)
        self.engine = _engine(host)
        TRACKERS.metadata.create_all(self.engine)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the folded events in one short transaction."""
        if not tracker.events:
            return
        row = {"events": json.dumps([event.as_dict() for event in folded(tracker, self.domain)])}
        with self.engine.begin() as connection:
            update = sa.update(TRACKERS).where(TRACKERS.c.sender == tracker.sender_id)
            if not connection.execute(update.values(row)).rowcount:
                connection.execute(sa.insert(TRACKERS).values(sender=tracker.sender_id, **row))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker of a conversation, or None where there is none yet."""
        query = sa.select(TRACKERS.c.events).where(TRACKERS.c.sender == sender_id)
        with self.engine.connect() as connection:
            stored = connection.execute(query).scalar()
        if stored is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, json.loads(stored), self.domain.slots)

    async def keys(self) -> Iterable[str]:
        """The ids of all conversations."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(TRACKERS.c.sender)).scalars())


def _engine(url: str) -> sa.engine.Engine:
    parsed = sa.engine.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg2"), pool_pre_ping=True, hide_parameters=True
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        parsed, connect_args={"timeout": 5}, poolclass=sa.pool.QueuePool, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        # WAL and NORMAL: what was committed survives kill -9, and a commit costs no disk flush.
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")

    return engine
