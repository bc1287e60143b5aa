"""Glue calls for each delivered object, of handlers.partition_reports.

Glue is moto's in this process, counted by botocore's events; S3 is a stub (reports_at_hand).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3
from moto import mock_aws

from benchmarks.measure import Measure
from benchmarks.reports_at_hand import BUCKET, PLANS, Reports, ReportsAtHand, make_raw_tables
from handlers.partition_reports.app import Delivery, Environment
from reports.glue_partitions import Partitions
from reports.object_events import CreatedObject, event_of
from reports.plans import described

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_sqs import SQSClient

_DATABASE = "reports"
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
        glue, calls = _glue()
        take_in = _delivery(s3, glue).take_in
        first, *more = (_counted(calls, take_in, messages) for messages in rounds)
    assert calls["CreatePartition"] == size.folders
    delivered, again = size.objects * _ROUNDS, size.objects * (_ROUNDS - 1)
    return [
        _line(f"{size.objects:,} objects in {size.folders} folders", first, size.objects,
              "a GetPartition each and a CreatePartition a folder", size.objects + size.folders),
        _line("the same delivered twice more", sum(more), again, "a GetPartition each", again),
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
    return event_of(CreatedObject(bucket=BUCKET, key=key, size=1000), "benchmark")


def _glue() -> tuple[GlueClient, Counter[str]]:
    """A client and what it calls, over the raw tables without a partition."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_others: Any) -> None:
        calls[model.name] += 1

    glue = boto3.client("glue", region_name="eu-west-1")
    make_raw_tables(glue, _DATABASE, BUCKET)
    glue.meta.events.register("before-call.glue", count)
    return glue, calls


def _delivery(s3: ReportsAtHand, glue: GlueClient) -> Delivery:
    settings = Environment(
        database=_DATABASE,
        report_plans=json.dumps(described(PLANS)),
        dead_letters_url="nothing is withheld",
        table_headers="",
    )
    sqs = cast("SQSClient", None)
    return Delivery(settings, s3.client, sqs, Partitions(glue, _DATABASE))


def _counted(calls: Counter[str], take_in: Callable[[str], None], messages: Iterable[str]) -> int:
    before = calls.total()
    for message in messages:
        take_in(message)
    return calls.total() - before
