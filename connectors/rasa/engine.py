"""Asking Rasa: one POST a turn, over loopback, with a shared secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import httpx

from bot.conversation.messages import InvalidReply, Reply, Text, from_dict
from bot.conversation.ports import (
    Answer,
    EngineFailed,
    EngineUnavailable,
    Question,
    Trace,
)

WEBHOOK = "/webhooks/shopclerk/webhook"
MAX_ANSWER_BYTES = 4_000_000


class RasaEngine:
    """The `DialogueEngine` of the conversation core, on a Rasa server."""

    def __init__(self, url: str, secret: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"X-Shopclerk-Secret": secret},
            timeout=httpx.Timeout(60.0, connect=2.0),
            limits=httpx.Limits(max_keepalive_connections=32),
            trust_env=False,
        )

    async def ask(self, question: Question) -> Answer:
        """Answer one turn; a Rasa that is down or not ready is `EngineUnavailable`."""
        try:
            response = await self._client.post(WEBHOOK, json=_request(question))
        except httpx.TransportError as error:
            raise EngineUnavailable(repr(error)) from error
        if response.status_code in (409, 502, 503):
            raise EngineUnavailable(f"Rasa answered {response.status_code}")
        if response.status_code != 200:
            raise EngineFailed(f"Rasa answered {response.status_code}: {response.text[:200]}")
        if len(response.content) > MAX_ANSWER_BYTES:
            raise EngineFailed(f"an answer of {len(response.content)} bytes")
        return _answer(response)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def _request(question: Question) -> dict[str, object]:
    return {
        "sender": question.sender,
        "message": question.text,
        "metadata": {
            "shop": question.shop,
            "role": question.role,
            "person": question.person,
            "message_id": question.message,
            "conversation": question.conversation,
            "language": question.language,
            "time_zone": question.time_zone,
            "files": [asdict(file) for file in question.files],
        },
    }


def _answer(response: httpx.Response) -> Answer:
    try:
        body = response.json()
        return Answer(tuple(_reply(item) for item in body["replies"]), _trace(body["trace"]))
    except (ValueError, KeyError, TypeError, InvalidReply) as error:
        raise EngineFailed(f"an answer that cannot be read: {error!r}") from error


def _reply(item: dict[str, Any]) -> Reply:
    return from_dict(item["custom"]) if item.get("custom") else Text(str(item["text"]))


def _trace(trace: dict[str, Any]) -> Trace:
    return Trace(
        intent=str(trace.get("intent") or ""),
        confidence=float(trace.get("confidence") or 0.0),
        ranking=tuple(
            (str(one["name"]), float(one["confidence"])) for one in trace.get("ranking", ())
        ),
        entities=tuple(
            (str(one["entity"]), str(one["value"])) for one in trace.get("entities", ())
        ),
        actions=tuple(str(name) for name in trace.get("actions", ())),
        policy=str(trace.get("policy") or ""),
        milliseconds={
            str(name): float(value)
            for name, value in trace.get("milliseconds", {}).items()
            if value is not None
        },
    )
