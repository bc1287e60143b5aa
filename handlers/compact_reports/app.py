"""Makes one file of those that each month of a curated table has, once a day.

schedule → this function → the lake bucket. A reader of many small files pays for each of them, and
one of Parquet reads those below 3 MB whole.
"""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers import environment
from handlers.compact_reports.core import Version, is_over, to_compact, unnamed
from handlers.monthly_files import MonthlyFiles
from handlers.parquet_files import compact, connected
from handlers.scratch import scratch
from reports.curated_tables import FILES, TABLES, CuratedTable, is_month_file
from reports.month_lists import made_of_key

_AT_ONCE = 16
_MARGIN_SECONDS = 300
"""No month is begun later than this before the function's end."""
_UNNAMED = f"{FILES}unnamed.json"
"""Which versions of files no list named when it was last looked at, and since when."""

logger = Logger(service="compact_reports")
metrics = Metrics(namespace="BackupOrg", service="compact_reports")


@dataclass(frozen=True, kw_only=True)
class Environment:
    lake_bucket: str
    duckdb_memory_mb: str
    expire_after_days: str
    """Of curated reports; empty: never."""


@dataclass(frozen=True, kw_only=True)
class Compactor:
    """Compacts a lake's months, newest first, for as long as there is time."""

    lake: MonthlyFiles
    expire_after_days: int | None
    has_time: Callable[[], bool]

    def run(self, now: datetime.datetime) -> Mapping[str, int]:
        """Counts, by the names of metrics, of what was done and is left."""
        counts = Counter[str](CompactedMonths=0, ExpiredMonths=0, MonthsLeft=0)
        months = [(month, table) for table in TABLES for month in self.lake.lists.months(table)]
        for month, table in sorted(months, key=lambda one: one[0], reverse=True):
            days = self.expire_after_days
            if days is not None and is_over(month, days, now.date()):
                self.lake.s3.delete_object(Bucket=self.lake.bucket, Key=table.list_key(month))
                counts["ExpiredMonths"] += 1
            else:
                outcome = self._compact(table, month)
                if outcome:
                    counts[outcome] += 1
        return {**counts, "DeletedFiles": self._delete_unnamed(now)}

    def _compact(self, table: CuratedTable, month: str) -> str | None:
        """What there is to count of a month, if anything."""
        outcome = None
        while chosen := to_compact(self._sizes(table, month)):
            if not self.has_time():
                logger.warning("no time is left for a month", table=table.name, month=month)
                return "MonthsLeft"
            if not self._exchange(table, month, chosen):
                return "MonthsLeft"  # until the next day: a report of the month came just now
            outcome = "CompactedMonths"
        return outcome

    def _sizes(self, table: CuratedTable, month: str) -> Mapping[str, int]:
        """Of the files that the month's list names."""
        named = self.lake.lists.read(table, month).files
        if len(named) < 2:
            return {}
        folder = table.files_folder(month)
        pages = self.lake.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.lake.bucket, Prefix=folder
        )
        there = {
            item.get("Key", "").removeprefix(folder): item.get("Size", 0)
            for page in pages
            for item in page.get("Contents", [])
        }
        return {name: there[name] for name in named}

    def _exchange(self, table: CuratedTable, month: str, chosen: Sequence[str]) -> bool:
        """Puts one file in the place of several; whether they were all still there."""
        made_of: set[str] = set()
        for name in chosen:
            whole = is_month_file(name)
            made_of |= self.lake.lists.made_of(table, month, name) if whole else {name}
        with scratch("compact_reports") as folder:
            files = [folder / name for name in chosen]

            def fetch(file: Path) -> None:
                self.lake.lists.download(table, month, file.name, file)

            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(fetch, files))
            target = folder / "compacted.parquet"
            with connected(folder, self.lake.memory_mb) as duck:
                compact(duck, table, files, target)
            made = self.lake.put_month_file(table, month, target, made_of)

        def exchanged(named: frozenset[str]) -> frozenset[str]:
            return named - set(chosen) | {made} if named.issuperset(chosen) else named

        return made in self.lake.change(table, month, exchanged)

    def _delete_unnamed(self, now: datetime.datetime) -> int:
        there = list(self._versions())  # first: what is put and named meanwhile is not among them
        old, since = unnamed(there, frozenset(self._named()), self._seen_before(), now)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._delete, old))
        seen = [[one.key, one.id, when.isoformat()] for one, when in sorted(since.items())]
        self.lake.s3.put_object(
            Bucket=self.lake.bucket, Key=_UNNAMED, Body=json.dumps(seen).encode()
        )
        return len(old)

    def _versions(self) -> Iterator[Version]:
        pages = self.lake.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.lake.bucket, Prefix=FILES
        )
        for page in pages:
            for found in page.get("Versions", []):
                if found.get("Key") != _UNNAMED:
                    yield Version(found.get("Key", ""), found.get("VersionId", ""))

    def _named(self) -> Iterator[str]:
        """The keys of the files that lists name, and of what lies beside them."""
        for table in TABLES:
            for month in self.lake.lists.months(table):
                for name in self.lake.lists.read(table, month).files:
                    yield f"{table.files_folder(month)}{name}"
                    if is_month_file(name):
                        yield made_of_key(table, month, name)

    def _seen_before(self) -> Mapping[Version, datetime.datetime]:
        try:
            answer = self.lake.s3.get_object(Bucket=self.lake.bucket, Key=_UNNAMED)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return {}
            raise
        return {
            Version(key, version): datetime.datetime.fromisoformat(since)
            for key, version, since in json.load(answer["Body"])
        }

    def _delete(self, version: Version) -> None:
        self.lake.s3.delete_object(Bucket=self.lake.bucket, Key=version.key, VersionId=version.id)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, int]:
    del event
    settings = environment.read(Environment, os.environ)
    days = settings.expire_after_days
    compactor = Compactor(
        lake=MonthlyFiles(
            s3=boto3.client("s3"),
            bucket=settings.lake_bucket,
            memory_mb=int(settings.duckdb_memory_mb),
        ),
        expire_after_days=int(days) if days else None,
        has_time=lambda: context.get_remaining_time_in_millis() > _MARGIN_SECONDS * 1000,
    )
    counts = compactor.run(datetime.datetime.now(datetime.UTC))
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    logger.info("compacted", extra=counts)
    return counts
