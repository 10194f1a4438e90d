"""What a text means by itself: one POST to Rasa, outside of any conversation."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from bot.conversation.messages import Role

READING = "/webhooks/shopclerk/reading"


@dataclass(frozen=True)
class Reading:
    """An intent and how sure it is, 0..1; empty and 0 where Rasa could not be asked."""

    intent: str = ""
    confidence: float = 0.0


class RasaReader:
    """Reads texts; a Rasa that is down or not ready reads nothing, and nobody has to wait for it."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    async def read(self, text: str, role: Role) -> Reading:
        """The intent of a text, as of someone in this role."""
        body = {"sender": "reading", "message": text, "metadata": {"role": role}}
        headers = {"X-Shopclerk-Secret": self._secret}
        timeout = httpx.Timeout(10.0, connect=1.0)
        try:
            async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False) as client:  # noqa: S501 - loopback, no TLS
                response = await client.post(self._url + READING, json=body, headers=headers)
            found = response.json() if response.status_code == 200 else {}
            return Reading(str(found["intent"]), float(found["confidence"]))
        except (httpx.TransportError, ValueError, KeyError, TypeError):
            return Reading()
