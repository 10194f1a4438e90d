"""The widget on shops' pages in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bot.conversation.messages import Text
from tests.browser.conftest import answer, said, say
from tests.connectors.web.site import Site, plot

pytestmark = pytest.mark.browser


@pytest.fixture
def widget(page: Page) -> Page:
    """The demo shop's page with the chat opened."""
    page.goto("/shop/demo")
    page.get_by_role("button", name="Open chat").click()
    page.get_by_role("textbox").wait_for()
    return page


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def foreign_page(site: Site, tmp_path: Path) -> Iterator[str]:
    """A shop's own site on another origin, with the widget embedded and styles of its own."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "index.html").write_text(
        "<!doctype html><html lang='zh'><style>button,p{display:none!important}</style>"
        f"<title>Elsewhere</title><script src='{site.url}/widget.js' data-shop='demo' async></script>"
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_anonymous_visitor_is_answered_and_remembered(site: Site, widget: Page) -> None:
    """Ask, read the answer, reload: the history is there."""
    say(widget, "do you ship to Spain")
    answer(widget, "echo do you ship to Spain")
    assert site.engine.asked[-1].person.startswith("visitor:")
    assert site.engine.asked[-1].role == "customer"
    widget.reload()
    widget.get_by_role("button", name="Open chat").click()
    answer(widget, "echo do you ship to Spain")
    assert said(widget) == ["do you ship to Spain", "echo do you ship to Spain"]


def test_a_known_customer_has_a_conversation_of_their_own(site: Site, widget: Page) -> None:
    """Signing in on the page changes who asks; signing out leaves nothing behind."""
    say(widget, "as a guest")
    answer(widget, "echo as a guest")
    widget.get_by_role("button", name="Sign in as the demo customer").click()
    expect(widget.get_by_text("You are signed in as the demo customer Ann Lee.")).to_be_visible()
    widget.get_by_role("button", name="Open chat").click()
    expect(widget.get_by_text("Hello! How can I help?")).to_be_visible()
    say(widget, "where is my order")
    answer(widget, "echo where is my order")
    assert not site.engine.asked[-1].person.startswith("visitor:")
    widget.get_by_role("button", name="Be a guest again").click()
    widget.get_by_role("button", name="Open chat").click()
    answer(widget, "echo as a guest")
    assert "where is my order" not in said(widget)
    kept = widget.evaluate("JSON.stringify(Object.entries(localStorage))")
    assert ":known:" not in kept


def test_unread_answers_are_counted(site: Site, widget: Page) -> None:
    """An answer that comes while the chat is closed is counted on its button, until it is opened."""
    say(widget, "call me back")
    answer(widget, "echo call me back")
    widget.get_by_role("button", name="Close chat").first.click()
    conversation = site.engine.asked[-1].conversation
    for text in ("We are back.", "Your parcel is here."):
        site.post(conversation, Text(text))
    badge = widget.get_by_role("button", name="Open chat, 2 unread")
    expect(badge).to_be_visible()
    widget.reload()
    badge.click()
    answer(widget, "Your parcel is here.")
    widget.get_by_role("button", name="Close chat").first.click()
    expect(widget.get_by_role("button", name="Open chat", exact=True)).to_be_visible()


def test_it_works_on_a_site_elsewhere(foreign_page: str, page: Page) -> None:
    """Another origin, another style sheet, a Chinese page: the widget speaks Chinese and looks like itself."""
    page.goto(foreign_page)
    page.get_by_role("button", name="打开聊天").click()
    expect(page.get_by_text("您好！有什么可以帮您？")).to_be_visible()
    say(page, "你好")
    page.get_by_text("echo 你好").wait_for()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_placeholder("Write a message…")).to_be_visible()


def test_pictures_go_both_ways(site: Site, widget: Page) -> None:
    """A customer's photo is uploaded and shown again, with the token in a header only."""
    photo = {"name": "broken.png", "mimeType": "image/png", "buffer": plot()}
    widget.locator("input[type=file]").set_input_files(photo)
    expect(widget.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    say(widget, "it arrived broken")
    answer(widget, "echo it arrived broken")
    image = widget.locator(".entry.person:not(.outgoing) img").first
    expect(image).to_be_visible()
    assert image.evaluate("element => element.naturalWidth") > 0
    assert image.get_attribute("src").startswith("blob:")  # type: ignore[union-attr]


def test_offline_is_said_and_mended(context: BrowserContext, widget: Page) -> None:
    """A line that breaks loses nothing."""
    say(widget, "one")
    answer(widget, "echo one")
    context.set_offline(True)
    expect(widget.get_by_text("You are offline")).to_be_visible()
    say(widget, "two")
    context.set_offline(False)
    answer(widget, "echo two")
    assert said(widget) == ["one", "echo one", "two", "echo two"]


def test_keyboard_and_names_for_screen_readers(page: Page) -> None:
    """Opened with Enter, focus goes in; Escape closes, focus comes back."""
    page.goto("/shop/demo")
    launcher = page.get_by_role("button", name="Open chat")
    launcher.focus()
    assert launcher.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Assistant")).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    answer(page, "echo hello")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Assistant")).to_be_hidden()
    expect(launcher).to_be_focused()


def test_on_a_phone_it_fills_the_screen(page: Page) -> None:
    """No room is given away."""
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto("/shop/demo")
    page.get_by_role("button", name="Open chat").click()
    assert page.locator(".panel").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
