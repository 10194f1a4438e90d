"""The state machine of handoff: every step from every state."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.conversation.handoff import HandoffNotAllowed, Owner, Ownership

ASK = Ownership.ask_for_person
BACK = Ownership.back_to_bot
CLOSE = Ownership.close


def take(ownership: Ownership) -> Ownership:
    """An agent claims it."""
    return ownership.claim("amy")


STEPS: list[tuple[Callable[[Ownership], Ownership], dict[Owner, Owner]]] = [
    (ASK, {Owner.BOT: Owner.QUEUE, Owner.CLOSED: Owner.QUEUE}),
    (take, {Owner.BOT: Owner.AGENT, Owner.QUEUE: Owner.AGENT}),
    (BACK, {Owner.QUEUE: Owner.BOT, Owner.AGENT: Owner.BOT, Owner.CLOSED: Owner.BOT}),
    (CLOSE, {Owner.BOT: Owner.CLOSED, Owner.QUEUE: Owner.CLOSED, Owner.AGENT: Owner.CLOSED}),
]


@pytest.mark.parametrize(
    ("step", "start", "end"),
    [(step, start, end) for step, moves in STEPS for start, end in moves.items()],
)
def test_a_step_changes_the_owner_and_the_epoch(
    step: Callable[[Ownership], Ownership], start: Owner, end: Owner
) -> None:
    """So that an answer computed before it is void; only an agent's conversation names an agent."""
    after = step(Ownership(start, 7, "old" if start is Owner.AGENT else None))
    assert (after.owner, after.epoch) == (end, 8)
    assert after.agent == ("amy" if end is Owner.AGENT else None)


@pytest.mark.parametrize(
    ("step", "owner"),
    [(ASK, Owner.QUEUE), (ASK, Owner.AGENT), (BACK, Owner.BOT), (CLOSE, Owner.CLOSED)],
)
def test_asking_for_what_is_there_already_changes_nothing(
    step: Callable[[Ownership], Ownership], owner: Owner
) -> None:
    """Repeats void no answer."""
    before = Ownership(owner, 7)
    assert step(before) == before


@pytest.mark.parametrize("owner", [Owner.AGENT, Owner.CLOSED])
def test_only_a_conversation_without_an_agent_can_be_claimed(owner: Owner) -> None:
    """The second agent is refused."""
    with pytest.raises(HandoffNotAllowed):
        take(Ownership(owner, 7))
