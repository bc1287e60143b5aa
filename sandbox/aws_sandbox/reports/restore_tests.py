"""Restore tests that AWS Backup ran here, as rows of a restore report beside the generated ones.

AWS says that its reports tell of their validation (Developer Guide, "Working with audit reports"),
and not how its columns are called: here as in the API, after the documented ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_sandbox.reports.report_plans import ReportedAccount
from aws_sandbox.reports.rows import Row, Window

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient

COLUMNS: Sequence[str] = (
    *("statusMessage", "resourceType", "completionDate", "createdResourceArn"),
    *("restoreTestingPlanArn", "validationStatus", "validationStatusMessage"),
)
_MEMBERS: Mapping[str, str] = {
    "RestoreJobId": "restoreJobId",
    "Status": "jobStatus",
    "StatusMessage": "statusMessage",
    "RecoveryPointArn": "recoveryPointArn",
    "SourceResourceArn": "sourceResourceArn",
    "CreatedResourceArn": "createdResourceArn",
    "BackupVaultArn": "backupVaultArn",
    "BackupSizeInBytes": "backupSizeInBytes",
    "PercentDone": "percentDone",
    "IamRoleArn": "iamRoleArn",
    "ResourceType": "resourceType",
    "ValidationStatus": "validationStatus",
    "ValidationStatusMessage": "validationStatusMessage",
}


def restore_test_rows(
    backup: "BackupClient",
    account: ReportedAccount,
    region: str,
    window: Window,
    columns: Sequence[str],
) -> Iterator[Row]:
    """Of one account and Region: the tests that ended in the window, of plans that are there."""
    plans = dict[str, bool]()
    pages = backup.get_paginator("list_restore_jobs").paginate(
        ByCompleteAfter=window.start, ByCompleteBefore=window.end
    )
    for job in (job for page in pages for job in page["RestoreJobs"]):
        plan = job.get("CreatedBy", {}).get("RestoreTestingPlanArn", "")
        if plan and plan not in plans:
            plans[plan] = _exists(backup, plan)
        if plans.get(plan):
            yield {
                **dict.fromkeys((*columns, *COLUMNS), ""),
                **_told(job, plan),
                "reportTimePeriod": f"{_time(window.start)} - {_time(window.end)}",
                "pathToRoot": account.path_to_root,
                "accountId": account.id,
                "region": region,
            }


def _told(job: Mapping[str, Any], plan: str) -> Row:
    return {
        **{column: str(job.get(member) or "") for member, column in _MEMBERS.items()},
        "creationDate": _time(job["CreationDate"]),
        "completionDate": _time(job["CompletionDate"]),
        "restoreTestingPlanArn": plan,
    }


def _exists(backup: "BackupClient", plan_arn: str) -> bool:
    """Generated jobs of past days are of a plan that nobody made; its ARN ends with its id."""
    name = plan_arn.rpartition(":")[2].partition("-")[0]
    try:
        backup.get_restore_testing_plan(RestoreTestingPlanName=name)
    except backup.exceptions.ResourceNotFoundException:
        return False
    return True


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
