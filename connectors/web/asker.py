"""Who asks: a signed-in person by session cookie, a visitor by signed token; never by what they say."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request

from bot.conversation.messages import Language, Role
from bot.store import people
from bot.store.people import SignedIn
from connectors.front import Front
from connectors.web.errors import Refused
from connectors.web.strings import language_of_request
from connectors.web.tokens import Tokens

CHANNEL = "web"
SESSION_COOKIE = "shopclerk_session"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True)
class Asker:
    """Someone with a conversation; `csrf` is empty where no cookie is involved, so nothing can be forged."""

    shop: str
    chat: str
    person: str
    role: Role
    name: str
    language: Language
    csrf: str = ""


class Askers:
    """Finds who asks and which conversation is theirs."""

    def __init__(self, front: Front, tokens: Tokens) -> None:
        self.front = front
        self.tokens = tokens
        self._conversations: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Whose session cookie this is."""
        token = request.cookies.get(SESSION_COOKIE)
        return await asyncio.to_thread(self._session, token) if token else None

    def _session(self, token: str) -> SignedIn | None:
        with self.front.store.read() as session:
            return people.session_of(session, token)

    async def asker(self, request: Request) -> Asker:
        """Who asks; raises `Refused`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._visitor(request, token)
        someone = await self.signed_in(request)
        if someone is None:
            raise Refused("signed_out")
        return Asker(
            shop=someone.shop,
            chat=f"console:{someone.person}",
            person=someone.person,
            role=someone.role,
            name=someone.name,
            language=someone.language,
            csrf=someone.csrf,
        )

    async def changer(self, request: Request) -> Asker:
        """Who asks for a change; a request with a cookie must prove that our own page made it."""
        asker = await self.asker(request)
        given = request.headers.get(CSRF_HEADER, "").encode()
        if asker.csrf and not secrets.compare_digest(given, asker.csrf.encode()):
            raise Refused("csrf")
        return asker

    def _visitor(self, request: Request, token: str) -> Asker:
        fields = self.tokens.visitor.read(token)
        if fields is None:
            raise Refused("visitor_unknown")
        return Asker(
            shop=str(fields["shop"]),
            chat=str(fields["chat"]),
            person=str(fields["person"]),
            role=Role.CUSTOMER,
            name=str(fields["name"]),
            language=language_of_request(request),
        )

    async def conversation(self, asker: Asker) -> str:
        """The conversation of an asker, made where it is new; ids never change, so they are remembered."""
        key = (asker.shop, asker.chat)
        if key not in self._conversations:
            self._conversations[key] = await self.front.conversation_for(
                asker.shop, CHANNEL, asker.chat, asker.person, asker.role, asker.language
            )
            while len(self._conversations) > 10_000:
                self._conversations.popitem(last=False)
        return self._conversations[key]
