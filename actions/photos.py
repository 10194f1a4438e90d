"""Photos: what a merchant's pictures show."""

from __future__ import annotations

from dataclasses import asdict

from actions.answers import AnswersFirst
from actions.base import MERCHANT, Heard, Outcome
from bot.conversation.messages import FileRef, Text
from bot.skills.photos.batch import JOB
from bot.skills.turn import Turn
from bot.store.jobs import enqueue
from bot.store.traces import said_in
from bot.texts import say

ZIP = "application/zip"


class ClassifyPhotos(AnswersFirst):
    """Puts the pictures of a message into categories, in the background."""

    action = "action_classify_photos"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Begin the job, or ask for photos."""
        files = turn.files
        if earlier := heard.entity("choice"):  # the button of an earlier message
            with self.app.store.read() as session:
                _, files = said_in(session, turn.shop, turn.conversation, earlier)
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


def is_photo(file: FileRef) -> bool:
    """Whether it is a picture, or an archive that may hold some."""
    zipped = file.media_type == ZIP and file.name.lower().endswith(".zip")  # a .docx is a zip too
    return zipped or file.media_type.startswith("image/")
