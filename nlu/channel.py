"""The one door into Rasa: the gateway posts a message with its metadata and gets replies with their trace."""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import LockError
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import OperationalError

from nlu.action_endpoint import ActionFailed
from nlu.reading import read_text
from nlu.turn import Replies, prepare, take_turn

logger = logging.getLogger(__name__)

HEADER = "X-Shopclerk-Secret"
VARIABLE = "SHOPCLERK_RASA_SECRET"
BODY_BYTES = 2 * 1024 * 1024
WARM_UP = "hello, where is my order? 你好，我的订单到哪了"


class BadRequest(ValueError):
    """The body is not a question as the gateway sends it."""


@dataclass(frozen=True)
class Ask:
    """One question: who speaks in which conversation, what was said, and what the gateway knows about it."""

    sender: str
    message: str
    metadata: Mapping[str, Any]

    @classmethod
    def from_body(cls, body: bytes) -> Ask:
        """Read a request's body; raises `BadRequest` with one clear sentence."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest("The body is not JSON.") from error
        if not isinstance(data, dict):
            raise BadRequest("The body must be a JSON object.")
        sender, message, metadata = (
            data.get("sender"),
            data.get("message"),
            data.get("metadata", {}),
        )
        if not isinstance(sender, str) or not 0 < len(sender) <= 255:
            raise BadRequest("`sender` must be a string of 1 to 255 characters.")
        if not isinstance(message, str) or not isinstance(metadata, dict):
            raise BadRequest("`message` must be a string and `metadata` an object.")
        return cls(sender, message, metadata)

    def user_message(self) -> UserMessage:
        """The question in Rasa's terms; its id makes a retry known."""
        return UserMessage(
            self.message,
            Replies(),
            self.sender,
            input_channel=ShopclerkInput.name(),
            message_id=self.metadata.get("message_id"),
            metadata=dict(self.metadata),
        )


class ShopclerkInput(InputChannel):
    """`POST /webhooks/shopclerk/webhook` for turns, `.../reading` for what a text means, `GET` for health."""

    def __init__(self, secret: str) -> None:
        """Only who knows the secret may ask."""
        self.secret = secret.encode()

    @classmethod
    def name(cls) -> str:
        """The channel's name, also in its route."""
        return "shopclerk"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> ShopclerkInput:
        """Take the secret from the environment: it stands in no file of the repository."""
        secret = os.environ.get(VARIABLE, "")
        if not secret:
            raise RasaException(f"Set {VARIABLE}: the secret that the gateway sends in {HEADER}.")
        return cls(secret)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes; turns go through `take_turn` rather than `on_new_message`, which would hide failures."""
        routes = Blueprint("shopclerk")
        routes.add_route(_health, "/", methods=["GET"])
        routes.listener("after_server_start")(_warm_up)

        @routes.post("/webhook")
        async def turn(request: Request) -> HTTPResponse:
            return await self._receive(request, _answer)

        @routes.post("/reading")
        async def reading(request: Request) -> HTTPResponse:
            return await self._receive(request, _read)

        return routes

    async def _receive(
        self, request: Request, answer: Callable[[Request, Ask], Awaitable[HTTPResponse]]
    ) -> HTTPResponse:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), self.secret):
            return _refusal(401, "unauthorized", "The shared secret is missing or wrong.")
        if len(request.body) > BODY_BYTES:
            return _refusal(413, "too_large", f"The body is larger than {BODY_BYTES} bytes.")
        try:
            ask = Ask.from_body(request.body)
        except BadRequest as error:
            return _refusal(400, "bad_request", str(error))
        return await answer(request, ask)


async def _read(request: Request, ask: Ask) -> HTTPResponse:
    """The intent of a text by itself; no conversation knows of it."""
    agent = request.app.ctx.agent
    if agent is None or not agent.is_ready():
        return _refusal(503, "not_ready", "The model is not loaded.")
    try:
        parsed = await read_text(agent.processor, ask.message, ask.metadata.get("role"))
    except Exception:
        logger.exception("A text could not be read.")
        return _refusal(500, "reading_failed", "The text could not be read.")
    intent = parsed["intent"]
    return response.json(
        {"intent": intent["name"] or "", "confidence": float(intent["confidence"])}
    )


async def _answer(request: Request, ask: Ask) -> HTTPResponse:
    """Take the turn; 503 asks the gateway to try again later, 500 says that trying again would not help."""
    agent = request.app.ctx.agent
    if agent is None or not agent.is_ready():
        return _refusal(503, "not_ready", "The model is not loaded.")
    try:
        turn = await take_turn(agent, ask.user_message())
    except ActionFailed as error:
        return _refusal(503 if error.retry else 500, "action_failed", str(error))
    except LockError:
        return _refusal(503, "busy", "Another turn of this conversation is still running.")
    except OperationalError:
        return _refusal(
            503, "store_unavailable", "The store of the dialogue state does not answer."
        )
    except Exception:
        # Only the class of what went wrong and where: a message's text has no place in a log.
        logger.exception("A turn failed (message %s).", ask.metadata.get("message_id"))
        return _refusal(500, "turn_failed", "The turn could not be taken.")
    return response.json({"replies": turn.replies, "trace": turn.trace})


async def _health(request: Request) -> HTTPResponse:
    """Whether a turn would be answered now."""
    ready = getattr(request.app.ctx, "shopclerk_warm", False)
    return response.json({"status": "ok" if ready else "starting"}, status=200 if ready else 503)


async def _warm_up(app: Sanic, *_: Any) -> None:
    """Read one message, so that the first person does not wait for jieba's dictionary and TensorFlow's first run.

    Rasa goes on without a model when it cannot read one; we end, so that the supervisor says so and tries again.
    """
    agent = app.ctx.agent
    if agent is None or not agent.is_ready():
        logger.error("The model could not be loaded. Train it: make train")
        app.stop()
        return
    prepare(agent)
    await read_text(agent.processor, WARM_UP, None)
    app.ctx.shopclerk_warm = True


def _refusal(status: int, code: str, what: str) -> HTTPResponse:
    return response.json({"error": code, "message": what}, status=status)
