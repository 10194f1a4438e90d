"""Keeps processes alive: starts them, watches their health, restarts what dies, leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import httpx

from bot.settings import ROOT

LOG_BYTES = 5_000_000
STOP_SECONDS = 8.0
FIRST_PAUSE, LONGEST_PAUSE, CALM_SECONDS = 0.25, 5.0, 10.0


class State(StrEnum):
    """Where a process is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"


@dataclass(frozen=True)
class Service:
    """A process to keep alive; `health` is the address that answers once it is ready (none: at once).

    `hidden` are variables of our environment that it must not see.
    """

    name: str
    command: tuple[str, ...]
    health: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


@dataclass
class Status:
    """What the screen shows of a service."""

    state: State = State.WAITING
    seconds: float = 0.0
    restarts: int = 0
    note: str = ""


class BoundedLog:
    """A log file that is moved aside once when it is full; a full disk drops lines, never the shop."""

    def __init__(self, path: Path, most: int = LOG_BYTES) -> None:
        self.path = path
        self._most = most
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, data: bytes) -> None:
        """Append some output."""
        with contextlib.suppress(OSError):
            if self.path.exists() and self.path.stat().st_size + len(data) > self._most:
                self.path.replace(self.path.with_suffix(".log.1"))
            with self.path.open("ab") as out:
                out.write(data)

    def last_line(self) -> str:
        """The last line that says something."""
        try:
            lines = self.path.read_text(errors="replace")[-4000:].splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


class Keeper:
    """Keeps one service running: starts it, watches its health, starts it again with a growing pause."""

    def __init__(self, service: Service, log: BoundedLog, changed: Callable[[], None]) -> None:
        self.service = service
        self.log = log
        self.status = Status()
        self.process: asyncio.subprocess.Process | None = None
        self.ready = asyncio.Event()
        self._changed = changed

    async def run(self) -> None:
        """Until cancelled."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            code = await self._live()
            self.ready.clear()
            if time.monotonic() - started > CALM_SECONDS:
                pause = FIRST_PAUSE
            self._show(State.RESTARTING, f"ended ({_ending(code)}): {self.log.last_line()[:160]}")
            self.status.restarts += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _live(self) -> int:
        """One life of the process; its exit code."""
        started = time.monotonic()
        self._show(State.STARTING)
        self.process = process = await _start(self.service)
        copying = asyncio.create_task(self._copy_output(process))
        healthy = asyncio.create_task(self._until_healthy(started))
        try:
            return await process.wait()
        finally:
            healthy.cancel()
            await asyncio.wait([copying], timeout=1)
            copying.cancel()

    async def _copy_output(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout:
            while data := await process.stdout.read(65536):
                self.log.write(data)

    async def _until_healthy(self, started: float) -> None:
        await wait_until_healthy(self.service.health)
        self.status.seconds = time.monotonic() - started
        self._show(State.READY)
        self.ready.set()

    def _show(self, state: State, note: str = "") -> None:
        self.status.state, self.status.note = state, note
        self._changed()

    def tell(self, number: signal.Signals) -> None:
        """Send the process (and what it started) a signal, if it lives."""
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


async def _start(service: Service) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *service.command,
        cwd=ROOT,
        env=_environment(service),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches only us; we end the others in order
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def _environment(service: Service) -> dict[str, str]:
    seen = {name: value for name, value in os.environ.items() if name not in service.hidden}
    return {**seen, **service.environment}


def _die_with_parent() -> None:
    """Linux kills this process when the supervisor is gone, however that ended."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


async def wait_until_healthy(url: str) -> None:
    """Return once the address answers with success."""
    if not url:
        return
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url)).is_success:
                    return
            await asyncio.sleep(0.1)


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


class Supervisor:
    """Starts services side by side and keeps them until told to stop; then none of them is left."""

    def __init__(
        self,
        logs: Path,
        changed: Callable[[Sequence[Keeper]], None] = lambda keepers: None,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.keepers: list[Keeper] = []
        self._stop_seconds = stop_seconds
        self._logs = logs
        self._changed = changed
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *services: Service) -> None:
        """Start some services."""
        for service in services:
            log = BoundedLog(self._logs / f"{service.name}.log")
            keeper = Keeper(service, log, lambda: self._changed(self.keepers))
            self.keepers.append(keeper)
            self._tasks.append(asyncio.create_task(keeper.run()))

    async def all_ready(self) -> None:
        """Return once every service that was added is ready."""
        for keeper in self.keepers:
            await keeper.ready.wait()

    async def stop(self) -> None:
        """End all: politely first, then for good."""
        for task in self._tasks:
            task.cancel()
        for keeper in self.keepers:
            keeper.tell(signal.SIGTERM)
        waiting = [asyncio.create_task(k.process.wait()) for k in self.keepers if k.process]
        if waiting:
            await asyncio.wait(waiting, timeout=self._stop_seconds)
        for keeper in self.keepers:
            keeper.tell(signal.SIGKILL)
        await asyncio.gather(*self._tasks, *waiting, return_exceptions=True)
