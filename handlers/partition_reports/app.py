"""Adds the partition of a report that was delivered to the reports bucket.

S3 → EventBridge → SQS → this function. A report that the raw table would misread is withheld from
it, and the event rests in the dead-letter queue with both headers until somebody has looked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment
from handlers.batches import work_off
from handlers.delivered_objects import Delivered, open_delivered
from handlers.partition_reports.core import Obstacle, elsewhere, is_marker, misread, strange
from reports.glue_partitions import Partitions
from reports.object_events import CreatedObject, created_object
from reports.partitions import Report, folder_of, letter_attributes, report_of
from reports.plans import plans_of
from reports.raw_csv import scan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, kw_only=True)
class Environment:
    database: str
    report_plans: str
    """JSON: each reports.plans.Plan by its name."""
    dead_letters_url: str
    table_headers: str
    """A digest of the raw tables' columns: a change of them starts the function anew."""


logger = Logger(service="partition_reports")
metrics = Metrics(namespace="BackupOrg", service="partition_reports")


class Delivery:
    """Takes delivered objects in."""

    def __init__(
        self, settings: Environment, s3: S3Client, sqs: SQSClient, partitions: Partitions
    ) -> None:
        self._plans = plans_of(json.loads(settings.report_plans))
        self._dead_letters_url = settings.dead_letters_url
        self._s3 = s3
        self._sqs = sqs
        self._partitions = partitions

    def take_in(self, message: str) -> None:
        created = created_object(message)
        report = folder_of(created.bucket, created.key, self._plans)
        if report is None:
            self._ignore(created)
            return
        try:
            delivered = open_delivered(self._s3, created)
        except self._s3.exceptions.NoSuchKey:
            if self._report_of(created) is not None:
                raise
            self._add(report, created, message, fit=set())  # it was in the way of the others
            return
        # Where its key was URL-encoded, its folder's was.
        created = replace(created, key=delivered.key)
        report = folder_of(created.bucket, created.key, self._plans)
        if report is None or is_marker(created, self._plans):
            self._ignore(created)
        elif (found := self._obstacle(report, created, delivered)) is not None:
            self._partitions.withhold(report.partition)
            self._park(report, created, message, found)
        elif not self._partitions.knows(report.partition):
            self._add(report, created, message, fit={created.key})

    def _report_of(self, created: CreatedObject) -> Report | None:
        return report_of(created.bucket, created.key, self._plans)

    def _ignore(self, created: CreatedObject) -> None:
        logger.info("ignored: no report of these plans", key=created.key)
        metrics.add_metric(name="IgnoredObjects", unit=MetricUnit.Count, value=1)

    def _add(self, report: Report, created: CreatedObject, message: str, *, fit: set[str]) -> None:
        """A report comes in parts, and one that cannot be read withholds the whole folder.

        `fit` are the keys of those that can.
        """
        partition = report.partition
        if not self._siblings_fit(report, fit) or not fit:
            return
        location = self._partitions.add(partition)
        if location is not None:
            self._park(report, created, message, elsewhere(report, self._columns(report), location))
            return
        # Another process that took in a bad part meanwhile found no partition to take out.
        if not self._siblings_fit(report, fit):
            self._partitions.withhold(partition)
            return
        logger.info("partition added", location=partition.location)
        metrics.add_metric(name="PartitionsAdded", unit=MetricUnit.Count, value=1)

    def _obstacle(
        self, report: Report, created: CreatedObject, delivered: Delivered | None = None
    ) -> Obstacle | None:
        columns = self._columns(report)
        if self._report_of(created) is None:
            return strange(created, columns)
        found = scan((delivered or open_delivered(self._s3, created)).chunks())
        return misread(report, columns, found)

    def _columns(self, report: Report) -> Sequence[str]:
        return self._partitions.columns(report.partition.table)

    def _siblings_fit(self, report: Report, fit: set[str]) -> bool:
        """Whether what else lies in the folder can be read; adds to `fit` what can."""
        partition = report.partition
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=partition.bucket, Prefix=partition.folder
        )
        for page in pages:
            for found in page.get("Contents", []):
                key = found.get("Key", "")
                sibling = CreatedObject(bucket=partition.bucket, key=key, size=found.get("Size", 0))
                if key in fit or is_marker(sibling, self._plans):
                    continue
                if (found_there := self._obstacle(report, sibling)) is not None:
                    reason = found_there.reason
                    logger.warning("withheld because of another object", key=key, reason=reason)
                    return False
                fit.add(key)
        return True

    def _park(self, report: Report, created: CreatedObject, message: str, found: Obstacle) -> None:
        self._sqs.send_message(
            QueueUrl=self._dead_letters_url,
            MessageBody=message,
            MessageAttributes=letter_attributes(
                key=created.key,
                template=report.template,
                reason=found.reason,
                expected=found.expected,
                header=found.header,
            ),
        )
        logger.error("partition withheld", key=created.key, reason=found.reason)
        metrics.add_metric(name="PartitionsWithheld", unit=MetricUnit.Count, value=1)


@cache
def _delivery() -> Delivery:
    settings = environment.read(Environment, os.environ)
    partitions = Partitions(boto3.client("glue"), settings.database)
    return Delivery(settings, boto3.client("s3"), boto3.client("sqs"), partitions)


def _take_in(message: str) -> None:
    _delivery().take_in(message)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off(event, context, _take_in)
