"""The JSON API under `/api/v1` that the console and the widget talk to."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.datastructures import UploadFile
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from bot.conversation.handoff import Owner
from bot.conversation.messages import FileRef, InboundMessage, Language, Role
from bot.metadata import without_metadata
from bot.store import people, shops, timeline
from bot.store.clock import new_id
from bot.store.engine import NotFound
from bot.store.timeline import Entry
from connectors.desk import DeskClient
from connectors.front import Front
from connectors.rasa.reading import RasaReader
from connectors.web.asker import CHANNEL, CSRF_HEADER, Asker, Askers
from connectors.web.errors import Refused, as_json, handle_errors
from connectors.web.guards import MAX_ARCHIVE, MAX_FILE, MULTIPART_OVERHEAD, bounded
from connectors.web.knowledge import add_knowledge
from connectors.web.strings import LANGUAGE_COOKIE
from connectors.web.tokens import Tokens
from connectors.web.uploads import RASTER, ZIP, clean_name, is_archive, media_type_of

PREFIX = "/api/v1"
HEARTBEAT_SECONDS = 15
SESSION_CHECK_SECONDS = 5  # a stream outlives the sign-out of its session by this much at most
TYPING_CHECK_SECONDS = 1
PAGE = 200
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_FILES = 100
UPLOADS_KEPT_AT_ONCE = (
    2  # copying a large one takes a thread for seconds, and chats need threads too
)
_PIECE = 256 * 1024
FILE_POLICY = "default-src 'none'; style-src 'none'; sandbox"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


AnyText = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Any text, lone surrogates too: what people send is stored as it came (pydantic's own check would refuse it)."""
NEWEST_CURSOR = 2**31 - 1  # what the column holds
Cursor = Annotated[int, Query(ge=0, le=NEWEST_CURSOR)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class NewMessage(BaseModel):
    """A message as a client sends it; `id` is made by the client and makes a repeat a no-op."""

    id: Id
    text: AnyText = ""
    attachments: Annotated[
        list[Annotated[str, Field(max_length=2048)]], Field(max_length=MOST_FILES)
    ] = []
    button: Id | None = None


class NewVisitor(BaseModel):
    """A visitor of a shop's page; `identity` is what the shop's server signed for someone it knows."""

    shop: Id
    identity: Annotated[str | None, Field(max_length=2048)] = None


class ChosenLanguage(BaseModel):
    """The language someone wants to read."""

    language: Language


@dataclass(frozen=True)
class News:
    """What a client has not seen yet; `typing` says whether an answer is being worked on."""

    entries: list[Entry]
    cursor: int
    typing: bool

    def to_json(self) -> str:
        """ASCII only: lone surrogates that somebody sent cannot be written as UTF-8."""
        body = {
            "entries": [_entry(entry) for entry in self.entries],
            "cursor": self.cursor,
            "typing": self.typing,
            "more": len(self.entries) == PAGE,
        }
        return json.dumps(body, separators=(",", ":"))


def _entry(entry: Entry) -> dict[str, object]:
    return {**asdict(entry), "at": entry.at.isoformat()}


class Api:
    """The handlers; the asker's shop, role and conversation come from session or token, never from the request."""

    def __init__(self, front: Front, askers: Askers, tokens: Tokens) -> None:
        self.front = front
        self.askers = askers
        self.tokens = tokens
        self._keeping = asyncio.Semaphore(UPLOADS_KEPT_AT_ONCE)

    async def open_visit(self, visitor: NewVisitor) -> dict[str, str]:
        """A token for a visitor of a shop's page, anonymous or vouched for by the shop."""
        who = await asyncio.to_thread(self._visitor, visitor)
        return {"token": self.tokens.visitor.sign(**who), "name": who["name"]}

    def _visitor(self, visitor: NewVisitor) -> dict[str, str]:
        with self.front.store.read() as session:
            shop = shops.access_shop(session, visitor.shop).id
            fields = self.tokens.identity.read(visitor.identity or "") or {}
            known = people.person_by_id(session, shop, str(fields.get("person", "")))
        if known is None or known.role is not Role.CUSTOMER:
            chat = f"visitor:{new_id()}"
            return {"shop": shop, "chat": chat, "person": chat, "name": ""}
        chat = f"customer:{known.person}"
        return {"shop": shop, "chat": chat, "person": known.person, "name": known.name}

    async def me(self, request: Request) -> dict[str, object]:
        """Who asks, of which shop."""
        asker = await self.askers.asker(request)
        return await asyncio.to_thread(self._me, asker)

    def _me(self, asker: Asker) -> dict[str, object]:
        with self.front.store.read() as session:
            shop = shops.access_shop(session, asker.shop)
            return {
                "id": asker.person,
                "name": asker.name,
                "role": asker.role,
                "language": asker.language,
                "csrf": asker.csrf,
                "shop": {
                    "name": {"en": shop.name, "zh": shop.name_zh},
                    "synthetic": shop.synthetic,
                },
            }

    async def choose_language(
        self, request: Request, response: Response, chosen: ChosenLanguage
    ) -> dict[str, str]:
        """Remember the language someone wants to read."""
        asker = await self.askers.changer(request)
        await asyncio.to_thread(self._set_language, asker, chosen.language)
        await self.front.conversation_for(
            asker.shop, CHANNEL, asker.chat, asker.person, asker.role, chosen.language
        )
        if asker.csrf:
            response.set_cookie(
                LANGUAGE_COOKIE, chosen.language, samesite="lax", max_age=31_536_000
            )
        return {"language": chosen.language}

    def _set_language(self, asker: Asker, language: Language) -> None:
        with self.front.store.write() as session:
            people.set_language(session, asker.shop, asker.person, language)

    async def send(self, request: Request, message: NewMessage) -> dict[str, object]:
        """Take a message; when this answers, it is stored."""
        asker = await self.askers.changer(request)
        conversation = await self.askers.conversation(asker)
        inbound = InboundMessage(
            shop=asker.shop,
            channel=CHANNEL,
            external_id=f"{asker.chat}:{message.id}",
            chat=asker.chat,
            person=asker.person,
            role=asker.role,
            text=message.text,
            files=tuple(self._attachment(conversation, token) for token in message.attachments),
            button=message.button,
            language=asker.language,
        )
        accepted = await self.front.accept(inbound)
        return {"id": accepted.message, "number": accepted.number, "new": accepted.new}

    def _attachment(self, conversation: str, token: str) -> FileRef:
        fields = self.tokens.attachment.read(token)
        if fields is None or fields.get("conversation") != conversation:
            raise Refused("not_found")
        return FileRef(**{name: value for name, value in fields.items() if name != "conversation"})  # type: ignore[arg-type]

    async def entries(self, request: Request, cursor: Cursor = 0) -> Response:
        """What is newer than the cursor, a page at a time."""
        asker = await self.askers.asker(request)
        conversation = await self.askers.conversation(asker)
        news = await asyncio.to_thread(self._news, asker.shop, conversation, cursor)
        return Response(
            news.to_json(), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    def _news(self, shop: str, conversation: str, cursor: int) -> News:
        with self.front.store.read() as session:
            entries = timeline.entries_after(session, shop, conversation, cursor, PAGE)
            owner = timeline.access_conversation(session, shop, conversation).owner
            typing = owner == Owner.BOT and timeline.open_turns(session, shop, conversation) > 0
        newest = max((entry.revision for entry in entries), default=cursor)
        return News(entries, newest, typing)

    async def stream(self, request: Request, cursor: Cursor = 0) -> Response:
        """News as they happen, as server-sent events; `Last-Event-ID` or `cursor` says where to go on."""
        asker = await self.askers.asker(request)
        last = request.headers.get("last-event-id", "")
        start = min(int(last), NEWEST_CURSOR) if re.fullmatch("[0-9]{1,10}", last) else cursor
        conversation = await self.askers.conversation(asker)
        events = self._events(request, asker, conversation, start)
        return EventSourceResponse(
            events, ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"}, sep="\n"
        )

    async def _events(
        self, request: Request, asker: Asker, conversation: str, cursor: int
    ) -> AsyncIterator[ServerSentEvent]:
        told: bool | None = None
        while True:
            news = await asyncio.to_thread(self._news, asker.shop, conversation, cursor)
            cursor = news.cursor
            if news.entries or news.typing != told:
                told = news.typing
                yield ServerSentEvent(news.to_json(), event="news", id=str(cursor))
            idle = SESSION_CHECK_SECONDS if asker.csrf else HEARTBEAT_SECONDS
            wait = TYPING_CHECK_SECONDS if news.typing else idle
            await self.front.changed(conversation, cursor, wait)
            if asker.csrf and await self.askers.signed_in(request) is None:
                yield ServerSentEvent("{}", event="signed_out")
                return

    async def upload(self, request: Request) -> dict[str, object]:
        """Keep one file; what comes back may be attached to a message of this conversation."""
        asker = await self.askers.changer(request)
        conversation = await self.askers.conversation(asker)
        large = asker.role is Role.MERCHANT
        most = MAX_ARCHIVE if large else MAX_FILE
        body = Request(request.scope, bounded(request.receive, most + MULTIPART_OVERHEAD))
        try:
            async with body.form(max_files=1, max_fields=1) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile):
                    raise Refused("invalid")
                name, size = clean_name(file.filename or ""), file.size or 0
                if size > MAX_FILE and not (large and is_archive(await file.read(4), name)):
                    raise Refused("archive_too_large" if large else "too_large")
                async with self._keeping:
                    stored = await asyncio.to_thread(
                        self._put, asker.shop, conversation, file.file, size, name
                    )
        except ClientDisconnect:
            raise Refused("bad_request") from None
        ticket = self.tokens.attachment.sign(conversation=conversation, **asdict(stored))
        return {**asdict(stored), "attachment": ticket}

    def _put(self, shop: str, conversation: str, file: BinaryIO, size: int, name: str) -> FileRef:
        file.seek(0)
        media_type = ZIP
        if size <= MAX_FILE:
            data = file.read()
            media_type = media_type_of(data, name)
            file = io.BytesIO(without_metadata(data))
        kept = self.front.files.keep(shop, file)  # before the transaction: it may take long
        with self.front.store.write() as session:
            return self.front.files.add(session, shop, kept, name, media_type, conversation)

    async def download(self, request: Request, sha256: str) -> Response:
        """A file of the asker's shop; a customer sees those of their own conversation only."""
        asker = await self.askers.asker(request)
        own = await self.askers.conversation(asker) if asker.role is Role.CUSTOMER else None
        if not SHA256.fullmatch(sha256):
            raise NotFound("not a file's id")
        ref, file = await asyncio.to_thread(self._open, asker.shop, sha256, own)
        return StreamingResponse(
            _pieces(file), media_type=ref.media_type, headers=_file_headers(ref)
        )

    def _open(self, shop: str, sha256: str, own: str | None) -> tuple[FileRef, IO[bytes]]:
        with self.front.store.read() as session:
            return self.front.files.open(session, shop, sha256, own)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _file_headers(ref: FileRef) -> dict[str, str]:
    way = "inline" if ref.media_type in RASTER.values() else "attachment"
    name = quote(clean_name(ref.name), safe="")
    return {
        "Content-Disposition": f"{way}; filename*=UTF-8''{name}",
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Length": str(ref.size),
    }


def create_api(
    front: Front, askers: Askers, tokens: Tokens, desk: DeskClient, reader: RasaReader
) -> FastAPI:
    """The API as an app of its own, as other rules hold for it: shops' pages elsewhere may call it.

    Any origin may, without cookies: what a widget may do hangs on the token it shows.
    """
    app = FastAPI(
        title="Shopclerk web API",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID", CSRF_HEADER],
    )
    handle_errors(app, as_json)
    api = Api(front, askers, tokens)
    options: dict[str, Any] = {"response_model": None}
    app.add_api_route("/visitor", api.open_visit, methods=["POST"], status_code=201, **options)
    app.add_api_route("/me", api.me, methods=["GET"], **options)
    app.add_api_route("/language", api.choose_language, methods=["POST"], **options)
    app.add_api_route("/messages", api.send, methods=["POST"], status_code=202, **options)
    app.add_api_route("/entries", api.entries, methods=["GET"], **options)
    app.add_api_route("/stream", api.stream, methods=["GET"], **options)
    app.add_api_route("/files", api.upload, methods=["POST"], status_code=201, **options)
    app.add_api_route("/files/{sha256}", api.download, methods=["GET"], **options)
    add_knowledge(app, askers, desk, reader)
    return app
