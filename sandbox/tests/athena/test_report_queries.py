"""The six queries of AWS's blog over reports as the generator makes them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aws_sandbox.reports.files import Template, csv_files, fields, rows
from aws_sandbox.reports.report_plans import example
from aws_sandbox.reports.rows import Profile, Window

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

COLUMNS = {
    "region": "aws region",
    "pathToRoot": "pathtoroot",
    "controlName": "control name",
    "controlComplianceStatus": "control compliance status",
    "resourceComplianceStatus": "resource compliance",
    "jobStatus": "job_status",
}
DAYS = (20, 21, 22)
PATH = "o-exampleorg1/r-exam/ou-exam-00000002"
QUERIES = [
    (
        "control_compliance_report",
        """SELECT * FROM "{t}" WHERE "aws region" = 'eu-west-1'
           AND "control compliance status" = 'NON_COMPLIANT'""",
        {"region": "eu-west-1", "controlComplianceStatus": "NON_COMPLIANT"},
    ),
    (
        "control_compliance_report",
        """SELECT * FROM "{t}" WHERE "pathtoroot" = 'o-exampleorg1/r-exam/ou-exam-00000002'
           AND "Control Compliance Status" = 'NON_COMPLIANT'""",
        {"pathToRoot": PATH, "controlComplianceStatus": "NON_COMPLIANT"},
    ),
    (
        "resource_compliance_report",
        """SELECT * FROM "{t}" WHERE "Control Name" = 'LockVault'
           AND "Resource Compliance" = 'Non-Compliance'""",
        {"controlName": "LockVault"},
    ),
    (
        "backup_job_report",
        """SELECT * FROM "{t}" WHERE "job_status" = 'FAILED' AND "aws region" = 'us-east-1'""",
        {"jobStatus": "FAILED", "region": "us-east-1"},
    ),
    (
        "restore_job_report",
        """SELECT * FROM "{t}" WHERE "job_status" = 'FAILED' AND "aws region" = 'us-east-1'""",
        {"jobStatus": "FAILED", "region": "us-east-1"},
    ),
    (
        "backup_job_report",
        """SELECT * FROM "{t}" WHERE "job_status" = 'ABORTED' AND "aws region" = 'us-east-1'""",
        {"jobStatus": "ABORTED", "region": "us-east-1"},
    ),
]


def reported(template: Template, day: int) -> list[dict[str, str]]:
    window = Window(end=datetime(2026, 11, day, 2, tzinfo=UTC))
    organization = example(4, ("eu-west-1", "us-east-1"))
    found = rows(template, organization, Profile(seed=1, jobs_per_day=10), window)
    return [dict(row) for row in found]


@pytest.fixture(scope="module")
def reports(memory: "MemoryLake") -> dict[str, list[dict[str, str]]]:
    """Tables with three days of all five reports; gives their rows."""
    made: dict[str, list[dict[str, str]]] = {}
    for template in Template:
        table, columns = template.lower(), fields(template)
        names = [COLUMNS.get(name, name.lower()) for name in columns]
        header = {"skip.header.line.count": "1"}
        memory.make(table, names, keys={"day": "string"}, parameters=header)
        for day in DAYS:
            content = reported(template, day)
            made.setdefault(table, []).extend(content)
            files = csv_files(content, columns, split_bytes=60_000)
            for part, file in enumerate(files):
                memory.put(f"{table}/{day}/part {part}.csv", file)
            memory.partition(table, str(day), folder=f"{table}/{day}/")
    return made


@pytest.mark.parametrize(("table", "sql", "wanted"), QUERIES)
def test_the_blogs_queries_find_the_rows_that_the_reports_hold(
    memory: "MemoryLake",
    reports: dict[str, list[dict[str, str]]],
    table: str,
    sql: str,
    wanted: dict[str, str],
) -> None:
    columns = fields(Template(table.upper()))
    expected = [
        tuple(row[name] for name in columns)
        for row in reports[table]
        if all(row[name] == value for name, value in wanted.items())
    ]
    found = memory.rows(sql, t=table)
    assert sorted(row[:-1] for row in found) == sorted(expected)
    assert expected or wanted == {"controlName": "LockVault"}


def test_a_days_condition_reads_that_days_files_alone(
    memory: "MemoryLake", reports: dict[str, list[dict[str, str]]]
) -> None:
    size = sum(
        len(content)
        for key, content in memory.objects.items()
        if key.startswith("backup_job_report/21/")
    )
    assert memory.scanned("SELECT count(*) FROM backup_job_report WHERE day = '21'") == size


def test_the_newest_row_of_a_job_is_found_among_several_days(
    memory: "MemoryLake", reports: dict[str, list[dict[str, str]]]
) -> None:
    newest = (
        "SELECT backupjobid, job_status FROM (SELECT *, row_number() OVER "
        "(PARTITION BY accountid, backupjobid ORDER BY day DESC) AS n FROM backup_job_report) "
        "WHERE n = 1"
    )
    last = {row["backupJobId"]: row["jobStatus"] for row in reports["backup_job_report"]}
    assert {row[0]: row[1] for row in memory.rows(newest)} == last
    rate = (
        "SELECT round(100.0 * count_if(job_status = 'COMPLETED') / count(*), 1) "
        "FROM backup_job_report"
    )
    states = [row["jobStatus"] for row in reports["backup_job_report"]]
    assert float(memory.rows(rate)[0][0] or 0) == pytest.approx(
        100 * states.count("COMPLETED") / len(states), abs=0.1
    )
