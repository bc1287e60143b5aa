"""What reports read of AWS Backup: lists with filters and pages, and calls that are throttled."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sandbox.backup_history import BackupHistory
from aws_sandbox.reports.files import Template, rows
from aws_sandbox.reports.report_plans import ReportedAccount, ReportedOrganization
from aws_sandbox.reports.rows import Profile, Window

from .conftest import Aws

ACCOUNT, REGION = "888888888888", "eu-west-1"


def everything(call: Callable[..., Mapping[str, Any]], member: str, **given: Any) -> list[Any]:
    """The items of all pages."""
    found: list[Any] = []
    token: Mapping[str, str] = {}
    while True:
        answer = call(**given, **token)
        found += answer[member]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


@pytest.fixture(scope="module")
def backup(aws: Aws) -> Any:
    """Of an account with forty days of jobs."""
    BackupHistory(aws.server.services).add_controls(aws.control)
    aws.server.services.throttling.add_controls(aws.control)
    put = aws.call("backup.history", account=ACCOUNT, region=REGION, days=40, volume=4)
    assert put["backup_jobs"] > 150
    assert all(put.values())
    return aws.client("backup", ACCOUNT)


@pytest.fixture(scope="module")
def listed(backup: Any) -> list[Any]:
    return everything(backup.list_backup_jobs, "BackupJobs")


def test_jobs_of_thirty_days_are_listed_in_pages(backup: Any, listed: list[Any]) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    assert min(job["CreationDate"] for job in listed) >= since
    assert len(listed) > 100
    paged = everything(backup.list_backup_jobs, "BackupJobs", MaxResults=7)
    assert [job["BackupJobId"] for job in paged] == [job["BackupJobId"] for job in listed]


def test_filters_narrow_the_jobs(backup: Any, listed: list[Any]) -> None:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    span = {"ByCreatedAfter": day, "ByCreatedBefore": day + timedelta(days=1)}
    of_day = everything(backup.list_backup_jobs, "BackupJobs", **span, MaxResults=2)
    wanted = [job for job in listed if day < job["CreationDate"] < day + timedelta(days=1)]
    assert of_day == wanted
    assert wanted
    done = everything(backup.list_backup_jobs, "BackupJobs", ByMessageCategory="SUCCESS")
    assert done
    assert all(job["State"] == "COMPLETED" and "StatusMessage" not in job for job in done)
    failed = everything(backup.list_backup_jobs, "BackupJobs", ByState="FAILED")
    assert all(job["StatusMessage"] for job in failed)
    assert backup.list_backup_jobs(ByAccountId="111111111111")["BackupJobs"] == []


def test_a_job_names_its_plan_and_rule(listed: list[Any]) -> None:
    by = listed[0]["CreatedBy"]
    assert by["BackupPlanName"] == "organization-standard"
    assert by["BackupRuleCron"].startswith("cron(")
    assert by["BackupRuleTimezone"] == "Etc/UTC"


def test_the_api_lists_what_the_reports_tell(listed: list[Any]) -> None:
    """Each job that a report tells to have ended yesterday is listed, with the same end."""
    account = ReportedAccount(id=ACCOUNT, name="", path_to_root="")
    organization = ReportedOrganization(accounts=(account,), regions=(REGION,))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    told = {
        row["backupJobId"]: row
        for row in rows(
            Template.BACKUP_JOB_REPORT, organization, Profile(jobs_per_day=4), Window(end=midnight)
        )
        if row["completionDate"]
    }
    jobs = {job["BackupJobId"]: job for job in listed}
    assert told
    for job_id, row in told.items():
        job = jobs[job_id]
        assert (job["State"], str(job["BackupSizeInBytes"])) == (
            row["jobStatus"],
            row["backupSizeInBytes"],
        )
        assert job["CreationDate"] == datetime.fromisoformat(row["creationDate"])


def test_copies_and_restore_tests_are_listed(backup: Any) -> None:
    copies = everything(backup.list_copy_jobs, "CopyJobs", MaxResults=5)
    assert copies
    assert all("eu-north-1" in copy["DestinationBackupVaultArn"] for copy in copies)
    plans = {
        job["CreatedBy"]["RestoreTestingPlanArn"]
        for job in everything(backup.list_restore_jobs, "RestoreJobs")
    }
    assert plans
    of_plan = backup.list_restore_jobs(ByRestoreTestingPlanArn=min(plans))["RestoreJobs"]
    assert {job["CreatedBy"]["RestoreTestingPlanArn"] for job in of_plan} == {min(plans)}


def test_points_lie_in_vaults_and_their_resources_are_protected(aws: Aws, backup: Any) -> None:
    given = {"BackupVaultName": "central"}
    points = everything(
        backup.list_recovery_points_by_backup_vault, "RecoveryPoints", **given, MaxResults=50
    )
    found = backup.describe_backup_vault(**given)
    assert found["NumberOfRecoveryPoints"] == len(points)
    assert not found["Locked"]
    soon = datetime.now(UTC)
    assert all(point["CalculatedLifecycle"]["DeleteAt"] > soon for point in points)
    protected = everything(backup.list_protected_resources, "Results", MaxResults=1)
    newest: dict[str, datetime] = {}
    for point in points:
        arn, at = point["ResourceArn"], point["CompletionDate"]
        newest[arn] = max(at, newest.get(arn, at))
    assert {each["ResourceArn"]: each["LastBackupTime"] for each in protected} == newest
    copies = aws.client("backup", ACCOUNT, "eu-north-1")
    held = copies.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
    assert held
    assert all(point["SourceBackupVaultArn"] for point in held)
    assert copies.list_protected_resources()["Results"] == []


def test_the_next_calls_of_an_operation_are_throttled_on_request(aws: Aws, backup: Any) -> None:
    left = aws.call("throttle", operation="backup:ListBackupJobs", times=2)
    assert left == {"backup:ListBackupJobs": 2}
    for _ in range(2):
        assert aws.error(backup.list_backup_jobs)[0] == "ThrottlingException"
        backup.list_backup_vaults()
    assert backup.list_backup_jobs()["BackupJobs"]
    assert "1 or more" in aws.refused("throttle", operation="backup:ListBackupJobs", times=0)
    assert "backup:ListBackupJobs" in aws.refused("throttle", operation="x", times=1)


def test_tagged_resources_are_found_by_type(aws: Aws) -> None:
    """By who may tag:GetResources; without a role for it, by nobody."""
    name = aws.name("table")
    aws.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "Name", "Value": "orders"}],
    )
    allows = {"Action": "tag:GetResources", "Resource": "*"}
    reader = aws.acting(
        aws.role(trusts={"Service": "lambda.amazonaws.com"}, allows=allows),
        "resourcegroupstaggingapi",
    )
    found = reader.get_resources(ResourceTypeFilters=["dynamodb:table", "ec2:volume"])
    arns = [each["ResourceARN"] for each in found["ResourceTagMappingList"]]
    assert any(arn.endswith(f"table/{name}") for arn in arns)
    others = reader.get_resources(ResourceTypeFilters=["ec2:volume"])
    assert others["ResourceTagMappingList"] == []
    idle = aws.acting(aws.idle, "resourcegroupstaggingapi")
    assert aws.error(idle.get_resources)[0] == "AccessDeniedException"
