"""The web door as one app: pages, API, health; the gateway makes and serves it."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from sqlalchemy import text
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from bot.settings import Settings
from connectors.desk import DeskClient
from connectors.front import Front
from connectors.rasa.reading import RasaReader
from connectors.web.api import PREFIX, create_api
from connectors.web.asker import Askers
from connectors.web.errors import handle_errors
from connectors.web.guards import BoundedBody, SafeHeaders
from connectors.web.pages import STATIC, Pages, create_pages, error_page
from connectors.web.tokens import Tokens

DEMO_SHOP = "demo"


def create_app(front: Front, settings: Settings) -> FastAPI:
    """The app on a front; nothing is started here."""
    tokens = Tokens(settings.secrets.session_secret.get_secret_value())
    askers = Askers(front, tokens)
    app = FastAPI(
        title="Shopclerk", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.add_middleware(BoundedBody, upload_path=f"{PREFIX}/files")
    app.add_middleware(SafeHeaders)
    handle_errors(app, error_page)
    app.include_router(create_pages(Pages(front, askers, tokens, DEMO_SHOP)))
    _add_health(app, front)
    desk = DeskClient(
        f"http://127.0.0.1:{settings.actions_port}",
        settings.secrets.actions_secret.get_secret_value(),
    )
    reader = RasaReader(
        f"http://127.0.0.1:{settings.rasa_port}", settings.secrets.rasa_secret.get_secret_value()
    )
    app.mount(PREFIX, create_api(front, askers, tokens, desk, reader))
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False))
    return app


def _add_health(app: FastAPI, front: Front) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        checks = {
            "store": await asyncio.to_thread(_store_answers, front),
            "pages": (STATIC / "console.js").exists(),
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)


def _store_answers(front: Front) -> bool:
    try:
        with front.store.read() as session:
            session.execute(text("SELECT 1"))
    except Exception:
        return False
    return True
