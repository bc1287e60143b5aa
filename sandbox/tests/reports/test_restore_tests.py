from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from aws_sandbox.reports.files import Template, csv_files, fields
from aws_sandbox.reports.report_plans import ReportedAccount
from aws_sandbox.reports.restore_tests import COLUMNS, restore_test_rows
from aws_sandbox.reports.rows import Window

END = datetime(2026, 11, 22, 6, tzinfo=UTC)
ACCOUNT = ReportedAccount(id="333333333333", name="member", path_to_root="o/r/ou")
PLAN = "arn:aws:backup:eu-central-1:333333333333:restore-testing-plan:weekly-12345678-1111"


class NotThereError(Exception):
    pass


class Backup:
    """Of the two plans that its jobs are of only one is there."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotThereError)

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self._jobs = jobs

    def get_paginator(self, _name: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return ({"RestoreJobs": [job]} for job in self._jobs)

    def get_restore_testing_plan(self, **asked: str) -> None:
        if asked != {"RestoreTestingPlanName": "weekly"}:
            raise NotThereError


def job(job_id: str, plan: str) -> dict[str, Any]:
    return {
        "RestoreJobId": job_id,
        "Status": "COMPLETED",
        "BackupSizeInBytes": 7,
        "CreationDate": END - timedelta(hours=2),
        "CompletionDate": END - timedelta(hours=1),
        "CreatedBy": {"RestoreTestingPlanArn": plan} if plan else {},
        "ValidationStatus": "FAILED",
    }


def test_a_restore_report_tells_of_tests_that_ran_here_and_their_validation() -> None:
    ran = (job("by hand", ""), job("1", PLAN), job("generated", PLAN.replace("weekly", "other")))
    columns = fields(Template.RESTORE_JOB_REPORT)
    found = [
        *restore_test_rows(
            cast(Any, Backup(*ran)), ACCOUNT, "eu-central-1", Window(end=END), columns
        )
    ]
    (row,) = found
    assert row["restoreJobId"] == "1"
    assert (row["validationStatus"], row["backupSizeInBytes"]) == ("FAILED", "7")
    assert row["completionDate"] == "2026-11-22T05:00:00.000Z"
    (file,) = csv_files(found, tuple(dict.fromkeys((*columns, *COLUMNS))))
    assert file.count(b"\n") == 2
