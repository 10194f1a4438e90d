"""The merchant console in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bot.conversation.messages import REPLY_KINDS, Button, Buttons, Progress, Table, Text
from connectors.web.guards import MAX_FILE
from tests.browser.conftest import answer, said, say
from tests.connectors.web.site import Site, every_kind, order_table, plot
from tests.ml.photos.pictures import coded, picture

pytestmark = pytest.mark.browser

SHOWN_AS = {
    "text": ".bubble > .text",
    "buttons": ".choices .choice",
    "table": "figure.table td",
    "image": "figure.picture img",
    "file": "button.file",
    "progress": "progress",
    "handoff": ".handoff",
}
ATTACK = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'";window.hacked=1//'
)


def conversation(site: Site) -> str:
    """The conversation of the last question."""
    return site.engine.asked[-1].conversation


def test_a_message_goes_round(console: Page) -> None:
    """Sign in, send a text, read the answer."""
    say(console, "hello there")
    answer(console, "echo hello there")
    assert said(console) == ["hello there", "echo hello there"]


def test_every_kind_of_reply_is_shown(site: Site, console: Page) -> None:
    """The contract of a channel: no kind is missing."""
    assert SHOWN_AS.keys() == REPLY_KINDS.keys()
    image = site.put_file(plot(), "sales.png", "image/png")
    file = site.put_file(b"a,b\n1,2\n", "orders.csv", "text/csv")
    site.engine.script["show all"] = every_kind(image, file)
    say(console, "show all")
    for selector in SHOWN_AS.values():
        expect(console.locator(f".entry.bot {selector}").first).to_be_visible()
    with console.expect_download() as download:
        console.get_by_role("button", name="Download: orders.csv").click()
    assert download.value.suggested_filename == "orders.csv"


def test_many_photos_are_shown_small_and_what_is_too_large_is_not_sent(
    console: Page, tmp_path: Path
) -> None:
    """Eight of them as pictures, the others by name when asked for."""
    photos = [tmp_path / f"{number:02}.png" for number in range(20)]
    for number, photo in enumerate(photos):
        photo.write_bytes(coded(picture(number), "PNG"))  # the same picture would be one file
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    console.locator("input[type=file]").set_input_files([*photos, large])
    expect(console.locator(".upload.problem")).to_contain_text("25 MB")
    expect(console.locator(".upload progress")).to_have_count(0)
    say(console, "look at these")
    answer(console, "echo look at these")
    expect(console.locator(".entry.person .pictures.many figure")).to_have_count(8)
    expect(console.locator(".entry.person details button.file").first).to_be_hidden()
    console.get_by_text("12 more files").click()
    expect(console.locator(".entry.person details button.file")).to_have_count(12)
    expect(console.locator(".entry.person details button.file").first).to_be_visible()


def test_doubtful_cells_are_marked(site: Site, console: Page) -> None:
    """Icon, colour, a word for screen readers, and a legend."""
    site.engine.script["order"] = (order_table(),)
    say(console, "order")
    marked = console.locator("td.doubt")
    expect(marked).to_have_count(2)
    expect(marked.first).to_contain_text("Please check: AA batteries")
    expect(marked.first.locator("svg")).to_be_visible()
    expect(console.get_by_text("Marked cells are uncertain")).to_be_visible()
    plain = console.locator("td:not(.doubt)").first
    colour = "element => getComputedStyle(element).backgroundColor"
    assert marked.first.evaluate(colour) != plain.evaluate(colour)


def test_a_button_is_pressed_once(site: Site, console: Page) -> None:
    """The pressed one is ticked, all are off, also after reloading."""
    site.engine.script["save?"] = (
        Buttons("Save it?", (Button("Yes", "/affirm"), Button("No", "/deny"))),
    )
    say(console, "save?")
    console.get_by_role("button", name="Yes").click()
    answer(console, "echo /affirm")
    for _ in range(2):
        expect(console.get_by_role("button", name="Yes (chosen)")).to_be_disabled()
        expect(console.get_by_role("button", name="No", exact=True)).to_be_disabled()
        console.reload()


def test_files_are_uploaded_by_button_drop_and_paste(
    site: Site, console: Page, tmp_path: Path
) -> None:
    """Three ways in; what was sent is shown as picture or file."""
    picture = tmp_path / "cat.png"
    picture.write_bytes(plot())
    console.locator("input[type=file]").set_input_files(picture)
    expect(console.locator(".upload", has_text="cat.png").locator("progress")).to_have_count(0)
    for event, field, target in (
        ("drop", "dataTransfer", ".chat"),
        ("paste", "clipboardData", "textarea"),
    ):
        console.locator(target).evaluate(
            """(element, [event, field]) => {
              const data = new DataTransfer();
              data.items.add(new File(["sku,name"], event + ".csv"));
              const init = { bubbles: true, cancelable: true, [field]: data };
              element.dispatchEvent(event === "paste" ? new ClipboardEvent(event, init) : new DragEvent(event, init));
            }""",
            [event, field],
        )
        expect(console.locator(".upload", has_text=f"{event}.csv")).to_be_visible()
    expect(console.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    say(console, "three files")
    answer(console, "echo three files")
    expect(console.locator(".entry.person:not(.outgoing) .picture img").first).to_be_visible()
    names = [file.name for file in site.engine.asked[-1].files]
    assert names == ["cat.png", "drop.csv", "paste.csv"]


def test_an_upload_shows_how_far_it_is(context: BrowserContext, console: Page) -> None:
    """While the bytes are on their way there is a bar, and nothing can be sent yet."""
    session = context.new_cdp_session(console)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    session.send("Network.emulateNetworkConditions", slow)
    big = {"name": "list.txt", "mimeType": "text/plain", "buffer": b"a" * 1_500_000}
    console.locator("input[type=file]").set_input_files(big)
    bar = console.locator(".upload progress")
    expect(bar).to_be_visible()
    expect(console.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(bar).to_have_count(0)
    expect(console.get_by_role("button", name="Send", exact=True)).to_be_enabled()


def test_a_refused_file_says_why(console: Page) -> None:
    """A program is not taken; the sentence is the server's."""
    program = {"name": "run.exe", "mimeType": "image/png", "buffer": b"MZ\x90\x00\x03"}
    console.locator("input[type=file]").set_input_files(program)
    expect(console.get_by_role("alert")).to_contain_text("This kind of file cannot be read")
    console.get_by_role("button", name="Remove run.exe").click()
    expect(console.locator(".upload")).to_have_count(0)


def test_history_is_there_after_reloading(console: Page) -> None:
    """In the same order, and only once."""
    for text in ("one", "two", "three"):
        say(console, text)
        answer(console, f"echo {text}")
    before = said(console)
    console.reload()
    answer(console, "echo three")
    assert said(console) == before == ["one", "echo one", "two", "echo two", "three", "echo three"]


def test_offline_loses_nothing_and_doubles_nothing(
    site: Site, context: BrowserContext, console: Page
) -> None:
    """What was written offline is kept, sent when the line is back, once; what came meanwhile arrives."""
    say(console, "before")
    answer(console, "echo before")
    context.set_offline(True)
    expect(console.get_by_text("You are offline")).to_be_visible()
    say(console, "written offline")
    say(console, "and this")
    site.post(conversation(site), Text("job done meanwhile"))
    expect(console.get_by_text("Will be sent when you are online").first).to_be_visible()
    context.set_offline(False)
    answer(console, "echo and this")
    answer(console, "job done meanwhile")
    expect(console.locator(".outgoing")).to_have_count(0)
    shown = said(console)
    assert sorted(shown) == sorted(set(shown))
    assert shown.index("written offline") < shown.index("and this")
    assert [q.text for q in site.engine.asked] == ["before", "written offline", "and this"]


def test_a_restart_of_the_server_is_bridged(site: Site, console: Page) -> None:
    """The page connects again by itself: what was said stays, what is said next is answered once."""
    say(console, "before")
    answer(console, "echo before")
    site.restart()
    say(console, "after")
    answer(console, "echo after")
    expect(console.locator(".notice")).to_have_count(0)
    assert said(console) == ["before", "echo before", "after", "echo after"]
    assert [q.text for q in site.engine.asked] == ["before", "after"]


def test_what_was_not_sent_survives_a_reload(context: BrowserContext, console: Page) -> None:
    """The server stays silent, the page is loaded again: the message still goes out, once."""
    context.route("**/api/v1/messages", lambda route: route.abort())
    say(console, "stubborn")
    expect(console.get_by_role("button", name="Discard")).to_be_visible()
    context.unroute("**/api/v1/messages")
    console.reload()
    answer(console, "echo stubborn")
    assert said(console).count("stubborn") == 1


def test_an_answer_that_got_lost_doubles_nothing(
    site: Site, context: BrowserContext, console: Page
) -> None:
    """The message arrived but its acknowledgement did not: the retry is the same message."""
    lost: list[str] = []

    def lose_first(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]
        if lost:
            route.fulfill(response=response)  # type: ignore[attr-defined]
        else:
            lost.append(response.text())
            route.abort()  # type: ignore[attr-defined]

    context.route("**/api/v1/messages", lose_first)
    say(console, "only once")
    answer(console, "echo only once")
    expect(console.locator(".outgoing")).to_have_count(0)
    assert said(console).count("only once") == 1
    assert [q.text for q in site.engine.asked] == ["only once"]


def test_progress_moves_in_place(site: Site, console: Page) -> None:
    """A job's later news take the place of the earlier ones."""
    say(console, "start")
    answer(console, "echo start")
    for done in (10, 60, 100):
        site.post(conversation(site), Progress("job-9", "Reading photos", done, 100))
        expect(console.locator("progress")).to_have_attribute("value", str(done))
    expect(console.locator("progress")).to_have_count(1)
    expect(console.locator(".progress .count")).to_have_text("Done")


def test_typing_is_shown_while_a_turn_is_open(site: Site, console: Page) -> None:
    """Dots while the assistant works, none after."""
    site.engine.open_gate.clear()
    say(console, "slow")
    expect(console.locator(".typing")).to_be_visible()
    site.engine.open_gate.set()
    answer(console, "echo slow")
    expect(console.locator(".typing")).to_have_count(0)


def test_nothing_that_is_said_runs(site: Site, console: Page) -> None:
    """Scripts in texts, titles, cells, buttons, names of files: shown as they are written."""
    image = site.put_file(plot(), ATTACK, "image/png")
    site.engine.script["attack"] = (
        Text(ATTACK),
        Table(ATTACK, (ATTACK,), ((ATTACK,),), ((0, 0),)),
        *every_kind(image, site.put_file(b"x", ATTACK, "text/html"))[2:4],
        Progress("job", ATTACK, 1, 2),
        Buttons(ATTACK, (Button(ATTACK, "/affirm"),)),
    )
    console.locator("input[type=file]").set_input_files(
        {
            "name": "<img src=x onerror=window.hacked=1>.txt",
            "mimeType": "text/plain",
            "buffer": b"x",
        }
    )
    expect(console.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    console.get_by_role("button", name="Send", exact=True).click()
    say(console, ATTACK)
    answer(console, f"echo {ATTACK}")
    say(console, "attack")
    console.locator(".choice").first.click()
    answer(console, "echo /affirm")
    assert console.evaluate("window.hacked") is None
    assert console.locator(".entry script, .entry img[src=x]").count() == 0


def test_language_switches_everything_and_is_remembered(console: Page) -> None:
    """One click: no English is left, and it stays Chinese after reloading."""
    console.get_by_role("button", name="中文").click()
    for _ in range(2):
        expect(console.get_by_placeholder("输入消息，或粘贴一条订单…")).to_be_visible()
        expect(console.locator("html")).to_have_attribute("lang", "zh-CN")
        visible = console.locator("body").inner_text()
        assert set(re.findall(r"[A-Za-z]{2,}", visible)) <= {"Shopclerk", "English"}
        console.reload()
    console.get_by_role("button", name="English").click()
    expect(console.get_by_text("Hello! What can I do for your shop?")).to_be_visible()


def test_the_keyboard_is_enough(site: Site, console: Page) -> None:
    """Sign-in was typed; write, send, reach the buttons and press one without a mouse."""
    site.engine.script["save?"] = (Buttons("Save it?", (Button("Yes", "/affirm"),)),)
    console.get_by_role("textbox").focus()
    console.keyboard.type("first line")
    console.keyboard.press("Shift+Enter")
    console.keyboard.type("second line")
    console.keyboard.press("Enter")
    answer(console, "echo first line\nsecond line")
    console.keyboard.type("save?")
    console.keyboard.press("Enter")
    button = console.get_by_role("button", name="Yes")
    button.wait_for()
    for _ in range(10):
        console.keyboard.press("Shift+Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    console.keyboard.press("Enter")
    answer(console, "echo /affirm")


def test_a_picture_opens_large(site: Site, console: Page) -> None:
    """Click or Enter opens it, Escape closes it."""
    image = site.put_file(plot(), "sales.png", "image/png")
    site.engine.script["plot"] = every_kind(image, image)[2:3]
    say(console, "plot")
    console.get_by_role("button", name="Enlarge: Bar chart of sales by day").click()
    expect(console.get_by_role("dialog")).to_be_visible()
    console.keyboard.press("Escape")
    expect(console.get_by_role("dialog")).to_be_hidden()


def test_suggestions_are_sent_with_a_click(site: Site, console: Page) -> None:
    """The first one is a whole order."""
    console.locator("aside .suggestion").first.click()
    console.locator(".entry.bot").first.wait_for()
    assert site.engine.asked[0].text.startswith("Parse this order:")


def test_on_a_phone_nothing_sticks_out(site: Site, console: Page) -> None:
    """A wide table scrolls inside its frame, not the page; suggestions open on demand."""
    console.set_viewport_size({"width": 360, "height": 740})
    columns = tuple(f"Column {number}" for number in range(12))
    site.engine.script["wide"] = (Table("Wide", columns, (columns,) * 3),)
    say(console, "wide")
    console.locator("figure.table").wait_for()
    assert console.evaluate("document.documentElement.scrollWidth") <= 360
    assert console.locator(".scroll").evaluate("e => e.scrollWidth > e.clientWidth")
    console.get_by_role("button", name="Suggestions").click()
    expect(console.locator("aside .suggestion").first).to_be_visible()


def test_signing_out_ends_it(console: Page) -> None:
    """The console is closed, and going back shows the sign-in."""
    console.get_by_role("button", name="Sign out").click()
    console.wait_for_url(re.compile(r"/$"))
    console.goto("/console")
    expect(console.get_by_label("Password")).to_be_visible()
