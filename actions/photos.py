"""Photos: what a merchant's pictures show, what of it goes into the catalogue, and new categories to learn."""

from __future__ import annotations

from dataclasses import asdict

from actions.answers import AnswersFirst
from actions.base import MERCHANT, Heard, Outcome
from bot.conversation.messages import Image, Reply, Text
from bot.skills.photos import talk
from bot.skills.photos.batch import JOB
from bot.skills.photos.explaining import preview
from bot.skills.photos.uploads import is_photo
from bot.skills.turn import Turn
from bot.store.engine import NotFound
from bot.store.jobs import enqueue
from bot.store.traces import said_in
from bot.texts import say


class PhotoAction(AnswersFirst):
    """What the actions about photos share."""

    roles = MERCHANT

    def pictured(self, turn: Turn, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
        """The replies, the photo that they ask about before them."""
        with self.app.store.read() as session:
            asked = talk.reviewed(session, turn)
            png = preview(session, self.app.files, turn.shop, *asked) if asked else None
        if not asked or png is None or not replies:
            return replies
        with self.app.store.write() as session:
            file = self.app.files.put(
                session, turn.shop, png, "photo.png", "image/png", turn.conversation
            )
        return (Image(file.sha256, say("photos_this_one", turn.language)), *replies)


class ClassifyPhotos(PhotoAction):
    """Puts the pictures of a message into categories, in the background; its buttons say what comes then."""

    action = "action_classify_photos"

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Begin the job, go on with its result, or ask for photos."""
        choice, files = heard.entity("choice"), turn.files
        if choice.partition(":")[0] in talk.STEPS:
            return Outcome(self._step(turn, choice))
        if choice:  # the button of an earlier message
            with self.app.store.read() as session:
                _, files = said_in(session, turn.shop, turn.conversation, choice)
        photos = [file for file in files if is_photo(file)]
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
                replies = talk.step(session, turn, choice, self.app.photos.name)
        except NotFound:
            return (Text(say("note_old_button", turn.language)),)
        return self.pictured(turn, replies)
