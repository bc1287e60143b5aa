"""Makes a scheduled report of what was collated, and stores it where people find it.

Runbook → this function, step by step: first page, CSV files and figures in the run's folder, then
their copy in the period's own.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment
from handlers.make_report.core import content_type, not_collated
from handlers.member_clients import MemberClients
from reports.digest import csv_files
from reports.digest.activity import UNSEEN, write_csv
from reports.digest.definition import Definition
from reports.digest.lake import Lake
from reports.digest.making import Source, make
from reports.digest.measuring import Before
from reports.digest.objects import DigestObjects
from reports.digest.runs import Run
from reports.ticket_ledger import LISTED, NOT_WELL

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Environment:
    digests_bucket: str
    reader_role: str
    """The name of the role that each account has for it: also the lake's."""
    duckdb_memory_mb: str
    lake_account: str = ""
    lake_bucket: str = ""
    """Empty: the customer has no lake."""
    ledger_table: str = ""
    """Of handlers/open_ticket, where that is in the same account: it knows of open incidents."""


logger = Logger(service="make_report")
metrics = Metrics(namespace="BackupOrg", service="make_report")

_AT_ONCE = 16


class Maker:
    """Makes the report of a run, and stores it."""

    def __init__(
        self,
        settings: Environment,
        s3: S3Client,
        dynamodb: DynamoDBClient,
        members: MemberClients,
    ) -> None:
        self._settings = settings
        self._bucket = settings.digests_bucket
        self._memory_mb = int(settings.duckdb_memory_mb)
        self._s3, self._dynamodb, self._members = s3, dynamodb, members
        self._objects = DigestObjects(s3, settings.digests_bucket)

    def generate(self, run_id: str, now: datetime) -> dict[str, Any]:
        run = self._objects.run(run_id)
        definition = self._objects.definition(run.cadence)
        with TemporaryDirectory() as scratch:
            activity, made = Path(scratch) / "activity", Path(scratch) / "made"
            activity.mkdir()
            made.mkdir()
            self._gather(run, activity)
            source = Source(
                activity=activity,
                lake=self._lake(),
                before=self._before(definition, run, Path(scratch)),
                open_incidents=self._open_incidents(),
            )
            figures = make(
                definition,
                run,
                source,
                made,
                now=now,
                memory_mb=self._memory_mb,
                stored=True,
            )
            for file in sorted(made.iterdir()):
                self._put(run.made_folder + file.name, file)
        metrics.add_metric(
            name="ReportedFailures", unit=MetricUnit.Count, value=figures.headline.failures
        )
        return {"Folder": run.made_folder}

    def store(self, run_id: str) -> dict[str, Any]:
        """The page last: where it is, all that it names is there."""
        run = self._objects.run(run_id)
        page = run.page_key.removeprefix(run.stored_folder)
        names = [key.removeprefix(run.made_folder) for key in self._objects.keys(run.made_folder)]
        if page not in names:
            raise RuntimeError(f"the run {run_id} has made no page in {run.made_folder}")
        for name in sorted(names, key=lambda name: name == page):
            self._s3.copy_object(
                Bucket=self._bucket,
                Key=run.stored_folder + name,
                CopySource={"Bucket": self._bucket, "Key": run.made_folder + name},
            )
        logger.info("stored", run_id=run_id, page_key=run.page_key)
        return {"PageKey": run.page_key}

    def _gather(self, run: Run, activity: Path) -> None:
        """What was collated; a part that was not is told as one that could not be looked at."""
        keys = [run.vaults_key, run.unseen_key, *self._objects.keys(run.parts_folder)]

        def fetch(key: str) -> None:
            self._download(key, activity / key.removeprefix(run.folder))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(fetch, keys))
        done = set(self._objects.keys(run.done_folder))
        missing = not_collated(run, self._objects.read(run.status_key), done)
        if missing:
            late = activity / "late" / "unseen.csv"
            late.parent.mkdir()
            with late.open("w", newline="") as file:
                write_csv(missing, UNSEEN, file)

    def _before(self, definition: Definition, run: Run, scratch: Path) -> Before:
        """What the report of the period before said, where it is stored."""
        period = run.period.before(definition.cadence, definition.timezone)
        before = dataclasses.replace(run, period=period)
        keys = {
            before.figures_key: scratch / "before.json",
            before.stored_folder + csv_files.UNPROTECTED: scratch / "before.csv",
        }
        stored = set(self._objects.keys(before.stored_folder))
        if not keys.keys() <= stored:
            return Before()
        for key, path in keys.items():
            self._download(key, path)
        figures, unprotected = keys.values()
        return Before.stored(figures.read_text(encoding="utf-8"), unprotected)

    def _lake(self) -> Lake | None:
        settings = self._settings
        if not settings.lake_bucket:
            return None
        s3 = self._members.s3(settings.lake_account)
        return Lake(s3=s3, bucket=settings.lake_bucket, memory_mb=self._memory_mb)

    def _open_incidents(self) -> int | None:
        """Whatever they are of: a resource's failures, or one of this system's own alarms."""
        if not self._settings.ledger_table:
            return None
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._settings.ledger_table,
            IndexName=LISTED,
            Select="COUNT",
            KeyConditionExpression=f"{LISTED} = :not_well",
            FilterExpression="incident_open = :open",
            ExpressionAttributeValues={":not_well": {"S": NOT_WELL}, ":open": {"BOOL": True}},
        )
        return sum(page.get("Count", 0) for page in pages)

    def _download(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            shutil.copyfileobj(body, file)

    def _put(self, key: str, file: Path) -> None:
        with file.open("rb") as body:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type(file.name)
            )


@cache
def _maker() -> Maker:
    settings = environment.read(Environment, os.environ)
    session = boto3.Session()
    members = MemberClients(session, settings.reader_role)
    return Maker(settings, session.client("s3"), session.client("dynamodb"), members)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    del context
    match event["Step"]:
        case "generate":
            return _maker().generate(event["RunId"], datetime.now(UTC))
        case "store":
            return _maker().store(event["RunId"])
        case step:
            raise ValueError(f"no step {step!r}: there are generate and store")
