"""`shopclerk run`: checks what may be in the way, then starts the processes of one machine and shows where to go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import httpx

from bot.conversation.messages import Role
from bot.demo import DEMO, SIGN_INS, ensure_demo_shop
from bot.screen import Place, Screen
from bot.settings import ROOT, Settings
from bot.store.clock import utc_now
from bot.store.engine import open_store
from bot.supervisor import Service, Supervisor

LEAST_FREE_BYTES = 300_000_000
MODEL = ROOT / "models" / "shopclerk.tar.gz"
APP_PYTHON = ROOT / ".venv" / "bin" / "python"
RASA_PYTHON = ROOT / "nlu" / ".venv" / "bin" / "python"


QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYTHONUNBUFFERED": "1",
}
SHOP_ACCESS = ("DATABASE_URL", "REDIS_URL", "SHOPCLERK_SESSION_SECRET")  # not for Rasa


class CannotRun(Exception):
    """Nothing was started; the text says what is in the way and what to do."""


def services(config: Settings) -> tuple[Service, ...]:
    """The processes of one machine; Rasa comes first, as it takes longest."""
    app, nlu = str(APP_PYTHON), str(RASA_PYTHON)
    run_rasa = (nlu, "-m", "nlu", "run", "--port", str(config.rasa_port))
    rasa_health = f"http://127.0.0.1:{config.rasa_port}/webhooks/shopclerk/"
    actions_health = f"http://127.0.0.1:{config.actions_port}/health"
    return (
        Service("rasa", run_rasa, rasa_health, {**QUIET, **_rasa_environment(config)}, SHOP_ACCESS),
        Service("actions", (app, "-m", "actions"), actions_health, QUIET),
        Service("gateway", (app, "-m", "connectors.gateway"), f"{config.local_url}/healthz", QUIET),
        Service("worker", (app, "-m", "bot.jobs"), environment=QUIET),
    )


def _rasa_environment(config: Settings) -> dict[str, str]:
    """What Rasa may know: its secrets and its own database, never the shop's."""
    return {
        "SHOPCLERK_RASA_SECRET": config.secrets.rasa_secret.get_secret_value(),
        "SHOPCLERK_ACTIONS_SECRET": config.secrets.actions_secret.get_secret_value(),
        "SHOPCLERK_ACTIONS_PORT": str(config.actions_port),
        "SHOPCLERK_HOME": str(config.home),  # the sentence encoder lies there
        "SHOPCLERK_TRACKER_URL": f"sqlite:///{config.home / 'rasa.db'}",
    }


async def warm_up(config: Settings, shop: str) -> None:
    """One turn nobody sees, so that the first person does not pay for what is loaded on demand."""
    metadata = {"shop": shop, "role": "merchant", "person": "warm-up", "message_id": "warm-up"}
    metadata |= {"language": "en", "conversation": "warm-up", "time_zone": "UTC"}
    secret = config.secrets.rasa_secret.get_secret_value()
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            await client.post(
                f"http://127.0.0.1:{config.rasa_port}/webhooks/shopclerk/webhook",
                headers={"X-Shopclerk-Secret": secret},
                json={"sender": "warm-up", "message": "hello", "metadata": metadata},
            )


def check_before(config: Settings) -> None:
    """Raise `CannotRun` for what would only fail later and less clearly."""
    _check_installed()
    _check_disk(config.home)
    for port, setting, what in (
        (config.port, "SHOPCLERK_PORT", "the pages"),
        (config.rasa_port, "SHOPCLERK_RASA_PORT", "Rasa"),
        (config.actions_port, "SHOPCLERK_ACTIONS_PORT", "the actions"),
    ):
        host = config.host if setting == "SHOPCLERK_PORT" else "127.0.0.1"
        _check_port(host, port, setting, what)


def _check_installed() -> None:
    for what, python in (("app", APP_PYTHON), ("Rasa", RASA_PYTHON)):
        if not python.exists():
            raise CannotRun(f"the {what} environment is not installed. Run: make setup")
    if not MODEL.exists():
        raise CannotRun(
            "there is no trained Rasa model yet. Run: make train (a few minutes), or just: make run"
        )


def _check_disk(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    stat = os.statvfs(home)
    free = stat.f_bavail * stat.f_frsize
    if free < LEAST_FREE_BYTES:
        raise CannotRun(
            f"the disk of {home} is full ({free // 1_000_000} MB free, {LEAST_FREE_BYTES // 1_000_000} MB needed). "
            "Free some space, or point SHOPCLERK_HOME to another disk."
        )


def _check_port(host: str, port: int, setting: str, what: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotRun(
                f"port {port} for {what} cannot be used ({_reason(error)}{_holder(port)}). "
                f"Stop what uses it, or choose another: {setting}={port + 1} make run"
            ) from error


def _reason(error: OSError) -> str:
    return "taken" if "in use" in str(error) else str(error.strerror or error).lower()


def _holder(port: int) -> str:
    """Who holds a port, where the system tells us."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            listens = connection.status == psutil.CONN_LISTEN and connection.pid
            if listens and connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()}, process {connection.pid}"
    return ""


async def run(config: Settings, as_json: bool = False) -> None:
    """Start everything and keep it going until Ctrl-C or SIGTERM; raises `CannotRun`."""
    check_before(config)
    logs = config.home / "log"
    screen = Screen(_short(logs), as_json)
    supervisor = Supervisor(logs, screen.update)
    stopped = _stop_signals()
    with screen:
        starting = asyncio.create_task(_start_all(config, supervisor, screen))
        starting.add_done_callback(lambda task: _stop_on_failure(task, stopped))
        await stopped.wait()
    screen.say("stopping")
    starting.cancel()
    await supervisor.stop()
    with contextlib.suppress(asyncio.CancelledError):
        await starting


def _stop_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _stop_on_failure(task: asyncio.Task[None], stopped: asyncio.Event) -> None:
    if not task.cancelled() and task.exception():
        stopped.set()


async def _start_all(config: Settings, supervisor: Supervisor, screen: Screen) -> None:
    """Rasa first; while it loads, the demo shop is made and the others start."""
    started = time.monotonic()
    rasa, *others = services(config)
    supervisor.start(rasa)
    await asyncio.to_thread(_make_demo_shop, config)
    supervisor.start(*others)
    await supervisor.all_ready()
    await warm_up(config, DEMO.id)
    screen.ready(time.monotonic() - started, _places(config))


def _short(path: Path) -> Path:
    """A path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _make_demo_shop(config: Settings) -> None:
    store = open_store(config.store_url)
    try:
        ensure_demo_shop(store, utc_now().date())
    finally:
        store.close()


def _places(config: Settings) -> tuple[Place, ...]:
    merchant = next(sign_in for sign_in in SIGN_INS if sign_in.role is Role.MERCHANT)
    sign_in = f"sign in as {merchant.login} with {merchant.password}"
    return (
        Place("Merchant console", f"{config.local_url}/console", sign_in),
        Place("Shop page with chat", f"{config.local_url}/shop/{DEMO.id}"),
        Place("Command line", '.venv/bin/shopclerk ask "how were sales last week"'),
    )
