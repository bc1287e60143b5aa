"""The curation at its edge: what comes in by a queue, and what lies in the lake for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from handlers.curate_reports import app as curating
from reports.curated_tables import DELIVERIES, curated_table
from reports.templates import TEMPLATES
from tests.support.aws_in_process import DAY, Aws
from tests.unit.handlers.conftest import (
    CONTEXT,
    HEADER,
    ROW,
    batch,
    curator_of,
    lake_keys,
    published,
)

BACKUPS = curated_table(TEMPLATES["backup_job"])


def content(aws: Aws, key: str) -> bytes:
    return aws.s3.get_object(Bucket="lake", Key=key)["Body"].read()


def rows(aws: Aws, key: str, scratch: Path) -> list[dict[str, Any]]:
    """What a Parquet file of the lake holds."""
    file = scratch / "made.parquet"
    file.write_bytes(content(aws, key))
    with duckdb.connect() as duck:
        found = duck.execute("FROM read_parquet($f)", {"f": str(file)})
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_curated_report_does_not_mind_what_lies_beside_it(
    aws: Aws, curator: curating.Curator
) -> None:
    for name, content in {"a.json": "{}", "sub/x.csv": "x", "a.csv": HEADER + ROW}.items():
        curator.take_in(aws.deliver(f"{DAY}jobs/{name}", content))
    assert len(published(aws, BACKUPS)) == len(published(aws, DELIVERIES)) == 1


def test_a_delivered_report_is_one_file_in_the_lake_however_often_it_is_told(
    aws: Aws, curator: curating.Curator
) -> None:
    key = f"{DAY}jobs/a report.csv"
    message = aws.deliver(key, HEADER + ROW, told_as=f"{DAY}jobs/a+report.csv")
    curator.take_in(message)
    first = {made: content(aws, made) for made in lake_keys(aws)}
    curator.take_in(message)
    assert {made: content(aws, made) for made in lake_keys(aws)} == first
    assert [made.partition("-2")[0].rpartition("/")[0] for made in first if "files/" in made] == [
        "files/backup_job/2026-11",
        "files/deliveries/2026-11",
    ]
    curator.take_in(aws.deliver(f"{DAY}jobs/on demand.csv", HEADER + ROW))
    assert len(published(aws, BACKUPS)) == 2


def test_a_report_that_changed_has_the_rows_that_it_has_now(aws: Aws, tmp_path: Path) -> None:
    for text in (HEADER + ROW, HEADER + ROW * 2):
        curator_of(aws).take_in(aws.deliver(f"{DAY}jobs/a.csv", text))
    (made,) = published(aws, BACKUPS)
    assert len(rows(aws, made, tmp_path)) == 2
    curator_of(aws).take_in(aws.deliver(f"{DAY}jobs/a.csv", ""))
    assert published(aws, BACKUPS) == []
    (noted,) = published(aws, DELIVERIES)
    assert [row["rows"] for row in rows(aws, noted, tmp_path)] == [0]


def test_a_curated_row_names_the_object_as_s3_knows_it(
    aws: Aws, curator: curating.Curator, tmp_path: Any
) -> None:
    curator.take_in(aws.deliver(f"{DAY}jobs/a b.csv", HEADER + ROW, told_as=f"{DAY}jobs/a+b.csv"))
    (made,) = published(aws, BACKUPS)
    (row,) = rows(aws, made, tmp_path)
    found = (row["report_plan"], row["report_object"], row["account_id"])
    assert found == ("jobs", f"{DAY}jobs/a b.csv", "3")


@pytest.mark.parametrize(
    ("text", "files", "count"), [("", 0, 0), (HEADER, 1, 0), (HEADER + ROW * 3, 1, 3)]
)
def test_a_delivery_is_noted_with_its_rows_also_where_it_has_none(
    text: str, files: int, count: int, aws: Aws, tmp_path: Path
) -> None:
    key = f"{DAY}jobs/a.csv"
    curator_of(aws).take_in(aws.deliver(key, text))
    assert len(published(aws, BACKUPS)) == files
    (noted,) = published(aws, DELIVERIES)
    assert rows(aws, noted, tmp_path) == [
        {
            "report_plan": "jobs",
            "report_object": key,
            "report_date": "2026-11-21",
            "template": "backup_job",
            "rows": count,
        }
    ]


def test_a_report_without_required_columns_fails_its_message_alone(
    aws: Aws, curator: curating.Curator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curating, "_curator", lambda: curator)
    good = aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW)
    bad = aws.deliver(f"{DAY}jobs/b.csv", "Account Id,Region\n1,2\n")
    ignored = aws.deliver("results/query.csv", "x")
    answer = curating.handler(batch(good, bad, ignored), cast(Any, CONTEXT))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert len(published(aws, BACKUPS)) == len(published(aws, DELIVERIES)) == 1
