"""Backup jobs. One stays as it is until the sandbox is told how it went.

A backup of an instance that moto's EC2 has begins by itself, so that its snapshots are there; who
describes it finds it running once, and at its end after that. One of a plan's rule that is run
comes to its end, and so do its copies.
"""

from collections.abc import Mapping, Sequence
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
    message_category,
    not_found,
    page,
    recent,
    refused,
)
from aws_sandbox.aws.backup.copies import create_copy_job, move_copy_job
from aws_sandbox.aws.backup.images import (
    begin_image,
    complete_image,
    drop_image,
    instance_of,
    tags_of_instance,
)
from aws_sandbox.aws.backup.plans import check_role, created_by, lifecycle_problems
from aws_sandbox.aws.backup.selections import own_key, selected
from aws_sandbox.aws.backup.settings import is_snapshot, new_recovery_point_arn, resource_type
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import (
    AIR_GAPPED,
    add_recovery_point,
    find_vault,
    retention_problem,
)
from aws_sandbox.aws.resources import find_key

_BACKUP_STATES = ("CREATED", "PENDING", "RUNNING", "ABORTING")
_FINAL_BACKUP_STATES = ("ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL")
_DEFAULT_START_WINDOW_MINUTES = 480
_NOT_STOPPED = ("Aurora", "DocumentDB", "FSx", "Neptune", "RDS", "SAP HANA on Amazon EC2")
"""API_StopBackupJob."""
_CONTINUOUS = ("S3", "RDS", "Aurora", "SAP HANA on Amazon EC2")
"""Of other types a rule of continuous backups makes snapshots."""
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
    now, kind = api.now(), resource_type(resource_arn)
    key_arn = vault.get("EncryptionKeyArn")
    if is_snapshot(kind):
        own = own_key(api, resource_arn)
        key_arn = own.arn if own else None
    job: Document = {
        "AccountId": api.account,
        "BackupJobId": api.uuid(),
        "BackupVaultName": vault_name,
        "BackupVaultArn": vault["BackupVaultArn"],
        "VaultType": vault["VaultType"],
        "RecoveryPointLifecycle": lifecycle or None,
        "EncryptionKeyArn": key_arn,
        "IsEncrypted": key_arn is not None or not is_snapshot(kind),
        "ResourceArn": resource_arn,
        "ResourceType": kind,
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
        job["RecoveryPointArn"] = image or _new_point(api, job)
        job["MessageCategory"] = category or message_category(state, message)
        add_recovery_point(api, job["BackupVaultName"], job["RecoveryPointArn"], job, lifecycle)
        api.backend.tag_resource(job["RecoveryPointArn"], job.get("RecoveryPointTags") or {})
    elif state in _FINAL_BACKUP_STATES:
        drop_image(api, job)
    events.backup_job_changed(api, job)
    if state == "COMPLETED":
        _copy_by_rule(api, job, job.get("Rule") or {})


def _new_point(api: BackupApi, job: Document) -> str:
    """Of a continuous backup it is the same one every time. (Its name is not documented.)"""
    if job.get("Continuous"):
        name = Arn.parse(job["ResourceArn"]).resource
        return api.backend.arn("recovery-point", f"continuous:{name}")
    gapped = job["VaultType"] == AIR_GAPPED
    return new_recovery_point_arn(api, "" if gapped else job["ResourceType"])


def run_rule(api: BackupApi, plan: Mapping[str, Any], rule: Mapping[str, Any]) -> list[Document]:
    """The jobs of a plan's rule whose time has come: one for each resource that the plan's
    selections mean, ended with its copies unless the resource is held."""
    chosen: dict[str, tuple[str, Mapping[str, str]]] = {}
    for selection in api.backend.selections.get(plan["BackupPlanId"], {}).values():
        check_role(api, selection["IamRoleArn"])
        for arn, tags in selected(api, selection["BackupSelection"]).items():
            chosen.setdefault(arn, (selection["IamRoleArn"], tags))
    return [
        _run(api, plan, rule, arn, role_arn=role_arn, tags=tags)
        for arn, (role_arn, tags) in chosen.items()
    ]


def _run(
    api: BackupApi,
    plan: Mapping[str, Any],
    rule: Mapping[str, Any],
    resource_arn: str,
    *,
    role_arn: str,
    tags: Mapping[str, str],
) -> Document:
    kind, vault_name = resource_type(resource_arn), rule["TargetBackupVaultName"]
    gapped: str | None = rule.get("TargetLogicallyAirGappedBackupVaultArn")
    if gapped and not is_snapshot(kind):
        vault_name = gapped.rpartition(":")[2]
    job = create_backup_job(
        api,
        vault_name=vault_name,
        resource_arn=resource_arn,
        role_arn=role_arn,
        lifecycle=rule.get("Lifecycle"),
        created_by=created_by(plan, rule),
        start_window_minutes=rule["StartWindowMinutes"],
    )
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    job["RecoveryPointTags"] = own | (rule.get("RecoveryPointTags") or {})
    job["Continuous"] = rule.get("EnableContinuousBackup") and kind in _CONTINUOUS
    job["Rule"] = rule
    held = api.backend.held_at(resource_arn)
    for state in {"CREATED": (), "RUNNING": ("RUNNING",)}.get(held, ("RUNNING", "COMPLETED")):
        move_backup_job(api, job, state)
    return job


def _copy_by_rule(api: BackupApi, job: Document, rule: Mapping[str, Any]) -> None:
    """Copies a new recovery point as its rule says; last, a snapshot into the air-gapped vault
    that is the rule's primary target: the one in the standard vault was for the time being, and
    stays where its key does not let it leave."""
    point = api.backend.recovery_points[job["BackupVaultName"]][job["RecoveryPointArn"]]
    actions: Sequence[Mapping[str, Any]] = rule.get("CopyActions") or []
    for action in actions:
        _copy(api, job, point, action["DestinationBackupVaultArn"], action.get("Lifecycle"))
    gapped = rule.get("TargetLogicallyAirGappedBackupVaultArn")
    if not gapped or not is_snapshot(job["ResourceType"]):
        return
    key = find_key(point["EncryptionKeyArn"] or "", Arn.parse(job["ResourceArn"]))
    if key is not None and key.aws_managed:
        job["MessageCategory"] = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED"
    elif _copy(api, job, point, gapped, rule.get("Lifecycle"))["State"] == "COMPLETED":
        del api.backend.recovery_points[job["BackupVaultName"]][job["RecoveryPointArn"]]


def _copy(
    api: BackupApi,
    job: Document,
    point: Mapping[str, Any],
    vault_arn: str,
    lifecycle: Mapping[str, Any] | None,
) -> Document:
    copy = create_copy_job(
        api,
        point,
        destination_vault_arn=vault_arn,
        role_arn=job["IamRoleArn"],
        lifecycle=lifecycle,
        backup_job=job,
    )
    for state in ("RUNNING", "COMPLETED"):
        move_copy_job(api, copy, state)
    return copy


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
    instance = instance_of(api, params["ResourceArn"])
    own = tags_of_instance(instance) if instance else {}
    job["RecoveryPointTags"] = own | (params.get("RecoveryPointTags") or {})
    if api.backend.held_at(params["ResourceArn"]) != "CREATED" and instance is not None:
        move_backup_job(api, job, "RUNNING")
        job["NextState"] = "COMPLETED"
    return job


def find_backup_job(api: BackupApi, job_id: str) -> Document:
    job = api.backend.backup_jobs.get(job_id)
    if job is None:
        raise not_found(f"Backup job {job_id} does not exist.")
    return job


def stop_backup_job(api: BackupApi, params: Params) -> None:
    job = find_backup_job(api, params["BackupJobId"])
    if job["ResourceType"] in _NOT_STOPPED:
        raise refused(f"Backup jobs of {job['ResourceType']} cannot be stopped.")
    move_backup_job(api, job, "ABORTING")
    job["NextState"] = "ABORTED"


def describe_backup_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """What goes on by itself has done so at the second look."""
    job = find_backup_job(api, params["BackupJobId"])
    state: str = job["State"]
    held = bool(api.backend.held_at(job["ResourceArn"]))
    if job.get("NextState") and state in ("RUNNING", "ABORTING") and not held:
        if job.get("Seen") == state:
            move_backup_job(api, job, job["NextState"])
        job["Seen"] = state
    return job


def list_backup_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    jobs = matching(recent(api, api.backend.backup_jobs), params, _BACKUP_FILTERS)
    return page(params, "BackupJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "StartBackupJob": start_backup_job,
    "StopBackupJob": stop_backup_job,
    "DescribeBackupJob": describe_backup_job,
    "ListBackupJobs": list_backup_jobs,
}
