"""What happened in the period: its report, restore tests, and drills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from fleet.drill.record import DrillRecord
from fleet.drill.record import loaded as loaded_drill
from fleet.errors import ToldError, problems_of
from fleet.evidence.archive import NAME
from fleet.evidence.json_text import json_text
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
    """Sentences about what could not be, and why."""


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
    tests = json_text(_restore_tests(figures))
    (folder / RESTORE_TESTS).write_text(tests, encoding="utf-8")
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
    """Those that began in the period, with their pages. Where a record cannot be read, what lies in
    its place is in the archive all the same, and `not_read` says why."""
    period, records, not_read = scope.run.period, list[DrillRecord](), list[str]()
    try:
        keys = [
            key
            for day in _days(period.start, period.end)
            for key in sorted(_keys(s3, scope.bucket, f"{DRILLS}{day:%Y/%m/%d}/"))
        ]
    except (BotoCoreError, ClientError) as error:
        return Drills(records=(), not_read=[f"Records of drills could not be read: {error}"])
    for place, within in groupby(keys, lambda key: key.rpartition("/")[0]):
        try:
            files = {_checked(key): _content(s3, scope.bucket, key) for key in within}
        except (BotoCoreError, ClientError, ValueError) as error:
            not_read.append(f"What lies in {place}/ could not be read: {error}")
            continue
        try:
            record = _record(place, files)
        except ValueError as error:
            not_read.append(
                f"What lies in {place}/ is no record of a drill that can be read, and is in the "
                f"archive as it is: {error}"
            )
        else:
            if not period.start <= record.started_at < period.end:
                continue
            records.append(record)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return Drills(records=sorted(records, key=lambda each: each.started_at), not_read=not_read)


def _content(s3: S3Client, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _record(place: str, files: Mapping[str, bytes]) -> DrillRecord:
    """Raises ValueError."""
    content = files.get(f"{place}/drill.json")
    if content is None:
        raise ValueError("it has no drill.json")
    try:
        record = loaded_drill(content)
    except ValidationError as error:
        raise ValueError(f"drill.json: {problems_of(error)}") from error
    if record.key != place:
        raise ValueError(f"drill.json tells of {record.key}/")
    return record


def _checked(key: str) -> str:
    """Raises ValueError for a key that would lie elsewhere than in the archive."""
    if not NAME.fullmatch(key):
        raise ValueError(f"{key!r} is no name for a file in an archive")
    return key


def _days(start: datetime, end: datetime) -> Iterator[date]:
    """In UTC, as records are filed; of the first and the last a part may lie outside."""
    day = start.date()
    while day <= (end - timedelta(microseconds=1)).date():
        yield day
        day += timedelta(days=1)


def _keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Contents", ()):
            yield found.get("Key", "")
