"""What an alert means: nothing, an incident, a note on it, or its end.

One incident stands for one protected resource and one kind of job, however often that job fails;
it is resolved when a later job of that kind completes. Tests of restores are a kind of their own,
and what was found of what they restored another: a restore that completes says nothing of that.
This system's own alarms are told in the same way: an alarm that goes off is a failure, one that is
over a completion; and so are its runbooks, by the document that was executed.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.open_ticket.events import Alert, Kind
from reports.correlation import correlation_id


def correlation_ids(customer: str, job: Alert) -> Sequence[str]:
    """What ties an incident to what it is about. A failure is told under the first; a job that
    completes ends what is open under any."""
    scope = (customer, job.kind, job.account, job.region)
    return [correlation_id(*scope, subject) for subject in _subjects(job)]


def _subjects(job: Alert) -> Sequence[str]:
    """Of a copy: its resource in the one vault, as copies elsewhere say nothing of this one. Of a
    restore: its resource, as the next one reads another recovery point. A restore test that
    failed for a resource that nobody knows is told for all of that type, and ends with none of
    them: that another resource could be restored says nothing of this one."""
    if job.kind is Kind.COPY:
        return [f"{job.resource}|{job.destination}"]
    if job.testing_plan:
        return [f"{job.testing_plan}|{job.resource or job.resource_type}"]
    if job.kind is not Kind.RESTORE:
        return [job.resource]
    return [job.resource, job.recovery_point] if job.resource else [job.recovery_point]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What was last done about a correlation id."""

    open: bool
    time: datetime.datetime
    """Of the latest end of a job that is known."""
    ends: frozenset[str]
    """The ends at that time; of what an earlier version noted, the job's id without its state."""

    def has(self, job: Alert) -> bool:
        return job.end in self.ends or (job.job_id in self.ends and job.failed is self.open)


def remembered(job: Alert, memory: Memory | None) -> Memory:
    """What is known once a job's end has been dealt with."""
    at_once = memory.ends if memory is not None and memory.time == job.time else frozenset[str]()
    return Memory(open=job.failed, time=job.time, ends=at_once | {job.end})


class Action(StrEnum):
    NOTHING = "nothing"
    REPORT = "report"
    """Open an incident, or add a note to the one that is open."""
    RESOLVE = "resolve"
    REMEMBER = "remember"
    """Nothing for ServiceNow; but what happened before this counts no more."""


def action(job: Alert, memory: Memory | None) -> Action:
    """What to do about a job's end. Events may come twice and in any order: the latest end counts,
    and of two at one time the one that is well."""
    if memory is None:
        return Action.REPORT if job.failed else Action.REMEMBER
    if memory.has(job) or job.time < memory.time:
        return Action.NOTHING
    if job.time == memory.time and not memory.open:
        return Action.NOTHING
    if job.failed:
        return Action.REPORT
    return Action.RESOLVE if memory.open else Action.REMEMBER
