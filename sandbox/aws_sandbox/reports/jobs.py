"""Backup, copy and restore jobs, day by day, as rows of the three job reports.

A job's whole life follows from the seed, its resource and its day. A report tells of it what was
known at its end: a job is RUNNING in one day's report and finished in the next one's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from aws_sandbox.reports.draws import Draws
from aws_sandbox.reports.inventory import Resource, resources
from aws_sandbox.reports.organization import Organization
from aws_sandbox.reports.states import LONGEST_DAYS, Job, backup_life, copy_life, restore_life

Row = Mapping[str, str]
"""Documented field name → value as the CSV has it; empty where AWS has none."""

_GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How the generated organization behaves."""

    seed: int = 1
    jobs_per_day: int = 6
    """Backup jobs of one account and Region a day, one a resource."""
    line_breaks: bool = False
    """Status messages with line breaks, which OpenCSVSerde cannot read."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The 24 hours that a report covers."""

    end: datetime

    @property
    def start(self) -> datetime:
        return self.end - timedelta(hours=24)

    def days(self) -> Iterator[date]:
        """The days whose jobs can be in the report."""
        first = self.start.date() - timedelta(days=LONGEST_DAYS)
        for number in range((self.end.date() - first).days + 1):
            yield first + timedelta(days=number)


def backup_rows(organization: Organization, profile: Profile, window: Window) -> Iterator[Row]:
    period, end = _period(window), window.end.timestamp()
    for resource, day, job in _reported(organization, profile, window, backup_life):
        done = job.completed <= end and job.final in {"COMPLETED", "PARTIAL"}
        yield {
            **resource.columns,
            **period,
            **_state(job, end, profile),
            **_context(resource, day, job),
            "backupJobId": job.id,
            "expectedCompletionDate": _milliseconds(job.created + 3600),
            "recoveryPointArn": resource.recovery_point(job.id, resource.region) if done else "",
            "backupSizeInBytes": str(_size(resource, day)) if done else "0",
        }


def copy_rows(organization: Organization, profile: Profile, window: Window) -> Iterator[Row]:
    period, end = _period(window), window.end.timestamp()
    for resource, day, job in _reported(organization, profile, window, copy_life):
        region, backup = resource.rule.copy_to or "", backup_life(resource, day)
        done = job.completed <= end and job.final == "COMPLETED"
        yield {
            **resource.columns,
            **period,
            **_state(job, end, profile),
            **_context(resource, day, backup),
            "copyJobId": job.id,
            "backupSizeInBytes": str(_size(resource, day)),
            "sourceRecoveryPointArn": resource.recovery_point(backup.id, resource.region),
            "sourceBackupVaultArn": resource.columns["backupVaultArn"],
            "destinationRecoveryPointArn": resource.recovery_point(job.id, region) if done else "",
            "destinationBackupVaultArn": (
                f"arn:aws:backup:{region}:{resource.account.id}:backup-vault:copies"
            ),
        }


def restore_rows(organization: Organization, profile: Profile, window: Window) -> Iterator[Row]:
    """Jobs of a weekly restore test, each of the backup of the day before."""
    period, end = _period(window), window.end.timestamp()
    for resource, day, job in _reported(organization, profile, window, restore_life):
        before = day - timedelta(days=1)
        backup = backup_life(resource, before)
        yield {
            **resource.columns,
            **_state(job, end, profile),
            **_context(resource, before, backup),
            "reportTimePeriod": " - ".join(period.values()),
            "restoreJobId": job.id,
            "recoveryPointArn": resource.recovery_point(backup.id, resource.region),
            "sourceResourceArn": resource.arn,
            "backupSizeInBytes": str(_size(resource, before)),
            "percentDone": (
                "100.00%" if job.completed <= end and job.final == "COMPLETED" else "0.00%"
            ),
        }


def _reported(
    organization: Organization,
    profile: Profile,
    window: Window,
    life: Callable[[Resource, date], Job | None],
) -> Iterator[tuple[Resource, date, Job]]:
    """The jobs that finished in the window or were active at its end."""
    days = tuple(window.days())
    start, end = window.start.timestamp(), window.end.timestamp()
    for account in organization.accounts:
        for region in organization.regions:
            for resource in resources(profile.seed, account, region, profile.jobs_per_day):
                for day in days:
                    job = life(resource, day)
                    if job is not None and job.created <= end and job.completed > start:
                        yield resource, day, job


def _context(resource: Resource, day: date, backup: Job) -> Row:
    """Enhanced context: when the plan's rule started the backup and until when it might have."""
    return {
        "initiationDate": _milliseconds(backup.created),
        "startWindowEnd": _milliseconds(backup.created + 8 * 3600),
        "parentJobId": backup_life(resource.parent, day).id if resource.parent else "",
    }


def _state(job: Job, end: float, profile: Profile) -> Row:
    finished = job.completed <= end
    seconds = int(min(job.completed, end) - job.created)
    message = job.message if finished else ""
    return {
        "jobStatus": job.final if finished else job.active,
        "statusMessage": message.replace(". ", ".\n") if profile.line_breaks else message,
        "creationDate": _milliseconds(job.created),
        "completionDate": _milliseconds(job.completed) if finished else "",
        "jobRunTime": f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
    }


def _period(window: Window) -> Row:
    return {
        "reportTimePeriodStart": f"{window.start:%Y-%m-%dT%H:%M:%SZ}",
        "reportTimePeriodEnd": f"{window.end:%Y-%m-%dT%H:%M:%SZ}",
    }


def _size(resource: Resource, day: date) -> int:
    """Bytes; most resources grow, from under a GiB to several TiB."""
    if not resource.gib:
        return 0
    growth = 1 + day.toordinal() % 365 / 1000
    jitter = 0.98 + Draws(f"{resource.key}/{day.toordinal()}/size").share(0) / 25
    return int(resource.gib * _GIB * growth * jitter)


def _milliseconds(seconds: float) -> str:
    days, within = divmod(int(seconds * 1000), 86_400_000)
    minutes, rest = divmod(within, 60_000)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{_day(days)}T{clock}Z"


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    return str(date(1970, 1, 1) + timedelta(days=days))
