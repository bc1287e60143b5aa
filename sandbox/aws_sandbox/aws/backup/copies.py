"""Copy jobs, and whether AWS lets a copy into another vault, Region and account."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
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
    provide_linked_role,
    recent,
    refused,
)
from aws_sandbox.aws.backup.images import copy_image, image_of
from aws_sandbox.aws.backup.plans import check_role
from aws_sandbox.aws.backup.settings import cross_account_backup_enabled, new_recovery_point_arn
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import (
    AIR_GAPPED,
    add_recovery_point,
    find_recovery_point,
    retention_problem,
)
from aws_sandbox.aws.membership import organization_backend, organization_keys
from aws_sandbox.aws.resources import find_key
from aws_sandbox.iam import Principal

_LINKED_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
)
_KEY_ACTIONS = ("kms:DescribeKey", "kms:CreateGrant")
"""A grant for the service that copies lets it do the rest."""

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
    backup_job: Mapping[str, Any] | None = None,
) -> Document:
    """A job in the state CREATED for a recovery point, said on the bus; `backup_job` is the one
    whose rule asks for it."""
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
        "CreatedBy": backup_job["CreatedBy"] if backup_job else None,
        "CreatedByBackupJobId": backup_job["BackupJobId"] if backup_job else None,
        "IsParent": False,
        "SourceKey": point["EncryptionKeyArn"],
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
        gapped = target.backend.vault_documents[vault_name]["VaultType"] == AIR_GAPPED
        arn = new_recovery_point_arn(target, "" if gapped else job["ResourceType"])
        image = image_of(api, job["SourceRecoveryPointArn"])
        if image is not None and not gapped:
            copy_image(target, image, arn.rpartition("/")[2])
        job["DestinationRecoveryPointArn"] = arn
        job["MessageCategory"] = message_category(state, message)
        lifecycle: Mapping[str, Any] = job["DestinationRecoveryPointLifecycle"] or {}
        add_recovery_point(target, vault_name, arn, job, lifecycle)
        target.backend.tag_resource(arn, api.backend.tags(job["SourceRecoveryPointArn"]))
    events.copy_job_changed(api, job)


def _obstacle(api: BackupApi, job: Document, target: BackupApi, vault_name: str) -> str:
    """Why the copy fails; "" when it does not. In AWS's words where it publishes them: those of
    switched-off copies and of the lock are not known."""
    vault = target.backend.vault_documents.get(vault_name)
    if target.account != api.account:
        organizations = [organization_backend(each.account) for each in (api, target)]
        if organizations[0] is None or organizations[0] is not organizations[1]:
            return (
                "Copy job failed. Both source and destination account must be a member of the "
                "same organization."
            )
        if not cross_account_backup_enabled(api):
            return "Cross-account backup is not enabled in the organization's global settings."
    if vault is None:
        return f"Copy job failed because the destination vault {vault_name} does not exist."
    return (
        _denied(api, job, target)
        or _key_obstacle(api, job, target, vault)
        or retention_problem(vault, job["DestinationRecoveryPointLifecycle"] or {})
    )


def _denied(api: BackupApi, job: Document, target: BackupApi) -> str:
    """Whether the role may take from the one vault and put into the other, whose policy must allow
    that across accounts."""
    destination = job["DestinationBackupVaultArn"]
    paths = organization_keys(target.account, "").get("OrgPaths", [])
    limits = {"backup:CopyTargets": [destination], "backup:CopyTargetOrgPaths": paths}
    for action, vault_arn, context in (
        ("backup:CopyFromBackupVault", job["SourceBackupVaultArn"], limits),
        ("backup:CopyIntoBackupVault", destination, None),
    ):
        decision = api.services.access.check_role(
            job["IamRoleArn"], action, vault_arn, context=context
        )
        if not decision.allowed:
            return f"Access Denied trying to call AWS Backup service: {decision.reason}."
    return ""


def _key_obstacle(
    api: BackupApi, job: Document, target: BackupApi, vault: Mapping[str, Any]
) -> str:
    """Of snapshots that their own service keeps: they lie under their source's key, and AWS Backup
    in the destination's account has that service read them and write under the vault's key."""
    service = Arn.parse(job["SourceRecoveryPointArn"]).service
    if service == "backup":
        return ""
    at = Arn.parse(vault["BackupVaultArn"])
    source, destination = (
        find_key(key or "", at) for key in (job["SourceKey"], vault.get("EncryptionKeyArn"))
    )
    across = target.account != api.account
    if source and source.aws_managed and (across or vault["VaultType"] == AIR_GAPPED):
        return (
            "Snapshots encrypted with the AWS managed key can't be shared. Specify another "
            "snapshot."
        )
    if destination and destination.aws_managed and across:
        return (
            "Copy job failed because the destination Backup vault is encrypted with the default "
            "Backup service managed key. The contents of this vault cannot be copied. Only the "
            "contents of a Backup vault encrypted by an AWS KMS key may be copied."
        )
    provide_linked_role(target, "backup.amazonaws.com")
    copier = Principal(arn=_LINKED_ROLE.format(account=target.account), account=target.account)
    for key, action in product(filter(None, (source, destination)), _KEY_ACTIONS):
        decision = api.services.access.check_key(
            copier, key, action, through=service, context={"kms:GrantIsForAWSResource": "true"}
        )
        if not decision.allowed:
            return f"Given key ID is not accessible: {decision.reason}."
    return ""


def start_copy_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    point = find_recovery_point(
        api,
        {
            "BackupVaultName": params["SourceBackupVaultName"],
            "RecoveryPointArn": params["RecoveryPointArn"],
        },
    )
    token = params.get("IdempotencyToken")
    for job in api.backend.copy_jobs.values():
        if token and job.get("IdempotencyToken") == token:
            return job
    check_role(api, params["IamRoleArn"])
    job = create_copy_job(
        api,
        point,
        destination_vault_arn=params["DestinationBackupVaultArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=params.get("Lifecycle"),
    )
    job["IdempotencyToken"], job["EndsByItself"] = token, True
    move_copy_job(api, job, "RUNNING")
    return job


def find_copy_job(api: BackupApi, job_id: str) -> Document:
    job = api.backend.copy_jobs.get(job_id)
    if job is None:
        raise not_found(f"Copy job {job_id} does not exist.")
    return job


def describe_copy_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """A copy that was asked for has come to its end at the second look."""
    job = find_copy_job(api, params["CopyJobId"])
    held = api.backend.held_at(job["ResourceArn"])
    if job.get("EndsByItself") and job["State"] == "RUNNING" and not held:
        if job.get("Seen"):
            move_copy_job(api, job, "COMPLETED")
        job["Seen"] = True
    return {"CopyJob": job}


def list_copy_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    jobs = matching(recent(api, api.backend.copy_jobs), params, _COPY_FILTERS)
    return page(params, "CopyJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "StartCopyJob": start_copy_job,
    "DescribeCopyJob": describe_copy_job,
    "ListCopyJobs": list_copy_jobs,
}
