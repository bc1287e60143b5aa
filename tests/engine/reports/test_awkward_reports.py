"""What AWS may send one day, of every template: into the raw table or withheld, and curated."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aws_sandbox.reports.files import Awkward, awkward
from aws_sandbox.reports.files import Template as Generated
from handlers.curate_reports import app as curating
from handlers.partition_reports import app as partitioning
from reports.glue_partitions import Partitions
from reports.plans import ORGANIZATION, Plan, described
from reports.templates import TEMPLATES, Kind, Template
from tests.support.aws_in_process import DAY, Aws

READ = (
    Awkward.BYTE_ORDER_MARK,
    Awkward.BRACKETED_HEADERS,
    Awkward.COLUMN_APPENDED,
    Awkward.EMPTY,
    Awkward.HEADER_ONLY,
    Awkward.IN_PARTS,
)
"""What the raw table can read; from the rest it would make rows that lie."""


def files_of(template: Template, kind: Awkward) -> Sequence[bytes]:
    return list(awkward(Generated(template.api_name), kind, split_bytes=100_000))


def delivered(aws: Aws, files: Sequence[bytes]) -> list[str]:
    return [
        aws.deliver(f"{DAY}jobs/part {number}.csv", file.decode())
        for number, file in enumerate(files)
    ]


def plans(template: Template) -> str:
    return json.dumps(described({"jobs": Plan(template=template.name, account=ORGANIZATION)}))


def columns_of(files: Sequence[bytes], template: Template) -> dict[str, list[str]]:
    """The texts of the CSV by the curated column's name; empty ones are left out."""
    found: dict[str, list[str]] = {}
    for file in files:
        lines = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
        for column in template.columns:
            position = [n for n, title in enumerate(lines[0]) if column.matches(title)]
            if column.kind is Kind.TEXT and position:
                values = found.setdefault(column.name, [])
                values += [row[position[0]] for row in lines[1:] if row[position[0]]]
    return {name: sorted(values) for name, values in found.items()}


@pytest.mark.parametrize("kind", Awkward)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_raw_table_reads_it_or_it_is_withheld(
    template: Template, kind: Awkward, aws: Aws
) -> None:
    aws.table(template.table, [column.raw for column in template.columns])
    settings = partitioning.Environment(
        database="reports",
        report_plans=plans(template),
        dead_letters_url=aws.dead_letters,
        table_headers="",
    )
    partitions = Partitions(aws.glue, "reports")
    delivery = partitioning.Delivery(settings, aws.s3, aws.sqs, partitions)
    messages = delivered(aws, files_of(template, kind))
    for message in messages:
        delivery.take_in(message)
    partitioning.metrics.clear_metrics()
    reasons = [letter["Reason"] for letter in aws.rest()]
    if kind in READ:
        assert len(aws.partitions(template.table)) == 1
        assert reasons == []
        return
    assert aws.partitions(template.table) == []
    assert len(reasons) == len(messages)
    says = "a line break within a field" if kind is Awkward.LINE_BREAKS else "column "
    assert all(says in reason for reason in reasons)


@pytest.mark.parametrize("kind", Awkward)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_its_curated_rows_have_every_text_under_its_name(
    template: Template, kind: Awkward, aws: Aws, tmp_path: Path
) -> None:
    settings = curating.Environment(
        report_plans=plans(template),
        lake_bucket="lake",
        dead_letters_url=aws.dead_letters,
        duckdb_memory_mb="256",
    )
    curator = curating.Curator(settings, aws.s3, aws.sqs)
    files = files_of(template, kind)
    for message in delivered(aws, files):
        curator.take_in(message)
    curating.metrics.clear_metrics()
    rows = curated_rows(aws, template, tmp_path)
    expected = {} if kind is Awkward.EMPTY else columns_of(files, template)
    assert expected or kind is Awkward.EMPTY
    for name, values in expected.items():
        assert sorted(row[name] for row in rows if row[name]) == values, name
    assert bool(rows) == (kind not in {Awkward.EMPTY, Awkward.HEADER_ONLY})


def curated_rows(aws: Aws, template: Template, scratch: Path) -> list[dict[str, Any]]:
    folder = f"files/{template.name}/"
    found = aws.s3.list_objects_v2(Bucket="lake", Prefix=folder).get("Contents", [])
    for number, item in enumerate(found):
        body = aws.s3.get_object(Bucket="lake", Key=item["Key"])["Body"].read()
        (scratch / f"{number}.parquet").write_bytes(body)
    if not found:
        return []
    with duckdb.connect() as duck:
        made = duck.execute("FROM read_parquet($files)", {"files": str(scratch / "*.parquet")})
        names = [column[0] for column in made.description or []]
        return [dict(zip(names, row, strict=True)) for row in made.fetchall()]
