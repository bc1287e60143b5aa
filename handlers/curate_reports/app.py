"""Turns a report that was delivered to the reports bucket into typed Parquet in the lake.

S3 → EventBridge → SQS → this function. A message that fails, for a report without the columns that
its rows need, say, is tried again and then rests in the dead-letter queue.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment
from handlers.batches import work_off
from handlers.curate_reports.core import curation
from handlers.curate_reports.duck import curate, header_of, note_delivery
from handlers.delivered_objects import open_delivered
from handlers.monthly_files import MonthlyFiles
from reports.curated_tables import DELIVERIES, curated_table
from reports.keys import UnrecognisedKey, parse
from reports.object_events import created_object
from reports.plans import Plan, plan_of, plans_of
from reports.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Environment:
    report_plans: str
    """JSON: each reports.plans.Plan by its name."""
    lake_bucket: str
    duckdb_memory_mb: str


logger = Logger(service="curate_reports")
metrics = Metrics(namespace="BackupOrg", service="curate_reports")


class Curator:
    """Curates delivered reports, one at a time."""

    def __init__(self, settings: Environment, s3: S3Client) -> None:
        self._plans = plans_of(json.loads(settings.report_plans))
        self._memory_mb = int(settings.duckdb_memory_mb)
        self._s3 = s3
        self._lake = MonthlyFiles(s3=s3, bucket=settings.lake_bucket, memory_mb=self._memory_mb)

    def take_in(self, message: str) -> None:
        created = created_object(message)
        plan = self._plan(created.key)
        if plan is None:
            metrics.add_metric(name="IgnoredObjects", unit=MetricUnit.Count, value=1)
            return
        with TemporaryDirectory() as scratch:
            source = Path(scratch) / "report.csv"
            delivered = open_delivered(self._s3, created)
            with source.open("wb") as file:
                shutil.copyfileobj(delivered.body, file)
            template = TEMPLATES[plan.template]
            rows = self._curate(template, delivered.key, source)
            self._note(template, delivered.key, rows, Path(scratch) / "delivery.parquet")

    def _plan(self, key: str) -> Plan | None:
        """None where an object is no CSV report of these plans."""
        try:
            report = parse(key)
        except UnrecognisedKey:
            return None
        return plan_of(report, self._plans) if report.file.lower().endswith(".csv") else None

    def _curate(self, template: Template, key: str, source: Path) -> int:
        """The number of rows that the report has."""
        report = parse(key)
        header = header_of(source)
        if header is None:
            logger.warning("the report is empty", key=key)
            self._lake.publish(curated_table(template), report, None)
            return 0
        how = curation(template, header)
        target = source.with_name("report.parquet")
        made = curate(how, source, target, report=report, memory_mb=self._memory_mb)
        self._lake.publish(curated_table(template), report, target)
        logger.info("curated", key=key, rows=made.rows, unknown_columns=how.unknown)
        metrics.add_metric(name="CuratedRows", unit=MetricUnit.Count, value=made.rows)
        if made.unreadable:
            logger.warning("values not of their type are null", key=key, columns=made.unreadable)
            unreadable = sum(made.unreadable.values())
            metrics.add_metric(name="UnreadableValues", unit=MetricUnit.Count, value=unreadable)
        return made.rows

    def _note(self, template: Template, key: str, rows: int, target: Path) -> None:
        """So that a report without rows is known to have arrived."""
        report = parse(key)
        note_delivery(
            target, report=report, template=template.name, rows=rows, memory_mb=self._memory_mb
        )
        self._lake.publish(DELIVERIES, report, target)


@cache
def _curator() -> Curator:
    return Curator(environment.read(Environment, os.environ), boto3.client("s3"))


def _take_in(message: str) -> None:
    _curator().take_in(message)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off(event, context, _take_in)
