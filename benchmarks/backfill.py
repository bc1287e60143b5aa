"""Backfill of a bucket that was never looked at, against the floor of API calls.

S3, Glue and SQS are stubs that answer from data and count, S3 in pages of 1000: the time and the
memory are the backfill's own, and no network's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from benchmarks.measure import Measure, in_own_process
from benchmarks.reports_at_hand import BUCKET, PAGE, PLANS, Reports, ReportsAtHand
from fleet.lake.backfill import Backfill, Clients
from fleet.lake.backfill_todo import BackfillTarget
from reports.raw_tables import storage_descriptor
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_sqs import SQSClient

_TABLES = {template.table: template for template in TEMPLATES.values()}


@dataclass(frozen=True, kw_only=True)
class Size:
    objects: int
    folders: int
    """A multiple of the number of plans."""


FULL = Size(objects=100_000, folders=2000)
TINY = Size(objects=120, folders=10)


def run(size: Size) -> Sequence[Measure]:
    filled = in_own_process(calls_of, size)
    read = in_own_process(read_all, size)
    counted = filled.result
    lines = [
        Measure(
            what=f"{size.objects:,} objects in {size.folders:,} folders (stub APIs): {name}",
            value=counted.get(name, 0),
            unit="calls",
            baseline="the floor",
            base=floor,
            at_most=1,
        )
        for name, floor in _floor(size).items()
    ]
    beyond = counted.keys() - _floor(size).keys()
    assert beyond == {"GetTable"}, beyond
    return [
        *lines,
        Measure(
            what="all calls, with a GetTable for each table",
            value=sum(counted.values()),
            unit="calls",
            baseline="the floor",
            base=sum(_floor(size).values()),
        ),
        Measure(
            what="time",
            value=filled.seconds,
            unit="s",
            baseline="listing and reading the same objects, and nothing else",
            base=read.seconds,
        ),
        Measure(
            what="peak memory",
            value=filled.peak_mb,
            unit="MB",
            baseline="the process before it began",
            base=filled.imported_mb,
        ),
    ]


def calls_of(size: Size) -> Mapping[str, int]:
    """Fills a lake, checks that it is full, and gives the calls by API."""
    s3, glue, sqs = _s3(size), _Glue(), _Sqs()
    lake = BackfillTarget(
        reports_bucket=BUCKET,
        lake_bucket="lake",
        database="lake",
        plans=PLANS,
        curation_queue="curation",
        dead_letters="dead letters",
    )
    clients = Clients(s3=s3.client, glue=cast("GlueClient", glue), sqs=cast("SQSClient", sqs))
    done = Backfill(lake, clients, lambda _what, _done, _of: None).run()
    assert (done.objects, done.partitions, done.curations) == (
        size.objects,
        size.folders,
        size.objects,
    )
    return s3.calls + glue.calls + sqs.calls


def read_all(size: Size) -> int:
    """The bytes of all objects, listed and read one by one."""
    s3 = _s3(size)
    total = 0
    for page in s3.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for found in page.get("Contents", []):
            body = s3.client.get_object(Bucket=BUCKET, Key=found.get("Key", ""))["Body"]
            total += sum(map(len, body.iter_chunks(1 << 20)))
    return total


def _s3(size: Size) -> ReportsAtHand:
    return ReportsAtHand(reports=Reports(folders=size.folders, objects=size.objects))


def _floor(size: Size) -> Mapping[str, int]:
    """A listing that is empty costs a call too: of the lake's bucket, and of each table."""
    return {
        "ListObjectsV2": _up(size.objects, PAGE) + 1,
        "GetPartitions": len(_TABLES),
        "GetObject": size.objects,
        "BatchCreatePartition": len(_TABLES) * _up(size.folders // len(_TABLES), 100),
        "SendMessageBatch": _up(size.objects, 10),
    }


def _up(count: int, size: int) -> int:
    return -(-count // size)


@dataclass(frozen=True, kw_only=True)
class _Glue:
    """Glue with the raw tables and no partition."""

    calls: Counter[str] = field(default_factory=Counter[str])

    def get_table(self, *, DatabaseName: str, Name: str) -> Mapping[str, Any]:  # noqa: N803, ARG002
        self.calls["GetTable"] += 1
        columns = [column.raw for column in _TABLES[Name].columns]
        return {"Table": {"StorageDescriptor": storage_descriptor(columns, "")}}

    def get_paginator(self, operation: str) -> _Glue:
        assert operation == "get_partitions"
        return self

    def paginate(self, **_request: Any) -> Iterator[Mapping[str, Any]]:
        self.calls["GetPartitions"] += 1
        yield {"Partitions": []}

    def batch_create_partition(
        self,
        *,
        PartitionInputList: Sequence[Any],  # noqa: N803
        **_request: Any,
    ) -> Mapping[str, Any]:
        assert len(PartitionInputList) <= 100
        self.calls["BatchCreatePartition"] += 1
        return {"Errors": []}


@dataclass(frozen=True, kw_only=True)
class _Sqs:
    """A queue that takes everything."""

    calls: Counter[str] = field(default_factory=Counter[str])

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Mapping[str, Any]:  # noqa: N803, ARG002
        assert len(Entries) <= 10
        self.calls["SendMessageBatch"] += 1
        return {"Successful": [], "Failed": []}
