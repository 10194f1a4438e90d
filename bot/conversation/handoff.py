"""Who owns a conversation: the one state machine of handoff, and its only writer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Owner(StrEnum):
    """Who answers: the bot, nobody yet (a person was asked for), an agent; or the conversation is closed."""

    BOT = "BOT"
    QUEUE = "QUEUE"
    AGENT = "AGENT"
    CLOSED = "CLOSED"


class HandoffNotAllowed(ValueError):
    """The state does not allow the step that was asked for."""


@dataclass(frozen=True)
class Ownership:
    """Owner of a conversation; `epoch` grows with each change, so that an answer computed before it is void."""

    owner: Owner = Owner.BOT
    epoch: int = 0
    agent: str | None = None

    def ask_for_person(self) -> Ownership:
        """BOT -> QUEUE; asking again while waiting changes nothing."""
        if self.owner in (Owner.QUEUE, Owner.AGENT):
            return self
        return self._to(Owner.QUEUE)

    def claim(self, agent: str) -> Ownership:
        """QUEUE or BOT -> AGENT."""
        if self.owner not in (Owner.QUEUE, Owner.BOT):
            raise HandoffNotAllowed(f"a conversation that is {self.owner} cannot be claimed")
        return self._to(Owner.AGENT, agent)

    def back_to_bot(self) -> Ownership:
        """QUEUE, AGENT or CLOSED -> BOT."""
        return self if self.owner is Owner.BOT else self._to(Owner.BOT)

    def close(self) -> Ownership:
        """Any -> CLOSED."""
        return self if self.owner is Owner.CLOSED else self._to(Owner.CLOSED)

    def _to(self, owner: Owner, agent: str | None = None) -> Ownership:
        return replace(self, owner=owner, epoch=self.epoch + 1, agent=agent)
