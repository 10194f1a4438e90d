"""`shopclerk bench turn`: what our path adds to a turn, with Rasa asked directly beside it in the same run."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.conversation.messages import InboundMessage, Language, Role, language_of
from bot.conversation.ports import DialogueEngine, Question
from bot.settings import Settings
from connectors.front import Front

TEXTS = (
    "hello",
    "low stock?",
    "help",
    "list my orders",
    "你好",
    "库存还有多少",
    "最近的订单",
    "thanks",
)
CHATS = 8


class BenchFailed(Exception):
    """The benchmark could not be run; the text says why."""


@dataclass(frozen=True)
class Times:
    """Milliseconds of one kind of call."""

    name: str
    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """Nineteen of twenty are quicker."""
        return statistics.quantiles(self.milliseconds, n=20)[18]


@dataclass(frozen=True)
class TurnBench:
    """Result of `bench_turn`: all in milliseconds but `turns_per_second`."""

    rasa: Times
    whole: Times
    turns_per_second: float

    @property
    def ours(self) -> Times:
        """What the path adds, pair by pair."""
        pairs = zip(self.whole.milliseconds, self.rasa.milliseconds, strict=True)
        return Times("our part", tuple(whole - rasa for whole, rasa in pairs))

    def to_dict(self) -> dict[str, float]:
        """The figures, rounded."""
        rows = {"rasa": self.rasa, "whole": self.whole, "ours": self.ours}
        figures = {f"{name}_median_ms": round(times.median, 1) for name, times in rows.items()}
        figures |= {f"{name}_p95_ms": round(times.p95, 1) for name, times in rows.items()}
        return {
            **figures,
            "turns": len(self.rasa.milliseconds),
            "turns_per_second": round(self.turns_per_second, 1),
        }


async def bench_turn(turns: int, tell: Callable[[str], None]) -> TurnBench:
    """Start Rasa and the actions on a shop of their own, then time both ways of asking, one after the other.

    "Rasa" is the HTTP call to the Rasa server and back; "whole" is a message accepted durably, its turn taken, and
    the reply seen by someone who waits for it.
    """
    from bot.demo import ensure_demo_shop
    from bot.launch import services, warm_up
    from bot.store.clock import utc_now
    from bot.store.engine import open_store
    from bot.store.files import FileStore
    from bot.supervisor import Supervisor
    from connectors.gateway import running_front
    from connectors.rasa.engine import RasaEngine

    with _own_home() as config:
        store = open_store(config.store_url)
        shop = ensure_demo_shop(store, utc_now().date()).id
        tell("starting Rasa and the actions")
        supervisor = Supervisor(config.home / "log")
        supervisor.start(*(one for one in services(config) if one.name in ("rasa", "actions")))
        engine = RasaEngine(
            f"http://127.0.0.1:{config.rasa_port}", config.secrets.rasa_secret.get_secret_value()
        )
        try:
            async with asyncio.timeout(120):
                await supervisor.all_ready()
            await warm_up(config, shop)
            async with running_front(store, FileStore(config.files_url), engine, "bench") as front:
                tell(f"timing {turns} turns each way")
                rasa, whole = await _pairs(turns, _asker(engine, shop), _sender(front, shop))
                tell("timing turns of several conversations at once")
                rate = await _rate(turns, _sender(front, shop))
        except TimeoutError as error:
            raise BenchFailed(
                "Rasa or the actions did not start; is the model trained (make train)?"
            ) from error
        finally:
            await supervisor.stop()
            await engine.close()
            store.close()
    return TurnBench(Times("Rasa alone", rasa), Times("whole turn", whole), rate)


Call = Callable[[int], Awaitable[None]]


async def _pairs(
    turns: int, direct: Call, through: Call
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both ways for the same text, taking turns at going first, so that a drift of the machine hits both."""
    times: dict[Call, list[float]] = {direct: [], through: []}
    for turn in range(-CHATS, turns):  # the first ones warm up
        for call in (direct, through) if turn % 2 else (through, direct):
            started = time.perf_counter()
            await call(turn)
            if turn >= 0:
                times[call].append((time.perf_counter() - started) * 1000)
    return tuple(times[direct]), tuple(times[through])


async def _rate(turns: int, through: Call) -> float:
    """Turns per second with `CHATS` conversations talking at once."""

    async def talk(chat: int) -> None:
        for turn in range(turns // CHATS):
            await through(turn * CHATS + chat)

    started = time.perf_counter()
    await asyncio.gather(*(talk(chat) for chat in range(CHATS)))
    return turns // CHATS * CHATS / (time.perf_counter() - started)


def _asker(engine: DialogueEngine, shop: str) -> Call:
    async def ask(turn: int) -> None:
        chat, text = f"direct-{turn % CHATS}", TEXTS[turn % len(TEXTS)]
        language = language_of(text, Language.EN)
        await engine.ask(
            Question(
                chat, text, shop, Role.MERCHANT, "bench", uuid.uuid4().hex, chat, language, "UTC"
            )
        )

    return ask


def _sender(front: Front, shop: str) -> Call:
    async def send(turn: int) -> None:
        text = TEXTS[turn % len(TEXTS)]
        message = InboundMessage(
            shop, "web", uuid.uuid4().hex, f"bench-{turn % CHATS}", "bench", Role.MERCHANT, text
        )
        accepted = await front.accept(message)
        await front.changed(accepted.conversation, accepted.number, 20)

    return send


@contextmanager
def _own_home() -> Iterator[Settings]:
    """Settings of an installation of its own, in the environment too, where the started processes find them."""
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="shopclerk-bench-") as home:
        os.environ.pop("DATABASE_URL", None)
        os.environ.update(
            SHOPCLERK_HOME=home,
            SHOPCLERK_RASA_PORT=str(_free_port()),
            SHOPCLERK_ACTIONS_PORT=str(_free_port()),
        )
        try:
            yield Settings()
        finally:
            os.environ.clear()
            os.environ.update(kept)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
