"""How the life of one job goes: when it is created and done, how it ends and what is said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from aws_sandbox.reports.draws import Draws
from aws_sandbox.reports.inventory import Resource

LONGEST_DAYS = 2
"""No job is active longer than this after the day it was created on."""

_HOUR = 3600.0
_REMEMBERED = 1 << 16
"""Jobs kept, since the reports of four days in a row look at each: some 20 MB."""
_EPOCH = date(1970, 1, 1).toordinal()

_FAILED = (
    "Backup job failed because backup vault {vault} does not exist.",
    '"Access Denied trying to call AWS Backup service, role ""{role}"" is not authorized."',
    'Insufficient privileges to create a backup of {arn}, add "ec2:CreateTags". Retry after that.',
    "The source resource is busy, throttled (Rate exceeded), or stopping. Try again later.",
)
_EXPIRED = ("Backup job failed because there was a running job for the same resource.",)
_ABORTED = ('"Backup job was stopped by user."',)
_PARTIAL = ("1 of 2 nested backup jobs failed, see the child jobs.",)
_ISSUES = (
    "Windows VSS Backup attempt failed because either Instance or SSM Agent has invalid state, "
    "or insufficient privileges.",
    "Some objects were skipped: 3 archived, 1 encrypted with an unsupported key.",
)
_COPY_FAILED = ("Access denied exception while trying to list tags",)
_RESTORE_FAILED = (
    "AWS Backup does not permit attaching a new instance profile to an EC2 instance. "
    "Please restore using the backed up instance profile.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job from its creation to its end; times in seconds since 1970."""

    id: str
    created: float
    completed: float
    active: str
    """Its state before its end."""
    final: str
    message: str


@lru_cache(maxsize=_REMEMBERED)
def backup_life(resource: Resource, day: date) -> Job:
    """The backup that the resource's rule starts on a day."""
    draws = Draws(f"{resource.key}/{day.toordinal()}/backup")
    created = _midnight(day) + _HOUR * resource.rule.hour + 1800 * draws.share(0)
    final, texts = _backup_end(draws.share(1), resource)
    if final == "EXPIRED":
        seconds, active = 8 * _HOUR, "CREATED"
    else:
        seconds, active = _duration(draws), "RUNNING"
    return Job(
        id=draws.uuid(),
        created=created,
        completed=created + seconds,
        active=active,
        final=final,
        message=_message(texts, draws, resource),
    )


def copy_life(resource: Resource, day: date) -> Job | None:
    """The copy of that backup; None where there is nothing to copy, or nowhere."""
    backup = backup_life(resource, day)
    if resource.rule.copy_to is None or backup.final != "COMPLETED":
        return None
    draws = Draws(f"{resource.key}/{day.toordinal()}/copy")
    failed = draws.share(1) < (0.3 if resource.troubled else 0.02)
    created = backup.completed + 120 * draws.share(0)
    return Job(
        id=draws.uuid(),
        created=created,
        completed=created + _duration(draws) / 2,
        active="RUNNING",
        final="FAILED" if failed else "COMPLETED",
        message=_message(_COPY_FAILED if failed else (), draws, resource),
    )


def restore_life(resource: Resource, day: date) -> Job | None:
    """The restore test of a resource: one day a week, of the backup of the day before."""
    week = Draws(f"{resource.key}/restore test")
    if int(week.share(0) * 7) != day.weekday() or resource.kind.type == "CloudFormation":
        return None
    created = _midnight(day) + 5 * _HOUR
    backup = backup_life(resource, day - timedelta(days=1))
    if backup.final != "COMPLETED" or backup.completed > created:
        return None
    draws = Draws(f"{resource.key}/{day.toordinal()}/restore")
    end = draws.share(1)
    final = "FAILED" if end < 0.05 else "ABORTED" if end < 0.06 else "COMPLETED"
    created += _HOUR * draws.share(0)
    texts = {"FAILED": _RESTORE_FAILED, "ABORTED": _ABORTED}.get(final, ())
    return Job(
        id=draws.uuid(),
        created=created,
        completed=created + _duration(draws) / 2,
        active="RUNNING",
        final=final,
        message=_message(texts, draws, resource),
    )


def _backup_end(chance: float, resource: Resource) -> tuple[str, Sequence[str]]:
    """How it ends and what can be said of it; COMPLETED with a message means with issues."""
    weight = 8 if resource.troubled else 1
    odds = (
        ("FAILED", 0.02 * weight, _FAILED),
        ("EXPIRED", 0.007, _EXPIRED),
        ("ABORTED", 0.005, _ABORTED),
        ("PARTIAL", 0.08 if resource.kind.type == "CloudFormation" else 0.0, _PARTIAL),
        ("COMPLETED", 0.02, _ISSUES),
    )
    for state, odd, texts in odds:
        if chance < odd:
            return state, texts
        chance -= odd
    return "COMPLETED", ()


def _duration(draws: Draws) -> float:
    """Seconds: minutes to an hour and a half, and over a day for one in eighty."""
    if draws.share(2) < 1 / 80:
        return (20 + 10 * draws.share(3)) * _HOUR
    return 60 + 5400 * draws.share(3) ** 2


def _message(texts: Sequence[str], draws: Draws, resource: Resource) -> str:
    if not texts:
        return ""
    return texts[int(draws.share(4) * len(texts))].format(
        vault=resource.columns["backupVaultArn"],
        role=resource.columns["iamRoleArn"],
        arn=resource.arn,
    )


def _midnight(day: date) -> float:
    return (day.toordinal() - _EPOCH) * 86400.0
