"""The training of a shop's answerer as a job: in a process of its own, with its progress in the job's row."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.child import Child
from bot.store.engine import Store
from bot.store.jobs import ACTIVE, JobInfo, access_job, count_done

COMMAND = (sys.executable, "-m", "bot.skills.answers.training")
CHECK_SECONDS = 1.0
"""How often a training looks whether it was stopped."""


def train_in_child(store: Store, shop: str, job_id: str, command: Sequence[str] = COMMAND) -> bool:
    """Train; False where the job was stopped. Raises `ChildFailed` with the training's own last line."""
    with store.read() as session:
        version = str(access_job(session, shop, job_id).arguments["version"])
    with Child([*command, shop, version]) as child:
        for line in child.lines(every=CHECK_SECONDS):
            with store.write() as session:
                job = _counted(session, shop, job_id, line)
            if job.state not in ACTIVE:
                return False
        child.check()
    return True


def _counted(session: Session, shop: str, job: str, line: str) -> JobInfo:
    """The job, with how far it is where a line of the training says so."""
    told = json.loads(line) if line.startswith("{") else {}
    if told.get("total"):
        return count_done(session, shop, job, int(told["done"]), int(told["total"]))
    return access_job(session, shop, job)
