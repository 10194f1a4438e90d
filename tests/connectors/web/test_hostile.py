"""Whatever comes in from outside, the answer is a 4xx or a page, never a 500 and never a hang."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.connectors.web.guests import Guest, client_of
from tests.connectors.web.site import Site

EXAMPLES = int(os.environ.get("SHOPCLERK_EXAMPLES", "60"))
hostile = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
POSTS = ("messages", "visitor", "language")
header_bytes = st.binary(max_size=200).map(lambda raw: bytes(b for b in raw if b > 31 and b != 127))


@pytest.fixture
def anyone(visitor: Guest) -> httpx.Client:
    """A visitor's client."""
    return visitor.client


def check(answer: httpx.Response, *, api: bool = True) -> None:
    """A refusal carries a code and a sentence."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and api:
        error: dict[str, Any] = answer.json()["error"]
        assert error["code"]
        assert error["message"]


@hostile
@given(path=st.sampled_from(POSTS), body=st.binary(max_size=400))
def test_bytes_as_body(anyone: httpx.Client, path: str, body: bytes) -> None:
    """Bytes that are no JSON."""
    headers = {"Content-Type": "application/json"}
    check(anyone.post(f"/api/v1/{path}", content=body, headers=headers))


@hostile
@given(path=st.sampled_from(POSTS), body=anything)
def test_json_of_any_shape(anyone: httpx.Client, path: str, body: object) -> None:
    """JSON of the wrong shape, with NaN and lone surrogates."""
    headers = {"Content-Type": "application/json"}
    check(anyone.post(f"/api/v1/{path}", content=json.dumps(body), headers=headers))


@hostile
@given(
    fields=st.fixed_dictionaries(
        {"id": st.text(max_size=70) | anything, "text": st.text() | anything},
        optional={"attachments": anything, "button": st.text(max_size=70) | anything},
    )
)
def test_messages_of_almost_the_right_shape(anyone: httpx.Client, fields: dict[str, Any]) -> None:
    """Messages with strange ids, texts, attachments and buttons."""
    headers = {"Content-Type": "application/json"}
    check(anyone.post("/api/v1/messages", content=json.dumps(fields), headers=headers))


@hostile
@given(cursor=st.integers() | st.text(max_size=30), last=header_bytes)
def test_cursors(anyone: httpx.Client, cursor: object, last: bytes) -> None:
    """Numbers that are none, negative or too large."""
    query = {"cursor": str(cursor).encode("utf-8", "replace").decode()}
    check(anyone.get("/api/v1/entries", params=query, headers={"Last-Event-ID": last.strip()}))


@hostile
@given(identity=st.text(max_size=80))
def test_file_ids(anyone: httpx.Client, identity: str) -> None:
    """Ids of files that are none."""
    path = (
        httpx.URL(anyone.base_url).join("/api/v1/files/").raw_path
        + identity.encode("utf-8", "replace").hex().encode()
    )
    check(anyone.get(path.decode()))
    check(anyone.get("/api/v1/files/" + "%2e%2e%2f" + "%00"))


@hostile
@given(name=st.text(max_size=120), data=st.binary(max_size=300))
def test_uploads(anyone: httpx.Client, name: str, data: bytes) -> None:
    """Files of any name and content: kept as what they are, or refused."""
    name = name.encode("utf-8", "replace").decode() or "x"
    check(anyone.post("/api/v1/files", files={"file": (name, data)}))


@hostile
@given(body=st.binary(max_size=400), kind=header_bytes)
def test_broken_multipart(anyone: httpx.Client, body: bytes, kind: bytes) -> None:
    """Forms that break off or are none."""
    for content_type in (kind.strip(), b"multipart/form-data; boundary=x", b"multipart/form-data"):
        headers = {b"Content-Type": content_type}
        check(anyone.post("/api/v1/files", content=b"--x\r\n" + body, headers=headers))


@hostile
@given(value=header_bytes)
def test_headers_and_cookies(site: Site, value: bytes) -> None:
    """Odd bytes wherever a header is read."""
    headers = {
        name: value.strip()
        for name in (b"Authorization", b"Cookie", b"Accept-Language", b"X-CSRF-Token", b"Origin")
    }
    with client_of(site) as client:
        check(client.get("/api/v1/me", headers=headers))
        check(client.get("/", headers=headers), api=False)
        check(client.get("/shop/demo", headers=headers), api=False)


@hostile
@given(fields=st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=6))
def test_page_forms(site: Site, fields: dict[str, str]) -> None:
    """Forms of pages with any fields."""
    safe = {
        name.encode("utf-8", "replace"): text.encode("utf-8", "replace")
        for name, text in fields.items()
    }
    with client_of(site) as client:
        for path in ("/sign-in", "/sign-out", "/shop/demo/customer"):
            check(client.post(path, data=safe), api=False)


@pytest.mark.parametrize(
    "path", ["/shop/%00", "/shop/%ff", "/shop/..%2f", "/shop/<script>", "/%00"]
)
def test_pages_that_are_not_there(site: Site, path: str) -> None:
    """Names that no shop has."""
    answer = httpx.get(site.url + path)
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_deep_json(anyone: httpx.Client) -> None:
    """Brackets beyond what a parser can follow."""
    headers = {"Content-Type": "application/json"}
    for body in ("[" * 100_000, '{"id":"deep","text":' + "[" * 2000 + "]" * 2000 + "}"):
        answer = anyone.post("/api/v1/messages", content=body, headers=headers)
        assert 400 <= answer.status_code < 500


def test_a_body_without_end_is_cut_off(anyone: httpx.Client) -> None:
    """A body over the limit is refused while it still comes in."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(4096):
            sent += 65536
            yield b" " * 65536

    headers = {"Content-Type": "application/json"}
    try:
        answer = anyone.post("/api/v1/messages", content=endless(), headers=headers)
    except httpx.WriteError:
        pass
    else:
        check(answer)
        assert answer.status_code == 413
