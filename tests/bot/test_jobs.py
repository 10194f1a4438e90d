"""The worker: a file of orders is read to the end, also when it is killed in the middle; and it can be stopped."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from bot.store.clock import utc_now
from bot.store.engine import Store
from bot.store.files import FileStore
from bot.store.jobs import JobInfo, JobState, access_job, cancel_job, enqueue, queued_jobs
from bot.store.schema import Message, OutboxReply
from tests.bot.waiting import until

MESSAGES = 1_500
JOB = "orders-m1-0"


def _queue(store: Store, home: Path, messages: int, name: str = "orders.txt") -> None:
    """A file of messages, each with another quantity, and its job."""
    texts = [f"{place % 9 + 1} blue mugs, name: Buyer {place}" for place in range(messages)]
    files = FileStore((home / "files").as_uri())
    with store.write() as session:
        data = "\n---\n".join(texts).encode()
        file = files.put(session, "demo", data, name, "text/plain", "demo-merchant")
        enqueue(
            session,
            "demo",
            JOB,
            "orders",
            {"sha256": file.sha256, "name": name, "message": "m1"},
            conversation="demo-merchant",
            language="en",
            total=messages,
        )


def _job(store: Store) -> JobInfo:
    with store.read() as session:
        return access_job(session, "demo", JOB)


def _until(store: Store, reached: Callable[[JobInfo], bool]) -> JobInfo:
    until(lambda: reached(_job(store)))
    return _job(store)


def _replies(store: Store) -> list[dict[str, object]]:
    with store.read() as session:
        query = select(OutboxReply).where(OutboxReply.conversation_id == "demo-merchant")
        return [row.body for row in session.scalars(query.order_by(OutboxReply.number))]


def test_a_killed_worker_goes_on_and_doubles_nothing(
    shop: Store, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """kill -9 in the middle; the next worker ends the job: every message once, every reply once."""
    _queue(shop, tmp_path, MESSAGES)
    first = start()
    at = _until(shop, lambda job: job.done >= 100).done
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert at < MESSAGES
    assert _job(shop).state is JobState.RUNNING

    start()
    _until(shop, lambda job: job.state is JobState.DONE)
    replies = _replies(shop)
    assert [reply["kind"] for reply in replies] == ["progress", "text", "table", "file"]
    assert replies[0]["done"] == replies[0]["total"] == MESSAGES
    assert f"{MESSAGES} messages, {MESSAGES} orders found" in str(replies[1]["text"])

    files = FileStore((tmp_path / "files").as_uri())
    with shop.read() as session:
        _, data = files.read(session, "demo", str(replies[3]["file"]))
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [int(row["message"]) for row in rows] == list(range(1, MESSAGES + 1))
    assert [row["quantity"] for row in rows] == [str(n % 9 + 1) for n in range(MESSAGES)]


def test_a_stopped_job_ends_without_a_result(
    shop: Store, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """The worker sees it before its next chunk."""
    _queue(shop, tmp_path, MESSAGES)
    start()
    _until(shop, lambda job: job.done > 0)
    with shop.write() as session:
        assert cancel_job(session, "demo", JOB)
    time.sleep(1)
    stopped = _job(shop)
    assert stopped.state is JobState.CANCELLED
    assert stopped.done < MESSAGES
    assert {reply["kind"] for reply in _replies(shop)} == {"progress"}


def test_a_file_that_cannot_be_read_fails_with_one_clear_line(
    shop: Store, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """It says which file and why."""
    _queue(shop, tmp_path, 10, name="orders.exe")
    start()
    _until(shop, lambda job: job.state is JobState.FAILED)
    (reply,) = _replies(shop)
    assert "orders.exe: I cannot read orders from this kind of file" in str(reply["text"])


def test_a_job_waits_for_the_answer_of_its_turn(shop: Store, tmp_path: Path) -> None:
    """Else its progress would stand before "I am reading them"."""
    _queue(shop, tmp_path, 10)
    with shop.write() as session:
        assert [job.id for job in queued_jobs(session, 10, utc_now())] == [JOB]
        session.get_one(Message, "m1").done_at = None
        session.flush()
        assert queued_jobs(session, 10, utc_now()) == ()
