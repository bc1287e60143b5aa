"""Figures to look at: a month of a customer with as many accounts as wanted, and hostile ones."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from reports.digest.definition import Brand, Cadence, Definition
from reports.digest.figures import (
    AccountDay,
    Cause,
    Change,
    Control,
    Day,
    Figures,
    Headline,
    Resource,
    RestoreTest,
    Share,
)
from reports.digest.runs import Run, jobs_since, period_of
from reports.restore_tests import Outcome

NOW = datetime(2026, 7, 1, 4, 30, tzinfo=UTC)
ZONE = "Europe/Berlin"
FILES = ("failed_jobs.csv", "unprotected.csv", "restore_tests.csv")
_TYPES = ("EBS", "EC2", "RDS", "DynamoDB", "EFS", "S3", "Aurora")
_REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
_TEAMS = ("payments", "shop", "warehouse", "identity", "analytics", "search", "mail", "billing")
_MESSAGES = (
    "Your backup job failed as AWS Backup does not have permission to describe resource "
    "arn:aws:ec2:eu-central-1:111111111111:volume/vol-0aa11bb22cc33dd44",
    "Backup job expired before completion: the start window of 60 minutes passed",
    "Copy job failed: the destination vault's key policy does not let the source account use it",
    "Restore testing: no recovery point was found in the selection window of 7 days",
    "",
)
_CONTROLS = (
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
    "BACKUP_RECOVERY_POINT_ENCRYPTED",
    "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
    "BACKUP_LAST_RECOVERY_POINT_CREATED",
)


def account_ids(accounts: int) -> tuple[str, ...]:
    return tuple(f"{111111111111 + number:012}" for number in range(accounts))


def definition(
    accounts: int = 12, cadence: Cadence = "monthly", source: Literal["api", "lake"] = "lake"
) -> Definition:
    ids = account_ids(accounts)
    return Definition(
        customer="acme",
        cadence=cadence,
        source=source,
        timezone=ZONE,
        regions=dict.fromkeys(ids, _REGIONS),
        account_names={
            account: f"{_TEAMS[at % len(_TEAMS)]}-{('prod', 'test')[at // len(_TEAMS) % 2]}"
            + (f"-{at // 16 + 1}" if at >= 16 else "")
            for at, account in enumerate(ids)
        },
        vault_tag=("backup-report", "yes"),
        recipients=("backup-owners@acme.example",),
        failures_to=("operations@acme.example",),
        sender="reports@acme.example",
        brand=Brand(name="Acme Trading", logo=_LOGO),
        link_seconds=3600,
        grace_days=2,
        issues_are_failures=False,
    )


def run_of(defined: Definition) -> Run:
    period = period_of(defined.cadence, defined.timezone, NOW)
    return Run(
        run_id="11111111-2222-4333-8444-555555555555",
        cadence=defined.cadence,
        timezone=defined.timezone,
        period=period,
        since=jobs_since(defined, period, NOW),
    )


def figures(defined: Definition, seed: int = 8) -> Figures:
    """As such a customer's might be; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    run = run_of(defined)
    accounts = tuple(defined.regions)
    days = _days_of(run)
    heat = tuple(_account_day(chance, a, at, d) for at, a in enumerate(accounts) for d in days)
    by_day = tuple(_day(chance, day, heat) for day in days)
    failures = sum(day.failed for day in by_day)
    ended = failures + sum(day.succeeded + day.with_issues for day in by_day)
    late = tuple(
        _resource(chance, accounts, NOW - timedelta(days=back), "no success within its rule's day")
        for back in range(40, 1, -2)
    )
    unprotected = tuple(
        _resource(chance, accounts, NOW - timedelta(days=3 * back), "no plan selects it")
        for back in range(30, 12, -1)
    )
    resources = 34 * len(accounts)
    return Figures(
        start=run.period.start,
        end=run.period.end,
        made_at=NOW,
        source=defined.source,
        accounts=len(accounts),
        regions=len(_REGIONS),
        vaults=2 * len(accounts),
        headline=Headline(
            protected=resources,
            unprotected=len(unprotected),
            success_rate=Share(met=ended - failures, of=ended),
            sla=Share(met=resources - len(late), of=resources),
            failures=failures,
            three_in_a_row=4,
            open_incidents=3,
            oldest_unprotected=unprotected[0],
            three_two_one=Share(met=resources * 7 // 10, of=resources * 9 // 10),
            three_two_one_unknown=resources - resources * 9 // 10,
            restore_tests=Share(met=len(accounts) // 4, of=len(accounts) * 7 // 8),
        ),
        days=by_day,
        heat_map=heat,
        causes=_causes(chance, accounts, failures),
        without_recent_backup=late,
        without_recent_backup_total=len(late) * max(1, len(accounts) // 10),
        unprotected=unprotected,
        restore_tests=tuple(_restore_test(chance, a, at) for at, a in enumerate(accounts)),
        controls=tuple(
            Control(
                framework_name="acme_backup",
                control_name=name,
                compliant=resources - 17 * at,
                non_compliant=17 * at,
                frameworks_failing=Share(met=2 * at, of=3 * len(accounts)),
            )
            for at, name in enumerate(_CONTROLS)
        ),
        changes=(
            Change(name="success_rate", before=97.1, now=100 * (ended - failures) / ended),
            Change(name="sla", before=93.2, now=100 * (resources - len(late)) / resources),
            Change(name="failures", before=failures + 31, now=failures),
            Change(name="unprotected", before=11, now=len(unprotected)),
            Change(name="protected", before=resources - 6, now=resources),
            Change(name="three_in_a_row", before=4, now=4),
            Change(name="three_two_one", before=None, now=77.7),
            Change(name="size_bytes", before=7.4e13, now=float(sum(d.size_bytes for d in by_day))),
        ),
        newly_failing=late[-3:],
        recovered=late[:2],
        limits=(
            "Whether a ticket is open is known for incidents that this system opened, not for "
            "others.",
            "Restore tests without a validation tell that a restore worked, not that the data is "
            "right.",
            "222222222222 in us-east-1 could not be looked at: AccessDenied on the read role.",
        ),
    )


def hostile() -> tuple[Figures, Definition]:
    """With markup that would run, in each text that comes from AWS or a person."""
    defined = definition(accounts=3)
    spoilt = dataclasses.replace(
        defined,
        account_names=dict.fromkeys(defined.regions, HOSTILE),
        brand=Brand(name=HOSTILE),
    )
    return _spoilt(figures(defined)), spoilt


def rebranded(defined: Definition, brand: Brand) -> Definition:
    return dataclasses.replace(defined, brand=brand)


HOSTILE = (
    "\"'></title></style><script>document.title='owned';alert(1)</script>"
    "<img src=https://elsewhere.example/x onerror=alert(2)>{{7*7}}<iframe>" + "x" * 200
)
_KEPT = {"account_id", "source", "name", "outcome"}
"""Texts that are not free: ids, and words that types fix."""


def _spoilt(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_spoilt(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(
            value, **{n: _spoilt(v) for n, v in fields.items() if n not in _KEPT}
        )
    return HOSTILE if isinstance(value, str) else value


def _days_of(run: Run) -> tuple[date, ...]:
    first = (run.period.start + timedelta(hours=12)).date()
    return tuple(
        first + timedelta(days=n)
        for n in range(round((run.period.end - run.period.start) / timedelta(days=1)))
    )


def _account_day(chance: random.Random, account: str, at: int, day: date) -> AccountDay:
    jobs = 30 + chance.randrange(8)
    bad_night = at % 5 == 2 and 10 <= day.day <= 12
    failed = chance.randrange(8, 20) if bad_night else chance.choice((0, 0, 0, 0, 0, 0, 0, 1, 2))
    if at % 7 == 0:
        failed = 0
    return AccountDay(account_id=account, day=day, succeeded=jobs - failed, failed=failed)


def _day(chance: random.Random, day: date, heat: tuple[AccountDay, ...]) -> Day:
    that = [cell for cell in heat if cell.day == day]
    succeeded = sum(cell.succeeded for cell in that)
    with_issues = succeeded // 40 + chance.randrange(4)
    return Day(
        day=day,
        succeeded=succeeded - with_issues,
        failed=sum(cell.failed for cell in that),
        with_issues=with_issues,
        running=3 if day.day == 30 else 0,
        average_seconds=900 + 300 * math.sin(day.day / 4) + chance.randrange(120),
        size_bytes=int((1.9 + day.day / 40 + chance.random() / 3) * 1.0e11 * len(that)),
    )


def _resource(
    chance: random.Random, accounts: tuple[str, ...], since: datetime, why: str
) -> Resource:
    account, region, kind = chance.choice(accounts), chance.choice(_REGIONS), chance.choice(_TYPES)
    name = f"{chance.choice(_TEAMS)}-{chance.choice(('db', 'data', 'files', 'index'))}"
    number = f"{chance.randrange(16**8):08x}"
    return Resource(
        account_id=account,
        region=region,
        resource_arn=f"arn:aws:{kind.lower()}:{region}:{account}:{name}/{number}",
        resource_type=kind,
        resource_name=name,
        since=since,
        why=why,
    )


def _causes(chance: random.Random, accounts: tuple[str, ...], failures: int) -> tuple[Cause, ...]:
    shares = (0.62, 0.2, 0.1, 0.06, 0.02)
    return tuple(
        Cause(
            message=message,
            count=max(1, round(failures * share)),
            kinds=(("backup",), ("backup",), ("copy",), ("restore",), ("backup", "copy"))[at],
            resource_types=_TYPES[at : at + 2],
            accounts=accounts[at : at + 3 + 10 * (at == 0)],
            last_at=NOW - timedelta(days=at, hours=3),
            example=_resource(chance, accounts, NOW - timedelta(days=at), ""),
        )
        for at, (message, share) in enumerate(zip(_MESSAGES, shares, strict=True))
    )


_TESTS: Sequence[tuple[Outcome, str, str, str]] = (
    ("good", "COMPLETED", "SUCCESSFUL", "available, 8 GiB, no smaller than its snapshot"),
    ("good", "COMPLETED", "SUCCESSFUL", "runs, both status checks are ok, 2 volumes are attached"),
    ("no_verdict", "COMPLETED", "", ""),
    ("not_good", "COMPLETED", "FAILED", "row counts differ from the source"),
    ("not_judged", "COMPLETED", "FAILED", "not judged: it may not be looked at: AccessDenied"),
    ("not_started", "FAILED", "", "Restore job was unable to start within the specified start "
     "window. Try increasing your start window."),
    ("restore_failed", "FAILED", "", "No default VPC for this user"),
    ("not_judged_in_time", "COMPLETED", "TIMED_OUT", ""),
)  # fmt: skip
"""Outcome, state, validation's status, and what AWS or the verdict says."""


def _restore_test(chance: random.Random, account: str, at: int) -> RestoreTest:
    kind, region = _TYPES[at % len(_TYPES)], _REGIONS[at % 2]
    outcome, state, status, said = _TESTS[at % len(_TESTS)]
    return RestoreTest(
        account_id=account,
        region=region,
        resource_arn=f"arn:aws:{kind.lower()}:{region}:{account}:{_TEAMS[at % 8]}/{at:08x}",
        resource_type=kind,
        recovery_point_arn=f"arn:aws:backup:{region}:{account}:recovery-point:"
        f"{chance.randrange(16**8):08x}-1111-2222-3333-444444444444",
        state=state,
        outcome=outcome,
        status_message="" if state == "COMPLETED" else said,
        validation_status=status,
        validation_message=said if state == "COMPLETED" else "",
        completed_at=NOW - timedelta(days=at % 28, hours=5),
    )


_LOGO = (
    "data:image/svg+xml;utf8,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E"
    "%3Crect width='40' height='40' rx='8' fill='white'/%3E%3Cpath d='M8 30 20 8l12 22h-6l-6-11"
    "-6 11z' fill='%230b5cad'/%3E%3C/svg%3E"
)
