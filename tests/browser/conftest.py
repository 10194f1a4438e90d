"""A headless Chromium and a running site; a page that meets an error it did not expect fails its test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.store.engine import open_store
from connectors.web.pages import STATIC
from tests.conftest import missing
from tests.connectors.web.site import PASSWORD, Site, fill_shops, running_site, sqlite_in

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; no longer than a file, as asynchronous tests cannot run beside Playwright's loop."""
    path = os.environ.get("SHOPCLERK_CHROMIUM") or shutil.which("chromium")
    if not path or not Path(path).exists():
        missing("no Chromium: apt-get install chromium, or set SHOPCLERK_CHROMIUM to its path")
    if not (STATIC / "console.js").exists():
        missing("the front end is not built: run make setup")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the shops, to be copied: passwords are slow to hash, on purpose."""
    home = Path(tmp_path_factory.mktemp("filled"))
    store = open_store(sqlite_in(home))
    fill_shops(store)
    store.close()
    return home / "shop.db"


@pytest.fixture
def site(tmp_path: Path, filled_store: Path) -> Iterator[Site]:
    """A site of its own for each test."""
    shutil.copy(filled_store, tmp_path)
    with running_site(tmp_path, filled=True) as site:
        yield site


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser profile without a past, in English."""
    context = browser.new_context(locale="en-US", base_url=site.url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; script errors and violations of the content policy fail the test."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda message: problems.append(message.text) if message.type == "error" else 0
    )
    yield page
    # refusals and a line that was cut on purpose are listed by the browser too
    assert [text for text in problems if "Failed to load resource" not in text] == []


@pytest.fixture
def console(page: Page) -> Page:
    """The console of the demo shop's merchant, signed in through the form."""
    return sign_in(page)


def sign_in(page: Page) -> Page:
    """Sign in as the demo shop's merchant."""
    page.goto("/console")
    page.get_by_label("Sign-in name").fill("demo-merchant")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")
    page.get_by_role("textbox").wait_for()
    return page


def say(page: Page, text: str) -> None:
    """Type a message and send it."""
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def answer(page: Page, text: str) -> None:
    """Wait until the assistant said this."""
    page.get_by_label("Assistant").get_by_text(text, exact=True).first.wait_for()


def said(page: Page) -> list[str]:
    """Everything that was said, in the order it is shown."""
    return page.locator(".entry .text").all_inner_texts()
