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

from aws_sandbox.reports.files import WINDOW, Awkward, awkward, csv_files, fields, rows
from aws_sandbox.reports.files import Template as Generated
from aws_sandbox.reports.report_plans import example
from aws_sandbox.reports.rows import Profile
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


def partitioned(aws: Aws, template: Template, messages: Sequence[str]) -> None:
    """Taken in by the function, before the table that the guide's columns make."""
    aws.table(template.table, [column.raw for column in template.columns])
    settings = partitioning.Environment(
        database="reports",
        report_plans=plans(template),
        dead_letters_url=aws.dead_letters,
        table_headers="",
    )
    partitions = Partitions(aws.glue, "reports")
    delivery = partitioning.Delivery(settings, aws.s3, aws.sqs, partitions)
    for message in messages:
        delivery.take_in(message)
    partitioning.metrics.clear_metrics()


def curated(aws: Aws, template: Template, messages: Sequence[str]) -> None:
    settings = curating.Environment(
        report_plans=plans(template),
        lake_bucket="lake",
        dead_letters_url=aws.dead_letters,
        duckdb_memory_mb="256",
    )
    curator = curating.Curator(settings, aws.s3, aws.sqs)
    for message in messages:
        curator.take_in(message)
    curating.metrics.clear_metrics()


@pytest.mark.parametrize("kind", Awkward)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_raw_table_reads_it_or_it_is_withheld(
    template: Template, kind: Awkward, aws: Aws
) -> None:
    messages = delivered(aws, files_of(template, kind))
    partitioned(aws, template, messages)
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
    files = files_of(template, kind)
    curated(aws, template, delivered(aws, files))
    found = curated_rows(aws, template, tmp_path)
    expected = {} if kind is Awkward.EMPTY else columns_of(files, template)
    assert expected or kind is Awkward.EMPTY
    for name, values in expected.items():
        assert sorted(row[name] for row in found if row[name]) == values, name
    assert bool(found) == (kind not in {Awkward.EMPTY, Awkward.HEADER_ONLY})


def report(template: Template, columns: Sequence[str]) -> bytes:
    generated = Generated(template.api_name)
    content = rows(generated, example(1), Profile(jobs_per_day=5), WINDOW)
    (file,) = csv_files(content, columns)
    return file


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("old_first", [True, False])
def test_a_folder_of_two_formats_is_curated_whole_and_parked_with_both_and_the_cure(
    template: Template, *, old_first: bool, aws: Aws, tmp_path: Path
) -> None:
    """AWS's own sample warns of such a folder, in which Athena's query fails."""
    generated = Generated(template.api_name)
    new, one_account = fields(generated), fields(generated, across_accounts=False)
    files = [report(template, new), report(template, one_account), report(template, new[:-1])]
    messages = delivered(aws, files)
    in_order = [*messages[1:], messages[0]] if old_first else messages
    partitioned(aws, template, in_order)
    assert aws.partitions(template.table) == []
    letters = {letter["Key"].rpartition("/")[2]: letter["Reason"] for letter in aws.rest()}
    columns = len(new)
    raw = f"and the raw table reads an organization's report of {columns} columns; if the plan's"
    assert f"this is one account's report of {columns - 1} columns, {raw}" in letters["part 1.csv"]
    assert f"an organization's report of {columns - 1} columns, {raw}" in letters["part 2.csv"]
    assert all("under a prefix of its own" in reason for reason in letters.values())
    assert len(letters) == 2
    curated(aws, template, messages)
    found = curated_rows(aws, template, tmp_path)
    assert len(found) == 3 * (files[0].count(b"\n") - 1)
    paths = sorted((row["path_to_root"] or "" for row in found), key=bool)
    assert [bool(path) for path in paths].count(False) == len(found) // 3
    assert {row["account_id"] for row in found} == {"900000000001"}


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
