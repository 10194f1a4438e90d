"""Sign-in, sessions and the proof that a change came from our own page."""

from __future__ import annotations

import httpx
import pytest

from tests.connectors.web.guests import Guest, client_of, form_token, sign_in
from tests.connectors.web.site import PASSWORD, Site


def test_session_cookie_is_out_of_reach_of_scripts(site: Site) -> None:
    """The cookie is HttpOnly and not sent from other sites' forms."""
    with client_of(site) as client:
        answer = sign_in(client, "demo-merchant", PASSWORD)
    cookie = next(
        value for value in answer.headers.get_list("set-cookie") if "shopclerk_session" in value
    )
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_console_is_for_the_signed_in(site: Site) -> None:
    """Who is not signed in is sent to the sign-in page."""
    answer = httpx.get(f"{site.url}/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_sign_out_ends_the_session(merchant: Guest) -> None:
    """After signing out the same cookie opens nothing."""
    cookie = merchant.client.cookies["shopclerk_session"]
    csrf = merchant.client.headers["X-CSRF-Token"]
    assert merchant.client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    merchant.client.cookies.set("shopclerk_session", cookie)
    answer = merchant.client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


def test_sign_out_from_another_page_does_nothing(merchant: Guest) -> None:
    """Signing out needs the CSRF token too."""
    assert merchant.client.post("/sign-out", data={"csrf": "made up"}).status_code == 403
    assert merchant.client.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("demo-merchant", "wrong"),
        ("nobody", PASSWORD),
        ("customer", ""),
        ("\0", "\0"),
        ("demo-merchant' OR 1=1 --", "x"),
    ],
)
def test_all_refusals_look_the_same(site: Site, login: str, password: str) -> None:
    """Nobody learns which logins exist."""
    with client_of(site) as client:
        answer = sign_in(client, login, password)
    assert answer.status_code == 401
    assert "do not go together" in answer.text
    assert "shopclerk_session" not in answer.headers.get("set-cookie", "")


def test_only_merchants_have_a_console(site: Site) -> None:
    """An agent who brings the right password is told why there is no way in."""
    with client_of(site) as client:
        answer = sign_in(client, "demo-agent", PASSWORD)
    assert answer.status_code == 403
    assert "inbox for agents is not there yet" in answer.text
    assert "shopclerk_session" not in answer.headers.get("set-cookie", "")


def test_form_must_be_ours(site: Site) -> None:
    """A form without our value, or with one of another browser, is refused."""
    fields = {"login": "demo-merchant", "password": PASSWORD}
    with client_of(site) as mine, client_of(site) as theirs:
        token = form_token(theirs.get("/sign-in").text)
        mine.get("/sign-in")
        assert mine.post("/sign-in", data=fields).status_code == 403
        assert mine.post("/sign-in", data={**fields, "form_token": token}).status_code == 403


def test_tries_are_limited(site: Site) -> None:
    """After five wrong passwords even the right one waits; other people can still sign in."""
    with client_of(site) as client:
        for _ in range(5):
            sign_in(client, "other-merchant", "wrong")
        assert sign_in(client, "other-merchant", PASSWORD).status_code == 429
        assert sign_in(client, "demo-merchant", PASSWORD).status_code == 303


@pytest.mark.parametrize("token", ["", "made up", "é"])
def test_a_change_needs_the_csrf_token(merchant: Guest, token: str) -> None:
    """A request that only brings the cookie, as another site's form would, changes nothing."""
    merchant.client.headers["X-CSRF-Token"] = token.encode().decode("latin-1")
    before = len(merchant.entries())
    answers = [
        merchant.send("from elsewhere"),
        merchant.upload(b"text", "a.txt"),
        merchant.client.post("/api/v1/language", json={"language": "zh"}),
    ]
    assert [answer.json()["error"]["code"] for answer in answers] == ["csrf"] * 3
    assert len(merchant.entries()) == before
