import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.control import ControlApi
from aws_sandbox.report_jobs import ReportJobs
from sandbox.tests.moto_state import forget_everything

MANAGEMENT, OWN, REGION = "111111111111", "000000000000", "eu-central-1"
ROLE = "role/aws-service-role/reports.backup.amazonaws.com/AWSServiceRoleForBackupReports"
BUCKET = "report-desk"


@pytest.fixture(scope="module")
def control() -> ControlApi:
    return ControlApi()


@pytest.fixture(scope="module")
def server(control: ControlApi) -> Iterator[AwsServer]:
    organization = Organization(
        accounts=(Account(id=MANAGEMENT, name="management"), Account(id=OWN, name="own")),
        regions=(REGION,),
    )
    desk = ReportJobs(lambda: server)
    forget_everything()
    server = AwsServer(organization, start_report=desk.start)
    desk.add_controls(control)
    server.start()
    yield server
    desk.stop()
    server.stop()


@pytest.fixture(scope="module")
def backup(server: AwsServer) -> Any:
    session: Any = server.session(OWN, REGION)
    session.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    backup = session.client("backup")
    backup.create_report_plan(
        ReportPlanName="desk",
        ReportDeliveryChannel={"S3BucketName": BUCKET},
        ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
    )
    return backup


def ended(backup: Any) -> Any:
    """A report job that was started and has come to its end."""
    job_id = backup.start_report_job(ReportPlanName="desk")["ReportJobId"]
    for _ in range(200):
        job = backup.describe_report_job(ReportJobId=job_id)["ReportJob"]
        if job["Status"] in ("COMPLETED", "FAILED"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"report job {job_id} has not ended")


def test_a_started_report_is_delivered_as_the_bucket_allows(server: AwsServer, backup: Any) -> None:
    refused = ended(backup)
    assert refused["Status"] == "FAILED"
    assert "s3:PutObject" in refused["StatusMessage"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OWN}:{ROLE}"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3: Any = server.session(OWN, REGION).client("s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": statement}))
    delivered = ended(backup)
    assert delivered["Status"] == "COMPLETED"
    keys = delivered["ReportDestination"]["S3Keys"]
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == keys


def test_delivered_nights_are_jobs_of_the_api_too(backup: Any, control: ControlApi) -> None:
    before = len(backup.list_report_jobs(ByReportPlanName="desk")["ReportJobs"])
    answer = Client(control).post("/_sandbox/reports.deliver", json={"days": 2, "plans": ["desk"]})
    assert len(answer.get_json()["jobs"]) == 2
    jobs = backup.list_report_jobs(ByReportPlanName="desk")["ReportJobs"]
    assert len(jobs) == before + 2
