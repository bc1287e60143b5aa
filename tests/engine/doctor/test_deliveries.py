"""The doctor on where report plans that stand already deliver, and whether reports arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_sandbox.aws.backup.audit_manager import record_delivery
from aws_sandbox.aws.backup.state import backend_of
from aws_sandbox.aws.server import AwsServer
from fleet.doctor.findings import Finding, State
from tests.engine.doctor.conftest import (
    MANAGEMENT,
    PLANS,
    REGION,
    THEIRS,
    deploy_something,
    examined,
    findings,
    settings,
)

ABOUT = "where all_jobs delivers"


def asked(session: boto3.Session, folder: Path, **plan: Any) -> tuple[str, str]:
    plans = {"backup_job": {"name": "all_jobs", "existing": True, **plan}}
    wanted = settings(folder, scope="account", bucket=THEIRS, plans=plans)
    return examined(wanted, session)[ABOUT]


def stands(
    session: boto3.Session, bucket: str, prefix: str = "", formats: Sequence[str] = ("CSV",)
) -> None:
    channel: Any = {"S3BucketName": bucket, "Formats": [*formats]}
    if prefix:
        channel["S3KeyPrefix"] = prefix
    session.client("backup").create_report_plan(
        ReportPlanName="all_jobs",
        ReportDeliveryChannel=channel,
        ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
    )


@pytest.mark.parametrize("prefix", ["", "jobs"])
def test_a_plan_that_delivers_where_settings_say_is_well(
    prefix: str, tmp_path: Path, session: boto3.Session
) -> None:
    stands(session, "theirs", prefix)
    set_to = {"prefix": prefix} if prefix else {}
    assert asked(session, tmp_path, **set_to) == (f"s3://theirs/{prefix}", "")


@pytest.mark.parametrize(
    ("delivers", "plan", "cure"),
    [
        (("theirs", "jobs"), {}, "set reports.plans.backup_job.prefix: jobs"),
        (("theirs",), {"prefix": "jobs"}, "leave out reports.plans.backup_job.prefix"),
        (
            ("elsewhere", "jobs"),
            {"prefix": "copies"},
            "set reports.bucket.name: elsewhere and existing: true; "
            "set reports.plans.backup_job.prefix: jobs",
        ),
        (
            ("theirs", "", ("CSV", "JSON")),
            {},
            "let it deliver CSV alone: Athena would read whatever else is in its folders",
        ),
    ],
)
def test_a_plan_that_delivers_elsewhere_is_told_with_the_cure(
    delivers: tuple[Any, ...],
    plan: Mapping[str, Any],
    cure: str,
    tmp_path: Path,
    session: boto3.Session,
) -> None:
    stands(session, *delivers)
    assert asked(session, tmp_path, **plan)[1] == cure


def test_a_plan_that_does_not_stand_is_told(tmp_path: Path, session: boto3.Session) -> None:
    assert asked(session, tmp_path) == (
        "there is no such plan in eu-central-1",
        "write its name, reports.plans.backup_job.name, or leave out existing",
    )


def test_a_plan_of_one_account_is_missed_once_the_stack_is_deployed(
    tmp_path: Path, session: boto3.Session
) -> None:
    asked = settings(tmp_path, scope="account")
    assert findings(asked, session)[PLANS].state is State.NOT_YET
    deploy_something(session)
    missed = findings(asked, session)[PLANS]
    assert (missed.state, missed.run) == (State.CURE, ("backup-org up acme-management",))
    assert "copy_job" in missed.found


class TestTheLatestReport:
    NAME = "acme_backup_job_report"
    LATEST = f"the latest report of {NAME}"

    @pytest.fixture
    def plan(self, session: boto3.Session) -> str:
        """The ARN of a plan that is two days old."""
        backup: Any = session.client("backup")
        arn = backup.create_report_plan(
            ReportPlanName=self.NAME,
            ReportDeliveryChannel={"S3BucketName": "theirs"},
            ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
        )["ReportPlanArn"]
        documents = backend_of(MANAGEMENT, REGION).report_plan_documents
        documents[self.NAME]["CreationTime"] -= timedelta(days=2)
        return arn

    def latest(self, folder: Path, session: boto3.Session) -> Finding:
        return findings(settings(folder, scope="account"), session)[self.LATEST]

    @staticmethod
    def delivered(aws: AwsServer, plan: str, hours: int, **job: Any) -> None:
        at = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
        destination = {"S3BucketName": "theirs", "S3Keys": ["Backup/one+two.csv"]}
        given = {
            "ReportJobId": f"job-{hours}",
            "ReportPlanArn": plan,
            "ReportTemplate": "BACKUP_JOB_REPORT",
            "CreationTime": at,
            "CompletionTime": at,
            "Status": "COMPLETED",
            "ReportDestination": destination,
            **job,
        }
        record_delivery(aws.services, given)

    def test_that_came_within_a_day_and_lies_in_the_bucket_is_well(
        self, aws: AwsServer, plan: str, tmp_path: Path, session: boto3.Session, bucket: Any
    ) -> None:
        self.delivered(aws, plan, 27)
        found = self.latest(tmp_path, session)
        assert found.state is State.CURE
        assert found.found == "s3://theirs/Backup/one+two.csv was delivered and is not there"
        bucket.put_object(Bucket="theirs", Key="Backup/one two.csv", Body=b"")
        found = self.latest(tmp_path, session)
        assert (found.state, found.found) == (
            State.FINE,
            "came 1 d 3 h ago, 1 file in s3://theirs",
        )

    def test_that_is_older_or_failed_is_told_with_a_report_on_demand(
        self, aws: AwsServer, plan: str, tmp_path: Path, session: boto3.Session
    ) -> None:
        self.delivered(aws, plan, 29)
        late = self.latest(tmp_path, session)
        assert (late.state, late.found) == (State.CURE, "none came in the last 28 hours")
        assert late.run[0].endswith(
            f" = {MANAGEMENT} && aws backup start-report-job --report-plan-name {self.NAME} "
            f"--region {REGION}"
        )
        self.delivered(aws, plan, 2, Status="FAILED", StatusMessage="the bucket refuses it")
        failed = self.latest(tmp_path, session)
        assert failed.found == "failed 2 h 0 min ago: the bucket refuses it"

    def test_of_a_plan_that_was_just_made_is_not_missed(
        self, plan: str, tmp_path: Path, session: boto3.Session
    ) -> None:
        assert plan
        documents = backend_of(MANAGEMENT, REGION).report_plan_documents
        documents[self.NAME]["CreationTime"] += timedelta(days=2)
        assert self.latest(tmp_path, session).state is State.NOT_YET
