"""`shopclerk ask`: replies of every kind, for people and for programs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.asking import Turn
from bot.conversation.messages import REPLY_KINDS
from bot.store.clock import utc_now
from bot.store.timeline import Entry

REPLIES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"kind": "text", "text": "hello"}, "hello"),
    "buttons": (
        {"kind": "buttons", "text": "Right?", "buttons": [{"title": "Yes", "token": "t"}]},
        "Right?\n  [Yes]",
    ),
    "table": (
        {
            "kind": "table",
            "title": "Order",
            "columns": ["Item", "Quantity"],
            "rows": [["苹果", "2"], ["mugs", "3"]],
            "marks": [[1, 1]],
        },
        "Order\nItem  Quantity\n苹果  2\nmugs  3 ?",
    ),
    "image": ({"kind": "image", "file": "0" * 64, "alt": "sales", "title": ""}, "[picture: sales]"),
    "file": (
        {"kind": "file", "file": "0" * 64, "name": "a.csv", "media_type": "text/csv"},
        "[file: a.csv]",
    ),
    "progress": (
        {"kind": "progress", "job": "j", "text": "reading", "done": 1, "total": 4},
        "reading (1/4)",
    ),
    "handoff": ({"kind": "handoff", "reason": "asked"}, "[a person was asked to take over]"),
}


def entry(reply: dict[str, Any]) -> Entry:
    return Entry("e", 2, 2, "bot", utc_now(), reply=reply)


@pytest.mark.parametrize("kind", REPLY_KINDS)
def test_every_kind_of_reply_is_shown(kind: str) -> None:
    """The command line is a channel like the others: it renders each kind."""
    reply, shown = REPLIES[kind]
    assert Turn("tea", (entry(reply),)).to_text() == f"{shown}\n\n(go on: --conversation tea)"


def test_programs_get_the_replies_as_they_are() -> None:
    """In their order."""
    replies = [reply for reply, _ in REPLIES.values()]
    found = Turn("tea", tuple(map(entry, replies))).to_dict()
    assert found == {"conversation": "tea", "replies": replies}
