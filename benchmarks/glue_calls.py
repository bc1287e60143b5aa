"""Glue calls for each delivered object, of handlers.partition_reports.

Glue is moto's in this process, counted by botocore's events; S3 is a stub (reports_at_hand).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3
from moto import mock_aws

from benchmarks.measure import Measure
from benchmarks.reports_at_hand import BUCKET, PLANS, Reports, ReportsAtHand
from handlers.partition_reports.app import Delivery, Environment
from reports.glue_partitions import Partitions
from reports.object_events import created_object
from reports.partitions import report_of
from reports.plans import described
from reports.raw_tables import PARTITION_KEYS, storage_descriptor
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_sqs import SQSClient

_HANDLER, _BASELINE = "handler", "baseline"
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Size:
    objects: int
    folders: int


FULL = Size(objects=10_000, folders=300)
TINY = Size(objects=40, folders=10)


def run(size: Size) -> Sequence[Measure]:
    """Every object is delivered, and then all of them twice more, each time in another order."""
    reports = Reports(folders=size.folders, objects=size.objects)
    rounds = [_shuffled(reports, number) for number in range(_ROUNDS)]
    with mock_aws():
        s3 = ReportsAtHand(reports=reports)
        glue, calls = _glue(_HANDLER)
        delivery = _delivery(s3, glue)
        counts = [_counted(calls, delivery.take_in, messages) for messages in rounds]
        other, other_calls = _glue(_BASELINE)
        naively = _Naive(other).take_in
        naive = [_counted(other_calls, naively, messages) for messages in rounds]
    assert calls["CreatePartition"] == size.folders
    delivered = size.objects * _ROUNDS
    first, again = counts[0], sum(counts[1:])
    return [
        _line(f"{size.objects:,} objects in {size.folders} folders", first, size.objects,
              "a call a folder", size.folders),
        _line("the same delivered twice more", again, size.objects * 2,
              "a CreatePartition each", sum(naive[1:])),
        _line("all three deliveries", first + again, delivered,
              "a CreatePartition each", sum(naive)),
        Measure(
            what="S3 calls of all three, each part read before its folder is taken in",
            value=s3.calls.total() / delivered,
            unit="calls a delivery",
            baseline="a GetObject each",
            base=1,
        ),
    ]  # fmt: skip


def _line(what: str, calls: int, objects: int, baseline: str, base: int) -> Measure:
    return Measure(
        what=f"{what}, {calls:,} Glue calls",
        value=calls / objects,
        unit="calls a delivery",
        baseline=baseline,
        base=base / objects,
    )


def _shuffled(reports: Reports, seed: int) -> Sequence[str]:
    messages = [_message(key) for key in reports.all_keys()]
    random.Random(seed).shuffle(messages)  # noqa: S311 - an order, not a secret
    return messages


def _message(key: str) -> str:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1000}}
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def _glue(database: str) -> tuple[GlueClient, Counter[str]]:
    """A client and what it calls, over the raw tables without a partition."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_others: Any) -> None:
        calls[model.name] += 1

    glue = boto3.client("glue", region_name="eu-west-1")
    glue.create_database(DatabaseInput={"Name": database})
    for template in TEMPLATES.values():
        columns = [column.raw for column in template.columns]
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": template.table,
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in PARTITION_KEYS],
                "StorageDescriptor": storage_descriptor(columns, f"s3://{BUCKET}/"),
            },
        )
    glue.meta.events.register("before-call.glue", count)
    return glue, calls


def _delivery(s3: ReportsAtHand, glue: GlueClient) -> Delivery:
    settings = Environment(
        database=_HANDLER,
        report_plans=json.dumps(described(PLANS)),
        dead_letters_url="nothing is withheld",
        table_headers="",
    )
    sqs = cast("SQSClient", None)
    return Delivery(settings, s3.client, sqs, Partitions(glue, _HANDLER))


def _counted(calls: Counter[str], take_in: Callable[[str], None], messages: Iterable[str]) -> int:
    before = calls.total()
    for message in messages:
        take_in(message)
    return calls.total() - before


@dataclass(frozen=True)
class _Naive:
    """Remembers nothing: asks Glue to create the partition of every object."""

    glue: GlueClient

    def take_in(self, message: str) -> None:
        created = created_object(message)
        report = report_of(created.bucket, created.key, PLANS)
        assert report is not None
        partition = report.partition
        columns = [column.raw for column in report.template.columns]
        with suppress(self.glue.exceptions.AlreadyExistsException):
            self.glue.create_partition(
                DatabaseName=_BASELINE,
                TableName=partition.table,
                PartitionInput={
                    "Values": list(partition.values),
                    "StorageDescriptor": storage_descriptor(columns, partition.location),
                },
            )
