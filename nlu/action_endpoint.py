"""Calls the action server over one kept connection, within the time a turn may take, and remembers what went wrong."""

from __future__ import annotations

import json
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

TURN_SECONDS = 8.0
REPLY_BYTES = 4 * 1024 * 1024


class ActionFailed(Exception):
    """An action did not answer, or not in a way that can be used; `retry` says whether asking again may help."""

    def __init__(self, what: str, *, retry: bool) -> None:
        super().__init__(what)
        self.retry = retry


@dataclass
class TurnClock:
    """How long the turn has run, and the first failure in it: Rasa itself only logs failures and goes on."""

    started: float = field(default_factory=time.monotonic)
    failure: ActionFailed | None = None

    @property
    def seconds_left(self) -> float:
        """What is left of the time that all actions of a turn may take together."""
        return TURN_SECONDS - (time.monotonic() - self.started)


CLOCK: ContextVar[TurnClock] = ContextVar("turn")


class ActionEndpoint(EndpointConfig):
    """Rasa's action endpoint with a kept connection, a deadline, a bound on the reply, and no swallowed failure."""

    _session: aiohttp.ClientSession | None = None

    @classmethod
    def like(cls, other: EndpointConfig) -> ActionEndpoint:
        """The same endpoint, called our way."""
        return cls(
            other.url,
            headers=other.headers,
            token=other.token,
            token_name=other.token_name,
            **other.kwargs,
        )

    async def request(self, method: str = "post", subpath: str | None = None, **kwargs: Any) -> Any:
        """Send one action call; after a failure every further call of the same turn fails at once."""
        clock = CLOCK.get()
        if clock.failure:
            raise clock.failure
        try:
            return await self._send_twice(kwargs["json"], clock)
        except TimeoutError as error:
            clock.failure = ActionFailed("The action took too long.", retry=False)
            raise clock.failure from error
        except aiohttp.ClientConnectionError as error:
            clock.failure = ActionFailed("The action server cannot be reached.", retry=True)
            raise clock.failure from error
        except ClientResponseError as error:
            if error.status == 400:
                raise  # An action that refuses to run: Rasa's policies choose another one.
            clock.failure = ActionFailed(f"The action server answered {error.status}.", retry=False)
            raise clock.failure from error
        except (aiohttp.ClientError, ValueError) as error:
            clock.failure = ActionFailed("The action server's answer cannot be used.", retry=False)
            raise clock.failure from error

    async def _send_twice(self, body: Any, clock: TurnClock) -> Any:
        """Send; once more where the kept connection turned out dead (actions repeat nothing for one message id)."""
        try:
            return await self._send(body, clock.seconds_left)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            return await self._send(body, clock.seconds_left)

    async def _send(self, body: Any, seconds: float) -> Any:
        """Post `body` and read the answer, at most `REPLY_BYTES` of it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self.headers)
        limit = aiohttp.ClientTimeout(total=max(seconds, 0.1))
        async with self._session.post(
            self.url, json=body, params=self.combine_parameters(), timeout=limit
        ) as reply:
            data = await _bounded(reply.content)
            if reply.status >= 400:
                raise ClientResponseError(
                    reply.status, str(reply.reason), data.decode(errors="replace")
                )
        return json.loads(data)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    data = bytearray()
    async for chunk in content.iter_any():
        data += chunk
        if len(data) > REPLY_BYTES:
            raise ValueError(f"an answer of more than {REPLY_BYTES} bytes")
    return bytes(data)
