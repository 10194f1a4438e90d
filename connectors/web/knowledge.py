"""The JSON API under `/api/v1/knowledge` with which a merchant looks after the shop's answers, facts and models.

Only for merchants, and only about the shop of their session. What is asked is checked here and passed on to the
actions process, which alone knows the shop's files and models.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from bot.conversation.messages import Language, Role
from bot.store.engine import NotFound
from connectors.desk import Caller, DeskClient, DeskUnavailable, NotAccepted, NotThere
from connectors.rasa.reading import RasaReader
from connectors.web.asker import Asker, Askers
from connectors.web.errors import Refused

PREFIX = "/knowledge"


def _readable(text: str) -> str:
    """Line breaks and tabs are all the control characters that a text may have."""
    if any(ch not in "\n\t" and unicodedata.category(ch) in ("Cc", "Cs") for ch in text):
        raise ValueError("has a control character")
    return text


Line = Annotated[str, Field(max_length=500), AfterValidator(_readable)]
Words = Annotated[str, Field(max_length=4_000), AfterValidator(_readable)]
Forms = Annotated[list[Line], Field(max_length=500)]
AnswerId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Topic = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Intent = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,63}$")]
RowId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Rows = Annotated[list[RowId], Field(max_length=2_000)]
Search = Annotated[str, Query(max_length=200)]
BothWords = dict[Language, Words]
Value = (
    Line | dict[Language, Line] | Annotated[list[Line | dict[Language, Line]], Field(max_length=50)]
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnswerDraft(_Strict):
    """What an answer is to say; the texts may hold {placeholders}."""

    topic: Topic
    intents: Annotated[list[Intent], Field(max_length=20)] = []
    answer: BothWords
    questions: dict[Language, Forms]
    closes: Rows = []
    proposal: RowId | None = None


class DealtWith(_Strict):
    """Questions of customers and a proposal that need nothing more."""

    questions: Rows = []
    proposal: RowId | None = None


class ChosenModel(_Strict):
    """A trained version; empty for the shipped one."""

    version: Annotated[str, Field(pattern=r"^([0-9]{8}-[0-9]{6}-[0-9a-f]{4})?$")]


class PolicyDraft(_Strict):
    """A topic's title and text."""

    title: BothWords
    text: BothWords


class FactDraft(_Strict):
    """A fact's value, of a topic where it is new."""

    topic: Topic
    value: Value


class FactValue(_Strict):
    """A value to be shown as it would be told."""

    value: Value


class TriedQuestion(_Strict):
    """A question to try out."""

    text: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_readable)]


class Knowledge:
    """The handlers; the shop is the session's, whatever is asked."""

    def __init__(self, askers: Askers, desk: DeskClient, reader: RasaReader) -> None:
        self._askers = askers
        self._desk = desk
        self._reader = reader

    async def answers(self, request: Request, query: Search = "", topic: Search = "") -> Response:
        """The answers that have all words of a query."""
        return await self._told(request, "answers", query=query, topic=topic)

    async def answer(self, request: Request, id: AnswerId) -> Response:
        """One answer as it can be edited."""
        return await self._told(request, "answer", id=id)

    async def add_answer(self, request: Request, draft: AnswerDraft) -> Response:
        """A new answer; its id is made here."""
        return await self._done(request, "answer.save", id="", **_plain(draft))

    async def save_answer(self, request: Request, id: AnswerId, draft: AnswerDraft) -> Response:
        """An answer's new words."""
        return await self._done(request, "answer.save", id=id, **_plain(draft))

    async def hide_answer(self, request: Request, id: AnswerId) -> Response:
        """Say an answer no more."""
        return await self._done(request, "answer.hide", id=id)

    async def restore_answer(self, request: Request, id: AnswerId) -> Response:
        """Say the shipped answer again."""
        return await self._done(request, "answer.restore", id=id)

    async def policies(self, request: Request) -> Response:
        """Every topic with its text and facts."""
        return await self._told(request, "policies")

    async def save_policy(self, request: Request, topic: Topic, draft: PolicyDraft) -> Response:
        """A topic's new text."""
        return await self._done(request, "policy.save", topic=topic, **_plain(draft))

    async def restore_policy(self, request: Request, topic: Topic) -> Response:
        """Say the shipped text again."""
        return await self._done(request, "policy.restore", topic=topic)

    async def tell_value(self, request: Request, draft: FactValue) -> Response:
        """How a value would be told in both languages; nothing is changed."""
        return await self._done(request, "value", **_plain(draft))

    async def save_fact(self, request: Request, name: FactName, draft: FactDraft) -> Response:
        """A fact's new value."""
        return await self._done(request, "fact.save", name=name, **_plain(draft))

    async def restore_fact(self, request: Request, name: FactName) -> Response:
        """The shipped value again."""
        return await self._done(request, "fact.restore", name=name)

    async def history(self, request: Request) -> Response:
        """The newest changes."""
        return await self._told(request, "history")

    async def put_back(self, request: Request, id: RowId) -> Response:
        """As it was before a change."""
        return await self._done(request, "history.put_back", id=id)

    async def unanswered(self, request: Request) -> Response:
        """What customers asked in vain, put together, and what the shop's people answered by hand."""
        return await self._told(request, "unanswered")

    async def close(self, request: Request, dealt: DealtWith) -> Response:
        """Take questions off the list."""
        return await self._done(request, "unanswered.close", **_plain(dealt))

    async def models(self, request: Request) -> Response:
        """The trained models, how they compare, and the training under way."""
        return await self._told(request, "models")

    async def train(self, request: Request) -> Response:
        """Begin a training."""
        return await self._done(request, "models.train")

    async def stop_training(self, request: Request) -> Response:
        """Stop it."""
        return await self._done(request, "models.stop")

    async def use_model(self, request: Request, chosen: ChosenModel) -> Response:
        """Put a model in place."""
        return await self._done(request, "models.use", version=chosen.version)

    async def try_out(self, request: Request, question: TriedQuestion) -> Response:
        """What a customer would be told; nothing is kept."""
        asker = await self._askers.changer(request)
        if asker.role is not Role.MERCHANT:
            raise Refused("no_console")
        read = await self._reader.read(question.text, Role.CUSTOMER)
        return await self._called(asker, "try", {"text": question.text, **vars(read)})

    async def _told(self, request: Request, operation: str, **arguments: object) -> Response:
        return await self._called(await self._askers.asker(request), operation, arguments)

    async def _done(self, request: Request, operation: str, **arguments: object) -> Response:
        """As `_told`, for what our own page alone may ask."""
        return await self._called(await self._askers.changer(request), operation, arguments)

    async def _called(
        self, asker: Asker, operation: str, arguments: dict[str, object]
    ) -> JSONResponse:
        if asker.role is not Role.MERCHANT:
            raise Refused("no_console")
        caller = Caller(asker.shop, asker.person, asker.language)
        try:
            result = await self._desk.call(operation, caller, arguments)
        except NotAccepted as error:
            raise Refused("not_accepted", detail=str(error)) from error
        except NotThere as error:
            raise NotFound(str(error)) from error
        except DeskUnavailable as error:
            raise Refused("desk_down") from error
        return JSONResponse(result, headers={"Cache-Control": "no-store"})


def _plain(draft: BaseModel) -> dict[str, Any]:
    return draft.model_dump(mode="json")


def add_knowledge(app: FastAPI, askers: Askers, desk: DeskClient, reader: RasaReader) -> None:
    """The routes."""
    api = Knowledge(askers, desk, reader)
    reads: dict[str, Callable[..., Any]] = {
        "/answers": api.answers,
        "/answers/{id}": api.answer,
        "/policies": api.policies,
        "/history": api.history,
        "/unanswered": api.unanswered,
        "/models": api.models,
    }
    changes: dict[str, Callable[..., Any]] = {
        "/answers": api.add_answer,
        "/answers/{id}": api.save_answer,
        "/answers/{id}/hide": api.hide_answer,
        "/answers/{id}/restore": api.restore_answer,
        "/policies/{topic}": api.save_policy,
        "/policies/{topic}/restore": api.restore_policy,
        "/value": api.tell_value,
        "/facts/{name}": api.save_fact,
        "/facts/{name}/restore": api.restore_fact,
        "/history/{id}/put-back": api.put_back,
        "/unanswered/close": api.close,
        "/models/train": api.train,
        "/models/stop": api.stop_training,
        "/models/use": api.use_model,
        "/try": api.try_out,
    }
    for method, routes in (("GET", reads), ("POST", changes)):
        for path, handler in routes.items():
            app.add_api_route(PREFIX + path, handler, methods=[method], response_model=None)
