"""Photos in the chat: a job is begun for them, once; whoever sends none is told what to do."""

from __future__ import annotations

from dataclasses import asdict, replace

from actions.app import App
from bot.conversation.messages import Buttons, FileRef, Text
from bot.store.jobs import access_job, latest_job
from bot.store.schema import Message
from tests.actions.rasa import Rasa, words

PHOTO = FileRef("a" * 64, "mug.jpg", "image/jpeg", 10)
ZIP = FileRef("b" * 64, "all.zip", "application/zip", 10)
NOTE = FileRef("c" * 64, "note.txt", "text/plain", 10)


def test_a_job_is_begun_for_photos_and_archives_once(app: App, merchant: Rasa) -> None:
    merchant.files = [asdict(file) for file in (PHOTO, NOTE, ZIP)]
    for _ in range(2):  # a turn may be tried again
        replies = merchant.say(
            "classify these", "classify_photos", message_id="m1", action="action_classify_photos"
        )
        assert "in the background" in words(replies)
    with app.store.read() as session:
        job = access_job(session, "demo", "photos-m1")
    assert (job.kind, job.total) == ("photos", 3)
    names = [file["name"] for file in job.arguments["files"]]
    assert names == ["mug.jpg", "note.txt", "all.zip"]  # what is no photo is refused by name later


def test_without_photos_it_asks_for_them_and_customers_may_not(
    app: App, merchant: Rasa, customer: Rasa
) -> None:
    merchant.files = [asdict(NOTE)]
    (reply,) = merchant.say("classify these", "classify_photos", action="action_classify_photos")
    assert isinstance(reply, Text)
    assert "attach" in reply.text
    customer.files = [asdict(PHOTO)]
    customer.say("classify", "classify_photos", action="action_classify_photos")
    with app.store.read() as session:
        assert latest_job(session, "demo", "demo-merchant") is None
        assert latest_job(session, "demo", "demo-customer") is None


def test_the_order_beside_a_photo_is_read(app: App, merchant: Rasa) -> None:
    with app.store.write() as session:
        text = b"2 blue mugs; name: Bo Li\n"
        order = app.files.put(session, "demo", text, "order.txt", "text/plain", "demo-merchant")
        files = [asdict(PHOTO), asdict(order)]
        session.add(
            Message(
                id="m1", shop_id="demo", conversation_id="demo-merchant", channel="web",
                external_id="1", number=1, person="p", role="merchant",
                content={"text": "", "files": files},
            )
        )  # fmt: skip
    merchant.files = files
    (offer,) = merchant.say(
        "/nlu_fallback", "nlu_fallback", message_id="m1", action="action_fallback"
    )
    merchant.files = []
    assert "2 × Blue mug" in words(merchant.press(offer, "Read the order"))


def test_photos_without_words_are_offered_to_be_looked_at(app: App, merchant: Rasa) -> None:
    merchant.files = [asdict(PHOTO)]
    (reply,) = merchant.say("", "nlu_fallback", action="action_fallback")
    assert isinstance(reply, Buttons)
    assert reply.buttons[0].payload.startswith("/classify_photos")
    assert reply.buttons[1].payload.startswith("/teach_category")
    assert len(reply.buttons) == 2
    merchant.files = [asdict(PHOTO), asdict(NOTE)]
    (reply,) = merchant.say("", "nlu_fallback", action="action_fallback")
    assert isinstance(reply, Buttons)
    assert [button.payload.partition("{")[0] for button in reply.buttons] == [
        "/classify_photos",
        "/teach_category",
        "/parse_order",
    ]
    merchant.files = [asdict(replace(ZIP, name="orders.xlsx"))]  # a zip too, by its bytes
    (reply,) = merchant.say("", "nlu_fallback", action="action_fallback")
    assert isinstance(reply, Buttons)
    assert reply.buttons[0].payload.startswith("/parse_order")
