"""What the lake has seen of accounts: each job and evaluation once a day, of the busiest days."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fleet.lake.volume import DAYS, busiest_days
from reports.templates import TEMPLATES
from tests.engine.test_newest_rows import TODAY, Reports

A, B, C = "111111111111", "222222222222", "333333333333"
JOBS = "Account Id,Region,Backup Job Id,Job Status"
REGIONS = ("eu-central-1", "eu-west-1")
RESOURCES = "Account Id,Region,Framework Name,Control Name,Resource Id,Resource Compliance Status"


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    found = Reports(tmp_path)
    for template in TEMPLATES.values():
        found.table(template)
    return found


def volumes(reports: Reports, template: str = "backup_job") -> dict[str | None, str | None]:
    return {row[0]: row[1] for row in reports.lake.rows(busiest_days(TEMPLATES[template]))}


def test_an_accounts_busiest_day_counts_with_all_its_regions(reports: Reports) -> None:
    jobs, before = TEMPLATES["backup_job"], TODAY - timedelta(days=2)
    reports.deliver(jobs, TODAY, JOBS, [f"{A},eu-west-1,{n},COMPLETED" for n in range(3)])
    busy = [f"{a},{where},{n},FAILED" for a in (A, B) for where in REGIONS for n in range(4)]
    reports.deliver(jobs, before, JOBS, busy)
    assert volumes(reports) == {A: "8", B: "8"}


def test_evaluations_count_by_resource_and_control(reports: Reports) -> None:
    rows = [f"{A},eu-west-1,f,{control},{n},COMPLIANT" for control in "cd" for n in range(5)]
    reports.deliver(TEMPLATES["resource_compliance"], TODAY, RESOURCES, rows)
    assert volumes(reports, "resource_compliance") == {A: "10"}
    assert volumes(reports) == {}


def test_a_report_on_demand_tells_the_same_jobs_again_and_they_count_once(
    reports: Reports,
) -> None:
    jobs = TEMPLATES["backup_job"]
    rows = [f"{A},eu-west-1,1,RUNNING", f"{A},eu-central-1,1,RUNNING"]
    reports.deliver(jobs, TODAY, JOBS, rows)
    reports.deliver(jobs, TODAY, JOBS, rows)
    assert volumes(reports) == {A: "2"}


def test_what_is_longer_ago_does_not_count(reports: Reports) -> None:
    jobs = TEMPLATES["backup_job"]
    reports.deliver(jobs, TODAY - timedelta(days=DAYS), JOBS, [f"{A},eu-west-1,1,COMPLETED"])
    reports.deliver(jobs, TODAY - timedelta(days=DAYS + 1), JOBS, [f"{C},eu-west-1,1,COMPLETED"])
    assert volumes(reports) == {A: "1"}
