"""The supervisor: starts, restarts and ends real processes (small ones that serve a health page)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil

from bot.supervisor import BoundedLog, Keeper, Service, State, Supervisor

SERVER = textwrap.dedent(
    """
    import http.server, sys

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

    print("serving", flush=True)
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
    """
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server(name: str = "server") -> Service:
    port = free_port()
    command = (sys.executable, "-c", SERVER, str(port))
    return Service(name, command, health=f"http://127.0.0.1:{port}/")


def process_of(keeper: Keeper) -> asyncio.subprocess.Process:
    assert keeper.process is not None
    return keeper.process


async def until(wanted: Callable[[], bool]) -> None:
    """Wait for something to become true (pytest-timeout ends it where it never does)."""
    while not wanted():  # noqa: ASYNC110 - it is other processes that we wait for
        await asyncio.sleep(0.02)


async def test_services_become_ready_and_none_is_left(tmp_path: Path) -> None:
    """Every service answers its health address; after `stop` no process is there."""
    supervisor = Supervisor(tmp_path)
    supervisor.start(server("one"), server("two"))
    await supervisor.all_ready()
    pids = [process_of(keeper).pid for keeper in supervisor.keepers]
    assert [keeper.status.state for keeper in supervisor.keepers] == [State.READY, State.READY]
    await supervisor.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert (tmp_path / "one.log").read_text().startswith("serving\n")


async def test_a_killed_service_is_started_again(tmp_path: Path) -> None:
    """kill -9 of a service: another process takes its place, and the screen was told."""
    told: list[str] = []
    supervisor = Supervisor(
        tmp_path, lambda keepers: told.append(f"{keepers[0].status.state} {keepers[0].status.note}")
    )
    supervisor.start(server())
    (keeper,) = supervisor.keepers
    await supervisor.all_ready()
    first = process_of(keeper).pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeper.status.restarts == 1 and keeper.ready.is_set())
    assert process_of(keeper).pid != first
    assert any("SIGKILL" in line for line in told)
    await supervisor.stop()


async def test_what_ends_at_once_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    """A service that cannot start is tried again with a growing pause, and its last words are shown."""
    supervisor = Supervisor(tmp_path)
    supervisor.start(
        Service(
            "broken",
            (sys.executable, "-c", "raise SystemExit('no model')"),
            health="http://127.0.0.1:9/",
        )
    )
    (keeper,) = supervisor.keepers
    await until(lambda: keeper.status.restarts >= 2)
    assert not keeper.ready.is_set()
    await until(lambda: "no model" in keeper.status.note)
    await supervisor.stop()


async def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """`stop` ends also what does not listen, with what it started."""
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(600)"
    )
    supervisor = Supervisor(tmp_path, stop_seconds=0.3)
    supervisor.start(Service("stubborn", (sys.executable, "-c", stubborn)))
    await until(lambda: (tmp_path / "stubborn.log").exists())
    pid = process_of(supervisor.keepers[0]).pid
    await supervisor.stop()
    assert not psutil.pid_exists(pid)


def test_services_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor itself leaves nothing behind (Linux ends the children)."""
    if sys.platform != "linux":
        return
    port = free_port()
    code = f"""
import asyncio, sys
from pathlib import Path
from bot.supervisor import Service, Supervisor

async def main():
    supervisor = Supervisor(Path({str(tmp_path)!r}))
    supervisor.start(Service("server", (sys.executable, "-c", {SERVER!r}, "{port}"), health="http://127.0.0.1:{port}/"))
    await supervisor.all_ready()
    print(supervisor.keepers[0].process.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=10)
    assert not child.is_running()


def test_a_log_stays_bounded(tmp_path: Path) -> None:
    """A full log moves aside once; no more than twice its size is ever kept."""
    log = BoundedLog(tmp_path / "x.log", most=1000)
    for number in range(200):
        log.write(f"line {number:04}\n".encode())
    kept = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert kept <= 2000
    assert log.last_line() == "line 0199"
