"""Asking the actions process what the merchant's console needs: one POST each, over loopback, with a shared secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bot.conversation.messages import Language

SECRET_HEADER = "X-Shopclerk-Secret"  # noqa: S105 - its name, not its value
MAX_ANSWER_BYTES = 16_000_000


class DeskUnavailable(Exception):
    """The actions process is not there, or not ready."""


class DeskFailed(Exception):
    """The actions process broke over a call; trying again would not help."""


class NotAccepted(Exception):
    """A change that would break the shop's files; the text is the one line that says what to mend."""


class NotThere(Exception):
    """The shop has no such answer, fact, change or model."""


@dataclass(frozen=True)
class Caller:
    """Whose shop it is and who asks, as the session says."""

    shop: str
    person: str
    language: Language


class DeskClient:
    """Calls operations of the actions process."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    async def call(
        self, operation: str, caller: Caller, arguments: Mapping[str, object]
    ) -> dict[str, Any]:
        """The result of an operation; raises one of this module's exceptions."""
        body = {**vars(caller), "arguments": arguments}
        # A client for each call: they are few, and none is left open when the gateway ends.
        timeout = httpx.Timeout(60.0, connect=2.0)
        try:
            async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False) as client:  # noqa: S501 - loopback, no TLS
                response = await client.post(
                    f"{self._url}/desk/{operation}",
                    json=body,
                    headers={SECRET_HEADER: self._secret},
                )
        except httpx.TransportError as error:
            raise DeskUnavailable(repr(error)) from error
        return _result(response)


def _result(response: httpx.Response) -> dict[str, Any]:
    if len(response.content) > MAX_ANSWER_BYTES:
        raise DeskFailed(f"an answer of {len(response.content)} bytes")
    try:
        body = response.json()
    except ValueError as error:
        raise DeskFailed("an answer that is no JSON") from error
    if not isinstance(body, dict):
        raise DeskFailed("an answer that is no object")
    if response.status_code == 200:
        return body
    line = str(body.get("error"))
    if response.status_code == 422:
        raise NotAccepted(line)
    if response.status_code == 404:
        raise NotThere(line)
    if response.status_code == 503:
        raise DeskUnavailable(line)
    raise DeskFailed(f"{response.status_code}: {line}")
