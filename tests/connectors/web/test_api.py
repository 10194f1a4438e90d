"""The API through its public door: messages, news, files; everyone sees their own only."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from bot.conversation.messages import Button, Buttons, Text
from connectors.web.api import MOST_FILES
from connectors.web.guards import MAX_ARCHIVE, MAX_FILE
from tests.connectors.web.guests import Guest, client_of, merchant_of, sign_in, visitor_of
from tests.connectors.web.site import PASSWORD, Site
from tests.ml.photos.pictures import coded, picture


def news(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The id and content of each event of a stream."""
    event = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "id":
            identity = value
        elif name == "data" and event == "news":
            yield identity, json.loads(value)


def test_a_message_is_answered(visitor: Guest) -> None:
    """What was sent and its answer are both in the conversation, in order."""
    sent = visitor.send("hello")
    assert sent.status_code == 202
    visitor.wait_for("echo hello")
    assert [(e["author"], e["text"]) for e in visitor.entries()] == [
        ("person", "hello"),
        ("bot", ""),
    ]


def test_a_repeat_is_a_no_op(visitor: Guest) -> None:
    """The same id sent again is the same message."""
    body = {"id": "client-made-1", "text": "once"}
    first, second = (visitor.client.post("/api/v1/messages", json=body).json() for _ in range(2))
    assert (first["id"], first["new"], second["new"]) == (second["id"], True, False)
    visitor.wait_for("echo once")
    assert len([entry for entry in visitor.entries() if entry["author"] == "person"]) == 1


def test_ids_of_one_client_do_not_touch_another(site: Site, visitor: Guest) -> None:
    """Ids are the client's own: who uses somebody else's still gets a message of their own."""
    body = {"id": "same-id", "text": "mine"}
    visitor.client.post("/api/v1/messages", json=body)
    with visitor_of(site, "demo") as other:
        assert other.client.post("/api/v1/messages", json=body).json()["new"]
        other.wait_for("echo mine")


def test_role_shop_and_person_come_from_the_door(site: Site, visitor: Guest) -> None:
    """What a request says about who it is counts for nothing."""
    visitor.send("who am I", shop="other", role="merchant", person="boss", language="zh")
    visitor.wait_for("echo who am I")
    asked = next(question for question in site.engine.asked if question.text == "who am I")
    assert (asked.shop, asked.role) == ("demo", "customer")
    assert asked.person.startswith("visitor:")


def test_an_identity_signed_by_the_shop_is_a_known_customer(site: Site) -> None:
    """The page vouches for the demo customer; the conversation is that person's, on any device."""
    with client_of(site) as browser:
        page = browser.get("/shop/demo").text
        assert "data-identity" not in page
        token = page.split('name="form_token" value="')[1].split('"')[0]
        fields = {"form_token": token, "become": "customer"}
        assert browser.post("/shop/demo/customer", data=fields).status_code == 303
        page = browser.get("/shop/demo").text
    identity = page.split('data-identity="')[1].split('"')[0]
    with visitor_of(site, "demo", identity) as ann, visitor_of(site, "demo", identity) as phone:
        ann.send("where is my order")
        phone.wait_for("echo where is my order")
    asked = next(q for q in site.engine.asked if q.text == "where is my order")
    assert not asked.person.startswith("visitor:")


@pytest.mark.parametrize("identity", ["made up", "", "e30.x.y"])
def test_a_forged_identity_is_an_anonymous_visitor(site: Site, identity: str) -> None:
    """Nobody becomes somebody by a value we did not sign."""
    with visitor_of(site, "demo", identity) as guest:
        assert guest.client.get("/api/v1/me").json()["id"].startswith("visitor:")


def test_an_identity_of_one_shop_is_nobody_in_another(site: Site) -> None:
    """The signature names the shop's person; another shop does not have them."""
    from connectors.web.tokens import Tokens

    tokens = Tokens(site.settings.secrets.session_secret.get_secret_value())
    with merchant_of(site, "other") as guest:
        person = guest.client.get("/api/v1/me").json()["id"]
    for shop in ("demo", "other"):  # in its own shop that person is a merchant, no customer
        with visitor_of(site, shop, tokens.identity.sign(shop=shop, person=person)) as guest:
            assert guest.client.get("/api/v1/me").json()["id"].startswith("visitor:")


def test_a_button_means_what_we_issued_it_for(site: Site, visitor: Guest) -> None:
    """Clients see a token, never a payload; in another conversation the token is only text."""
    site.engine.script["choose"] = (Buttons("Which?", (Button("Blue", "/inform_choice"),)),)
    visitor.send("choose")
    button = visitor.wait_for("Which?")["reply"]["buttons"][0]
    assert set(button) == {"title", "token"}
    with visitor_of(site, "demo") as other:
        other.send("Blue", button=button["token"])
        other.wait_for("echo Blue")
    visitor.send("Blue", button=button["token"])
    visitor.wait_for("echo /inform_choice")


@pytest.mark.parametrize("text", ["/inform_choice", " /restart", "\u3000／restart", "\u200b/deny"])
def test_no_text_is_a_forced_intent(visitor: Guest, text: str) -> None:
    """A slash typed by a person, in any disguise, reaches the engine without it."""
    visitor.send(text)
    wanted = text.strip(" \u3000\u200b／/")
    visitor.wait_for(f"echo {wanted}")


def test_stream_goes_on_from_the_cursor(visitor: Guest) -> None:
    """A stream that was cut is taken up by the id of its last event: nothing lost, nothing twice."""
    visitor.send("one")
    visitor.wait_for("echo one")
    seen: list[str] = []
    with visitor.client.stream("GET", "/api/v1/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        cursor, first = next(news(stream.iter_lines()))
        seen += [entry["id"] for entry in first["entries"]]
    visitor.send("two")
    visitor.wait_for("echo two")
    headers = {"Last-Event-ID": cursor}
    with visitor.client.stream("GET", "/api/v1/stream", headers=headers) as stream:
        _, second = next(news(stream.iter_lines()))
        seen += [entry["id"] for entry in second["entries"]]
    assert seen == [entry["id"] for entry in visitor.entries()]
    assert len(seen) == len(set(seen)) == 4


def test_stream_tells_of_news_and_of_typing(site: Site, visitor: Guest) -> None:
    """An open stream hears that an answer is being worked on, then the answer."""
    site.engine.open_gate.clear()
    with visitor.client.stream("GET", "/api/v1/stream") as stream:
        events = news(stream.iter_lines())
        next(events)
        visitor.send("slow one")
        states = [next(events)[1]]
        assert [entry["text"] for entry in states[0]["entries"]] == ["slow one"]
        assert states[0]["typing"]
        site.engine.open_gate.set()
        while not any(entry["reply"] for entry in states[-1]["entries"]):
            states.append(next(events)[1])
        assert not states[-1]["typing"]


def test_stream_hears_of_jobs(site: Site, visitor: Guest) -> None:
    """A reply that belongs to no turn arrives as well."""
    visitor.send("start")
    visitor.wait_for("echo start")
    question = next(q for q in reversed(site.engine.asked) if q.text == "start")
    with visitor.client.stream("GET", "/api/v1/stream?cursor=2") as stream:
        events = news(stream.iter_lines())
        next(events)
        site.post(question.conversation, Text("The job is done."))
        assert next(events)[1]["entries"][0]["reply"]["text"] == "The job is done."


def test_stream_ends_at_sign_out(site: Site) -> None:
    """A stream of a session that was ended elsewhere is told so and closed."""
    with merchant_of(site, "demo") as merchant:
        cookies = {"shopclerk_session": merchant.client.cookies["shopclerk_session"]}
        csrf = merchant.client.headers["X-CSRF-Token"]
        with merchant.client.stream("GET", "/api/v1/stream", timeout=30) as stream:
            lines = stream.iter_lines()
            next(lines)
            httpx.post(f"{site.url}/sign-out", data={"csrf": csrf}, cookies=cookies)
            assert "event: signed_out" in list(lines)


def test_a_file_is_kept_and_given_back(visitor: Guest) -> None:
    """A picture can be uploaded, attached, and read again by who sent it."""
    mug = coded(picture())
    stored = visitor.upload(mug, "mug.jpg")
    assert stored.status_code == 201
    visitor.send("look", attachments=[stored.json()["attachment"]])
    visitor.wait_for("echo look")
    sha256 = visitor.entries()[0]["files"][0]["sha256"]
    answer = visitor.client.get(f"/api/v1/files/{sha256}")
    assert answer.content == mug
    assert answer.headers["content-type"] == "image/jpeg"


def test_a_photo_does_not_tell_where_it_was_made(visitor: Guest) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (53.0, 33.0, 0.0)
    sha256 = visitor.upload(coded(picture(), exif=exif), "mug.jpg").json()["sha256"]
    given_back = visitor.client.get(f"/api/v1/files/{sha256}").content
    assert given_back == coded(picture())


def test_what_could_run_is_only_a_download(visitor: Guest) -> None:
    """A page named like a picture is told from its bytes, and is never shown by the browser."""
    stored = visitor.upload(b"<html><script>alert(1)</script></html>", "../../cat.png\u202e").json()
    assert (stored["name"], stored["media_type"]) == ("cat.png", "text/plain")
    headers = visitor.client.get(f"/api/v1/files/{stored['sha256']}").headers
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


def test_files_are_bounded(site: Site, visitor: Guest) -> None:
    """A file over the limit is refused, whether or not its length was announced."""
    too_much = b"a" * (MAX_FILE + 1)
    assert visitor.upload(too_much, "big.txt").status_code == 413

    begins = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.zip"\r\n\r\nPK\x03\x04'
    )
    request = visitor.client.build_request("POST", "/api/v1/files")
    request.headers["Content-Type"] = "multipart/form-data; boundary=b"
    request.headers["Content-Length"] = str(500 * 1024 * 1024)
    with socket.create_connection((request.url.host, request.url.port or 80), 60) as wire:
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        wire.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + begins)
        with suppress(OSError):  # the server may hang up in the middle of it
            for _ in range(MAX_FILE // 1024**2 + 1):
                wire.sendall(b"x" * 1024 * 1024)
        assert b" 413 " in wire.recv(100)  # though most of the body was never sent


def test_only_a_merchants_zip_may_be_large(visitor: Guest, merchant: Guest) -> None:
    """It is kept as it came and given back in pieces; a customer's is refused, and what is no zip by name and bytes."""
    zipped = b"PK\x03\x04" + b"\x00" * MAX_FILE
    stored = merchant.upload(zipped, "photos.zip")
    assert stored.status_code == 201
    assert (stored.json()["media_type"], stored.json()["size"]) == ("application/zip", len(zipped))
    given_back = merchant.client.get(f"/api/v1/files/{stored.json()['sha256']}")
    assert given_back.content == zipped
    assert given_back.headers["content-length"] == str(len(zipped))
    refused = (
        (visitor, zipped, "photos.zip", "too_large"),
        (visitor, b"a" * (MAX_FILE + 1), "photos.zip", "too_large"),
        (merchant, zipped, "photos.docx", "archive_too_large"),
        (merchant, b"a" * (MAX_FILE + 1), "photos.zip", "archive_too_large"),
    )
    for guest, data, name, code in refused:
        answer = guest.upload(data, name)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, code)


def test_the_front_end_knows_the_bounds() -> None:
    """It says before the sending what the server would say after it."""
    composer = Path("connectors/web/frontend/src/composer.tsx").read_text("utf-8")
    for name, bound in (
        ("MAX_FILES", f"{MOST_FILES}"),
        ("MAX_FILE", f"{MAX_FILE // 1024**2} * 1024 ** 2"),
        ("MAX_ARCHIVE", f"{MAX_ARCHIVE // 1024**3} * 1024 ** 3"),
    ):
        assert f"const {name} = {bound};" in composer


def test_a_message_may_bring_many_files(merchant: Guest) -> None:
    """A hundred, not more."""
    tickets = [merchant.upload(b"%d" % n, f"{n}.txt").json()["attachment"] for n in range(3)]
    many = [tickets[n % 3] for n in range(MOST_FILES)]
    assert merchant.send("many files", attachments=many).status_code == 202
    assert merchant.send("too many files", attachments=[*many, many[0]]).status_code == 422
    merchant.wait_for("echo many files")


def test_files_of_others_are_not_there(site: Site, visitor: Guest, merchant: Guest) -> None:
    """Another visitor and another shop get the same answer as for a file that does not exist."""
    stored = visitor.upload(b"my private list", "list.txt").json()
    path = f"/api/v1/files/{stored['sha256']}"
    with visitor_of(site, "demo") as other, visitor_of(site, "other") as elsewhere:
        for guest in (other, elsewhere):
            missing = guest.client.get(f"/api/v1/files/{'0' * 64}")
            answer = guest.client.get(path)
            assert (answer.status_code, answer.json()) == (404, missing.json())
        assert other.send("look", attachments=[stored["attachment"]]).status_code == 404
    assert merchant.client.get(path).status_code == 200  # the shop reads what its visitors send


def test_two_shops_share_nothing(site: Site, merchant: Guest) -> None:
    """With one shop's session nothing of the other is seen, whatever ids are tried."""
    stored = merchant.upload(b"secret of demo", "secret.txt").json()
    merchant.send("secret of demo", attachments=[stored["attachment"]])
    merchant.wait_for("echo secret of demo")
    with visitor_of(site, "other") as spy:
        assert spy.entries() == []
        assert spy.client.get(f"/api/v1/files/{stored['sha256']}").status_code == 404
        assert spy.send("x", attachments=[stored["attachment"]]).status_code == 404


@pytest.mark.parametrize(
    "token", ["made up", "eyJhIjoxfQ.aaaa.bbbb", "\x80", "A" * 9000, "null", "Bearer"]
)
def test_forged_tokens_open_nothing(site: Site, token: str) -> None:
    """A token we did not sign is no visitor."""
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = httpx.get(f"{site.url}/api/v1/entries", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "visitor_unknown"


def test_a_token_of_another_kind_is_no_visitor(site: Site, visitor: Guest) -> None:
    """What is signed for one use is worth nothing for another."""
    ticket = visitor.upload(b"text", "a.txt").json()["attachment"]
    headers = {"Authorization": f"Bearer {ticket}"}
    assert httpx.get(f"{site.url}/api/v1/entries", headers=headers).status_code == 401


def test_an_unknown_shop_has_no_visitors(site: Site) -> None:
    """A token is only given for a shop that is there."""
    answer = httpx.post(f"{site.url}/api/v1/visitor", json={"shop": "nowhere"})
    assert answer.status_code == 404


def test_errors_are_in_the_readers_language(visitor: Guest) -> None:
    """The same refusal, in the language that the browser prefers."""
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
    answers = [
        visitor.client.get("/api/v1/files/none", headers=headers).json()["error"]["message"]
        for headers in ({}, chinese)
    ]
    assert answers == ["There is nothing here.", "这里什么也没有。"]


def test_a_chosen_language_is_kept(site: Site) -> None:
    """The merchant's choice is there at the next sign-in, and the assistant hears of it."""
    with merchant_of(site, "demo") as merchant:
        assert merchant.client.post("/api/v1/language", json={"language": "zh"}).status_code == 200
        merchant.send("12345")
        merchant.wait_for("echo 12345")
    assert next(q for q in reversed(site.engine.asked) if q.text == "12345").language == "zh"
    with merchant_of(site, "demo") as merchant:
        assert merchant.client.get("/api/v1/me").json()["language"] == "zh"
        merchant.client.post("/api/v1/language", json={"language": "en"})


def test_other_origins_may_call_the_api_but_not_the_pages(site: Site) -> None:
    """A widget on a shop's own site may speak to the API, without cookies; pages stay closed."""
    origin = {"Origin": "https://shop.example"}
    preflight = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    allowed = httpx.options(f"{site.url}/api/v1/messages", headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in allowed.headers
    for path in ("/", "/sign-in", "/console", "/shop/demo"):
        answer = httpx.get(f"{site.url}{path}", headers=origin)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/sign-in", "/shop/demo", "/nowhere", "/api/v1/me"])
def test_answers_carry_the_safe_headers(site: Site, path: str) -> None:
    """No inline script or style, no framing, no sniffing, on pages and errors alike."""
    headers = httpx.get(f"{site.url}{path}").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_have_nothing_inline(site: Site) -> None:
    """What the policy forbids is not there either."""
    for path in ("/", "/sign-in", "/shop/demo"):
        page = httpx.get(f"{site.url}{path}").text
        assert " style=" not in page
        assert "<style" not in page
        assert page.count("<script") == page.count("<script src=")


def test_health(site: Site) -> None:
    """The process is alive; it is ready when store and front end are there."""
    assert httpx.get(f"{site.url}/healthz").json() == {"ok": True}
    answer = httpx.get(f"{site.url}/readyz")
    assert answer.status_code == (200 if all(answer.json().values()) else 503)
    assert answer.json()["store"]


def test_long_and_odd_texts_are_stored_as_sent(visitor: Guest) -> None:
    """100,000 characters, lone surrogates, direction overrides: kept, and shown again without an error."""
    odd = "\ud800 \u202egnp.exe\u202c \u0000 end"
    texts = ["长" * 100_000, odd, "[" * 2000]
    for text in texts:
        body = json.dumps({"id": str(abs(hash(text))), "text": text})
        headers = {"Content-Type": "application/json"}
        answer = visitor.client.post("/api/v1/messages", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
    kept = [entry["text"] for entry in visitor.entries() if entry["author"] == "person"]
    assert kept == texts


def test_sign_in_is_needed(site: Site) -> None:
    """Without session or token every door is shut."""
    for method, path in (
        ("GET", "me"),
        ("GET", "entries"),
        ("GET", "stream"),
        ("GET", f"files/{'0' * 64}"),
        ("POST", "files"),
    ):
        assert httpx.request(method, f"{site.url}/api/v1/{path}").status_code == 401
    with client_of(site) as client:
        assert sign_in(client, "demo-merchant", PASSWORD[:-1]).status_code == 401
        assert client.get("/api/v1/me").status_code == 401
