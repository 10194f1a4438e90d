"""Chooses the variation of a static text by the language and role of the message it answers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

DEFAULT_LANGUAGE = "en"


def fitting(
    variations: Sequence[Mapping[str, Any]], language: str, role: str
) -> list[Mapping[str, Any]]:
    """The variations to choose from: right language first, then those made for the role, else those for any role."""
    spoken = [v for v in variations if _mark(v, "language") == language]
    spoken = spoken or [v for v in variations if _mark(v, "language") in (None, DEFAULT_LANGUAGE)]
    own = [v for v in spoken if _mark(v, "role") == role]
    return own or [v for v in spoken if _mark(v, "role") is None]


def _mark(variation: Mapping[str, Any], key: str) -> str | None:
    return (variation.get("metadata") or {}).get(key)


class BilingualResponses(TemplatedNaturalLanguageGenerator):
    """Rasa's generator of static texts, choosing by metadata; a repeated message gets the same variation again."""

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        """Take the texts of the domain."""
        super().__init__(domain.responses)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The text for an `utter_*` action, its fields filled from slots and `kwargs`."""
        message = tracker.latest_message
        metadata = (message.metadata if message else None) or {}
        choices = fitting(
            self.responses.get(utter_action, []),
            metadata.get("language", DEFAULT_LANGUAGE),
            metadata.get("role", ""),
        )
        if not choices:
            return None
        seed = zlib.crc32(str(message.message_id if message else "").encode())
        chosen = {
            key: value for key, value in choices[seed % len(choices)].items() if key != "metadata"
        }
        return self._fill_response(chosen, tracker.current_slot_values(), **kwargs)
