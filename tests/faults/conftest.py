"""A whole shop on this machine, in a home and on ports of its own, whose processes a test may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.conversation.messages import InboundMessage, Role
from bot.settings import ROOT
from bot.store.engine import Store, open_store
from bot.store.inbox import StoredInbox
from bot.store.timeline import Entry, entries_after, replies_to
from tests.conftest import missing

MODULES = {
    "rasa": "nlu",
    "actions": "actions",
    "gateway": "connectors.gateway",
    "worker": "bot.jobs",
}
READY_SECONDS = 120
ANSWER_SECONDS = 90


class RunningShop:
    """`shopclerk run`, seen from outside."""

    def __init__(self, home: Path) -> None:
        self.home = home
        ports = {
            f"SHOPCLERK_{name}": str(_free_port()) for name in ("PORT", "RASA_PORT", "ACTIONS_PORT")
        }
        self.environment = {**os.environ, **ports, "SHOPCLERK_HOME": str(home)}
        self.environment.pop("DATABASE_URL", None)
        with (home / "run.log").open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("shopclerk"), "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.store = self._wait_until_ready()
        self.inbox = StoredInbox(self.store)

    def _wait_until_ready(self) -> Store:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if all(self.pid_of(name) for name in MODULES) and (self.home / "shopclerk.db").exists():
                return open_store(f"sqlite:///{self.home / 'shopclerk.db'}")
            time.sleep(0.2)
        pytest.fail(f"`shopclerk run` did not start:\n{self.output()}")

    def output(self) -> str:
        """What the processes said."""
        logs = [self.home / "run.log", *sorted((self.home / "log").glob("*.log"))]
        return "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs
        )

    def pid_of(self, name: str) -> int | None:
        """The process that runs one of the services now."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                command = child.cmdline()
                if "-m" in command and command[command.index("-m") + 1] == MODULES[name]:
                    return child.pid
        return None

    def kill(self, name: str) -> None:
        """kill -9 a service; the supervisor starts it again."""
        deadline = time.monotonic() + READY_SECONDS
        while (pid := self.pid_of(name)) is None:  # it may be in the pause after the last kill
            assert time.monotonic() < deadline, f"{name} does not run:\n{self.output()}"
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)

    def send(
        self, text: str, chat: str = "chat", button: str | None = None, role: Role = Role.MERCHANT
    ) -> tuple[str, str]:
        """Store a message as a connector does; its id and its conversation's."""
        accepted = self.inbox.accept(
            InboundMessage(
                "demo", "cli", uuid.uuid4().hex, chat, "tester", role, text, button=button
            )
        )
        return accepted.message, accepted.conversation

    def wait_for_replies(self, message: str) -> list[Entry]:
        """The replies to a message, once its turn is over."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            with self.store.read() as session:
                replies = replies_to(session, "demo", message)
            if replies is not None:
                return replies
            time.sleep(0.05)
        pytest.fail(f"no answer within {ANSWER_SECONDS} s:\n{self.output()}")

    def ask(self, text: str, chat: str = "chat", button: str | None = None) -> list[Entry]:
        """One turn."""
        return self.wait_for_replies(self.send(text, chat, button)[0])

    def entries(self, conversation: str) -> list[Entry]:
        """Everything of a conversation."""
        with self.store.read() as session:
            return entries_after(session, "demo", conversation, 0)

    def stop(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.store.close()


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """One shop for all tests that need the whole; each uses conversations of its own."""
    if not (ROOT / "models").exists() or not (ROOT / "nlu" / ".venv").exists():
        missing("the Rasa model is not trained; run: make train")
    shop = RunningShop(tmp_path_factory.mktemp("shop"))
    yield shop
    shop.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
