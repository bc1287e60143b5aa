"""A report of more than 50 MB comes in parts, and its parts together are the report."""

from __future__ import annotations

from pathlib import Path

import duckdb

from aws_sandbox.reports.files import SPLIT_BYTES, csv_files
from handlers.curate_reports.duck import Source, curate
from reports.keys import parse
from reports.templates import TEMPLATES

REPORT = parse("Backup/crossaccount/crossregion/2026/11/21/jobs/a.csv")
BACKUP = TEMPLATES["backup_job"]


def test_the_parts_of_a_60_mb_report_together_are_the_report(tmp_path: Path) -> None:
    message = 'it said ""no"", then, at length: ' + "x" * 560
    names = ["accountId", "region", "backupJobId", "jobStatus", "statusMessage"]
    content = (
        dict(zip(names, ("1", "eu-west-1", f"b-{n}", "FAILED", message), strict=True))
        for n in range(95_000)
    )
    jobs: list[int] = []
    parts = list(csv_files(content, names))
    total = 0
    for number, part in enumerate(parts):
        total += len(part)
        assert len(part) <= SPLIT_BYTES
        source = tmp_path / f"{number}.csv"
        source.write_bytes(part)
        made = curate(BACKUP, Source(file=source, report=REPORT), memory_mb=512)
        with duckdb.connect() as duck:
            found = duck.execute(
                "SELECT backup_job_id, status_message FROM read_parquet($f)",
                {"f": str(made.report)},
            ).fetchall()
        assert {row[1] for row in found} == {message}
        jobs += [int(row[0].removeprefix("b-")) for row in found]
    assert total > 60_000_000
    assert len(parts) == 2
    assert sorted(jobs) == list(range(95_000))
