"""Whether each report plan delivered, by its jobs of the day and by what the bucket has."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from handlers.watch_reports import app as watching
from handlers.watch_reports.core import ReportJob, missing
from tests.support.aws_in_process import DAY, Aws


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
    assert missing(["jobs"], jobs, {"there.csv": True}) == {"jobs": reason}


def test_a_plan_with_one_object_in_the_bucket_is_not_missing() -> None:
    jobs = [job("FAILED"), job("COMPLETED", "a.csv", "there.csv")]
    assert missing(["jobs"], jobs, {"there.csv": True}) == {}


class Backup:
    """Answers ListReportJobs with a job a page, newest first."""

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self._jobs = jobs

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
        {"plan": "jobs", "Status": "FAILED", "CreationTime": at(3)},
        {"plan": "jobs", "Status": "COMPLETED", "CreationTime": at(2)}
        | {"ReportDestination": delivered},
        {"plan": "copies", "Status": "COMPLETED", "CreationTime": at(2)}
        | {"ReportDestination": gone},
    )
    assert watched(aws, backup) == {"copies": "the bucket does not have gone.csv"}


def test_a_report_on_demand_of_the_day_before_is_not_todays(aws: Aws) -> None:
    aws.deliver(f"{DAY}jobs/a.csv", "x")
    found = {"plan": "jobs", "Status": "COMPLETED", "CreationTime": at(15, day=21)}
    backup = Backup(found | {"ReportDestination": {"S3Keys": [f"{DAY}jobs/a.csv"]}})
    assert watched(aws, backup)["jobs"] == "AWS Backup started no report job"


def at(hour: int, day: int = 22) -> datetime.datetime:
    return datetime.datetime(2026, 11, day, hour, tzinfo=datetime.UTC)


def watched(aws: Aws, backup: Backup) -> dict[str, str]:
    """The look of the 22nd at six."""
    settings = watching.Environment(
        report_plans=json.dumps(["jobs", "copies"]), reports_bucket="reports"
    )
    return watching.watch(settings, cast(Any, backup), aws.s3, at(6))
