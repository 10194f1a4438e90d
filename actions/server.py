"""The action server: rasa-sdk's executor behind a shared secret, one process, loopback only."""

from __future__ import annotations

import hmac
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionNotFoundException
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from actions.answers import AnswerQuestion
from actions.app import App
from actions.base import SkillAction
from actions.control import AffirmOrDeny, Cancel, Chitchat, Fallback, Help, Undo, Why
from actions.desk import add_desk
from actions.jobs import CancelJob, JobStatus
from actions.order_status import (
    AskOrderStatusReply,
    OrderStatus,
    OrderStatusResult,
    ValidateOrderStatusForm,
)
from actions.orders import AskOrderReply, ListOrders, OrderResult, ParseOrder, ValidateOrderForm
from actions.photos import (
    AskTeachReply,
    ClassifyPhotos,
    TeachCategory,
    TeachResult,
    ValidateTeachForm,
)
from actions.reports import ExportData, SalesReport, StockReport
from actions.service import AskHuman, NotBuiltYet
from bot.conversation.messages import Language
from bot.failures import without_words
from bot.settings import Settings, settings
from bot.skills.reports.plot import Chart, draw
from bot.store.engine import open_store
from bot.store.files import FileStore
from bot.texts import day, money
from ml.orders.parse import OrderParser

SECRET_HEADER = "X-Shopclerk-Secret"  # noqa: S105 - its name, not its value
LOOPBACK = "127.0.0.1"
MOST_BYTES = 8 * 1024 * 1024
PLOTS_AFTER_SECONDS = 20

ACTIONS: tuple[type[SkillAction], ...] = (
    ClassifyPhotos,
    TeachCategory,
    ValidateTeachForm,
    AskTeachReply,
    TeachResult,
    ParseOrder,
    ValidateOrderForm,
    AskOrderReply,
    OrderResult,
    ListOrders,
    OrderStatus,
    ValidateOrderStatusForm,
    AskOrderStatusReply,
    OrderStatusResult,
    SalesReport,
    StockReport,
    ExportData,
    Help,
    Chitchat,
    Why,
    Undo,
    Cancel,
    AffirmOrDeny,
    Fallback,
    AnswerQuestion,
    AskHuman,
    NotBuiltYet,
    JobStatus,
    CancelJob,
)


class Executor(ActionExecutor):  # type: ignore[misc]
    """rasa-sdk's executor, for calls that bring no domain: no action of ours reads it."""

    def update_and_return_domain(self, payload: dict[str, Any], action_name: str) -> dict[str, Any]:
        """Whatever came along."""
        return payload.get("domain") or {}


def executor(app: App, actions: Iterable[type[SkillAction]] = ACTIONS) -> Executor:
    """Every action, ready to be called."""
    made = Executor()
    for action in actions:
        made.register_action(action(app))
    return made


def web_app(made: ActionExecutor, secret: str) -> Sanic[Any, Any]:
    """`/webhook` for who knows the secret, `/health` for everyone on this machine.

    Instead of rasa-sdk's own app, which answers a failure with the whole request and allows other origins.
    """
    web = Sanic("shopclerk_actions", configure_logging=False)
    web.config.REQUEST_MAX_SIZE = MOST_BYTES
    web.error_handler.add(Exception, _failed)

    @web.get("/health")
    async def health(_: Request) -> HTTPResponse:
        return json({"status": "ok"})

    @web.post("/webhook")
    async def webhook(request: Request) -> HTTPResponse:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return json({"error": "The shared secret is missing or wrong."}, status=401)
        result = await made.run(request.json)
        return json(result.model_dump() if result else None)

    return web


def build(config: Settings) -> App:
    """The process's store, files and parser."""
    return App(open_store(config.store_url), FileStore(config.files_url), OrderParser())


def main(made: Callable[[Settings], App] = build) -> None:
    """Serve until stopped."""
    config = settings()
    logging.basicConfig(
        level=config.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # matplotlib keeps a list of fonts; it belongs to us and not into the user's own folders.
    os.environ.setdefault("MPLCONFIGDIR", str(config.home / "matplotlib"))
    app = made(config)
    secret = config.secrets.actions_secret.get_secret_value()
    web = web_app(executor(app), secret)
    add_desk(web, app, secret)
    threading.Thread(target=warm_up, args=(app,), daemon=True).start()
    web.run(LOOPBACK, config.actions_port, single_process=True, motd=False, access_log=False)


def warm_up(app: App) -> None:
    """Load what the first turn would wait for; the plots' library later, when the start is over."""
    app.parser.parse(["2 mugs for Ann Lee, 415 555 0134. 两箱苹果"], [])
    for language in Language:
        money(100, "USD", language)
        day(date(2026, 1, 1), language)
    app.desks.warm_up()
    time.sleep(PLOTS_AFTER_SECONDS)
    draw(Chart("", "", ("",), (1.0,), "", ()))


async def _failed(request: Request, error: Exception) -> HTTPResponse:
    status = getattr(
        error, "status_code", 404 if isinstance(error, ActionNotFoundException) else 500
    )
    if status == 500:
        logging.getLogger(__name__).error("A call failed: %s", without_words(error))
    return json({"error": "The call failed."}, status=status)
