"""Whether each report plan delivered, by its jobs of the day and by what the bucket has."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from handlers.watch_reports import app as watching
from handlers.watch_reports.core import ReportJob, missing
from tests.support.aws_in_process import DAY, Aws

ONE_EACH: Mapping[str, int] = {"jobs": 1, "copies": 1}


def at(day: int, hour: int, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 11, day, hour, minute, tzinfo=datetime.UTC)


LONG_AGO, NOW = at(1, 0), at(22, 6)
"""The function looks at six."""


def looked(jobs: Sequence[ReportJob], created: datetime.datetime = LONG_AGO) -> dict[str, str]:
    """What is missing of the plan `jobs`, of which the bucket has there.csv."""
    return missing(["jobs"], jobs, {"there.csv": True}, created={"jobs": created}, now=NOW)


def job(status: str, *keys: str, message: str = "") -> ReportJob:
    return ReportJob(plan="jobs", status=status, message=message, keys=keys)


@pytest.mark.parametrize(
    ("jobs", "reason"),
    [
        ([], "AWS Backup started no report job"),
        ([job("COMPLETED", "a.csv")], "the bucket does not have a.csv"),
        ([job("FAILED", message="denied")], "its last report job is FAILED: denied"),
        ([job("FAILED", "there.csv")], "its last report job is FAILED: no message"),
        ([job("FAILED"), job("RUNNING")], "its last report job is RUNNING: no message"),
    ],
)
def test_a_plan_that_delivered_nothing_is_missing_with_the_reason(
    jobs: Sequence[ReportJob], reason: str
) -> None:
    assert looked(jobs) == {"jobs": reason}


def test_a_plan_with_one_object_in_the_bucket_is_not_missing() -> None:
    jobs = [job("FAILED"), job("COMPLETED", "a.csv", "there.csv")]
    assert looked(jobs) == {}


@pytest.mark.parametrize(
    "created",
    [
        pytest.param((22, 0, 30), id="the same morning at 00:30"),
        pytest.param((22, 3, 0), id="the same morning at 03:00"),
        pytest.param((22, 5, 59), id="the same morning at 05:59"),
        pytest.param((21, 6, 1), id="the day before at 06:01"),
        pytest.param((21, 23, 0), id="the day before at 23:00"),
    ],
)
class TestAPlanOfLessThanADay:
    def test_is_not_missing_before_its_first_report(self, created: tuple[int, int, int]) -> None:
        assert looked([], created=at(*created)) == {}
        assert looked([job("RUNNING")], created=at(*created)) == {}
        assert looked([job("COMPLETED", "there.csv")], created=at(*created)) == {}

    def test_is_missing_once_its_report_job_came_to_nothing(
        self, created: tuple[int, int, int]
    ) -> None:
        failed = looked([job("FAILED", message="denied")], created=at(*created))
        assert failed == {"jobs": "its last report job is FAILED: denied"}
        gone = looked([job("COMPLETED", "a.csv")], created=at(*created))
        assert gone == {"jobs": "the bucket does not have a.csv"}


def test_a_plan_is_missing_from_its_first_full_day_on() -> None:
    assert looked([], created=at(21, 6)) == {"jobs": "AWS Backup started no report job"}


def test_a_plan_that_there_is_not_is_told_as_such() -> None:
    found = missing(["jobs"], [job("COMPLETED", "a.csv")], {"a.csv": True}, created={}, now=NOW)
    assert found == {"jobs": "there is no such report plan"}


class Backup:
    """Answers ListReportPlans with a plan a page, and ListReportJobs with a job, newest first."""

    def __init__(self, *jobs: dict[str, Any], plans: Sequence[str] = ("copies", "jobs")) -> None:
        self._jobs, self._plans = jobs, plans

    def list_report_plans(self, **query: Any) -> dict[str, Any]:
        page = int(query.get("NextToken", 0))
        found = [{"ReportPlanName": name, "CreationTime": LONG_AGO} for name in self._plans]
        more = {"NextToken": str(page + 1)} if page + 1 < len(found) else {}
        return {"ReportPlans": found[page : page + 1], **more}

    def list_report_jobs(self, **query: Any) -> dict[str, Any]:
        found = [
            one
            for one in self._jobs
            if one["plan"] == query["ByReportPlanName"]
            and one["CreationTime"] >= query["ByCreationAfter"]
        ]
        page = int(query.get("NextToken", 0))
        more = {"NextToken": str(page + 1)} if page + 1 < len(found) else {}
        return {"ReportJobs": found[page : page + 1], **more}


def test_the_watch_reads_every_page_and_finds_keys_however_they_are_spelt(aws: Aws) -> None:
    aws.deliver(f"{DAY}jobs/a b.csv", "x")
    delivered, gone = {"S3Keys": [f"{DAY}jobs/a+b.csv"]}, {"S3Keys": ["gone.csv"]}
    backup = Backup(
        {"plan": "jobs", "Status": "FAILED", "CreationTime": at(22, 3)},
        {"plan": "jobs", "Status": "COMPLETED", "CreationTime": at(22, 2)}
        | {"ReportDestination": delivered},
        {"plan": "copies", "Status": "COMPLETED", "CreationTime": at(22, 2)}
        | {"ReportDestination": gone},
    )
    assert watched(aws, backup) == {"copies": "the bucket does not have gone.csv"}


def test_a_report_on_demand_of_the_day_before_is_not_todays(aws: Aws) -> None:
    aws.deliver(f"{DAY}jobs/a.csv", "x")
    found = {"plan": "jobs", "Status": "COMPLETED", "CreationTime": at(21, 15)}
    backup = Backup(found | {"ReportDestination": {"S3Keys": [f"{DAY}jobs/a.csv"]}})
    assert watched(aws, backup)["jobs"] == "AWS Backup started no report job"


def test_all_parts_of_a_plan_are_looked_at_and_the_first_has_no_number(aws: Aws) -> None:
    backup = Backup(plans=["jobs", "jobs_3"])
    assert watched(aws, backup, parts={"jobs": 3}) == {
        "jobs": "AWS Backup started no report job",
        "jobs_2": "there is no such report plan",
        "jobs_3": "AWS Backup started no report job",
    }


def watched(aws: Aws, backup: Backup, parts: Mapping[str, int] = ONE_EACH) -> dict[str, str]:
    settings = watching.Environment(report_plans=json.dumps(dict(parts)), reports_bucket="reports")
    return watching.watch(settings, cast(Any, backup), aws.s3, NOW)
