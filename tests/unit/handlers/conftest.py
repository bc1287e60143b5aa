"""The report functions as a process has them, before an AWS in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.curate_reports import app as curating
from handlers.partition_reports import app as partitioning
from reports.curated_tables import CuratedTable
from reports.glue_partitions import Partitions
from reports.month_lists import MonthLists
from reports.plans import ORGANIZATION, Plan, described
from reports.templates import TEMPLATES, Kind
from tests.support.aws_in_process import Aws, aws

__all__ = ["aws"]

PLANS = {
    "jobs": Plan(template="backup_job", account=ORGANIZATION, numbered=True),
    "copies": Plan(template="copy_job", account=ORGANIZATION),
}
TABLE = "backup_job_report"
COLUMNS = [column.raw for column in TEMPLATES["backup_job"].columns]
HEADER = ",".join(f'"{name}"' for name in COLUMNS) + "\n"
_VALUES = {Kind.TIME: "2026-11-21T02:00:00Z", Kind.DURATION: "00:00:01", Kind.FLAG: "true"}
ROW = (
    ",".join(
        f'"{"1" * 12 if column.name == "account_id" else _VALUES.get(column.kind, n)}"'
        for n, column in enumerate(TEMPLATES["backup_job"].columns)
    )
    + "\n"
)
"""Text and integers are the column's position."""
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="r"
)


def batch(*messages: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{n}", "body": body, "eventSource": "aws:sqs"}
            for n, body in enumerate(messages)
        ]
    }


@pytest.fixture
def delivery(aws: Aws) -> partitioning.Delivery:
    for plan in PLANS.values():
        template = TEMPLATES[plan.template]
        aws.table(template.table, [column.raw for column in template.columns])
    return delivery_of(aws)


def delivery_of(aws: Aws) -> partitioning.Delivery:
    """As a process has it that has seen nothing yet."""
    settings = partitioning.Environment(
        database="reports",
        report_plans=json.dumps(described(PLANS)),
        dead_letters_url=aws.dead_letters,
        table_headers="",
    )
    return partitioning.Delivery(settings, aws.s3, aws.sqs, Partitions(aws.glue, "reports"))


@pytest.fixture
def curator(aws: Aws) -> curating.Curator:
    return curator_of(aws)


def curator_of(aws: Aws) -> curating.Curator:
    settings = curating.Environment(
        report_plans=json.dumps(described(PLANS)),
        lake_bucket="lake",
        dead_letters_url=aws.dead_letters,
        duckdb_memory_mb="256",
    )
    return curating.Curator(settings, aws.s3, aws.sqs)


@pytest.fixture(autouse=True)
def no_metrics_left() -> Iterator[None]:
    """Metrics gather in the process until a handler writes them."""
    yield
    partitioning.metrics.clear_metrics()
    curating.metrics.clear_metrics()


def published(aws: Aws, table: CuratedTable) -> list[str]:
    """The keys of the files that a table's lists name."""
    lists = MonthLists(s3=aws.s3, bucket="lake")
    return [
        f"{table.files_folder(month)}{name}"
        for month in lists.months(table)
        for name in sorted(lists.read(table, month).files)
    ]


def lake_keys(aws: Aws, prefix: str = "") -> list[str]:
    found = aws.s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
    return [item["Key"] for item in found]
