"""Whether each report plan delivered: what its report jobs of the day came to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


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
    plans: Iterable[str], jobs: Sequence[ReportJob], exists: Mapping[str, bool]
) -> dict[str, str]:
    """The plans without a delivered object, each with the reason as far as AWS tells it.

    `exists` says of each key whether the bucket has the object.
    """
    found: dict[str, str] = {}
    for plan in plans:
        of_plan = [job for job in jobs if job.plan == plan]
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
