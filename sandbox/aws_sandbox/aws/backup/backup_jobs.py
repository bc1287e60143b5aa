"""Backup jobs. One stays as it is until it is stopped or the sandbox is told how it went."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_sandbox.aws.backup import job_events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid, not_found, refused
from aws_sandbox.aws.backup.filters import matching
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.plan_rules import lifecycle_problems
from aws_sandbox.aws.backup.recovery_points import add_recovery_point, retention_problem
from aws_sandbox.aws.backup.resource_types import new_recovery_point_arn, resource_type
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.selections import check_role
from aws_sandbox.aws.backup.vaults import find_vault

STATES = ("CREATED", "PENDING", "RUNNING", "ABORTING")
FINAL_STATES = ("ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL")
_DEFAULT_START_WINDOW_MINUTES = 480
_STOPPED = "Backup job was stopped by user."
_FILTERS: Mapping[str, str] = {
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
    scope: Scope,
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
    vault = find_vault(scope, vault_name)
    now = scope.now()
    job: Document = {
        "AccountId": scope.account,
        "BackupJobId": scope.uuid(),
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
    scope.backend.backup_jobs[job["BackupJobId"]] = job
    job_events.backup_job_changed(scope, job)
    return job


def move_backup_job(scope: Scope, job: Document, state: str, message: str = "") -> None:
    """Brings a job into a state. COMPLETED makes its recovery point, unless the vault's lock does
    not allow its retention: then the job has FAILED."""
    if job["State"] in FINAL_STATES:
        raise refused(f"Backup job {job['BackupJobId']} is {job['State']} already.")
    if state not in (*STATES, *FINAL_STATES):
        raise invalid(f"a backup job has no state {state!r}")
    lifecycle: Mapping[str, Any] = job["RecoveryPointLifecycle"] or {}
    if state == "COMPLETED":
        problem = retention_problem(find_vault(scope, job["BackupVaultName"]), lifecycle)
        state, message = ("FAILED", problem) if problem else (state, message)
    job["State"] = state
    job["StatusMessage"] = message or None
    if state in FINAL_STATES:
        job["CompletionDate"] = scope.now()
    if state in ("COMPLETED", "PARTIAL"):
        job["PercentDone"] = "100.0"
        job["BytesTransferred"] = job["BackupSizeInBytes"]
        job["RecoveryPointArn"] = new_recovery_point_arn(scope, job["ResourceType"])
        job["MessageCategory"] = None if message else "SUCCESS"
        add_recovery_point(scope, job["BackupVaultName"], job["RecoveryPointArn"], job, lifecycle)
    job_events.backup_job_changed(scope, job)


def start_backup_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    token = params.get("IdempotencyToken")
    for job in scope.backend.backup_jobs.values():
        if token and job.get("IdempotencyToken") == token:
            return job
    lifecycle: Mapping[str, Any] = params.get("Lifecycle") or {}
    problems = list(lifecycle_problems(lifecycle))
    if problems:
        raise invalid("; ".join(problems))
    check_role(scope, params["IamRoleArn"])
    job = create_backup_job(
        scope,
        vault_name=params["BackupVaultName"],
        resource_arn=params["ResourceArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=lifecycle,
        start_window_minutes=params.get("StartWindowMinutes") or _DEFAULT_START_WINDOW_MINUTES,
    )
    job["IdempotencyToken"] = token
    job["BackupOptions"] = params.get("BackupOptions")
    return job


def find_backup_job(scope: Scope, job_id: str) -> Document:
    job = scope.backend.backup_jobs.get(job_id)
    if job is None:
        raise not_found(f"Backup job {job_id} does not exist.")
    return job


def stop_backup_job(scope: Scope, params: Params) -> None:
    job = find_backup_job(scope, params["BackupJobId"])
    move_backup_job(scope, job, "ABORTED", _STOPPED)


def describe_backup_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    return find_backup_job(scope, params["BackupJobId"])


def list_backup_jobs(scope: Scope, params: Params) -> Mapping[str, Any]:
    jobs = matching(list(scope.backend.backup_jobs.values()), params, _FILTERS)
    return page(params, "BackupJobs", jobs)


def list_summaries(scope: Scope, params: Params) -> Mapping[str, Any]:
    """Counts by state and resource type over the aggregation period, which is one day or more."""
    period = params.get("AggregationPeriod") or "ONE_DAY"
    days = {"ONE_DAY": 1, "SEVEN_DAYS": 7, "FOURTEEN_DAYS": 14}[period]
    end = scope.now()
    start = end - timedelta(days=days)
    members = {"State": "State", "ResourceType": "ResourceType", "AccountId": "AccountId"}
    wanted = {
        name: value for name, value in params.items() if value not in ("ANY", "AGGREGATE_ALL")
    }
    counts = Counter(
        (job["State"], job["ResourceType"])
        for job in matching(list(scope.backend.backup_jobs.values()), wanted, members)
        if job["CreationDate"] >= start
    )
    summaries = [
        {
            "Region": scope.region,
            "AccountId": scope.account,
            "State": state,
            "ResourceType": kind,
            "Count": count,
            "StartTime": start,
            "EndTime": end,
        }
        for (state, kind), count in sorted(counts.items())
    ]
    return {"AggregationPeriod": period, **page(params, "BackupJobSummaries", summaries)}


OPERATIONS: Mapping[str, Operation] = {
    "StartBackupJob": start_backup_job,
    "StopBackupJob": stop_backup_job,
    "DescribeBackupJob": describe_backup_job,
    "ListBackupJobs": list_backup_jobs,
    "ListBackupJobSummaries": list_summaries,
}
