"""Collates what AWS Backup knows of one account and Region into the run's folder.

Queue → this function → CSV files a table, and, with the last part, the status that the runbook
waits for. A part that AWS refuses is told in the report; one that fails for another reason is tried
again.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers import environment
from handlers.batches import work_off
from handlers.collate_jobs.core import Part, all_done, part_of, tagged_vaults
from handlers.member_clients import MemberClients
from reports.digest.activity import TABLES, Row, write_csv
from reports.digest.collation import Patience, Place, collate, unseen_row
from reports.digest.objects import DigestObjects
from reports.digest.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Environment:
    digests_bucket: str
    reader_role: str
    """The name of the role that each account has for it."""


logger = Logger(service="collate_jobs")
metrics = Metrics(namespace="BackupOrg", service="collate_jobs")


class Collator:
    """Collates parts of runs, one at a time."""

    def __init__(self, settings: Environment, s3: S3Client, members: MemberClients) -> None:
        self._bucket = settings.digests_bucket
        self._s3, self._members = s3, members
        self._objects = DigestObjects(s3, settings.digests_bucket)

    def take_in(self, message: str, patience: Patience) -> None:
        part = part_of(message)
        run = self._objects.run(part.run_id)
        definition = self._objects.definition(run.cadence)
        try:
            tables = collate(
                self._members.backup(part.account, part.region),
                self._members.tagging(part.account, part.region),
                _place(part),
                vaults=tagged_vaults(self._objects.read(run.vaults_key).decode(), part),
                jobs=(run.since, run.period.end) if definition.source == "api" else None,
                patience=patience,
            )
        except (BotoCoreError, ClientError) as error:
            tables = {"unseen": [self._unseen(part, error)]}
        self._write(run, part, tables)
        self._finish(run, part)

    def _write(self, run: Run, part: Part, tables: Mapping[str, Iterable[Row]]) -> None:
        """What one table is refused does not keep the others from being written."""
        unseen: list[Row] = []
        for name, rows in tables.items():
            try:
                self._write_table(run.part(part.account, part.region, name), name, rows)
            except (BotoCoreError, ClientError) as error:
                unseen.append(self._unseen(part, error, f"{name}: "))
        if unseen:
            self._write_table(run.part(part.account, part.region, "unseen"), "unseen", unseen)

    def _write_table(self, key: str, name: str, rows: Iterable[Row]) -> None:
        with TemporaryFile() as file:
            with gzip.open(file, "wt", encoding="utf-8", newline="") as text:
                count = write_csv(rows, TABLES[name], text)
            file.seek(0)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=file)
        metrics.add_metric(name="CollatedRows", unit=MetricUnit.Count, value=count)

    def _unseen(self, part: Part, error: Exception, what: str = "") -> Row:
        logger.warning("not collated", account=part.account, reason=f"{what}{error}")
        metrics.add_metric(name="UnseenParts", unit=MetricUnit.Count, value=1)
        return unseen_row(_place(part), error, what)

    def _finish(self, run: Run, part: Part) -> None:
        """Whoever finds all parts done says so; that may be two, which say the same."""
        key = run.done_key(part.account, part.region)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=b"")
        parts = self._objects.read(run.status_key)
        if all_done(run, parts, set(self._objects.keys(run.done_folder))):
            self._s3.put_object(
                Bucket=self._bucket, Key=run.status_key, Body=parts, Metadata={"state": "collated"}
            )
            logger.info("all is collated", run_id=run.run_id)


def _place(part: Part) -> Place:
    return Place(account=part.account, region=part.region)


@cache
def _collator() -> Collator:
    settings = environment.read(Environment, os.environ)
    session = boto3.Session()
    members = MemberClients(session, settings.reader_role)
    return Collator(settings, session.client("s3"), members)


def _taking_in(context: LambdaContext) -> Callable[[str], None]:
    patience = Patience(lambda: context.get_remaining_time_in_millis() / 1000)
    return lambda message: _collator().take_in(message, patience)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off(event, context, _taking_in(context))
