"""The pages: landing, sign-in, merchant console, and a demo shop page that carries the widget."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from babel.numbers import format_currency
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.responses import FileResponse, RedirectResponse
from starlette.templating import Jinja2Templates

from bot.conversation.messages import Language, Role
from bot.store import catalogue, people, shops
from bot.store.engine import NotFound
from bot.store.people import SignedIn
from connectors.front import Front
from connectors.web.asker import SESSION_COOKIE, Askers
from connectors.web.errors import STATUS, Refused
from connectors.web.strings import LANGUAGE_COOKIE, language_of_request, say
from connectors.web.throttle import Throttle
from connectors.web.tokens import Tokens

HERE = Path(__file__).parent
STATIC = HERE / "static"
FORM_COOKIE = "shopclerk_form"
CUSTOMER_COOKIE = "shopclerk_demo_customer"
DEMO_CUSTOMER_LOGIN = "customer"
SHOP_PAGE_PRODUCTS = 24
TRIES_OF_LOGIN, TRIES_OF_ADDRESS, TRY_SECONDS = 5, 30, 300.0

templates = Jinja2Templates(HERE / "templates")


def page(request: Request, name: str, status: int = 200, **fields: object) -> Response:
    """A page in the reader's language; `?language=` of any page changes it for good."""
    language = language_of_request(request)
    context = {
        "language": language,
        "other": Language.ZH if language is Language.EN else Language.EN,
        "say": lambda key, **values: say("pages", key, language, **values),
        **fields,
    }
    answer = templates.TemplateResponse(request, f"{name}.html", context, status_code=status)
    answer.headers["Cache-Control"] = "no-store"
    if request.query_params.get("language") == language:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax")
    return answer


def error_page(request: Request, code: str, message: str) -> Response:
    """The answer to a browser whose request was refused."""
    return page(request, "error", STATUS[code], message=message)


class Pages:
    """The handlers of the pages."""

    def __init__(self, front: Front, askers: Askers, tokens: Tokens, demo_shop: str) -> None:
        self.front = front
        self.askers = askers
        self.tokens = tokens
        self.demo_shop = demo_shop
        self.by_login = Throttle(TRIES_OF_LOGIN, TRY_SECONDS)
        self.by_address = Throttle(TRIES_OF_ADDRESS, TRY_SECONDS)

    async def landing(self, request: Request) -> Response:
        """Where to go."""
        return page(request, "landing", demo_shop=self.demo_shop)

    async def console(self, request: Request) -> Response:
        """The merchant console; the page itself is the same for everyone, what it shows comes from the API."""
        return await self._merchants(request, "console")

    async def answers(self, request: Request) -> Response:
        """Where a merchant looks after the shop's answers."""
        return await self._merchants(request, "answers")

    async def _merchants(self, request: Request, name: str) -> Response:
        someone = await self.askers.signed_in(request)
        if someone is None or someone.role is not Role.MERCHANT:
            return RedirectResponse("/sign-in", 303)
        return page(request, name, built=(STATIC / f"{name}.js").exists())

    async def sign_in_form(self, request: Request) -> Response:
        """The form to sign in."""
        return self._form_page(request, "sign_in")

    async def sign_in(self, request: Request) -> Response:
        """Sign in; a wrong password and an unknown login look the same."""
        form = await self._own_form(request)
        login, password = str(form.get("login", ""))[:200], str(form.get("password", ""))[:1000]
        keys = {
            self.by_login: login,
            self.by_address: request.client.host if request.client else "",
        }
        if any(throttle.blocked(key) for throttle, key in keys.items()):
            return self._sign_in_refused(request, "too_many_tries", login)
        try:
            token = await asyncio.to_thread(self._open_session, login, password)
        except Refused as refused:
            for throttle, key in keys.items():
                throttle.failed(key)
            return self._sign_in_refused(request, refused.code, login)
        self.by_login.succeeded(login)
        answer = RedirectResponse("/console", 303)
        _set_secret_cookie(request, answer, SESSION_COOKIE, token, days=14)
        return answer

    def _open_session(self, login: str, password: str) -> str:
        with self.front.store.read() as session:
            someone = people.sign_in(session, login.replace("\0", ""), password)
        if someone is None:
            raise Refused("wrong_password")
        if someone.role is not Role.MERCHANT:
            raise Refused("no_console")
        with self.front.store.write() as session:
            return people.open_session(session, someone.person)[0]

    def _sign_in_refused(self, request: Request, code: str, login: str) -> Response:
        message = say("errors", code, language_of_request(request))
        return self._form_page(request, "sign_in", STATUS[code], message=message, login=login)

    async def sign_out(self, request: Request) -> Response:
        """End the session; only our own page may ask for it."""
        someone = await self.askers.signed_in(request)
        form = await request.form(max_files=0, max_fields=4)
        if someone and not _same(str(form.get("csrf", "")), someone.csrf):
            raise Refused("csrf")
        if someone:
            await asyncio.to_thread(self._close_session, request.cookies[SESSION_COOKIE])
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    def _close_session(self, token: str) -> None:
        with self.front.store.write() as session:
            people.close_session(session, token)

    async def shop(self, request: Request, shop: str) -> Response:
        """A shop's page with the widget, as the shop's own site would carry it."""
        info, products = await asyncio.to_thread(self._shop, shop)
        language = language_of_request(request)
        customer = await self._demo_customer(request, info)
        zh = language is Language.ZH
        return self._form_page(
            request,
            "shop",
            shop=info,
            shop_name=info.name_zh if zh else info.name,
            products=[_shown(product, info.currency, language) for product in products],
            customer=customer.name if customer else None,
            identity=self.tokens.identity.sign(shop=shop, person=customer.person)
            if customer
            else None,
        )

    def _shop(self, shop: str) -> tuple[shops.ShopInfo, list[catalogue.ProductInfo]]:
        with self.front.store.read() as session:
            info = shops.access_shop(session, shop.replace("\0", ""))
            return info, list(catalogue.products(session, info.id))[:SHOP_PAGE_PRODUCTS]

    async def become_customer(self, request: Request, shop: str) -> Response:
        """Be the demo customer of a synthetic shop from now on, or nobody again."""
        form = await self._own_form(request)
        info, _ = await asyncio.to_thread(self._shop, shop)
        if not info.synthetic:
            raise NotFound("only a synthetic shop has a demo customer")
        answer = RedirectResponse(f"/shop/{info.id}", 303)
        if form.get("become") == "customer":
            value = self.tokens.identity.sign(shop=info.id, demo="customer")
            _set_secret_cookie(request, answer, CUSTOMER_COOKIE, value, days=1)
        else:
            answer.delete_cookie(CUSTOMER_COOKIE)
        return answer

    async def _demo_customer(self, request: Request, shop: shops.ShopInfo) -> SignedIn | None:
        cookie = self.tokens.identity.read(request.cookies.get(CUSTOMER_COOKIE, ""))
        if not (shop.synthetic and cookie and cookie.get("shop") == shop.id):
            return None
        return await asyncio.to_thread(self._person, shop.id)

    def _person(self, shop: str) -> SignedIn | None:
        with self.front.store.read() as session:
            return people.person_by_login(session, shop, DEMO_CUSTOMER_LOGIN)

    def _form_page(
        self, request: Request, name: str, status: int = 200, **fields: object
    ) -> Response:
        """A page with a form: a random value in a cookie and in the form shows that the form was ours."""
        value = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
        token = self.tokens.form.sign(value=value)
        answer = page(request, name, status, form_token=token, **fields)
        _set_secret_cookie(request, answer, FORM_COOKIE, value, days=1)
        return answer

    async def _own_form(self, request: Request) -> FormData:
        form = await request.form(max_files=0, max_fields=8)
        fields = self.tokens.form.read(str(form.get("form_token", ""))) or {}
        cookie = request.cookies.get(FORM_COOKIE, "")
        if not cookie or not _same(str(fields.get("value", "")), cookie):
            raise Refused("csrf")
        return form

    async def widget(self) -> Response:
        """The widget's one file, for any site."""
        if not (STATIC / "widget.js").exists():
            raise Refused("not_ready")
        headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
        return FileResponse(STATIC / "widget.js", media_type="text/javascript", headers=headers)


def _shown(product: catalogue.ProductInfo, currency: str, language: Language) -> dict[str, object]:
    zh = language is Language.ZH
    return {
        "name": product.name_zh if zh else product.name,
        "category": product.category_zh if zh else product.category,
        "price": format_currency(
            product.price_cents / 100, currency, locale="zh_CN" if zh else "en_US"
        ),
        "in_stock": product.stock > 0,
    }


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(
        given.encode("utf-8", "replace"), expected.encode("utf-8", "replace")
    )


def _set_secret_cookie(
    request: Request, answer: Response, name: str, value: str, days: int
) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(
        name, value, max_age=days * 86_400, httponly=True, samesite="lax", secure=secure
    )


def create_pages(pages: Pages) -> APIRouter:
    """The routes of the pages."""
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/", pages.landing, methods=["GET"])
    routes.add_api_route("/console", pages.console, methods=["GET"])
    routes.add_api_route("/console/answers", pages.answers, methods=["GET"])
    routes.add_api_route("/sign-in", pages.sign_in_form, methods=["GET"])
    routes.add_api_route("/sign-in", pages.sign_in, methods=["POST"])
    routes.add_api_route("/sign-out", pages.sign_out, methods=["POST"])
    routes.add_api_route("/shop/{shop}", pages.shop, methods=["GET"])
    routes.add_api_route("/shop/{shop}/customer", pages.become_customer, methods=["POST"])
    routes.add_api_route("/widget.js", pages.widget, methods=["GET"])
    return routes
