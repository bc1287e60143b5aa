"""What happened in the period: its report, restore tests, and drills."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from fleet.drill.record import DrillRecord
from fleet.drill.record import loaded as loaded_drill
from fleet.errors import ToldError
from fleet.evidence.archive import NAME
from fleet.evidence.scope import Scope
from fleet.report.gathering import make_here
from reports.digest.figures import Figures
from reports.digest.runs import LIST_CALLS_REACH

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPORT, RESTORE_TESTS, DRILLS = "report/", "restore-tests.json", "drills/"


@dataclass(frozen=True, kw_only=True)
class Drills:
    records: Sequence[DrillRecord]
    not_read: Sequence[str]
    """Records that could not be, and why."""


def write_report(
    scope: Scope, folder: Path, tell: Callable[[str], None]
) -> tuple[Figures | None, Sequence[str]]:
    """The period's report with its data, and what of it is missing."""
    target = folder / REPORT
    try:
        figures = make_here(
            scope.definition,
            scope.run,
            scope.stacks,
            target,
            project=scope.project,
            now=scope.now,
            tell=tell,
        )
    except (BotoCoreError, ClientError, duckdb.Error, ToldError) as error:
        return None, [f"The period's report could not be made: {error}"]
    _write(folder / RESTORE_TESTS, _restore_tests(figures))
    return figures, [*_out_of_reach(scope, figures), *figures.limits]


def _out_of_reach(scope: Scope, figures: Figures) -> Iterator[str]:
    """What neither source has any more, or yet."""
    start, reach = scope.run.period.start, scope.now - LIST_CALLS_REACH
    if figures.source == "api" and start < reach:
        yield (
            "AWS Backup's list calls tell of jobs of the last 30 days: those of the period from "
            f"{start:%Y-%m-%d} until {reach:%Y-%m-%d} are not known, restore tests among them."
        )
    ended = sum(day.succeeded + day.failed + day.with_issues for day in figures.days)
    if figures.source == "lake" and not ended:
        yield "No delivered report tells of a job of the period: the lake has none."


def _restore_tests(figures: Figures) -> Mapping[str, Any]:
    tests = figures.restore_tests
    return {
        "verdicts": Counter(test.validation_status or "not judged" for test in tests),
        "restores": Counter(test.state for test in tests),
        "tests": [asdict(test) for test in tests],
    }


def write_drills(scope: Scope, s3: S3Client, folder: Path) -> Drills:
    """Those that began on a day of the period, with their pages."""
    records: list[DrillRecord] = []
    not_read: list[str] = []
    for day in _days(scope.run.period.start, scope.run.period.end):
        prefix = f"{DRILLS}{day:%Y/%m/%d}/"
        try:
            for key in _keys(s3, scope.bucket, prefix):
                path = folder / _checked(key)
                content = s3.get_object(Bucket=scope.bucket, Key=key)["Body"].read()
                if key.endswith("/drill.json"):
                    records.append(loaded_drill(content))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        except (BotoCoreError, ClientError, ValueError) as error:
            not_read.append(f"Drills of {day}: {error}")
    return Drills(records=records, not_read=not_read)


def _checked(key: str) -> str:
    """Raises ValueError for a key that would lie elsewhere than in the archive."""
    if not NAME.fullmatch(key):
        raise ValueError(f"{key!r} is no name for a file in an archive")
    return key


def _days(start: datetime, end: datetime) -> Iterator[date]:
    """In UTC, as records are filed; one more where the period's own days are others."""
    day = start.date()
    while day <= (end - timedelta(microseconds=1)).date():
        yield day
        day += timedelta(days=1)


def _keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Contents", ()):
            yield found.get("Key", "")


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=2, default=_text) + "\n", encoding="utf-8")


def _text(value: object) -> str:
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in evidence")
