"""What comes after a batch of photos: those in doubt are asked about, and a yes writes the rest to the catalogue."""

from __future__ import annotations

import io
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image as Picture

from actions.app import App
from bot.conversation.messages import Buttons, Image, Language, Reply, Table, Text
from bot.skills.photos.classify import Classified, Fingerprint, Guess
from bot.skills.photos.filing import ByName, proposals
from bot.skills.photos.talk import Place, offer
from bot.store.catalogue import ProductInfo, products
from bot.store.clock import utc_now
from bot.store.engine import NotFound
from bot.store.jobs import enqueue
from bot.store.photos import keep_seen, product_photos, seen_photo
from bot.store.schema import Message
from ml.photos.categories import categories
from tests.actions.rasa import Rasa, words
from tests.ml.photos.pictures import coded, picture

JOB = "photos-m0"


def seen(name: str, sure: float, number: int, first: int = 0) -> Classified:
    """A photo, its categories beginning with the one at `first`."""
    top = tuple(
        Guess(categories()[first + place], share)
        for place, share in enumerate((sure, (1 - sure) * 0.6, (1 - sure) * 0.4))
    )
    mark = Fingerprint(1 << number, np.ones(4, np.float32), np.zeros(48, np.uint8))
    return Classified(name, top, sure < 0.8, fingerprint=mark)


PHOTOS = (
    seen("a.zip/MUG-BLU.jpg", 0.95, 1),
    seen("a.zip/TWL-WHT_2.jpg", 0.5, 2, 1),
    seen("holiday.jpg", 0.99, 3, 2),
    seen("b/red mug/front.jpg", 0.6, 4),
)


@pytest.fixture
def told(app: App, merchant: Rasa) -> tuple[Reply, ...]:
    """A batch was looked at; what is told of it."""
    with app.store.write() as session:
        files = [
            app.files.put(session, "demo", coded(picture(n)), photo.name, "image/jpeg")
            for n, photo in enumerate(PHOTOS)
        ]
        arguments = {"files": [asdict(file) for file in files], "message": "m0"}
        enqueue(
            session, "demo", JOB, "photos", arguments, conversation="demo-merchant", language="en"
        )
        keep_seen(session, "demo", JOB, 0, [(kept(one), one.review) for one in PHOTOS])
    heard(app, "m0", 1)
    with app.store.write() as session:
        place = Place("demo", "demo-merchant", "m0", Language.EN)
        return offer(session, place, JOB, proposals(session, "demo", JOB))


def kept(photo: Classified) -> dict[str, object]:
    return photo.to_json() | {"model": "photos-of-a-test"}


def heard(app: App, message: str, number: int, intent: str = "classify_photos") -> None:
    """A finished turn of the merchant's conversation."""
    with app.store.write() as session:
        session.add(
            Message(
                id=message, shop_id="demo", channel="web", external_id=message, number=number,
                conversation_id="demo-merchant", person="p", role="merchant", content={"text": "x"}, done_at=utc_now(),
                trace={"intent": intent, "actions": [f"action_{intent}"]},
            )
        )  # fmt: skip


def sold(app: App) -> dict[str, ProductInfo]:
    with app.store.read() as session:
        return {product.sku: product for product in products(session, "demo")}


def titled(reply: Reply, start: str) -> str:
    assert isinstance(reply, Buttons)
    return next(button.title for button in reply.buttons if button.title.startswith(start))


def test_what_is_sure_is_written_after_a_yes_and_taken_back(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    table, question = told
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["MUG-BLU"]
    assert "in doubt, and left out: 2" in words([question])
    before = sold(app)
    done = merchant.press(question, "Write it to the catalogue", message_id="yes")
    assert done == merchant.press(question, "Write it to the catalogue", message_id="yes")
    assert "MUG-BLU" in words(done)
    filed = sold(app)["MUG-BLU"]
    hat = categories()[0]
    assert (filed.category, filed.category_zh, filed.taxonomy_id) == (
        hat.name, hat.name_zh, hat.taxonomy_id,
    )  # fmt: skip
    with app.store.read() as session:
        assert [sku for sku, _ in product_photos(session, "demo")] == ["MUG-BLU"]
    assert "already" in words(merchant.press(question, "Write it to the catalogue"))
    assert "MUG-BLU" in words(merchant.say("undo", "undo"))
    assert sold(app) == before
    with app.store.read() as session:
        assert product_photos(session, "demo") == ()


def test_photos_in_doubt_are_shown_one_by_one_and_what_is_chosen_counts(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    shown = merchant.press(told[-1], titled(told[-1], "Look at those"))
    assert isinstance(shown[0], Image)
    with app.store.read() as session:
        _, png = app.files.read(session, "demo", shown[0].file, "demo-merchant")
    assert Picture.open(io.BytesIO(png)).size == (384, 288)
    assert "TWL-WHT_2.jpg" in words(shown)
    second = categories()[2].name
    shown = merchant.press(shown[-1], titled(shown[-1], second))
    assert "front.jpg" in words(shown)
    ended = merchant.press(shown[-1], "None of these")
    assert "none is in doubt" in words(ended)
    table = ended[1]
    assert isinstance(table, Table)
    assert [(row[0], row[3]) for row in table.rows] == [
        ("MUG-BLU", categories()[0].name), ("TWL-WHT", second),
    ]  # fmt: skip
    with app.store.read() as session:
        decided = [seen_photo(session, "demo", JOB, number).decided for number in range(4)]
    assert [one and one["category"] for one in decided] == [None, second, None, ""]


def test_a_typed_yes_or_no_answers_what_was_asked_last(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    """While a photo is asked about, a yes is its likeliest category, also when the turn is tried again."""
    shown = merchant.press(told[-1], titled(told[-1], "Look at those"), message_id="m1")
    heard(app, "m1", 2)
    heard(app, "m2", 3, "affirm")  # under way
    for _ in range(2):
        shown = merchant.say("yes", "affirm", message_id="m2", action="action_affirm_or_deny")
        assert "front.jpg" in words(shown)
    with app.store.read() as session:
        assert seen_photo(session, "demo", JOB, 1).decided
        assert not seen_photo(session, "demo", JOB, 3).decided
    merchant.press(shown[-1], "That is enough", message_id="m3")
    heard(app, "m3", 4)
    heard(app, "m4", 5, "affirm")
    for _ in range(2):
        done = merchant.say("yes", "affirm", message_id="m4", action="action_affirm_or_deny")
        assert "MUG-BLU, TWL-WHT" in words(done)
    assert sold(app)["TWL-WHT"].category == categories()[1].name


def test_a_no_and_a_yes_to_something_else_write_nothing(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    before = sold(app)
    heard(app, "m1", 2, "sales_report")
    heard(app, "m2", 3, "affirm")
    said = merchant.say("yes", "affirm", message_id="m2", action="action_affirm_or_deny")
    assert "catalogue" not in words(said)
    left = merchant.press(told[-1], "Leave it")
    assert "nothing is written" in words(left)
    assert sold(app) == before


def test_buttons_of_another_conversation_and_made_up_ones_do_nothing(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    before = sold(app)
    with app.store.write() as session:
        enqueue(session, "demo", "theirs", "photos", {}, conversation="demo-agent", language="en")
    for choice in ("file:theirs", "file:photos-none", f"decide:{JOB}:77:0"):
        said = merchant.say("", "classify_photos", {"choice": choice})
        assert isinstance(said[0], Text)
    assert sold(app) == before
    with app.store.read() as session, pytest.raises(NotFound):
        seen_photo(session, "other", JOB, 0)


def test_why_shows_what_in_the_photo_matters(
    app: App, merchant: Rasa, told: tuple[Reply, ...]
) -> None:
    """The one that is named, else the first in doubt; another talk has no photo to explain."""
    heard(app, "m1", 2, "why")
    for text, name in (("why", "TWL-WHT_2.jpg"), ("why is MUG-BLU.jpg one", "MUG-BLU.jpg")):
        words_, picture_ = merchant.say(text, "why", message_id="m1")
        assert f"{name} was taken for" in words([words_])
        assert isinstance(picture_, Image)
        with app.store.read() as session:
            _, png = app.files.read(session, "demo", picture_.file, "demo-merchant")
        light = np.asarray(Picture.open(io.BytesIO(png)).convert("L"), float)
        assert light.shape == (288, 384)
        assert light.std() > 5
    heard(app, "m2", 3, "sales_report")
    heard(app, "m3", 4, "why")
    (only,) = merchant.say("why", "why", message_id="m3")
    assert "taken for" not in words([only])


def test_photos_that_name_no_product_say_how_to_name_them(app: App, merchant: Rasa) -> None:
    with app.store.write() as session:
        enqueue(session, "demo", JOB, "photos", {}, conversation="demo-merchant", language="zh")
        keep_seen(session, "demo", JOB, 0, [(kept(seen("x.jpg", 0.9, 1)), False)])
        place = Place("demo", "demo-merchant", "m0", Language.ZH)
        (reply,) = offer(session, place, JOB, proposals(session, "demo", JOB))
    assert isinstance(reply, Text)
    assert "SKU" in reply.text


def test_photos_find_their_product_by_name_and_what_two_share_finds_none() -> None:
    def product(sku: str, name: str, *aliases: str) -> ProductInfo:
        return ProductInfo(sku, name, "", "", "", "pc", 1, aliases)

    known = ByName(
        [product("MUG", "Mug"), product("MUG-RED", "Red mug", "cup"), product("a.b", "Blue", "cup")]
    )
    found = {
        name: (product.sku if (product := known.product(name)) else None)
        for name in (
            "MUG.jpg", "mug-red_2.jpg", "x.zip/MUG-RED.zip/1.jpg", "mugs.jpg", "MUG-RED2.jpg",
            "a/red_mug/1.jpg", "cup.jpg", "📷.jpg", "---.jpg", "A.B(3).png", "", "/", "x" * 9000,
        )
    }  # fmt: skip
    assert found == {
        "MUG.jpg": "MUG", "mug-red_2.jpg": "MUG-RED", "x.zip/MUG-RED.zip/1.jpg": "MUG-RED",
        "mugs.jpg": None, "MUG-RED2.jpg": "MUG", "a/red_mug/1.jpg": "MUG-RED", "cup.jpg": None,
        "📷.jpg": None, "---.jpg": None, "A.B(3).png": "a.b", "": None, "/": None, "x" * 9000: None,
    }  # fmt: skip
