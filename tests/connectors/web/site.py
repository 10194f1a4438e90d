"""The web door on loopback: real store, files, loops and server; only the engine answers from a script."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from matplotlib.figure import Figure

from bot.conversation.messages import (
    Button,
    Buttons,
    File,
    Handoff,
    Image,
    Language,
    Progress,
    Reply,
    Role,
    Table,
    Text,
)
from bot.conversation.ports import Answer, Question, Trace
from bot.settings import Settings
from bot.store.engine import Store, open_store
from bot.store.files import FileStore
from bot.store.outbox import post
from bot.store.people import add_person
from bot.store.shops import ShopInfo, add_shop
from connectors.front import Front
from connectors.gateway import running_front
from connectors.web.app import create_app
from tests.shop import fill

PASSWORD = "correct horse battery"


class ScriptedEngine:
    """Answers with what the script holds for a text, else with an echo; waits while `open_gate` is cleared."""

    def __init__(self) -> None:
        self.script: dict[str, Sequence[Reply]] = {}
        self.asked: list[Question] = []
        self.open_gate = threading.Event()
        self.open_gate.set()

    async def ask(self, question: Question) -> Answer:
        """Answer one turn."""
        self.asked.append(question)
        await asyncio.to_thread(self.open_gate.wait, 60)
        return Answer(
            tuple(self.script.get(question.text, (Text(f"echo {question.text}"),))), Trace()
        )


class Site:
    """A running site with the shops `demo` (synthetic) and `other`, each with one merchant."""

    def __init__(self, home: Path, store: Store, store_url: str) -> None:
        self.store = store
        self.files = FileStore((home / "files").as_uri())
        self.settings = Settings(  # type: ignore[call-arg]
            SHOPCLERK_HOME=home,
            DATABASE_URL=store_url,
            SHOPCLERK_ACTIONS_PORT=free_port(),
            SHOPCLERK_RASA_PORT=free_port(),
        )
        self.engine = ScriptedEngine()
        self.url = ""
        self.port = 0  # any at first, the same after a restart
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with running_front(self.store, self.files, self.engine, "test") as front:
            await self._serve_app(front)

    async def _serve_app(self, front: Front) -> None:
        config = uvicorn.Config(
            create_app(front, self.settings),
            log_level="warning",
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        with socket.socket() as listener:
            # listens already: whoever comes before the server is ready waits
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self._ready.set()
            await self._server.serve(sockets=[listener])

    @contextmanager
    def running(self) -> Iterator[Site]:
        """Serve until the block ends."""
        self._start()
        try:
            yield self
        finally:
            self._stop()

    def restart(self) -> None:
        """End the server and start it again at the same address."""
        self._stop()
        self._start()

    def _start(self) -> None:
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="site")
        self._thread.start()
        assert self._ready.wait(30)

    def _stop(self) -> None:
        self.engine.open_gate.set()
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    def post(self, conversation: str, reply: Reply, shop: str = "demo") -> None:
        """Put a reply into a conversation outside of a turn, as a job does."""
        with self.store.write() as session:
            post(session, shop, conversation, reply)

    def put_file(self, data: bytes, name: str, media_type: str, shop: str = "demo") -> str:
        """Keep a file of a shop and return its id."""
        with self.store.write() as session:
            return self.files.put(session, shop, data, name, media_type).sha256


def fill_shops(store: Store) -> None:
    """Two shops; `demo` has a customer whose orders are known."""
    with store.write() as session:
        for shop, name, name_zh in (
            ("demo", "Harbour Goods", "海港杂货"),
            ("other", "Other Shop", "另一家店"),
        ):
            add_shop(session, ShopInfo(shop, name, name_zh, synthetic=shop == "demo"))
            fill(session, shop)
            add_person(session, shop, Role.MERCHANT, f"{shop}-merchant", "Mei", PASSWORD)
            add_person(session, shop, Role.AGENT, f"{shop}-agent", "Ada", PASSWORD)
        add_person(
            session,
            "demo",
            Role.CUSTOMER,
            "customer",
            "Ann Lee",
            "",
            Language.EN,
            buyer_id="demo-buyer-ann",
        )


@contextmanager
def running_site(home: Path, url: str = "", *, filled: bool = False) -> Iterator[Site]:
    """A site in a folder of its own; `filled` where its store has the shops already."""
    url = url or sqlite_in(home)
    store = open_store(url)
    try:
        if not filled:
            fill_shops(store)
        with Site(home, store, url).running() as site:
            yield site
    finally:
        store.close()


@contextmanager
def running_actions(site: Site) -> Iterator[None]:
    """The actions process of a site, which the console's pages about answers ask."""
    config = site.settings
    environment = os.environ | {
        "SHOPCLERK_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "SHOPCLERK_ACTIONS_PORT": str(config.actions_port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.connectors.web.plain_actions"], env=environment
    )
    try:
        _wait_for(f"http://127.0.0.1:{config.actions_port}/health")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(url, verify=False, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the actions process did not start")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def sqlite_in(home: Path) -> str:
    """The store of a folder."""
    return f"sqlite:///{home / 'shop.db'}"


def plot() -> bytes:
    """A real plot, as the skills draw them."""
    figure = Figure(figsize=(6, 3))
    figure.subplots().bar(["Mon", "Tue", "Wed"], [3, 5, 4])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def order_table() -> Table:
    """A parsed order with two doubtful cells."""
    return Table(
        "Order of Anna Miller",
        ("Item", "SKU", "Quantity", "Price", "Total"),
        (
            ("Green tea, box", "TEA-GRN", "2", "$12.50", "$25.00"),
            ("AA batteries", "BAT-AA12", "12", "$0.90", "$10.80"),
        ),
        ((1, 0), (1, 2)),
    )


def every_kind(image: str, file: str) -> tuple[Reply, ...]:
    """One reply of each kind."""
    return (
        Text("I read one order. Two things are not certain."),
        order_table(),
        Image(image, "Bar chart of sales by day", "Sales this week"),
        File(file, "orders.csv", "text/csv"),
        Progress("job-1", "Reading 5,000 photos", 1200, 5000),
        Handoff("asked for a person"),
        Buttons(
            "Shall I save this order?", (Button("Yes, save it", "/affirm"), Button("No", "/deny"))
        ),
    )
