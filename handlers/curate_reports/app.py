"""Turns a report that was delivered to the reports bucket into typed Parquet in the lake.

S3 → EventBridge → SQS → this function. What of a report cannot be read is kept aside, with the
reason. A message that fails is tried again and then rests in the dead-letter queue; one that no try
can help, of a report without the columns that its rows need, say, rests there at once.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment
from handlers.batches import work_off
from handlers.curate_reports.core import MissingColumns
from handlers.curate_reports.duck import Curated, Source, curate, note_delivery
from handlers.curate_reports.lines import UnreadableHeader
from handlers.delivered_objects import open_delivered
from handlers.monthly_files import MonthlyFiles
from handlers.scratch import scratch
from reports.curated_tables import DELIVERIES, REJECTS, curated_table
from reports.keys import UnrecognisedKey, parse
from reports.object_events import CreatedObject, UnrecognisedEvent, created_object
from reports.partitions import Obstacle, letter_of, letter_of_no_report
from reports.plans import Plan, plan_of, plans_of
from reports.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from reports.partitions import LetterAttributes


@dataclass(frozen=True, kw_only=True)
class Environment:
    report_plans: str
    """JSON: each reports.plans.Plan by its name."""
    lake_bucket: str
    dead_letters_url: str
    duckdb_memory_mb: str


logger = Logger(service="curate_reports")
metrics = Metrics(namespace="BackupOrg", service="curate_reports")

_METRICS = {
    "CuratedRows": "rows",
    "RejectedLines": "lines_rejected",
    "UnreadableValues": "unreadable_values",
}
"""Of each report, by the counts that they tell."""


class Curator:
    """Curates delivered reports, one at a time."""

    def __init__(self, settings: Environment, s3: S3Client, sqs: SQSClient) -> None:
        self._plans = plans_of(json.loads(settings.report_plans))
        self._dead_letters_url = settings.dead_letters_url
        self._memory_mb = int(settings.duckdb_memory_mb)
        self._s3 = s3
        self._sqs = sqs
        self._lake = MonthlyFiles(s3=s3, bucket=settings.lake_bucket, memory_mb=self._memory_mb)

    def take_in(self, message: str) -> None:
        """What no further try can change is parked at once."""
        try:
            created = created_object(message)
        except UnrecognisedEvent as error:
            self._park(message, letter_of_no_report(str(error)))
            return
        plan = self._plan(created.key)
        if plan is None:
            self._ignore(created, "no report of these plans")
            return
        template = TEMPLATES[plan.template]
        try:
            self._curate(template, created)
        except self._s3.exceptions.NoSuchKey:
            self._ignore(created, "removed meanwhile")
        except (UnreadableHeader, MissingColumns) as error:
            header = error.header if isinstance(error, MissingColumns) else ()
            self._park(message, letter_of(_obstacle(created, template, str(error), header)))

    def _plan(self, key: str) -> Plan | None:
        """None where an object is no CSV report of these plans."""
        try:
            report = parse(key)
        except UnrecognisedKey:
            return None
        return plan_of(report, self._plans) if report.file.lower().endswith(".csv") else None

    def _ignore(self, created: CreatedObject, why: str) -> None:
        logger.info("ignored", key=created.key, why=why)
        metrics.add_metric(name="IgnoredObjects", unit=MetricUnit.Count, value=1)

    def _park(self, message: str, beside: LetterAttributes) -> None:
        told = {name: value.get("StringValue") for name, value in beside.items()}
        logger.error("parked", extra=told)
        metrics.add_metric(name="ParkedReports", unit=MetricUnit.Count, value=1)
        self._sqs.send_message(
            QueueUrl=self._dead_letters_url, MessageBody=message, MessageAttributes=beside
        )

    def _curate(self, template: Template, created: CreatedObject) -> None:
        with scratch("curate_reports") as folder:
            file = folder / "report.csv"
            delivered = open_delivered(self._s3, created)
            with file.open("wb") as body:
                shutil.copyfileobj(delivered.body, body)
            report = parse(delivered.key)
            source = Source(file=file, report=report)
            made = curate(template, source, memory_mb=self._memory_mb)
            self._lake.publish(curated_table(template), report, made.report)
            self._lake.publish(REJECTS, report, made.rejects)
            # Of a report without rows too, so that it is known to have arrived.
            noted = note_delivery(source, template, made, memory_mb=self._memory_mb)
            self._lake.publish(DELIVERIES, report, noted)
            self._tell(delivered.key, made)

    def _tell(self, key: str, made: Curated) -> None:
        logger.info("curated", key=key, unknown_columns=made.unknown, extra=made.counts)
        if made.unreadable:
            logger.warning("values not of their type are null", key=key, columns=made.unreadable)
        if made.lines_rejected:
            logger.error("lines rejected: see the table report_rejects", key=key, extra=made.counts)
        for name, count in _METRICS.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=made.counts[count])


def _obstacle(
    created: CreatedObject, template: Template, reason: str, header: Sequence[str]
) -> Obstacle:
    """With as much of the header as a message has room for."""
    return Obstacle(
        created=created,
        template=template,
        reason=reason,
        expected=[column.raw for column in template.columns if column.required],
        header=[title[:100] for title in header[:300]],
    )


@cache
def _curator() -> Curator:
    settings = environment.read(Environment, os.environ)
    return Curator(settings, boto3.client("s3"), boto3.client("sqs"))


def _take_in(message: str) -> None:
    _curator().take_in(message)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off(event, context, _take_in)
