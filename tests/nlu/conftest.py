"""Fixtures of the tests that run in Rasa's environment: a real Rasa server, and an action server that only pretends."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of this test run"

if importlib.util.find_spec("rasa") is None:
    # The app's own pytest comes by here too; these tests are not for its environment.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def _in_the_repository() -> Iterator[None]:
    """Rasa finds its files from the folder it is started in; no test sees TensorFlow's chatter."""
    before = Path.cwd()
    os.chdir(ROOT)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def model() -> Path:
    """The project's trained model, trained now if it is older than what it is made from; or the one named outside."""
    if named := os.environ.get("SHOPCLERK_TEST_MODEL"):
        return Path(named)
    subprocess.run([sys.executable, "-m", "nlu", "train"], cwd=ROOT, check=True)
    return ROOT / "models" / "shopclerk.tar.gz"


class StubActions:
    """An action server on loopback that stands in for `actions/`.

    Every action says its own name. The order form wants a name and then a yes: `validate_order_form` behaves as the
    real one does towards Rasa, with a draft of one field.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.drafts: dict[str, str | None] = {}
        self.broken: dict[str, int] = {}
        self.slow: dict[str, float] = {}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet, or each answer waits 40 ms for an ACK

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, reply = stub.answer(
                    json.loads(body), self.headers.get("X-Shopclerk-Secret")
                )
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, call: dict[str, Any], secret: str | None) -> tuple[int, dict[str, Any]]:
        """Run one action."""
        if secret != SECRET:
            return 401, {"error": "unauthorized"}
        name, tracker = call["next_action"], call["tracker"]
        self.calls.append(call)
        time.sleep(self.slow.get(name, 0.0))
        if name in self.broken:
            return self.broken[name], {"error": "broken on purpose", "action_name": name}
        action = getattr(self, name, None)
        events, text = action(tracker) if action else ([], name)
        responses = [{"custom": {"kind": "text", "text": text}}] if text else []
        return 200, {"events": events, "responses": responses}

    def action_parse_order(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Open a draft for a merchant, refuse a customer."""
        merchant = tracker["latest_message"]["metadata"].get("role") == "merchant"
        self.drafts[tracker["sender_id"]] = None
        return [
            _slot("draft_open", merchant),
            _slot("order_reply", None),
        ], "" if merchant else "refused"

    def action_order_status(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Say where the order is; nothing has to be asked first."""
        return [_slot("status_open", False)], "action_order_status"

    def action_teach_category(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Learn at once what is named, and ask for the name else, unless another form is open."""
        named = any(e["entity"] == "category" for e in tracker["latest_message"]["entities"])
        asks = not named and not (tracker.get("active_loop") or {}).get("name")
        told = "learnt" if named else "" if asks else "how to teach"
        return [_slot("teach_open", asks), _slot("teach_reply", None)], told

    def validate_teach_form(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Any answer is the name, unless it is a cancel."""
        if tracker["slots"]["teach_reply"] is None:
            return [], ""
        cancelled = tracker["latest_message"]["intent"]["name"] == "cancel"
        return [_slot("teach_reply", "cancelled" if cancelled else "confirmed")], ""

    def action_ask_teach_reply(self, _: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Ask for the name."""
        return [], "what is it?"

    def action_teach_result(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Say how the form ended, ready for the next time."""
        ended = tracker["slots"]["teach_reply"]
        return [_slot("teach_open", False), _slot("teach_reply", None)], f"taught {ended}"

    def validate_order_form(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Read the message into the draft: first the name, then yes or no; `cancel` ends it at any time."""
        if tracker["slots"]["order_reply"] is None:
            return [], ""
        sender, message = tracker["sender_id"], tracker["latest_message"]
        intent = message["intent"]["name"]
        if intent == "cancel":
            return [_slot("order_reply", "cancelled")], ""
        if self.drafts[sender] is None:
            self.drafts[sender] = message["text"]
        elif intent == "affirm":
            return [_slot("order_reply", "confirmed")], ""
        return [_slot("order_reply", None)], ""

    def action_ask_order_reply(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Ask for the name, or for the yes."""
        name = self.drafts[tracker["sender_id"]]
        return [], f"confirm {name}?" if name else "name?"

    def action_order_result(self, tracker: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Say how the form ended and empty its slots."""
        return [
            _slot("order_reply", None),
            _slot("draft", None),
        ], f"result {tracker['slots']['order_reply']}"


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


class RasaServer:
    """`python -m nlu run` as a child process, and the gateway's side of its door."""

    secret = SECRET

    def __init__(self, folder: Path, model: Path, actions: StubActions) -> None:
        self.model = model
        self.port = _free_port()
        self.log = folder / "rasa.log"
        self.environment = {
            **os.environ,
            "SHOPCLERK_RASA_SECRET": SECRET,
            "SHOPCLERK_ACTIONS_SECRET": SECRET,
            "SHOPCLERK_ACTIONS_PORT": str(actions.port),
            "SHOPCLERK_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
        }
        self.actions = actions
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "nlu",
                    "run",
                    "--port",
                    str(self.port),
                    "--model",
                    str(self.model),
                ],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        while self.health() != 200:
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def health(self) -> int:
        """Status of the health answer, 0 where nothing listens."""
        return self.request("GET", "/webhooks/shopclerk/")[0]

    def request(
        self, method: str, path: str, body: bytes | None = None, secret: str | None = SECRET
    ) -> tuple[int, Any]:
        """One HTTP request; status and the JSON of the answer."""
        headers = {"X-Shopclerk-Secret": secret} if secret is not None else {}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, _json_or_none(error.read())
        except (urllib.error.URLError, OSError):
            return 0, None

    def turn(self, sender: str, message: str, **metadata: Any) -> tuple[int, Any]:
        """One turn as the gateway asks it."""
        known = {
            "shop": "demo",
            "role": "merchant",
            "language": "en",
            "message_id": uuid.uuid4().hex,
        }
        body = {"sender": sender, "message": message, "metadata": {**known, **metadata}}
        return self.request("POST", "/webhooks/shopclerk/webhook", json.dumps(body).encode())

    def conversation(self, **metadata: Any) -> Conversation:
        """A new conversation."""
        return Conversation(self, **metadata)


def _json_or_none(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


class Conversation:
    """One conversation with a running server; each test has its own."""

    def __init__(self, server: RasaServer, **metadata: Any) -> None:
        self.server = server
        self.sender = uuid.uuid4().hex
        self.metadata = metadata
        self.trace: dict[str, Any] = {}

    def say(self, message: str, **metadata: Any) -> list[str]:
        """Send a message; the texts of the replies."""
        status, answer = self.server.turn(self.sender, message, **{**self.metadata, **metadata})
        assert status == 200, answer
        self.trace = answer["trace"]
        return [reply.get("text") or reply["custom"]["text"] for reply in answer["replies"]]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def actions() -> Iterator[StubActions]:
    """The pretending action server."""
    stub = StubActions()
    yield stub
    stub.server.shutdown()


@pytest.fixture(scope="session")
def rasa(
    model: Path, actions: StubActions, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RasaServer]:
    """A running Rasa server with the project's model."""
    server = RasaServer(tmp_path_factory.mktemp("rasa"), model, actions)
    yield server
    server.kill()


@pytest.fixture
def merchant(rasa: RasaServer) -> Conversation:
    """A merchant's new conversation."""
    return rasa.conversation(role="merchant")


@pytest.fixture
def customer(rasa: RasaServer) -> Conversation:
    """A customer's new conversation."""
    return rasa.conversation(role="customer")
