"""Adds the partition of a report that was delivered to the reports bucket.

S3 → EventBridge → SQS → this function. A report that the raw table would misread is withheld from
it, and the event rests in the dead-letter queue with both headers until somebody has looked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment
from handlers.batches import work_off
from handlers.delivered_objects import Delivered, open_delivered
from handlers.partition_reports.core import Became, Intake, Outcome
from reports.glue_partitions import Partitions
from reports.object_events import CreatedObject, UnrecognisedEvent, created_object
from reports.partitions import Partition, letter_of, letter_of_no_report
from reports.plans import plans_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from reports.partitions import LetterAttributes


@dataclass(frozen=True, kw_only=True)
class Environment:
    database: str
    report_plans: str
    """JSON: each reports.plans.Plan by its name."""
    dead_letters_url: str
    table_headers: str
    """A digest of the raw tables' columns: a change of them starts the function anew."""


_METRICS = {
    Became.IGNORED: "IgnoredObjects",
    Became.ADDED: "PartitionsAdded",
    Became.WITHHELD: "PartitionsWithheld",
}

logger = Logger(service="partition_reports")
metrics = Metrics(namespace="BackupOrg", service="partition_reports")


@dataclass(frozen=True, kw_only=True)
class S3Bucket:
    """The reports bucket, as core asks it."""

    s3: S3Client

    def open(self, created: CreatedObject) -> Delivered | None:
        try:
            return open_delivered(self.s3, created)
        except self.s3.exceptions.NoSuchKey:
            return None

    def folder(self, partition: Partition) -> Iterator[CreatedObject]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=partition.bucket, Prefix=partition.folder
        )
        for page in pages:
            for found in page.get("Contents", []):
                yield CreatedObject(
                    bucket=partition.bucket, key=found.get("Key", ""), size=found.get("Size", 0)
                )


class Delivery:
    """Takes messages in, and tells what has become of them."""

    def __init__(
        self, settings: Environment, s3: S3Client, sqs: SQSClient, partitions: Partitions
    ) -> None:
        self._intake = Intake(
            plans=plans_of(json.loads(settings.report_plans)),
            bucket=S3Bucket(s3=s3),
            catalog=partitions,
        )
        self._dead_letters_url = settings.dead_letters_url
        self._sqs = sqs

    def take_in(self, message: str) -> None:
        try:
            created = created_object(message)
        except UnrecognisedEvent as error:
            self._park(message, letter_of_no_report(str(error)))
            return
        outcome = self._intake.take_in(created)
        if outcome.rests is not None:
            self._park(message, letter_of(outcome.rests))
        _tell(outcome)

    def _park(self, message: str, beside: LetterAttributes) -> None:
        """What no try can help rests at once."""
        self._sqs.send_message(
            QueueUrl=self._dead_letters_url, MessageBody=message, MessageAttributes=beside
        )
        logger.error("rests", reason=beside["Reason"].get("StringValue"))


def _tell(outcome: Outcome) -> None:
    folder = outcome.report.partition.location if outcome.report else None
    obstacle = outcome.obstacle
    logger.info(
        outcome.became.value,
        key=outcome.key,
        folder=folder,
        because_of=obstacle.created.key if obstacle else None,
        reason=obstacle.reason if obstacle else None,
    )
    if (metric := _METRICS.get(outcome.became)) is not None:
        metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


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
