"""A customer's photos go with what they report, whichever comes first, and wait for the shop's people."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from actions.app import App
from bot.conversation.messages import FileRef
from bot.skills.answers.unanswered import clustered
from bot.store.clock import utc_now
from bot.store.questions import AskedQuestion, unanswered
from bot.store.schema import Message
from tests.actions.rasa import Rasa, words

BROKEN, LID = (FileRef(sign * 64, f"{sign}.jpg", "image/jpeg", 10) for sign in "ab")
WORDLESS = "/report_problem"
"""What the gateway makes of files without a word."""
NOTE = FileRef("c" * 64, "c.pdf", "application/pdf", 10)


def waiting(app: App) -> tuple[AskedQuestion, ...]:
    with app.store.read() as session:
        return unanswered(session, "demo")


def heard(
    app: App, number: int, *files: FileRef, text: str = "", intent: str = "nlu_fallback"
) -> str:
    """A message of the customer's conversation; one without a trace is under way."""
    with app.store.write() as session:
        session.add(
            Message(
                id=f"c{number}", shop_id="demo", channel="web", external_id=f"c{number}",
                number=number, conversation_id="demo-customer", person="p", role="customer",
                content={"text": text, "files": [asdict(file) for file in files]},
                done_at=utc_now(), trace={"intent": intent},
            )
        )  # fmt: skip
    return f"c{number}"


def test_photos_go_with_the_report_that_they_came_with(app: App, customer: Rasa) -> None:
    customer.files = [asdict(BROKEN), asdict(NOTE)]
    for _ in range(2):
        said = customer.say(
            "my mug came broken", "report_problem", message_id="c1", action="action_answer"
        )
        assert "put your photos with it (1)" in words(said)
    (report,) = waiting(app)
    assert report.photos == (BROKEN,)
    assert clustered([report])[0].photos == (BROKEN,)


def test_photos_without_a_word_wait_for_what_is_said_next(app: App, customer: Rasa) -> None:
    customer.files = [asdict(BROKEN)]
    first = heard(app, 1, BROKEN)
    said = customer.say(WORDLESS, "report_problem", message_id=first, action="action_answer")
    assert "What is it about" in words(said)
    customer.files = []
    second = heard(app, 2, text="arrived like this")
    said = customer.say(
        "arrived like this", "report_problem", message_id=second, action="action_answer"
    )
    assert "(1)" in words(said)
    (report,) = waiting(app)
    assert report.photos == (BROKEN,)


@pytest.mark.parametrize(
    ("text", "intent", "photos"),
    [("hi", "greet", [(BROKEN,)]), ("where is my order", "order_status", [])],
)
def test_only_a_photo_that_came_with_no_other_matter_goes_with_the_report_after_it(
    app: App, customer: Rasa, text: str, intent: str, photos: list[tuple[FileRef, ...]]
) -> None:
    heard(app, 1, BROKEN, text=text, intent=intent)
    report = "my mug came broken"
    second = heard(app, 2, text=report)
    said = customer.say(report, "report_problem", message_id=second, action="action_answer")
    assert ("(1)" in words(said)) is bool(photos)
    assert [one.photos for one in waiting(app)] == photos


def test_photos_that_come_after_a_report_are_added_once(app: App, customer: Rasa) -> None:
    customer.say("my mug came broken", "report_problem", message_id="c1", action="action_answer")
    customer.files = [asdict(LID)]
    for _ in range(2):
        said = customer.say(WORDLESS, "report_problem", message_id="c2", action="action_answer")
        assert "(1)" in words(said)
    (report,) = waiting(app)
    assert report.photos == (LID,)
    customer.files = []
    heard(app, 2, LID)
    third = heard(app, 3, text="another thing is broken")
    customer.say(
        "another thing is broken", "report_problem", message_id=third, action="action_answer"
    )
    assert len([one for one in waiting(app) if one.photos]) == 1


def test_an_answered_question_with_a_photo_waits_too(app: App, customer: Rasa) -> None:
    """The photo is what a person has to look at; without one nobody has to."""
    question = "What is your return policy?"
    customer.say(question, "ask_return_policy", message_id="c1", action="action_answer")
    before = len(waiting(app))
    customer.files = [asdict(BROKEN)]
    customer.say(question, "ask_return_policy", message_id="c2", action="action_answer")
    assert len(waiting(app)) == before + 1
