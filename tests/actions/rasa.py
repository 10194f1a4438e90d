"""Stands in for Rasa in tests of the actions: sends the calls Rasa sends, and follows the form protocol.

The order of calls was taken from Rasa 3.6.21 (rasa/core/actions/forms.py).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actions.server import Executor
from bot.conversation.messages import Buttons, Reply, Table, Text, from_dict

FORMS = {
    "order_form": "order_reply",
    "order_status_form": "order_status_reply",
    "teach_form": "teach_reply",
}
INTERRUPTING = {"help", "why", "undo", "list_orders", "sales_report", "stock_report", "greet"}
_ids = itertools.count(1)


@dataclass
class Rasa:
    """One conversation with the action server."""

    executor: Executor
    shop: str = "demo"
    role: str = "merchant"
    language: str = "en"
    person: str = ""
    form: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    files: Sequence[Mapping[str, Any]] = ()

    def call(
        self, action: str, message: Mapping[str, Any]
    ) -> tuple[list[Reply], list[dict[str, Any]]]:
        """One call of one action, as Rasa makes it."""
        tracker = {
            "sender_id": message["metadata"]["conversation"],
            "slots": dict(self.slots),
            "latest_message": message,
            "events": [],
            "active_loop": {"name": self.form} if self.form else {},
            "latest_action_name": "action_listen",
        }
        body = {"next_action": action, "sender_id": "x", "tracker": tracker, "version": "3.6.21"}
        result = asyncio.run(self.executor.run(body))
        assert result is not None
        for event in result.events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        return [from_dict(answer["custom"]) for answer in result.responses], result.events

    def message(
        self, text: str, intent: str, entities: Mapping[str, str] | None, message_id: str | None
    ) -> dict[str, Any]:
        """A message as Rasa's tracker has it."""
        conversation = f"{self.shop}-{self.role}"
        return {
            "text": text,
            "intent": {"name": intent, "confidence": 0.97},
            "entities": [{"entity": k, "value": v} for k, v in (entities or {}).items()],
            "metadata": {
                "shop": self.shop,
                "role": self.role,
                "person": self.person or conversation,
                "message_id": message_id or f"m{next(_ids)}",
                "language": self.language,
                "conversation": conversation,
                "time_zone": "UTC",
                "files": list(self.files),
            },
        }

    def say(
        self,
        text: str,
        intent: str = "nlu_fallback",
        entities: Mapping[str, str] | None = None,
        message_id: str | None = None,
        action: str | None = None,
    ) -> list[Reply]:
        """One turn: in a form the form hears it first, else the action of the intent answers."""
        message = self.message(text, intent, entities, message_id)
        if self.form and intent not in INTERRUPTING:
            return self._form_turn(message)
        replies, _ = self.call(action or f"action_{intent}", message)
        if intent == "parse_order" and self.slots.get("draft_open"):
            self.form = "order_form"
            replies += self._form_turn(message, fresh=True)
        if intent == "teach_category" and self.slots.get("teach_open"):
            self.form = "teach_form"
            replies += self._form_turn(message, fresh=True)
        return replies

    def press(self, reply: Reply, title: str, message_id: str | None = None) -> list[Reply]:
        """Press the button of that title."""
        assert isinstance(reply, Buttons)
        payload = next(b.payload for b in reply.buttons if b.title == title)
        intent, entities = read_payload(payload)
        if self.form is None and intent == "inform_choice":
            return self.say(payload, intent, entities, message_id, "action_affirm_or_deny")
        return self.say(payload, intent, entities, message_id)

    def _form_turn(self, message: Mapping[str, Any], fresh: bool = False) -> list[Reply]:
        assert self.form
        slot = FORMS[self.form]
        self.slots[slot] = None if fresh else message["text"]
        replies, events = self.call(f"validate_{self.form}", message)
        assert fresh or any(event.get("name") == slot for event in events)
        if self.slots[slot] is None:
            asked, _ = self.call(f"action_ask_{slot}", message)
            return replies + asked
        form, self.form = self.form, None
        told, _ = self.call(f"action_{form.removesuffix('_form')}_result", message)
        return replies + told


def read_payload(payload: str) -> tuple[str, dict[str, str]]:
    """`/intent{"entity": "value"}` apart."""
    name, brace, rest = payload[1:].partition("{")
    return name, json.loads(brace + rest) if brace else {}


def words(replies: Sequence[Reply]) -> str:
    """All that was said, as one text."""
    said: list[str] = []
    for reply in replies:
        if isinstance(reply, Text | Buttons):
            said.append(reply.text)
        if isinstance(reply, Table):
            said += [reply.title, *(" | ".join(row) for row in reply.rows)]
    return "\n".join(said)
