"""The worker: long work as durable DBOS workflows, in chunks, with progress; it goes on where it was killed.

A job is queued as a row, in the same transaction as the turn that asked for it. The worker finds it there and
starts a workflow under the job's id, so that starting twice is starting once. A chunk is a step: what a finished
one read is kept, and only an unfinished one is done again. What people see is posted by edit (progress) or in the
transaction that ends the job (result), so nothing is said twice.
"""

from __future__ import annotations

import importlib
import logging
import signal
import sys
import threading
from contextlib import suppress

OLDEST_SQLITE = (3, 42, 0)
"""DBOS needs `unixepoch('subsec')`."""


def newer_sqlite() -> None:
    """Put pysqlite3 in the place of Python's own SQLite where that is too old and pysqlite3 is there."""
    import sqlite3

    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        with suppress(ImportError):
            sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
            sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")


newer_sqlite()

from dbos import DBOS, DBOSConfig, SetWorkflowID  # noqa: E402 - only after SQLite was chosen
from sqlalchemy.orm import Session  # noqa: E402

from bot.child import ChildFailed  # noqa: E402
from bot.conversation.messages import File, Language, Progress, Reply, Text  # noqa: E402
from bot.failures import without_words  # noqa: E402
from bot.inputs import BadInput  # noqa: E402
from bot.photo_job import CHUNK as PHOTOS_AT_ONCE  # noqa: E402
from bot.photo_job import PhotoJobs, TooManyPhotos  # noqa: E402
from bot.settings import Settings, settings  # noqa: E402
from bot.skills.answers.models import TRAINING  # noqa: E402
from bot.skills.orders.batch import JOB as ORDERS  # noqa: E402
from bot.skills.orders.batch import Row, batch_csv, batch_table, count, read_batch  # noqa: E402
from bot.skills.orders.files import messages_in  # noqa: E402
from bot.skills.orders.reading import Reader  # noqa: E402
from bot.skills.orders.views import Look  # noqa: E402
from bot.skills.photos.batch import JOB as PHOTOS  # noqa: E402
from bot.skills.photos.lessons import JOB as TEACHING  # noqa: E402
from bot.store.catalogue import products  # noqa: E402
from bot.store.clock import utc_now  # noqa: E402
from bot.store.engine import Store, open_store  # noqa: E402
from bot.store.files import FileStore  # noqa: E402
from bot.store.jobs import (  # noqa: E402
    ACTIVE,
    JobInfo,
    access_job,
    begin_job,
    count_done,
    finish_job,
    queued_jobs,
)
from bot.store.outbox import post  # noqa: E402
from bot.store.shops import access_shop  # noqa: E402
from bot.texts import say  # noqa: E402
from bot.train_job import train_in_child  # noqa: E402
from ml.orders.parse import OrderParser  # noqa: E402

logger = logging.getLogger(__name__)

CHUNK = 25
POLL_SECONDS = 0.3
CSV = "text/csv"


class Worker:
    """The jobs of this process; made once."""

    def __init__(self, store: Store, files: FileStore, parser: OrderParser) -> None:
        self.store, self.files, self.parser = store, files, parser
        self.photos = PhotoJobs(store, files)

    def start_queued(self) -> None:
        """Start a workflow for each job that waits."""
        with self.store.read() as session:
            waiting = queued_jobs(session, limit=10, now=utc_now())
        for job in waiting:
            with SetWorkflowID(job.id):
                DBOS.start_workflow(WORKFLOWS[job.kind], job.shop, job.id)
            with self.store.write() as session:
                begin_job(session, job.shop, job.id)

    def texts(self, job: JobInfo) -> tuple[str, ...]:
        """The messages of the job's file."""
        with self.store.read() as session:
            file, data = self.files.read(session, job.shop, str(job.arguments["sha256"]))
        return messages_in(file, data)

    def read_chunk(self, shop: str, job_id: str, first: int) -> list[list[object]] | None:
        """Read the messages from `first` on; None where the job was stopped."""
        with self.store.read() as session:
            job = access_job(session, shop, job_id)
            known = products(session, shop)
        if job.state not in ACTIVE:
            return None
        texts = self.texts(job)
        chunk = texts[first : first + CHUNK]
        rows = read_batch(Reader.of(self.parser, known), chunk, first + 1)
        with self.store.write() as session:
            done = count_done(session, shop, job_id, first + len(chunk), len(texts))
            if done.state in ACTIVE:
                _post(session, done, _progress(done))
        return [row.to_json() for row in rows]

    def finish(self, shop: str, job_id: str, rows: list[list[object]]) -> None:
        """End the job and post its result, both or neither."""
        known = [Row.from_json(row) for row in rows]
        with self.store.write() as session:
            job = access_job(session, shop, job_id)
            shown = {product.sku: product for product in products(session, shop)}
            look = Look(access_shop(session, shop), shown, Language(job.language))
            name = f"{job.arguments['name']}-orders.csv"
            file = self.files.put(session, shop, batch_csv(known), name, CSV, job.conversation)
            summed = count(known)
            if not finish_job(session, shop, job_id, vars(summed) | {"file": file.sha256}):
                return
            _post(session, job, Text(look.say("batch_done", **vars(summed))))
            _post(session, job, batch_table(look, known))
            _post(session, job, File(file.sha256, name, CSV))

    def end(self, shop: str, job_id: str) -> None:
        """End a job that posts nothing."""
        with self.store.write() as session:
            finish_job(session, shop, job_id, None)

    def fail(self, shop: str, job_id: str, why: str) -> None:
        """End the job with one clear line, once."""
        with self.store.write() as session:
            job = access_job(session, shop, job_id)
            if finish_job(session, shop, job_id, None, why):
                _post(session, job, Text(say("batch_failed", Language(job.language), why=why)))


def _post(session: Session, job: JobInfo, reply: Reply) -> None:
    if job.conversation:
        post(session, job.shop, job.conversation, reply)


def _progress(job: JobInfo) -> Progress:
    text = say("batch_progress", Language(job.language), name=job.arguments["name"])
    return Progress(job.id, text, job.done, job.total)


_worker: Worker | None = None


def worker() -> Worker:
    """The worker of this process: DBOS calls plain functions, also after a restart."""
    assert _worker is not None, "the worker was not made"
    return _worker


@DBOS.step()
def _count_messages(shop: str, job: str) -> int:
    with worker().store.read() as session:
        info = access_job(session, shop, job)
    return len(worker().texts(info))


@DBOS.step(retries_allowed=True, max_attempts=5)
def _read_chunk(shop: str, job: str, first: int) -> list[list[object]] | None:
    return worker().read_chunk(shop, job, first)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _finish(shop: str, job: str, rows: list[list[object]]) -> None:
    worker().finish(shop, job, rows)


@DBOS.step()
def _train(shop: str, job: str) -> bool:
    return train_in_child(worker().store, shop, job)


@DBOS.step()
def _count_photos(shop: str, job: str) -> int:
    return worker().photos.total(shop, job)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _classify_chunk(shop: str, job: str, first: int, total: int) -> bool:
    return worker().photos.chunk(shop, job, first, total)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _finish_photos(shop: str, job: str) -> None:
    worker().photos.finish(shop, job)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _teach(shop: str, job: str) -> None:
    worker().photos.teach(shop, job)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _end(shop: str, job: str) -> None:
    worker().end(shop, job)


@DBOS.step()
def _fail(shop: str, job: str, why: str) -> None:
    worker().fail(shop, job, why)


@DBOS.workflow()
def parse_orders(shop: str, job: str) -> None:
    """Read every message of a file, chunk by chunk."""
    try:
        total = _count_messages(shop, job)
        rows: list[list[object]] = []
        for first in range(0, total, CHUNK):
            chunk = _read_chunk(shop, job, first)
            if chunk is None:
                return
            rows += chunk
        _finish(shop, job, rows)
    except BadInput as error:
        _fail(shop, job, str(error))
    except Exception as error:
        logger.error("job %s failed: %s", job, without_words(error))
        _fail(shop, job, f"error {job[-8:]}")


@DBOS.workflow()
def train_answers(shop: str, job: str) -> None:
    """Train a shop's answerer; one that was killed midway begins again, and changes nothing until it is whole."""
    try:
        if _train(shop, job):
            _end(shop, job)
    except ChildFailed as error:
        _fail(shop, job, str(error))
    except Exception as error:
        logger.error("job %s failed: %s", job, without_words(error))
        _fail(shop, job, f"error {job[-8:]}")


@DBOS.workflow()
def classify_photos(shop: str, job: str) -> None:
    """Look at every photo, chunk by chunk."""
    try:
        total = _count_photos(shop, job)
        for first in range(0, total, PHOTOS_AT_ONCE):
            if not _classify_chunk(shop, job, first, total):
                return
        _finish_photos(shop, job)
    except TooManyPhotos as error:
        _fail(shop, job, str(error))
    except Exception as error:
        logger.error("job %s failed: %s", job, without_words(error))
        _fail(shop, job, f"error {job[-8:]}")


@DBOS.workflow()
def teach_category(shop: str, job: str) -> None:
    """Learn a category from its photos."""
    try:
        _teach(shop, job)
    except Exception as error:
        logger.error("job %s failed: %s", job, without_words(error))
        _fail(shop, job, f"error {job[-8:]}")


WORKFLOWS = {
    ORDERS: parse_orders,
    TRAINING: train_answers,
    PHOTOS: classify_photos,
    TEACHING: teach_category,
}


def launch(config: Settings) -> Worker:
    """Make the worker and let DBOS take up what was left unfinished."""
    global _worker
    _check_sqlite(config)
    store = open_store(config.store_url)
    _worker = Worker(store, FileStore(config.files_url), OrderParser())
    url = (
        config.store_url
        if "postgresql" in config.store_url
        else f"sqlite:///{config.home / 'jobs.db'}"
    )
    DBOS(
        config=DBOSConfig(
            name="shopclerk",
            system_database_url=url,
            # A job that an older version began is taken up by a newer one too.
            application_version="1",
            executor_id="worker",
            log_level="WARNING",
        )
    )
    DBOS.launch()
    return _worker


def _check_sqlite(config: Settings) -> None:
    import sqlite3

    if "postgresql" not in config.store_url and sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SystemExit(
            f"SQLite {sqlite3.sqlite_version} is too old for background jobs (3.42 is needed). "
            "Install pysqlite3-binary, or set DATABASE_URL to a PostgreSQL database."
        )


def main() -> None:
    """Work until stopped."""
    config = settings()
    logging.basicConfig(
        level=config.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    running = launch(config)
    while not stopped.wait(POLL_SECONDS):
        try:
            running.start_queued()
        except Exception as error:
            logger.error("looking for jobs failed, trying again: %s", without_words(error))
            stopped.wait(2)
    DBOS.destroy(workflow_completion_timeout_sec=2)
    running.store.close()


if __name__ == "__main__":
    main()
