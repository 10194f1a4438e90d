"""Background jobs as their owner sees them: queued with the turn that asked, run by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from bot.store.engine import NotFound
from bot.store.schema import Job, Message


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (JobState.QUEUED, JobState.RUNNING)
TURN_IS_OVER = timedelta(seconds=20)
"""No turn takes longer: a job whose message seems unanswered after this is begun all the same."""


@dataclass(frozen=True)
class JobInfo:
    """A job: what it was asked to do and how far it is."""

    id: str
    shop: str
    conversation: str | None
    kind: str
    arguments: Mapping[str, Any]
    language: str
    state: JobState
    done: int
    total: int
    error: str


def enqueue(
    session: Session,
    shop: str,
    job: str,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    conversation: str | None,
    language: str,
    total: int = 0,
) -> JobInfo:
    """Queue a job once: a second call with the same id gives the job that is there."""
    row = session.get(Job, job)
    if row is None:
        row = Job(
            id=job,
            shop_id=shop,
            conversation_id=conversation,
            kind=kind,
            arguments=dict(arguments),
            language=language,
            total=total,
        )
        session.add(row)
        session.flush()
    return _owned(row, shop, job)


def find_job(session: Session, shop: str, job: str) -> JobInfo | None:
    """The job of an id, where there is one."""
    row = session.get(Job, job)
    return _info(row) if row and row.shop_id == shop else None


def access_job(session: Session, shop: str, job: str) -> JobInfo:
    """The job of an id; raises `NotFound`."""
    return _owned(session.get(Job, job), shop, job)


def latest_job(session: Session, shop: str, conversation: str) -> JobInfo | None:
    """The newest job of a conversation."""
    row = session.scalar(
        select(Job)
        .where(Job.shop_id == shop, Job.conversation_id == conversation)
        .order_by(Job.created_at.desc())
        .limit(1)
    )
    return _info(row) if row else None


def latest_of_kind(session: Session, shop: str, kind: str) -> JobInfo | None:
    """The newest job of a kind."""
    row = session.scalar(
        select(Job)
        .where(Job.shop_id == shop, Job.kind == kind)
        .order_by(Job.created_at.desc(), Job.id)
        .limit(1)
    )
    return _info(row) if row else None


def queued_jobs(session: Session, limit: int, now: datetime) -> tuple[JobInfo, ...]:
    """The oldest jobs that wait for the worker, of every shop: only the worker asks.

    One whose turn is still under way waits for it, so that the answer stands before the progress; one that no
    conversation asked for does not wait.
    """
    answered = exists().where(
        Message.id == Job.arguments["message"].as_string(), Message.done_at.is_not(None)
    )
    rows = session.scalars(
        select(Job)
        .where(Job.state == JobState.QUEUED)
        .where(or_(Job.conversation_id.is_(None), answered, Job.created_at < now - TURN_IS_OVER))
        .order_by(Job.created_at)
        .limit(limit)
    )
    return tuple(_info(row) for row in rows)


def begin_job(session: Session, shop: str, job: str) -> None:
    """QUEUED -> RUNNING."""
    _move(session, shop, job, JobState.RUNNING, (JobState.QUEUED,))


def count_done(session: Session, shop: str, job: str, done: int, total: int) -> JobInfo:
    """Note how far a job is."""
    session.execute(
        update(Job).where(Job.shop_id == shop, Job.id == job).values(done=done, total=total)
    )
    return access_job(session, shop, job)


def finish_job(
    session: Session, shop: str, job: str, result: Mapping[str, Any] | None, error: str = ""
) -> bool:
    """Active -> DONE, or FAILED with what went wrong; False where the job was no longer active."""
    state = JobState.FAILED if error else JobState.DONE
    return _move(session, shop, job, state, ACTIVE, result=result, error=error)


def cancel_job(session: Session, shop: str, job: str) -> bool:
    """Active -> CANCELLED; False where there was nothing left to cancel."""
    return _move(session, shop, job, JobState.CANCELLED, ACTIVE)


def _move(
    session: Session,
    shop: str,
    job: str,
    state: JobState,
    allowed: tuple[JobState, ...],
    **values: Any,
) -> bool:
    moved = session.execute(
        update(Job)
        .where(Job.shop_id == shop, Job.id == job, Job.state.in_(allowed))
        .values(state=state, **values)
        .returning(Job.id)
    )
    return moved.first() is not None


def _owned(row: Job | None, shop: str, job: str) -> JobInfo:
    if row is None or row.shop_id != shop:
        raise NotFound(f"no job {job!r}")
    return _info(row)


def _info(row: Job) -> JobInfo:
    return JobInfo(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        kind=row.kind,
        arguments=row.arguments,
        language=row.language,
        state=JobState(row.state),
        done=row.done,
        total=row.total,
        error=row.error,
    )
