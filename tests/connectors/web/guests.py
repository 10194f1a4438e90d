"""People at the door: a client with a merchant's session or a visitor's token."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.connectors.web.site import PASSWORD, Site

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Guest:
    """Someone who calls the API."""

    client: httpx.Client

    def send(self, text: str, **fields: Any) -> httpx.Response:
        """Send a message with a new id."""
        body = {"id": uuid.uuid4().hex, "text": text, **fields}
        return self.client.post("/api/v1/messages", json=body)

    def entries(self, cursor: int = 0) -> list[dict[str, Any]]:
        """What is newer than the cursor."""
        answer = self.client.get("/api/v1/entries", params={"cursor": cursor})
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def wait_for(self, text: str) -> dict[str, Any]:
        """The reply with this text, once it is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for entry in self.entries():
                if entry["reply"] and entry["reply"].get("text") == text:
                    return entry
            time.sleep(0.02)
        raise AssertionError(f"no reply {text!r}")

    def upload(self, data: bytes, name: str) -> httpx.Response:
        """Upload a file."""
        return self.client.post("/api/v1/files", files={"file": (name, data)})


def client_of(site: Site) -> httpx.Client:
    """A browser without cookies; no certificates are read, as loopback needs none."""
    return httpx.Client(base_url=site.url, verify=False, timeout=PATIENCE_SECONDS)


def form_token(page: str) -> str:
    """The hidden value that shows that a form was ours."""
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


def sign_in(client: httpx.Client, login: str, password: str) -> httpx.Response:
    """Sign in through the page, as a browser does."""
    token = form_token(client.get("/sign-in").text)
    fields = {"form_token": token, "login": login, "password": password}
    return client.post("/sign-in", data=fields)


@contextmanager
def merchant_of(site: Site, shop: str) -> Iterator[Guest]:
    """The signed-in merchant of a shop."""
    with client_of(site) as client:
        assert sign_in(client, f"{shop}-merchant", PASSWORD).status_code == 303
        client.headers["X-CSRF-Token"] = client.get("/api/v1/me").json()["csrf"]
        yield Guest(client)


@contextmanager
def visitor_of(site: Site, shop: str, identity: str | None = None) -> Iterator[Guest]:
    """A new visitor of a shop's page."""
    with client_of(site) as client:
        answer = client.post("/api/v1/visitor", json={"shop": shop, "identity": identity})
        assert answer.status_code == 201, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield Guest(client)
