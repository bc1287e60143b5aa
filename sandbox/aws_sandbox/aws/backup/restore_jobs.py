"""Restore jobs, and the verdicts of restore tests."""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.backup import job_events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid, not_found, refused
from aws_sandbox.aws.backup.filters import matching
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.recovery_points import all_recovery_points
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.selections import check_role

STATES = ("CREATED", "PENDING", "RUNNING")
FINAL_STATES = ("COMPLETED", "FAILED", "ABORTED")
_FILTERS: Mapping[str, str] = {
    "ByAccountId": "AccountId",
    "ByResourceType": "ResourceType",
    "ByCreatedBefore": "CreationDate",
    "ByCreatedAfter": "CreationDate",
    "ByStatus": "Status",
    "ByCompleteBefore": "CompletionDate",
    "ByCompleteAfter": "CompletionDate",
    "ByRestoreTestingPlanArn": "CreatedBy.RestoreTestingPlanArn",
    "ByParentJobId": "ParentJobId",
    "ByRecoveryPointCreationDateAfter": "RecoveryPointCreationDate",
    "ByRecoveryPointCreationDateBefore": "RecoveryPointCreationDate",
}


def create_restore_job(
    scope: Scope,
    point: Mapping[str, Any],
    *,
    role_arn: str,
    restore_testing_plan_arn: str = "",
) -> Document:
    """A job in the status CREATED for a recovery point, said on the bus."""
    job: Document = {
        "AccountId": scope.account,
        "RestoreJobId": scope.uuid(),
        "RecoveryPointArn": point["RecoveryPointArn"],
        "RecoveryPointCreationDate": point["CreationDate"],
        "SourceResourceArn": point["ResourceArn"],
        "BackupVaultArn": point["BackupVaultArn"],
        "ResourceType": point["ResourceType"],
        "CreationDate": scope.now(),
        "Status": "CREATED",
        "PercentDone": "0.00%",
        "BackupSizeInBytes": point["BackupSizeInBytes"],
        "IamRoleArn": role_arn,
        "IsParent": False,
    }
    if restore_testing_plan_arn:
        job["CreatedBy"] = {"RestoreTestingPlanArn": restore_testing_plan_arn}
    scope.backend.restore_jobs[job["RestoreJobId"]] = job
    job_events.restore_job_changed(scope, job)
    return job


def move_restore_job(
    scope: Scope, job: Document, status: str, message: str = "", created_resource_arn: str = ""
) -> None:
    """Brings a job into a status; COMPLETED names what was restored."""
    if job["Status"] in FINAL_STATES:
        raise refused(f"Restore job {job['RestoreJobId']} is {job['Status']} already.")
    if status not in (*STATES, *FINAL_STATES):
        raise invalid(f"a restore job has no status {status!r}")
    job["Status"] = status
    job["StatusMessage"] = message or None
    if status in FINAL_STATES:
        job["CompletionDate"] = scope.now()
    if status == "COMPLETED":
        restored = f"{job['SourceResourceArn']}-restored-{job['RestoreJobId'][:8]}"
        job["CreatedResourceArn"] = created_resource_arn or restored
        job["PercentDone"] = "100.00%"
    job_events.restore_job_changed(scope, job)


def start_restore_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    arn = params["RecoveryPointArn"]
    point = next((p for p in all_recovery_points(scope) if p["RecoveryPointArn"] == arn), None)
    if point is None:
        raise not_found(f"Recovery point {arn} does not exist.")
    role_arn = params.get("IamRoleArn") or point["IamRoleArn"]
    check_role(scope, role_arn)
    job = create_restore_job(scope, point, role_arn=role_arn)
    job["Metadata"] = params["Metadata"]
    return job


def find_restore_job(scope: Scope, job_id: str) -> Document:
    job = scope.backend.restore_jobs.get(job_id)
    if job is None:
        raise not_found(f"Restore job {job_id} does not exist.")
    return job


def describe_restore_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    return find_restore_job(scope, params["RestoreJobId"])


def restore_metadata(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"Metadata": {}, **find_restore_job(scope, params["RestoreJobId"])}


def list_restore_jobs(scope: Scope, params: Params) -> Mapping[str, Any]:
    jobs = matching(list(scope.backend.restore_jobs.values()), params, _FILTERS)
    return page(params, "RestoreJobs", jobs)


def list_restore_jobs_by_resource(scope: Scope, params: Params) -> Mapping[str, Any]:
    jobs = matching(list(scope.backend.restore_jobs.values()), params, _FILTERS)
    of_resource = [job for job in jobs if job["SourceResourceArn"] == params["ResourceArn"]]
    return page(params, "RestoreJobs", of_resource)


def put_validation_result(scope: Scope, params: Params) -> None:
    """The verdict of a restore test; once given it cannot be changed."""
    job = find_restore_job(scope, params["RestoreJobId"])
    if not job.get("CreatedBy"):
        raise refused(f"Restore job {job['RestoreJobId']} was not started by restore testing.")
    if job["Status"] != "COMPLETED":
        raise refused(f"Restore job {job['RestoreJobId']} is {job['Status']}, not COMPLETED.")
    if job.get("ValidationStatus") not in (None, "VALIDATING"):
        raise refused(f"Restore job {job['RestoreJobId']} is {job['ValidationStatus']} already.")
    job["ValidationStatus"] = params["ValidationStatus"]
    job["ValidationStatusMessage"] = params.get("ValidationStatusMessage")


OPERATIONS: Mapping[str, Operation] = {
    "StartRestoreJob": start_restore_job,
    "DescribeRestoreJob": describe_restore_job,
    "GetRestoreJobMetadata": restore_metadata,
    "ListRestoreJobs": list_restore_jobs,
    "ListRestoreJobsByProtectedResource": list_restore_jobs_by_resource,
    "PutRestoreValidationResult": put_validation_result,
}
