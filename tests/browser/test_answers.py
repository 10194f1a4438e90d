"""The merchant's page about answers in a real browser, with the real actions process behind it."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from bot.store.proposals import propose
from bot.store.questions import AskedQuestion, keep_question
from tests.browser.conftest import PATIENCE_MS, sign_in
from tests.connectors.web.site import Site, running_actions, running_site

pytestmark = pytest.mark.browser

ATTACK = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'";window.hacked=1//'
)
SECTIONS = ("answers", "facts", "unanswered", "try", "training", "history")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, filled_store: Path) -> Iterator[Site]:
    """One site with its actions process for all tests of this file, as the process takes seconds to start."""
    home = Path(tmp_path_factory.mktemp("answers"))
    shutil.copy(filled_store, home)
    with running_site(home, filled=True) as site, running_actions(site):
        yield site


@pytest.fixture
def answers(page: Page) -> Page:
    """The page, opened by the link in the console's bar."""
    expect.set_options(timeout=PATIENCE_MS)  # a first question waits for the process to be warm
    sign_in(page)
    page.get_by_role("link", name="Answers").click()
    expect(page.get_by_role("heading", name="Answers")).to_be_visible()
    return page


def go(page: Page, section: str) -> None:
    """Open a section by its link."""
    page.get_by_role("navigation").get_by_role("link", name=section, exact=True).click()


def open_answer(page: Page, id_: str) -> None:
    """Find an answer by its id and open it."""
    page.get_by_role("searchbox", name="Search answers and questions").fill(id_)
    page.locator(f'a.entry[href="#answers/{id_}"]').click()
    expect(page.get_by_role("heading", name=id_, exact=True)).to_be_visible()


def ask(page: Page, question: str) -> None:
    """Try a question."""
    go(page, "Try it")
    page.get_by_role("textbox", name="A customer’s question").fill(question)
    page.get_by_role("button", name="Ask").click()
    # After a change the ranker is made anew, which takes seconds.
    expect(page.locator(".told-card")).to_be_visible(timeout=60_000)


def test_an_edited_answer_is_what_customers_get_and_can_be_put_back(answers: Page) -> None:
    """Edit, save, ask, put back from the history, ask again."""
    question = "what is the time limit for returning an item"
    open_answer(answers, "return-window")
    answers.get_by_role("textbox", name="Answer in English").fill("Keep it for {return_window}!")
    expect(answers.locator(".preview").first).to_contain_text("Keep it for 30 days!")
    answers.get_by_role("button", name="Save").click()
    expect(answers.get_by_text("Saved. Customers are answered with it")).to_be_visible()
    expect(answers.locator(".editor .tag.state")).to_have_text("changed by you")
    ask(answers, question)
    expect(answers.locator("blockquote").first).to_have_text("Keep it for 30 days!")
    expect(answers.get_by_role("link", name="return-window").first).to_be_visible()
    go(answers, "History")
    answers.get_by_role("button", name="Put back: return-window").first.click()
    expect(answers.get_by_text("Put back as it was")).to_be_visible()
    ask(answers, question)
    expect(answers.locator("blockquote").first).to_contain_text("You can send things back within")


def test_a_fact_is_seen_in_both_languages_before_it_is_saved(answers: Page) -> None:
    """An impossible value says so; a good one is told everywhere."""
    go(answers, "Facts and policies")
    answers.get_by_role("heading", name="Returns and exchanges").click()
    field = answers.get_by_role("textbox", name="return_window", exact=True)
    fact = answers.locator(".fact", has=field)
    field.fill("9-3 days")
    expect(fact.get_by_text("write the smaller number first")).to_be_visible()
    field.fill("2-3 weeks")
    expect(fact.locator(".told")).to_contain_text("2-3 周")
    fact.get_by_role("button", name="Save").click()
    expect(fact.get_by_text("changed by you")).to_be_visible()
    ask(answers, "最晚什么时候退")
    expect(answers.locator("blockquote").first).to_contain_text("2-3 周")
    go(answers, "Facts and policies")
    answers.get_by_role("heading", name="Returns and exchanges").click()
    answers.locator(".fact", has=field).get_by_role("button", name="Put back").click()
    expect(field).to_have_value("30 days")


def test_questions_asked_in_vain_become_an_answer(site: Site, answers: Page) -> None:
    """From the list into the editor with the questions in it; saved, they are off the list."""
    texts = ("can you engrave a name on the mug", "do you engrave names on mugs")
    with site.store.write() as session:
        for text in texts:
            row = AskedQuestion(uuid.uuid4().hex, "demo-customer", "en", text, text, "hand_over")
            keep_question(session, "demo", row)
        propose(session, "demo", "周日发货吗", "周日也发货。", "nobody")
    go(answers, "Unanswered")
    expect(answers.get_by_text("asked 2 times")).to_be_visible()
    answers.get_by_role("button", name="Answer this").click()
    forms = answers.get_by_role("group", name="How people ask, in English").get_by_role("textbox")
    expect(forms).to_have_count(2)
    answers.get_by_role("textbox", name="Answer in English").fill("We engrave mugs for free.")
    answers.get_by_role("button", name="Save").click()
    expect(answers.locator(".editor .tag.state")).to_have_text("your own")
    go(answers, "Unanswered")
    expect(answers.get_by_text("Nothing waits.")).to_be_visible()
    answers.get_by_role("button", name="Make it an answer").click()
    expect(answers.get_by_role("textbox", name="Answer in Chinese")).to_have_value("周日也发货。")
    answers.get_by_role("button", name="Save").click()
    expect(answers.locator(".editor .tag.state")).to_have_text("your own")
    go(answers, "Unanswered")
    expect(answers.get_by_text("Nothing waits.")).to_be_visible()
    expect(answers.get_by_role("button", name="Make it an answer")).to_have_count(0)


def test_who_goes_elsewhere_while_an_answer_is_saved_stays_there(answers: Page) -> None:
    """The list that is loaded after saving does not take the merchant back to the answer."""
    answers.get_by_role("link", name="New answer").click()
    answers.get_by_role("textbox", name="Answer in English").fill("We do not repair watches.")
    answers.get_by_role("button", name="Add a question").first.click()
    answers.get_by_role("textbox", name="Question 1").first.fill("do you repair watches")

    saving = re.compile(r"/knowledge/answers$")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    answers.route(saving, hold)
    with answers.expect_request(saving):
        answers.get_by_role("button", name="Save").click()
    go(answers, "History")
    with answers.expect_response(re.compile(r"/knowledge/answers\?")):
        held.pop().continue_()
    answers.wait_for_timeout(500)
    assert answers.url.endswith("#history")
    go(answers, "Answers")
    expect(answers.locator("a.entry", has_text="We do not repair watches.")).to_be_visible()


def test_nothing_that_is_written_runs(site: Site, answers: Page) -> None:
    """Markup in answers, questions, facts and customers' questions is text, wherever it is shown."""
    with site.store.write() as session:
        row = AskedQuestion(uuid.uuid4().hex, "demo-customer", "en", ATTACK, ATTACK, "hand_over")
        keep_question(session, "demo", row)
        propose(session, "demo", ATTACK, ATTACK, "nobody")
    go(answers, "Answers")
    answers.get_by_role("link", name="New answer").click()
    answers.get_by_role("textbox", name="Answer in English").fill(ATTACK)
    answers.get_by_role("button", name="Add a question").first.click()
    answers.get_by_role("textbox", name="Question 1").first.fill(ATTACK)
    answers.get_by_role("button", name="Save").click()
    expect(answers.locator(".editor .tag.state")).to_have_text("your own")
    for section in SECTIONS:
        answers.goto(f"/console/answers#{section}")
        answers.locator("main > *").first.wait_for()
        expect(answers.get_by_text("Loading…")).to_have_count(0)
        assert answers.locator("main img, main script").count() == 0, section
    ask(answers, ATTACK)
    expect(answers.locator(".told-card")).to_be_visible()
    assert answers.evaluate("window.hacked") is None
    go(answers, "Unanswered")
    for name in ("Not for us", "Dismiss"):
        answers.get_by_role("button", name=name).first.click()
        expect(answers.get_by_role("button", name=name)).to_have_count(0)


def test_what_cannot_be_saved_says_why_and_is_not_lost(answers: Page) -> None:
    """The words stay in the form, to be mended."""
    open_answer(answers, "account-register")
    field = answers.get_by_role("textbox", name="Answer in English")
    field.fill("It costs {no_such_fact}.")
    expect(answers.locator(".preview .chip.unknown")).to_have_text("{no_such_fact}")
    answers.get_by_role("button", name="Save").click()
    expect(answers.get_by_role("alert")).to_contain_text("no_such_fact")
    expect(field).to_have_value("It costs {no_such_fact}.")


def test_the_keyboard_is_enough(answers: Page) -> None:
    """Enter adds a question form, focus follows; a value is put where the cursor was."""
    answers.goto("/console/answers#answers/+")
    field = answers.get_by_role("textbox", name="Answer in English")
    field.focus()
    answers.keyboard.type("Wait ")
    answers.get_by_text("Values you can put in").press("Enter")
    answers.get_by_role("searchbox", name="Find a value").fill("return_window")
    answers.get_by_role("button", name="return_window: 30 days").press("Enter")
    expect(field).to_have_value("Wait {return_window}")
    expect(field).to_be_focused()
    answers.get_by_role("button", name="Add a question").first.press("Enter")
    answers.keyboard.type("first")
    answers.keyboard.press("Enter")
    answers.keyboard.type("second")
    values = answers.get_by_role("group", name="How people ask, in English").locator("input")
    expect(values).to_have_count(2)
    expect(values.nth(1)).to_have_value("second")


def test_a_training_is_begun_and_stopped(answers: Page) -> None:
    """No worker runs here: it waits until it is stopped."""
    go(answers, "Training")
    answers.get_by_role("button", name="Train on my answers").click()
    expect(answers.get_by_text("Waiting for its turn")).to_be_visible()
    answers.get_by_role("button", name="Stop").click()
    expect(answers.get_by_text("The training was stopped.")).to_be_visible()


@pytest.mark.parametrize("section", SECTIONS)
def test_on_a_phone_nothing_sticks_out_and_both_languages_are_there(
    answers: Page, section: str
) -> None:
    """No sideways scrolling, no English left in the Chinese page's controls."""
    answers.set_viewport_size({"width": 360, "height": 740})
    answers.goto(f"/console/answers#{section}")
    answers.get_by_role("button", name="中文").click()
    expect(answers.get_by_role("button", name="English")).to_be_visible()
    expect(answers.get_by_text(re.compile("加载中"))).to_have_count(0)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert answers.evaluate(wide) <= 0
    controls = answers.locator("nav a, main button, main label > span, main summary > h2")
    for text in controls.all_inner_texts():
        assert not text or re.search(r"[\u4e00-\u9fff]", text), text
    answers.get_by_role("button", name="English").click()
