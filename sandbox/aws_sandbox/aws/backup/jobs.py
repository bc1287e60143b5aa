"""Backup and copy jobs. One stays as it is until the sandbox is told how it went.

A backup of an instance that moto's EC2 has begins by itself, so that its snapshots are there.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.api import (
    BackupApi,
    Operation,
    Params,
    invalid,
    matching,
    not_found,
    page,
    recent,
    refused,
)
from aws_sandbox.aws.backup.images import begin_image, complete_image, drop_image, instance_of
from aws_sandbox.aws.backup.plans import check_role, lifecycle_problems
from aws_sandbox.aws.backup.settings import (
    cross_account_backup_enabled,
    new_recovery_point_arn,
    resource_type,
)
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import (
    add_recovery_point,
    find_recovery_point,
    find_vault,
    retention_problem,
)

_BACKUP_STATES = ("CREATED", "PENDING", "RUNNING", "ABORTING")
_FINAL_BACKUP_STATES = ("ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL")
_DEFAULT_START_WINDOW_MINUTES = 480
_BACKUP_FILTERS: Mapping[str, str] = {
    "ByResourceArn": "ResourceArn",
    "ByState": "State",
    "ByBackupVaultName": "BackupVaultName",
    "ByCreatedBefore": "CreationDate",
    "ByCreatedAfter": "CreationDate",
    "ByResourceType": "ResourceType",
    "ByAccountId": "AccountId",
    "ByCompleteAfter": "CompletionDate",
    "ByCompleteBefore": "CompletionDate",
    "ByParentJobId": "ParentJobId",
    "ByMessageCategory": "MessageCategory",
}


def create_backup_job(
    api: BackupApi,
    *,
    vault_name: str,
    resource_arn: str,
    role_arn: str,
    lifecycle: Mapping[str, Any] | None = None,
    created_by: Mapping[str, Any] | None = None,
    start_window_minutes: int = _DEFAULT_START_WINDOW_MINUTES,
    size_bytes: int = 0,
) -> Document:
    """A job in the state CREATED, said on the bus."""
    vault = find_vault(api, vault_name)
    now = api.now()
    job: Document = {
        "AccountId": api.account,
        "BackupJobId": api.uuid(),
        "BackupVaultName": vault_name,
        "BackupVaultArn": vault["BackupVaultArn"],
        "VaultType": vault["VaultType"],
        "RecoveryPointLifecycle": lifecycle or None,
        "EncryptionKeyArn": vault.get("EncryptionKeyArn"),
        "IsEncrypted": True,
        "ResourceArn": resource_arn,
        "ResourceType": resource_type(resource_arn),
        "CreationDate": now,
        "InitiationDate": now,
        "State": "CREATED",
        "PercentDone": "0.0",
        "BackupSizeInBytes": size_bytes,
        "BytesTransferred": 0,
        "IamRoleArn": role_arn,
        "CreatedBy": created_by,
        "StartBy": now + timedelta(minutes=start_window_minutes),
        "ExpectedCompletionDate": now + timedelta(minutes=start_window_minutes),
        "IsParent": False,
    }
    api.backend.backup_jobs[job["BackupJobId"]] = job
    events.backup_job_changed(api, job)
    return job


def move_backup_job(
    api: BackupApi, job: Document, state: str, message: str = "", category: str = ""
) -> None:
    """Brings a job into a state. COMPLETED makes its recovery point, unless the vault's lock does
    not allow its retention: then the job has FAILED."""
    if job["State"] in _FINAL_BACKUP_STATES:
        raise refused(f"Backup job {job['BackupJobId']} is {job['State']} already.")
    if state not in (*_BACKUP_STATES, *_FINAL_BACKUP_STATES):
        raise invalid(f"a backup job has no state {state!r}")
    lifecycle: Mapping[str, Any] = job["RecoveryPointLifecycle"] or {}
    if state == "COMPLETED":
        problem = retention_problem(find_vault(api, job["BackupVaultName"]), lifecycle)
        state, message = ("FAILED", problem) if problem else (state, message)
    job["State"] = state
    job["StatusMessage"] = message or None
    if state in _FINAL_BACKUP_STATES:
        job["CompletionDate"] = api.now()
    if state == "RUNNING":
        begin_image(api, job)
    elif state in ("COMPLETED", "PARTIAL"):
        job["PercentDone"] = "100.0"
        job["BytesTransferred"] = job["BackupSizeInBytes"]
        image = complete_image(api, job)
        job["RecoveryPointArn"] = image or new_recovery_point_arn(api, job["ResourceType"])
        job["MessageCategory"] = category or message_category(state, message)
        add_recovery_point(api, job["BackupVaultName"], job["RecoveryPointArn"], job, lifecycle)
        api.backend.tag_resource(job["RecoveryPointArn"], job.get("RecoveryPointTags") or {})
    elif state in _FINAL_BACKUP_STATES:
        drop_image(api, job)
    events.backup_job_changed(api, job)


def message_category(state: str, message: str) -> str | None:
    """SUCCESS of what completed without a word; for what else there is AWS publishes no list."""
    return "SUCCESS" if state == "COMPLETED" and not message else None


def start_backup_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    token = params.get("IdempotencyToken")
    for job in api.backend.backup_jobs.values():
        if token and job.get("IdempotencyToken") == token:
            return job
    lifecycle: Mapping[str, Any] = params.get("Lifecycle") or {}
    problems = list(lifecycle_problems(lifecycle))
    if problems:
        raise invalid("; ".join(problems))
    check_role(api, params["IamRoleArn"])
    job = create_backup_job(
        api,
        vault_name=params["BackupVaultName"],
        resource_arn=params["ResourceArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=lifecycle,
        start_window_minutes=params.get("StartWindowMinutes") or _DEFAULT_START_WINDOW_MINUTES,
    )
    job["IdempotencyToken"] = token
    job["BackupOptions"] = params.get("BackupOptions")
    job["RecoveryPointTags"] = params.get("RecoveryPointTags")
    held = params["ResourceArn"] in api.backend.held_resources
    if not held and instance_of(api, params["ResourceArn"]) is not None:
        move_backup_job(api, job, "RUNNING")
    return job


def find_backup_job(api: BackupApi, job_id: str) -> Document:
    job = api.backend.backup_jobs.get(job_id)
    if job is None:
        raise not_found(f"Backup job {job_id} does not exist.")
    return job


def describe_backup_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return find_backup_job(api, params["BackupJobId"])


def list_backup_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    jobs = matching(recent(api, api.backend.backup_jobs), params, _BACKUP_FILTERS)
    return page(params, "BackupJobs", jobs)


_COPY_STATES = ("CREATED", "RUNNING")
_FINAL_COPY_STATES = ("COMPLETED", "FAILED", "PARTIAL")
_COPY_FILTERS: Mapping[str, str] = {
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


def _destination(api: BackupApi, vault_arn: str) -> tuple[BackupApi, str]:
    """Where a copy goes to: the destination's account and Region, and its vault's name."""
    try:
        arn = Arn.parse(vault_arn)
    except ValueError as error:
        raise invalid(f"DestinationBackupVaultArn: {error}") from error
    kind, _, name = arn.resource.partition(":")
    if arn.service != "backup" or kind != "backup-vault":
        raise invalid(f"DestinationBackupVaultArn {vault_arn} is no backup vault's ARN.")
    return replace(api, account=arn.account, region=arn.region), name


def create_copy_job(
    api: BackupApi,
    point: Mapping[str, Any],
    *,
    destination_vault_arn: str,
    role_arn: str,
    lifecycle: Mapping[str, Any] | None = None,
    created_by: Mapping[str, Any] | None = None,
) -> Document:
    """A job in the state CREATED for a recovery point, said on the bus."""
    _destination(api, destination_vault_arn)
    job: Document = {
        "AccountId": api.account,
        "CopyJobId": api.uuid(),
        "SourceBackupVaultArn": point["BackupVaultArn"],
        "SourceRecoveryPointArn": point["RecoveryPointArn"],
        "DestinationBackupVaultArn": destination_vault_arn,
        "DestinationRecoveryPointLifecycle": lifecycle or None,
        "ResourceArn": point["ResourceArn"],
        "ResourceType": point["ResourceType"],
        "CreationDate": api.now(),
        "State": "CREATED",
        "BackupSizeInBytes": point["BackupSizeInBytes"],
        "IamRoleArn": role_arn,
        "CreatedBy": created_by,
        "IsParent": False,
    }
    api.backend.copy_jobs[job["CopyJobId"]] = job
    events.copy_job_changed(api, job)
    return job


def move_copy_job(api: BackupApi, job: Document, state: str, message: str = "") -> None:
    """Brings a job into a state. COMPLETED puts the copy into the destination vault, unless that
    does not let it in: then the job has FAILED."""
    if job["State"] in _FINAL_COPY_STATES:
        raise refused(f"Copy job {job['CopyJobId']} is {job['State']} already.")
    if state not in (*_COPY_STATES, *_FINAL_COPY_STATES):
        raise invalid(f"a copy job has no state {state!r}")
    target, vault_name = _destination(api, job["DestinationBackupVaultArn"])
    if state == "COMPLETED":
        problem = _obstacle(api, job, target, vault_name)
        state, message = ("FAILED", problem) if problem else (state, message)
    job["State"] = state
    job["StatusMessage"] = message or None
    if state in _FINAL_COPY_STATES:
        job["CompletionDate"] = api.now()
    if state == "COMPLETED":
        arn = new_recovery_point_arn(target, job["ResourceType"])
        job["DestinationRecoveryPointArn"] = arn
        job["MessageCategory"] = message_category(state, message)
        lifecycle: Mapping[str, Any] = job["DestinationRecoveryPointLifecycle"] or {}
        add_recovery_point(target, vault_name, arn, job, lifecycle)
    events.copy_job_changed(api, job)


def _obstacle(api: BackupApi, job: Document, target: BackupApi, vault_name: str) -> str:
    """Why the destination does not take the copy; "" when it does."""
    vault = target.backend.vault_documents.get(vault_name)
    if vault is None:
        return f"Copy job failed because the destination vault {vault_name} does not exist."
    if target.account != api.account:
        if not cross_account_backup_enabled(api):
            return "Cross-account backup is not enabled in the organization's global settings."
        decision = api.services.access.check_account(
            api.account, "backup:CopyIntoBackupVault", vault["BackupVaultArn"]
        )
        if not decision.allowed:
            return f"Access Denied trying to copy into {vault_name}: {decision.reason}."
    return retention_problem(vault, job["DestinationRecoveryPointLifecycle"] or {})


def start_copy_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    point = find_recovery_point(
        api,
        {
            "BackupVaultName": params["SourceBackupVaultName"],
            "RecoveryPointArn": params["RecoveryPointArn"],
        },
    )
    check_role(api, params["IamRoleArn"])
    return create_copy_job(
        api,
        point,
        destination_vault_arn=params["DestinationBackupVaultArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=params.get("Lifecycle"),
    )


def find_copy_job(api: BackupApi, job_id: str) -> Document:
    job = api.backend.copy_jobs.get(job_id)
    if job is None:
        raise not_found(f"Copy job {job_id} does not exist.")
    return job


def describe_copy_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"CopyJob": find_copy_job(api, params["CopyJobId"])}


def list_copy_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    jobs = matching(recent(api, api.backend.copy_jobs), params, _COPY_FILTERS)
    return page(params, "CopyJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "StartBackupJob": start_backup_job,
    "DescribeBackupJob": describe_backup_job,
    "ListBackupJobs": list_backup_jobs,
    "StartCopyJob": start_copy_job,
    "DescribeCopyJob": describe_copy_job,
    "ListCopyJobs": list_copy_jobs,
}
