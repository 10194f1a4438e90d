"""Reads one text with the trained pipeline, whatever the text is: bounded in length, and never as a command to Rasa."""

from __future__ import annotations

import re
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker

# Attention grows with the square of the length; what is meant stands in the first screenful.
READ_CHARACTERS = 1000
PAYLOAD = re.compile(r"/([a-z_]+)(\{.*\})?", re.DOTALL)
RASAS_OWN = frozenset({"restart", "back", "session_start"})
LEADING = re.compile(r"[\s/／\u200b-\u200d\u2060\ufeff]+")
HALF = re.compile("[\ud800-\udfff]")
WORD = re.compile(
    r"[^\W_]|[\U0001f44d\U0001f44c\u2705\U0001f44e]"
)  # a letter or digit, or a thumb up or down
NOTHING_SAID = {
    "intent": {"name": "nlu_fallback", "confidence": 1.0},
    "intent_ranking": [],
    "entities": [],
}


def is_payload(text: str, intents: list[str]) -> bool:
    """Whether a text is a button's payload: an intent of the domain, never one of Rasa's own commands."""
    found = PAYLOAD.fullmatch(text)
    return found is not None and found[1] in intents and found[1] not in RASAS_OWN


def harmless(text: str) -> str:
    """The text with its leading slashes replaced by a sign that looks alike and forces nothing; same length.

    Halves of a sign that no encoding can write become the sign for what cannot be read.
    """
    text = HALF.sub("\ufffd", text)
    leading = LEADING.match(text)
    cut = leading.end() if leading else 0
    return re.sub("[/／]", "∕", text[:cut]) + text[cut:]


async def read(
    processor: MessageProcessor, message: UserMessage, tracker: DialogueStateTracker | None = None
) -> dict[str, Any]:
    """Parse data of a message from the gateway, where a leading slash can only be a button's payload."""
    text = message.text or ""
    if is_payload(text, processor.domain.intents):
        parsed = await processor.parse_message(message, tracker)
    else:
        parsed = await read_text(processor, text, (message.metadata or {}).get("role"))
    return {**parsed, "text": text, "metadata": message.metadata, "message_id": message.message_id}


async def read_text(processor: MessageProcessor, text: str, role: str | None) -> dict[str, Any]:
    """Intent, ranking and entities of a text that a person typed; offsets count in the text as given."""
    seen = harmless(text)[:READ_CHARACTERS]
    if not WORD.search(seen):
        return {**NOTHING_SAID, "text": text}
    parsed = await processor.parse_message(
        UserMessage(seen, metadata={"role": role} if role else None)
    )
    blanks = len(seen) - len(seen.lstrip())
    entities = [
        {**e, "start": e["start"] + blanks, "end": e["end"] + blanks} for e in parsed["entities"]
    ]
    return {**parsed, "text": text, "entities": entities}
