"""A training as a job: how far it is, stopped, failed."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.child import ChildFailed
from bot.store.clock import utc_now
from bot.store.engine import Store
from bot.store.jobs import JobInfo, access_job, cancel_job, enqueue, queued_jobs
from bot.train_job import train_in_child

JOB = "train-1"
Command = tuple[str, ...]
TRAINING = """
import json, sys, time
for n in range(1, 4):
    print(json.dumps({"said": f"round {n} of 3", "done": n, "total": 3}), flush=True)
if sys.argv[2] == "broken":
    sys.exit("there are no questions to learn from")
if sys.argv[2] == "endless":
    sys.stdin.buffer.read()
"""


def _queued(store: Store, home: Path, version: str) -> Command:
    """A training that waits, and a script that passes for it."""
    script = home / "training.py"
    script.write_text(TRAINING)
    with store.write() as session:
        enqueue(
            session,
            "demo",
            JOB,
            "train_answers",
            {"version": version},
            conversation=None,
            language="en",
        )
        assert [job.id for job in queued_jobs(session, 10, utc_now())] == [JOB]
    return (sys.executable, str(script))


def _job(store: Store) -> JobInfo:
    with store.read() as session:
        return access_job(session, "demo", JOB)


def test_a_training_tells_how_far_it_is(store: Store, tmp_path: Path) -> None:
    """By the epochs that it has been through."""
    command = _queued(store, tmp_path, "whole")
    assert train_in_child(store, "demo", JOB, command)
    job = _job(store)
    assert (job.done, job.total) == (3, 3)


def test_a_training_that_is_stopped_ends_its_process(store: Store, tmp_path: Path) -> None:
    """Within a look or two."""
    command = _queued(store, tmp_path, "endless")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(train_in_child, store, "demo", JOB, command)
        while _job(store).done < 3:
            time.sleep(0.05)
        with store.write() as session:
            assert cancel_job(session, "demo", JOB)
        assert running.result(timeout=30) is False


def test_a_training_that_cannot_be_says_why(store: Store, tmp_path: Path) -> None:
    """In the words of the training."""
    command = _queued(store, tmp_path, "broken")
    with pytest.raises(ChildFailed, match="no questions to learn from"):
        train_in_child(store, "demo", JOB, command)
