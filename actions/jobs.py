"""Background jobs: how far one is, and stopping it."""

from __future__ import annotations

from actions.base import MERCHANT, Heard, Outcome, SkillAction
from bot.conversation.messages import Text
from bot.skills.turn import Turn
from bot.store.jobs import ACTIVE, access_job, cancel_job, latest_job
from bot.texts import say


class JobStatus(SkillAction):
    """How far the newest job of the conversation is."""

    action = "action_job_status"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """In words; the progress message itself stands where the job began."""
        with self.app.store.read() as session:
            job = latest_job(session, turn.shop, turn.conversation)
        if job is None:
            return Outcome((Text(say("job_none", turn.language)),))
        text = say(f"job_{job.state}", turn.language, done=job.done, total=job.total)
        return Outcome((Text(text),))


class CancelJob(SkillAction):
    """Stops a job: the newest of the conversation, or the one of a progress message's button."""

    action = "action_cancel_job"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The worker sees it before its next chunk."""
        named = heard.entity("choice")
        with self.app.store.write() as session:
            job = (
                access_job(session, turn.shop, named)
                if named
                else latest_job(session, turn.shop, turn.conversation)
            )
            if job is None or job.state not in ACTIVE:
                return Outcome((Text(say("job_nothing_to_cancel", turn.language)),))
            cancel_job(session, turn.shop, job.id)
        return Outcome((Text(say("job_cancelled", turn.language, done=job.done, total=job.total)),))
