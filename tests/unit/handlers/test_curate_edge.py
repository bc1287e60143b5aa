"""The curation at its edge: what comes in by a queue, and what lies in the lake for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from handlers.curate_reports import app as curating
from reports.curated_tables import DELIVERIES, REJECTS, curated_table
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
    found = (row["report_plan"], row["report_object"], row["backup_job_id"])
    assert found == ("jobs", f"{DAY}jobs/a b.csv", "5")


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
            "lines": count,
            "lines_taken": count,
            "lines_rejected": 0,
            "unreadable_values": 0,
        }
    ]


LONG = '"' + "x" * 200_000
PARKED: dict[str, tuple[str, str, list[str]]] = {
    "a required column is missing": (
        "Account Id,Region\n1,2\n",
        "a BACKUP_JOB_REPORT without backup_job_id, job_status",
        ["Account Id", "Region"],
    ),
    "the header does not end": (LONG, "no header ends within the first 131,072 bytes", []),
    "the header is long": (LONG[1:] + HEADER, "no header ends within the first 131,072 bytes", []),
    "the first line is blank": ("\n" + HEADER, "a BACKUP_JOB_REPORT without account_id", []),
}


@pytest.mark.parametrize(("text", "reason", "header"), PARKED.values(), ids=PARKED)
def test_a_report_that_no_try_can_help_is_parked_at_once_with_the_reason(
    text: str, reason: str, header: list[str], aws: Aws, curator: curating.Curator
) -> None:
    message = aws.deliver(f"{DAY}jobs/b.csv", text)
    curator.take_in(message)
    (letter,) = aws.rest()
    assert letter["Body"] == message
    assert letter["Key"] == f"{DAY}jobs/b.csv"
    assert letter["Template"] == "backup_job"
    assert letter["Reason"].startswith(reason)
    assert json.loads(letter["Header"]) == header
    assert "backup_job_id" in json.loads(letter["Expected"])
    assert lake_keys(aws) == []


def test_a_message_that_is_no_event_is_parked_at_once(aws: Aws, curator: curating.Curator) -> None:
    curator.take_in('{"detail-type": "Something"}')
    (letter,) = aws.rest()
    assert letter["Body"] == '{"detail-type": "Something"}'
    assert letter["Reason"] == "expected Object Created, found 'Something'"


def test_a_letter_has_room_for_much_of_a_large_header(aws: Aws, curator: curating.Curator) -> None:
    curator.take_in(aws.deliver(f"{DAY}jobs/b.csv", ",".join(["é" * 50] * 1_000)))
    (letter,) = aws.rest()
    assert json.loads(letter["Header"]) == ["é" * 50] * 300


def test_a_report_that_was_removed_meanwhile_is_done_with(
    aws: Aws, curator: curating.Curator
) -> None:
    message = aws.deliver(f"{DAY}jobs/b.csv", HEADER + ROW)
    aws.s3.delete_object(Bucket="reports", Key=f"{DAY}jobs/b.csv")
    curator.take_in(message)
    assert lake_keys(aws) == aws.rest() == []
    assert counted() == {"IgnoredObjects": [1.0]}


def test_what_is_rejected_lies_in_the_lake_and_is_counted(
    aws: Aws, curator: curating.Curator, tmp_path: Path
) -> None:
    curator.take_in(aws.deliver(f"{DAY}jobs/b.csv", HEADER + ROW + "short\n" + ROW))
    (rejects,) = published(aws, REJECTS)
    (found,) = rows(aws, rejects, tmp_path)
    assert found["report_plan"] == "jobs"
    assert found["report_object"] == f"{DAY}jobs/b.csv"
    assert (found["first_line"], found["text"]) == (3, "short\n")
    (noted,) = published(aws, DELIVERIES)
    (delivery,) = rows(aws, noted, tmp_path)
    told = {name: delivery[name] for name in ("rows", "lines", "lines_taken", "lines_rejected")}
    assert told == {"rows": 2, "lines": 3, "lines_taken": 2, "lines_rejected": 1}
    assert counted()["RejectedLines"] == [1.0]


def test_what_was_rejected_of_a_report_is_no_more_where_it_came_again_and_well(
    aws: Aws, curator: curating.Curator
) -> None:
    for text in (HEADER + ROW + "short\n", HEADER + ROW):
        curator.take_in(aws.deliver(f"{DAY}jobs/b.csv", text))
    assert published(aws, REJECTS) == []


def test_a_message_fails_alone(
    aws: Aws, curator: curating.Curator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curating, "_curator", lambda: curator)
    good = aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW)
    elsewhere = json.loads(good)
    elsewhere["detail"]["bucket"]["name"] = "none"
    ignored = aws.deliver("results/query.csv", "x")
    messages = batch(good, json.dumps(elsewhere), ignored)
    answer = curating.handler(messages, cast(Any, CONTEXT))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert len(published(aws, BACKUPS)) == len(published(aws, DELIVERIES)) == 1


def counted() -> dict[str, list[float]]:
    """The metrics that were not written yet."""
    made = cast(Any, curating.metrics).serialize_metric_set()
    return {name: value for name, value in made.items() if isinstance(value, list)}
