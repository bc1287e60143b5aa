"""Copy jobs, within an account and into another one of the organization."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import job_events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid, not_found, refused
from aws_sandbox.aws.backup.filters import matching
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.recovery_points import (
    add_recovery_point,
    find_recovery_point,
    retention_problem,
)
from aws_sandbox.aws.backup.resource_types import new_recovery_point_arn
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.selections import check_role
from aws_sandbox.aws.backup.settings import cross_account_backup_enabled

STATES = ("CREATED", "RUNNING")
FINAL_STATES = ("COMPLETED", "FAILED", "PARTIAL")
_FILTERS: Mapping[str, str] = {
    "ByResourceArn": "ResourceArn",
    "ByState": "State",
    "ByCreatedBefore": "CreationDate",
    "ByCreatedAfter": "CreationDate",
    "ByResourceType": "ResourceType",
    "ByDestinationVaultArn": "DestinationBackupVaultArn",
    "ByAccountId": "AccountId",
    "ByCompleteBefore": "CompletionDate",
    "ByCompleteAfter": "CompletionDate",
    "ByParentJobId": "ParentJobId",
    "ByMessageCategory": "MessageCategory",
    "BySourceRecoveryPointArn": "SourceRecoveryPointArn",
}


def _destination(scope: Scope, vault_arn: str) -> tuple[Scope, str]:
    """Where a copy goes to: the destination's account and Region, and its vault's name."""
    try:
        arn = Arn.parse(vault_arn)
    except ValueError as error:
        raise invalid(f"DestinationBackupVaultArn: {error}") from error
    kind, _, name = arn.resource.partition(":")
    if arn.service != "backup" or kind != "backup-vault":
        raise invalid(f"DestinationBackupVaultArn {vault_arn} is no backup vault's ARN.")
    return replace(scope, account=arn.account, region=arn.region), name


def create_copy_job(
    scope: Scope,
    point: Mapping[str, Any],
    *,
    destination_vault_arn: str,
    role_arn: str,
    lifecycle: Mapping[str, Any] | None = None,
    created_by: Mapping[str, Any] | None = None,
) -> Document:
    """A job in the state CREATED for a recovery point, said on the bus."""
    _destination(scope, destination_vault_arn)
    job: Document = {
        "AccountId": scope.account,
        "CopyJobId": scope.uuid(),
        "SourceBackupVaultArn": point["BackupVaultArn"],
        "SourceRecoveryPointArn": point["RecoveryPointArn"],
        "DestinationBackupVaultArn": destination_vault_arn,
        "DestinationRecoveryPointLifecycle": lifecycle or None,
        "ResourceArn": point["ResourceArn"],
        "ResourceType": point["ResourceType"],
        "CreationDate": scope.now(),
        "State": "CREATED",
        "BackupSizeInBytes": point["BackupSizeInBytes"],
        "IamRoleArn": role_arn,
        "CreatedBy": created_by,
        "IsParent": False,
    }
    scope.backend.copy_jobs[job["CopyJobId"]] = job
    job_events.copy_job_changed(scope, job)
    return job


def move_copy_job(scope: Scope, job: Document, state: str, message: str = "") -> None:
    """Brings a job into a state. COMPLETED puts the copy into the destination vault, unless that
    does not let it in: then the job has FAILED."""
    if job["State"] in FINAL_STATES:
        raise refused(f"Copy job {job['CopyJobId']} is {job['State']} already.")
    if state not in (*STATES, *FINAL_STATES):
        raise invalid(f"a copy job has no state {state!r}")
    target, vault_name = _destination(scope, job["DestinationBackupVaultArn"])
    if state == "COMPLETED":
        problem = _obstacle(scope, job, target, vault_name)
        state, message = ("FAILED", problem) if problem else (state, message)
    job["State"] = state
    job["StatusMessage"] = message or None
    if state in FINAL_STATES:
        job["CompletionDate"] = scope.now()
    if state == "COMPLETED":
        arn = new_recovery_point_arn(target, job["ResourceType"])
        job["DestinationRecoveryPointArn"] = arn
        lifecycle: Mapping[str, Any] = job["DestinationRecoveryPointLifecycle"] or {}
        add_recovery_point(target, vault_name, arn, job, lifecycle)
    job_events.copy_job_changed(scope, job)


def _obstacle(scope: Scope, job: Document, target: Scope, vault_name: str) -> str:
    """Why the destination does not take the copy; "" when it does."""
    vault = target.backend.vault_documents.get(vault_name)
    if vault is None:
        return f"Copy job failed because the destination vault {vault_name} does not exist."
    if target.account != scope.account:
        if not cross_account_backup_enabled(scope):
            return "Cross-account backup is not enabled in the organization's global settings."
        decision = scope.services.access.check_account(
            scope.account, "backup:CopyIntoBackupVault", vault["BackupVaultArn"]
        )
        if not decision.allowed:
            return f"Access Denied trying to copy into {vault_name}: {decision.reason}."
    return retention_problem(vault, job["DestinationRecoveryPointLifecycle"] or {})


def start_copy_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    point = find_recovery_point(
        scope,
        {
            "BackupVaultName": params["SourceBackupVaultName"],
            "RecoveryPointArn": params["RecoveryPointArn"],
        },
    )
    check_role(scope, params["IamRoleArn"])
    return create_copy_job(
        scope,
        point,
        destination_vault_arn=params["DestinationBackupVaultArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=params.get("Lifecycle"),
    )


def find_copy_job(scope: Scope, job_id: str) -> Document:
    job = scope.backend.copy_jobs.get(job_id)
    if job is None:
        raise not_found(f"Copy job {job_id} does not exist.")
    return job


def describe_copy_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"CopyJob": find_copy_job(scope, params["CopyJobId"])}


def list_copy_jobs(scope: Scope, params: Params) -> Mapping[str, Any]:
    jobs = matching(list(scope.backend.copy_jobs.values()), params, _FILTERS)
    return page(params, "CopyJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "StartCopyJob": start_copy_job,
    "DescribeCopyJob": describe_copy_job,
    "ListCopyJobs": list_copy_jobs,
}
