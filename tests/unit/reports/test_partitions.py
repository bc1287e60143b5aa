"""Which partition a report belongs to, and what keeps the raw table from reading it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from reports.object_events import CreatedObject, UnrecognisedEvent, created_object
from reports.partitions import Obstacle, Partition, Report, first_obstacle, report_of
from reports.plans import ORGANIZATION, Plan, described, plans_of
from reports.raw_csv import RawCsv
from reports.templates import TEMPLATES

ACCOUNT = "111111111111"
PLANS = {
    "acme_backup_job_report": Plan(template="backup_job", account=ORGANIZATION, numbered=True),
    "acme_copy_job_report": Plan(template="copy_job", account=ACCOUNT, numbered=True),
    "theirs": Plan(template="restore_job", account=ORGANIZATION),
}
DAY = "crossregion/2026/11/21"
FOLDER = "Backup/crossaccount/crossregion/2026/11/21/acme_backup_job_report/"
TEMPLATE = TEMPLATES["backup_job"]
COLUMNS = [column.raw for column in TEMPLATE.columns]
REPORT = Report(
    template=TEMPLATE,
    partition=Partition(table="t", values=("p", "y", "m", "d"), bucket="reports", folder=FOLDER),
)


def obstacle(columns: Sequence[str], content: RawCsv) -> Obstacle | None:
    """That a report of this content is to a raw table with these columns."""
    created = CreatedObject(bucket="reports", key=f"{FOLDER}a.csv", size=5)
    return first_obstacle(REPORT, columns, [created], lambda _: content)


def test_a_reports_partition_is_its_plans_folder_of_the_day() -> None:
    report = report_of("reports", f"{FOLDER}part 1.csv", PLANS)
    assert report is not None
    assert report.template is TEMPLATE
    assert report.partition == Partition(
        table="backup_job_report",
        values=("acme_backup_job_report", "2026", "11", "21"),
        bucket="reports",
        folder=FOLDER,
    )
    assert report.partition.location == f"s3://reports/{FOLDER}"


@pytest.mark.parametrize(
    "key",
    [
        f"{FOLDER}report.json",
        "Backup/crossaccount/crossregion/2026/11/21/somebody_elses/a.csv",
        "results/query.csv",
    ],
)
def test_what_is_no_report_of_these_plans_has_no_partition(key: str) -> None:
    assert report_of("reports", key, PLANS) is None


@pytest.mark.parametrize(
    ("account", "plan", "template"),
    [
        ("crossaccount/", "acme_backup_job_report", "backup_job"),
        ("", "acme_backup_job_report", "backup_job"),
        (f"{ACCOUNT}/", "acme_backup_job_report", None),
        (f"{ACCOUNT}/", "acme_copy_job_report", "copy_job"),
        ("222222222222/", "acme_copy_job_report", None),
        ("crossaccount/", "acme_copy_job_report", None),
        ("", "acme_copy_job_report", "copy_job"),
    ],
)
def test_a_key_with_another_account_part_is_another_plans_report(
    account: str, plan: str, template: str | None
) -> None:
    report = report_of("reports", f"Backup/{account}{DAY}/{plan}/a.csv", PLANS)
    assert (report.template.name if report else None) == template


@pytest.mark.parametrize(
    ("plan", "template"),
    [
        ("acme_backup_job_report_1", "backup_job"),
        ("acme_backup_job_report_12", "backup_job"),
        ("acme_backup_job_report_0", None),
        ("acme_backup_job_report_x", None),
        ("acme_backup_job_report_", None),
        ("theirs", "restore_job"),
        ("theirs_2", None),
    ],
)
def test_a_numbered_plan_that_is_not_known_is_a_part_of_ours_and_never_of_somebody_elses(
    plan: str, template: str | None
) -> None:
    report = report_of("reports", f"Backup/crossaccount/{DAY}/{plan}/a.csv", PLANS)
    assert (report.template.name if report else None) == template
    assert report is None or report.partition.values[0] == plan


def test_a_plan_that_is_known_by_a_number_is_itself() -> None:
    plans = {**PLANS, "theirs_2": Plan(template="copy_job", account=ORGANIZATION)}
    assert plans_of(json.loads(json.dumps(described(plans)))) == plans
    report = report_of("reports", f"Backup/crossaccount/{DAY}/theirs_2/a.csv", plans)
    assert report is not None
    assert report.template.name == "copy_job"


def test_the_parts_of_a_split_report_share_a_partition() -> None:
    reports = [report_of("reports", f"{FOLDER}{n}.csv", PLANS) for n in range(3)]
    assert len({report.partition for report in reports if report}) == 1


@pytest.mark.parametrize(
    "header",
    [
        COLUMNS,
        [column.name for column in TEMPLATE.columns],
        [column.name.replace("_", " ").title() for column in TEMPLATE.columns],
        ["\ufeffReport Time Period Start [UTC]", *COLUMNS[1:]],
        [*COLUMNS, "A Column That AWS Added"],
    ],
    ids=["raw names", "documented names", "words", "byte order mark and unit", "one appended"],
)
def test_a_header_with_the_tables_columns_is_no_obstacle(header: list[str]) -> None:
    assert obstacle(COLUMNS, RawCsv(header=header, unreadable=None)) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (COLUMNS[:-1], "column 38, 'enable_archive', is missing"),
        (["New", *COLUMNS], "column 1 should be 'report_time_period_start', and is 'New'"),
        ([COLUMNS[1], COLUMNS[0], *COLUMNS[2:]], "column 1 should be 'report_time_period_start'"),
        ([], "column 1, 'report_time_period_start', is missing"),
    ],
    ids=["one missing", "one before", "two swapped", "none"],
)
def test_any_other_header_is_an_obstacle_that_is_named(header: list[str], reason: str) -> None:
    found = obstacle(COLUMNS, RawCsv(header=header, unreadable=None))
    assert found is not None
    assert found.reason.startswith(reason)
    assert (list(found.header), found.of_header) == (header, True)


def test_what_the_raw_table_cannot_read_is_an_obstacle() -> None:
    found = obstacle(COLUMNS, RawCsv(header=COLUMNS, unreadable="line 5"))
    assert found is not None
    assert (found.reason, found.of_header) == ("line 5", False)


def test_an_empty_file_is_no_obstacle() -> None:
    assert obstacle(COLUMNS, RawCsv(header=None, unreadable=None)) is None


def test_what_is_no_report_is_told_before_any_report_is_read() -> None:
    objects = [
        CreatedObject(bucket="reports", key=f"{FOLDER}{name}", size=size)
        for name, size in (("a.csv", 5), ("", 0), ("b.json", 5))
    ]
    found = first_obstacle(REPORT, COLUMNS, objects, lambda one: pytest.fail(one.key))
    assert found is not None
    assert found.created == objects[2]
    assert found.reason.startswith("no CSV report")


def test_a_learnt_header_is_matched_by_the_names_that_it_gave() -> None:
    header = ["Brand New", *[c.name for c in TEMPLATE.columns]]
    learnt = [TEMPLATE.raw_name(title) for title in header]
    assert learnt[:2] == ["brand_new", "report_time_period_start"]
    assert obstacle(learnt, RawCsv(header=header, unreadable=None)) is None


def test_an_event_of_s3_names_bucket_and_key_as_they_are() -> None:
    body: dict[str, Any] = {
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "reports"}, "object": {"key": "a b+c.csv", "size": 5}},
    }
    assert created_object(json.dumps(body)) == CreatedObject(
        bucket="reports", key="a b+c.csv", size=5
    )


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"detail-type": "Object Deleted"}', '{"detail-type": "Object Created"}'],
)
def test_what_is_no_event_of_s3_is_not_recognised(body: str) -> None:
    with pytest.raises(UnrecognisedEvent):
        created_object(body)
