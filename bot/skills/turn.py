"""Who asks what, in which conversation: what every skill is told about a turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.conversation.messages import FileRef, Language, Role
from bot.store.changes import Author
from bot.store.clock import utc_now


@dataclass(frozen=True)
class Turn:
    """One message and where it comes from; `message` is its id, by which a retry is known."""

    shop: str
    role: Role
    person: str
    message: str
    conversation: str
    language: Language
    text: str = ""
    time_zone: str = "UTC"
    files: tuple[FileRef, ...] = ()
    now: datetime = field(default_factory=utc_now)

    @property
    def today(self) -> date:
        """The day on the shop's clock."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def author(self) -> Author:
        """The turn as the audit log names it."""
        return Author(self.person, self.message, self.conversation)
