"""Whether each report plan delivered: what its report jobs of the day came to."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_FIRST_REPORT_WITHIN = datetime.timedelta(days=1)
"""AWS says that there is a report every 24 hours, from 01:00 to 05:00 UTC, and not whether a plan
that is created in these hours still has one on that day."""


@dataclass(frozen=True, kw_only=True)
class ReportJob:
    """As ListReportJobs tells it."""

    plan: str
    status: str
    """CREATED, RUNNING, COMPLETED or FAILED."""
    message: str
    keys: Sequence[str]
    """Of the objects that it delivered."""


def missing(
    plans: Iterable[str],
    jobs: Sequence[ReportJob],
    exists: Mapping[str, bool],
    *,
    created: Mapping[str, datetime.datetime],
    now: datetime.datetime,
) -> dict[str, str]:
    """The plans without a delivered object, each with the reason as far as AWS tells it.

    `exists` says of each key whether the bucket has the object, `created` of the plans that there
    are since when. A plan of less than a day misses nothing until a report job of it has ended.
    """
    found: dict[str, str] = {}
    for plan in plans:
        if plan not in created:
            found[plan] = "there is no such report plan"
            continue
        of_plan = [job for job in jobs if job.plan == plan]
        ended = any(job.status not in ("CREATED", "RUNNING") for job in of_plan)
        if not ended and now - created[plan] < _FIRST_REPORT_WITHIN:
            continue
        keys = [key for job in of_plan if job.status == "COMPLETED" for key in job.keys]
        if any(exists.get(key, False) for key in keys):
            continue
        if not of_plan:
            found[plan] = "AWS Backup started no report job"
        elif keys:
            found[plan] = f"the bucket does not have {', '.join(keys)}"
        else:
            last = of_plan[-1]
            found[plan] = f"its last report job is {last.status}: {last.message or 'no message'}"
    return found
