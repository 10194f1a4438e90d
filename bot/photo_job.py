"""Classifying the photos of a conversation as a job: a chunk at a time, then pictures, a table and a CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from bot.conversation.messages import File, Image, Language, Progress, Reply, Text
from bot.skills.photos.batch import batch_csv, batch_table, count, name_of, tally
from bot.skills.photos.classify import Classified, classify, with_duplicates
from bot.skills.photos.decoding import Lookers
from bot.skills.photos.filing import catalogue_marks, proposals
from bot.skills.photos.sheet import MOST, Print, bars, contact_sheet
from bot.skills.photos.sources import MOST_PHOTOS
from bot.skills.photos.talk import Place, offer
from bot.skills.photos.teaching import Lesson, ShopClassifiers, learn, shots_of
from bot.skills.photos.uploads import Uploads
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.inbox import files_of
from bot.store.jobs import ACTIVE, JobInfo, access_job, count_done, finish_job
from bot.store.outbox import post
from bot.store.photos import keep_seen, seen_photos
from bot.store.shops import access_shop
from bot.store.taught import MOST_PHOTOS as MOST_SHOTS
from bot.store.taught import TooMany
from bot.texts import number as counted
from bot.texts import say
from ml.photos.classifier import PhotoClassifier, shipped
from ml.photos.look import Look
from ml.photos.teach import FEWEST

CHUNK = 96
PNG, CSV = "image/png", "text/csv"


class TooManyPhotos(Exception):
    """There are more than one job takes; the text says so in the job's language."""


class PhotoJobs:
    """The photo jobs of a worker; the model and the processes that look are started with the first one."""

    def __init__(self, store: Store, files: FileStore) -> None:
        self._store, self._files = store, files

    @cached_property
    def _model(self) -> PhotoClassifier:
        return PhotoClassifier.load(shipped())

    @cached_property
    def _classifiers(self) -> ShopClassifiers:
        return ShopClassifiers(self._model)

    @cached_property
    def _lookers(self) -> Lookers:
        return Lookers(self._model.settings.size)

    def total(self, shop: str, job_id: str) -> int:
        """How many photos the job has; raises `TooManyPhotos`."""
        with self._store.read() as session:
            job = access_job(session, shop, job_id)
            found = self._uploads(session, job).count()
        if found > MOST_PHOTOS:
            language = Language(job.language)
            counts = {"found": counted(found, language), "most": counted(MOST_PHOTOS, language)}
            raise TooManyPhotos(say("photos_too_many", language, **counts))
        return found

    def chunk(self, shop: str, job_id: str, first: int, total: int) -> bool:
        """Looks at the photos from `first` on and keeps what was seen; False where the job was stopped."""
        with self._store.read() as session:
            job = access_job(session, shop, job_id)
            if job.state not in ACTIVE:
                return False
            photos = self._uploads(session, job).photos(first, CHUNK)
            found = list(classify(photos, self._classifiers.of(session, shop), self._lookers))
        model = {"model": self._model.name}
        seen = [(one.to_json() | model, one.review and not one.refused) for one in found]
        with self._store.write() as session:
            keep_seen(session, shop, job_id, first, seen)
            job = count_done(session, shop, job_id, first + len(found), total)
            if job.state in ACTIVE:
                text = say("photos_progress", Language(job.language))
                self._post(session, job, Progress(job.id, text, job.done, job.total))
        return True

    def finish(self, shop: str, job_id: str) -> None:
        """End the job and post what came of it, both or neither."""
        with self._store.read() as session:
            job = access_job(session, shop, job_id)
            language = Language(job.language)
            rows = seen_photos(session, shop, job_id)
            before = catalogue_marks(session, shop, self._model.name)
            seen = (Classified.from_json(one.body, self._of_this_model(one.body)) for one in rows)
            photos = list(with_duplicates(seen, before))
            title = say("photos_title", language)
            if access_shop(session, shop).synthetic:
                title = f"{title} · {say('synthetic', language)}"
            prints = list(self._prints(session, job, photos, language))
            every = proposals(session, shop, job_id)
        pictures = list(self._pictures(title, photos, prints, language))
        with self._store.write() as session:
            job = access_job(session, shop, job_id)
            summed = asdict(count(photos))
            table = self._files.put(
                session, shop, batch_csv(photos, language), "photos.csv", CSV, job.conversation
            )
            if not finish_job(session, shop, job_id, summed | {"file": table.sha256}):
                return
            self._post(session, job, Text(say("photos_done", language, **summed)))
            for name, told, png in pictures:
                file = self._files.put(session, shop, png, name, PNG, job.conversation)
                self._post(session, job, Image(file.sha256, alt=told, title=told))
            self._post(session, job, batch_table(photos, language))
            self._post(session, job, File(table.sha256, "photos.csv", CSV))
            if job.conversation and summed["photos"] > summed["refused"]:
                place = Place(shop, job.conversation, str(job.arguments["message"]), language)
                for reply in offer(session, place, job.id, every):
                    self._post(session, job, reply)

    def _of_this_model(self, body: Mapping[str, Any]) -> bool:
        """Not, where a newer model has taken the job up."""
        return bool(body["model"] == self._model.name)

    def teach(self, shop: str, job_id: str) -> None:
        """Learn the photos of a job as a category; kept and told together, or not at all."""
        with self._store.read() as session:
            job = access_job(session, shop, job_id)
            uploads = self._uploads(session, job)
            fits = uploads.count() <= MOST_SHOTS
            photos = uploads.photos(0, MOST_SHOTS) if fits else ()
            shots = shots_of(photos, self._lookers)
        language, name = Language(job.language), str(job.arguments["name"])
        with self._store.write() as session:
            if not finish_job(session, shop, job_id, {"photos": len(shots.photos)}):
                return
            try:
                if not fits:
                    raise TooMany(MOST_SHOTS, "photos")
                told = _told(learn(session, shop, name, shots), language)
            except TooMany as error:
                told = say(f"teach_full_{error.what}", language, most=error.most)
            self._post(session, job, Text(told))

    def _pictures(
        self, title: str, photos: Sequence[Classified], prints: Sequence[Print], language: Language
    ) -> Iterator[tuple[str, str, bytes]]:
        """Name, words for those who cannot see it, and bytes of each picture that there is something for."""
        if prints:
            yield "contact-sheet.png", say("photos_sheet", language), contact_sheet(title, prints)
        if shares := tally(photos, language):
            told = say("photos_bars", language)
            yield "categories.png", told, bars(told, shares)

    def _prints(
        self, session: Session, job: JobInfo, photos: Sequence[Classified], language: Language
    ) -> Iterator[Print]:
        """Of those in doubt first, which a person is asked about, then of the others."""
        good = (number for number, photo in enumerate(photos) if photo.top)
        chosen = sorted(good, key=lambda number: not photos[number].review)[:MOST]
        uploads = self._uploads(session, job)
        some = (named for number in chosen for named in uploads.photos(number, 1))
        for number, (_, look) in zip(chosen, self._lookers.looks(some), strict=True):
            photo = photos[number]
            if isinstance(look, Look):
                best = photo.top[0]
                caption = f"{name_of(best, language)} {best.confidence:.0%}"
                yield Print(look.pixels, look.width, look.height, caption, photo.review)

    def _uploads(self, session: Session, job: JobInfo) -> Uploads:
        return Uploads(self._files, session, job.shop, files_of(job.arguments["files"]))

    def _post(self, session: Session, job: JobInfo, reply: Reply) -> None:
        if job.conversation:
            post(session, job.shop, job.conversation, reply)


def _told(lesson: Lesson, language: Language) -> str:
    """What came of a lesson, and a line for each photo that could not be learnt from."""
    key = "teach_learnt" if lesson.ready else "teach_more" if lesson.photos else "teach_nothing"
    counts = {"new": lesson.new, "photos": lesson.photos, "fewest": FEWEST}
    lines = [say(key, language, name=lesson.name, **counts)]
    lines += [f"{name}: {say(f'photo_{reason}', language)}" for name, reason in lesson.refused]
    return "\n".join(lines[:MOST])
