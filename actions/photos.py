"""Photos: what a merchant's pictures show, what of it goes into the catalogue, and new categories to learn."""

from __future__ import annotations

from dataclasses import asdict

from rasa_sdk.events import SlotSet

from actions.answers import AnswersFirst
from actions.app import App
from actions.base import MERCHANT, Event, Heard, Outcome, SkillAction
from bot.conversation.messages import Image, Reply, Text
from bot.skills.photos import lessons, talk
from bot.skills.photos.batch import JOB
from bot.skills.photos.explaining import looked_at, preview, spotlight, told
from bot.skills.photos.uploads import photos_among
from bot.skills.turn import Turn
from bot.store.drafts import DraftState
from bot.store.engine import NotFound
from bot.store.jobs import enqueue
from bot.store.photos import SeenInfo
from bot.store.taught import taught_names
from bot.store.traces import said_in
from bot.texts import say


def pictured(app: App, turn: Turn, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """The replies, the photo that they ask about before them."""
    with app.store.read() as session:
        asked = talk.reviewed(session, turn)
        png = preview(session, app.files, turn.shop, *asked) if asked else None
    if png is None:
        return replies
    with app.store.write() as session:
        file = app.files.put(session, turn.shop, png, "photo.png", "image/png", turn.conversation)
    return (Image(file.sha256, say("photos_this_one", turn.language)), *replies)


class ClassifyPhotos(AnswersFirst):
    """Puts the pictures of a message into categories, in the background; its buttons say what comes then."""

    action = "action_classify_photos"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Begin the job, go on with its result, or ask for photos."""
        choice, files = heard.entity("choice"), turn.files
        if choice.partition(":")[0] in talk.STEPS:
            return Outcome(self._step(turn, choice))
        if choice:  # the button of an earlier message
            with self.app.store.read() as session:
                _, files = said_in(session, turn.shop, turn.conversation, choice)
        photos = photos_among(files)
        if not photos:
            return Outcome((Text(say("photos_needed", turn.language)),))
        with self.app.store.write() as session:
            enqueue(
                session,
                turn.shop,
                f"{JOB}-{turn.message}",
                JOB,
                {"files": [asdict(file) for file in photos], "message": turn.message},
                conversation=turn.conversation,
                language=turn.language,
                total=len(photos),
            )
        return Outcome((Text(say("photos_begun", turn.language)),))

    def _step(self, turn: Turn, choice: str) -> tuple[Reply, ...]:
        try:
            with self.app.store.write() as session:
                replies = talk.step(session, turn, choice)
        except NotFound:
            return (Text(say("note_old_button", turn.language)),)
        return pictured(self.app, turn, replies)


def why_photo(app: App, turn: Turn, understood: str, job: str, seen: SeenInfo) -> tuple[Reply, ...]:
    """Why a photo was taken for what it was: in words, and with a picture of what in it matters."""
    words = Text(f"{understood}\n{told(seen, turn.language)}")
    with app.store.read() as session:
        classifier = app.photos.of(session, turn.shop)
        size = classifier.settings.size
        look = looked_at(session, app.files, turn.shop, job, seen.number, size)
    png = spotlight(look, seen, classifier) if look else None
    if png is None:
        return (words,)
    with app.store.write() as session:
        file = app.files.put(session, turn.shop, png, "why.png", "image/png", turn.conversation)
    title = say("why_photo_picture", turn.language)
    return (words, Image(file.sha256, title, title))


class TeachCategory(AnswersFirst):
    """Learns a category from photos; renames and forgets those that were taught."""

    action = "action_teach_category"
    roles = MERCHANT

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """No name is asked for, so the form must not start."""
        return Outcome(super().refused(turn, heard).replies, _teaching(False))

    def instead(self, turn: Turn, heard: Heard) -> Outcome | None:
        """As above."""
        told = super().instead(turn, heard)
        return Outcome(told.replies, _teaching(False)) if told else None

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """`teach_open` says to Rasa whether the form follows, which asks for the name."""
        choice = heard.entity("choice")
        with self.app.store.write() as session:
            if choice.partition(":")[0] in lessons.STEPS:
                return Outcome(lessons.sure(session, turn, choice), _teaching(False))
            known = [one.name for one in taught_names(session, turn.shop)]
            teaches = choice or turn.files  # nothing is renamed or forgotten with photos
            wish = lessons.read(
                "" if choice else turn.text, _named(heard), () if teaches else known
            )
            if wish.want is not lessons.Want.TEACH:
                return Outcome(lessons.change(session, turn, wish), _teaching(False))
            files = lessons.photos_meant(session, turn, choice, wish)
            if heard.form and not wish.name:  # another form is open, which this one must not end
                files = ()
            replies, opened = lessons.begin(session, turn, wish, files)
        return Outcome(replies, _teaching(opened))


class ValidateTeachForm(SkillAction):
    """Takes the name; `teach_reply` says how the form goes on."""

    action = "validate_teach_form"
    roles = MERCHANT

    def refused(self, turn: Turn, heard: Heard) -> Outcome:
        """Whoever is not the merchant teaches nothing."""
        return Outcome(events=(SlotSet("teach_reply", DraftState.CANCELLED),))

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Nothing was said to the form where Rasa extracted no reply."""
        if heard.slots.get("teach_reply") is None:
            return Outcome()
        if heard.entity("choice"):  # the button of another talk about photos; this one goes on
            action = TeachCategory if heard.intent == "teach_category" else ClassifyPhotos
            pressed = action(self.app).answer(turn, heard)
            return Outcome(pressed.replies, (SlotSet("teach_reply", None),))
        with self.app.store.write() as session:
            state = lessons.hear(session, turn, heard.intent, _named(heard))
        value = None if state is DraftState.OPEN else state
        return Outcome(events=(SlotSet("teach_reply", value),))


class AskTeachReply(SkillAction):
    """Asks what the photos show."""

    action = "action_ask_teach_reply"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """In one sentence."""
        with self.app.store.read() as session:
            return Outcome(lessons.question(session, turn))


class TeachResult(SkillAction):
    """Says that it is being learnt, or that nothing is."""

    action = "action_teach_result"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """How the asking ended; ready for the next time."""
        with self.app.store.read() as session:
            return Outcome(lessons.result(session, turn), _teaching(False))


def _named(heard: Heard) -> list[str]:
    return [value for name, value in heard.entities if name == "category"]


def _teaching(opened: bool) -> tuple[Event, ...]:
    return (SlotSet("teach_open", opened), SlotSet("teach_reply", None))
