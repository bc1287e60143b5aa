"""Rows of the five reports: jobs day by day, and each control of a framework over the resources.

A job's whole life follows from the seed, its resource and its day. A report tells of it what was
known at its end: a job is RUNNING in one day's report and finished in the next one's.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from aws_sandbox.reports.inventory import ProtectedResource, SeededNumbers, resources
from aws_sandbox.reports.report_plans import ReportedAccount, ReportedOrganization

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
def backup_life(resource: ProtectedResource, day: date) -> Job:
    """The backup that the resource's rule starts on a day."""
    numbers = SeededNumbers(f"{resource.key}/{day.toordinal()}/backup")
    created = _midnight(day) + _HOUR * resource.rule.hour + 1800 * numbers.share(0)
    final, texts = _backup_end(numbers.share(1), resource)
    if final == "EXPIRED":
        seconds, active = 8 * _HOUR, "CREATED"
    else:
        seconds, active = _duration(numbers), "RUNNING"
    return Job(
        id=numbers.uuid(),
        created=created,
        completed=created + seconds,
        active=active,
        final=final,
        message=_message(texts, numbers, resource),
    )


def copy_life(resource: ProtectedResource, day: date) -> Job | None:
    """The copy of that backup; None where there is nothing to copy, or nowhere."""
    backup = backup_life(resource, day)
    if resource.rule.copy_to is None or backup.final != "COMPLETED":
        return None
    numbers = SeededNumbers(f"{resource.key}/{day.toordinal()}/copy")
    failed = numbers.share(1) < (0.3 if resource.troubled else 0.02)
    created = backup.completed + 120 * numbers.share(0)
    return Job(
        id=numbers.uuid(),
        created=created,
        completed=created + _duration(numbers) / 2,
        active="RUNNING",
        final="FAILED" if failed else "COMPLETED",
        message=_message(_COPY_FAILED if failed else (), numbers, resource),
    )


def restore_life(resource: ProtectedResource, day: date) -> Job | None:
    """The restore test of a resource: one day a week, of the backup of the day before."""
    week = SeededNumbers(f"{resource.key}/restore test")
    if int(week.share(0) * 7) != day.weekday() or resource.kind.type == "CloudFormation":
        return None
    created = _midnight(day) + 5 * _HOUR
    backup = backup_life(resource, day - timedelta(days=1))
    if backup.final != "COMPLETED" or backup.completed > created:
        return None
    numbers = SeededNumbers(f"{resource.key}/{day.toordinal()}/restore")
    end = numbers.share(1)
    final = "FAILED" if end < 0.05 else "ABORTED" if end < 0.06 else "COMPLETED"
    created += _HOUR * numbers.share(0)
    texts = {"FAILED": _RESTORE_FAILED, "ABORTED": _ABORTED}.get(final, ())
    return Job(
        id=numbers.uuid(),
        created=created,
        completed=created + _duration(numbers) / 2,
        active="RUNNING",
        final=final,
        message=_message(texts, numbers, resource),
    )


def _backup_end(chance: float, resource: ProtectedResource) -> tuple[str, Sequence[str]]:
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


def _duration(numbers: SeededNumbers) -> float:
    """Seconds: minutes to an hour and a half, and over a day for one in eighty."""
    if numbers.share(2) < 1 / 80:
        return (20 + 10 * numbers.share(3)) * _HOUR
    return 60 + 5400 * numbers.share(3) ** 2


def _message(texts: Sequence[str], numbers: SeededNumbers, resource: ProtectedResource) -> str:
    if not texts:
        return ""
    return texts[int(numbers.share(4) * len(texts))].format(
        vault=resource.columns["backupVaultArn"],
        role=resource.columns["iamRoleArn"],
        arn=resource.arn,
    )


def _midnight(day: date) -> float:
    return (day.toordinal() - _EPOCH) * 86400.0


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


def backup_rows(
    organization: ReportedOrganization, profile: Profile, window: Window
) -> Iterator[Row]:
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


def copy_rows(
    organization: ReportedOrganization, profile: Profile, window: Window
) -> Iterator[Row]:
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


def restore_rows(
    organization: ReportedOrganization, profile: Profile, window: Window
) -> Iterator[Row]:
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
    organization: ReportedOrganization,
    profile: Profile,
    window: Window,
    life: Callable[[ProtectedResource, date], Job | None],
) -> Iterator[tuple[ProtectedResource, date, Job]]:
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


def _context(resource: ProtectedResource, day: date, backup: Job) -> Row:
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


def _size(resource: ProtectedResource, day: date) -> int:
    """Bytes; most resources grow, from under a GiB to several TiB."""
    if not resource.gib:
        return 0
    growth = 1 + day.toordinal() % 365 / 1000
    jitter = 0.98 + SeededNumbers(f"{resource.key}/{day.toordinal()}/size").share(0) / 25
    return int(resource.gib * _GIB * growth * jitter)


def _milliseconds(seconds: float) -> str:
    days, within = divmod(int(seconds * 1000), 86_400_000)
    minutes, rest = divmod(within, 60_000)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{_day(days)}T{clock}Z"


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    return str(date(1970, 1, 1) + timedelta(days=days))


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control of Backup Audit Manager, by the name that CreateFramework takes."""

    name: str
    daily: bool
    """Evaluated every 24 hours; else when a configuration changes."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    failing: float
    """The share of resources that do not comply."""


_CONTROLS: Sequence[Control] = (
    Control(name="BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN", daily=True, failing=0.02),
    Control(
        name="BACKUP_LAST_RECOVERY_POINT_CREATED",
        daily=True,
        parameters={"recoveryPointAgeUnit": "days", "recoveryPointAgeValue": "1"},
        failing=0.06,
    ),
    Control(
        name="BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        daily=True,
        parameters={"crossRegionList": "eu-north-1,eu-west-1"},
        failing=0.1,
    ),
    Control(
        name="BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
        daily=True,
        parameters={"minRetentionDays": "7", "maxRetentionDays": "365"},
        failing=0.08,
    ),
    Control(
        name="BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        daily=False,
        parameters={"requiredRetentionDays": "35"},
        failing=0.04,
    ),
    Control(name="BACKUP_RECOVERY_POINT_ENCRYPTED", daily=False, failing=0.0),
)


def control_rows(
    organization: ReportedOrganization, profile: Profile, window: Window
) -> Iterator[Row]:
    for account in organization.accounts:
        for region in organization.regions:
            for control in _CONTROLS:
                verdicts = [
                    _complies(control, resource, window.end.date())
                    for resource in resources(profile.seed, account, region, profile.jobs_per_day)
                ]
                yield {
                    **_framework(account, region, control),
                    "controlComplianceStatus": _status(complies=all(verdicts)),
                    "lastEvaluationTime": _evaluated(profile, account, region, control, window.end),
                    "numResourcesCompliant": str(sum(verdicts)),
                    "numResourcesNonCompliant": str(len(verdicts) - sum(verdicts)),
                    "controlFrequency": "TwentyFour_Hours" if control.daily else "",
                    "controlScope": "EBS, EC2, RDS, Aurora, DynamoDB, EFS, S3, CloudFormation",
                    "controlParameters": (
                        json.dumps(dict(control.parameters)) if control.parameters else ""
                    ),
                }


def resource_rows(
    organization: ReportedOrganization, profile: Profile, window: Window
) -> Iterator[Row]:
    for account in organization.accounts:
        for region in organization.regions:
            for control in _CONTROLS:
                evaluated = _evaluated(profile, account, region, control, window.end)
                framework = _framework(account, region, control)
                for resource in resources(profile.seed, account, region, profile.jobs_per_day):
                    complies = _complies(control, resource, window.end.date())
                    kind = resource.kind.config_type
                    yield {
                        **framework,
                        "resourceId": f"{kind}/{resource.arn.rsplit(':', 1)[1].split('/')[-1]}",
                        "resourceType": kind,
                        "resourceComplianceStatus": _status(complies=complies),
                        "lastEvaluationTime": evaluated,
                    }


def _framework(account: ReportedAccount, region: str, control: Control) -> Row:
    return {
        "pathToRoot": account.path_to_root,
        "accountId": account.id,
        "region": region,
        "frameworkName": "organization_standard",
        "frameworkDescription": 'What "protected" means here: plan, lock, copy, retention',
        "controlName": control.name,
    }


def _complies(control: Control, resource: ProtectedResource, day: date) -> bool:
    """A weak resource breaks a control for stretches of ten days, and complies between them."""
    weak = SeededNumbers(f"{resource.key}/{control.name}").share(0) < control.failing
    return not (weak and SeededNumbers(f"{resource.key}/{day.toordinal() // 10}").share(0) < 0.7)


def _status(*, complies: bool) -> str:
    return "COMPLIANT" if complies else "NON_COMPLIANT"


def _evaluated(
    profile: Profile, account: ReportedAccount, region: str, control: Control, end: datetime
) -> str:
    key = f"{profile.seed}/{account.id}/{region}/{control.name}/{end.date()}"
    seconds = SeededNumbers(key).share(0) * 86400
    return f"{end - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
