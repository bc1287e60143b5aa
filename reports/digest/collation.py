"""What AWS's API says of one account and Region, as the tables of reports/digest/activity.py.

Everything is paged, and one page is held at a time. Throttled calls are waited for, on top of
botocore's own retries, as long as there is time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from reports.digest.activity import Row

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

_THROTTLED = {
    "LimitExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_LONGEST_WAIT = 30.0
_RESERVE = 45.0
"""Seconds that are left for what comes after a call: writing down what was found."""

SUPPORTED = (
    "cloudformation:stack",
    "dynamodb:table",
    "ec2:instance",
    "ec2:volume",
    "eks:cluster",
    "elasticfilesystem:file-system",
    "fsx:file-system",
    "rds:cluster",
    "rds:db",
    "redshift:cluster",
    "s3",
    "timestream:table",
)
"""What AWS Backup can save, as the tagging API calls it; DocumentDB and Neptune are rds:cluster."""

LIMITS = (
    "Unprotected is what carries, or once carried, a tag and was never saved: AWS has no list of "
    "all that could be. A volume or database that is saved with its instance, cluster or stack is "
    "listed, too.",
    "Compliance by control is not known: AWS Backup's API does not tell it, delivered reports do.",
)
"""What the API cannot tell; the last where there is no lake to tell it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    account: str
    region: str


@dataclass(frozen=True)
class Patience:
    """Waits for calls that are throttled, and never longer than there is time."""

    seconds_left: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def call(self, function: Callable[..., Mapping[str, Any]], **request: Any) -> Mapping[str, Any]:
        wait = 1.0
        while True:
            try:
                return function(**request)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code not in _THROTTLED or self.seconds_left() < wait + _RESERVE:
                    raise
            self.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - so that not all call at once
            wait = min(2 * wait, _LONGEST_WAIT)

    def pages(
        self,
        function: Callable[..., Mapping[str, Any]],
        member: str,
        *,
        following: str = "NextToken",
        request: Mapping[str, Any] = _NOTHING,
    ) -> Iterator[Any]:
        """Each item of a list call, page by page; a page that is throttled is asked for again,
        which botocore's paginators cannot do."""
        answer = self.call(function, **request)
        yield from answer.get(member, ())
        while page := answer.get(following):
            answer = self.call(function, **request, **{following: page})
            yield from answer.get(member, ())


def unseen_row(place: Place, error: Exception, what: str = "") -> Row:
    """That something could not be looked at, and why, as AWS says it."""
    reason = f"{what}{error}"
    return {"account_id": place.account, "region": place.region, "reason": reason}


def vault_rows(
    backup: BackupClient, place: Place, tag: tuple[str, str], patience: Patience
) -> Iterator[Row]:
    """All vaults, and whether each carries the tag."""
    for vault in patience.pages(backup.list_backup_vaults, "BackupVaultList"):
        arn: str = vault["BackupVaultArn"]
        yield {
            "account_id": place.account,
            "region": place.region,
            "vault_name": vault["BackupVaultName"],
            "vault_arn": arn,
            "vault_type": vault.get("VaultType"),
            "locked": vault.get("Locked"),
            "lock_at": vault.get("LockDate"),
            "encryption_key_arn": vault.get("EncryptionKeyArn"),
            "recovery_points": vault.get("NumberOfRecoveryPoints"),
            "tagged": _tags(backup, arn, patience).get(tag[0]) == tag[1],
        }


def _tags(backup: BackupClient, arn: str, patience: Patience) -> Mapping[str, str]:
    found: dict[str, str] = {}
    answer = patience.call(backup.list_tags, ResourceArn=arn)
    found |= answer.get("Tags", {})
    while following := answer.get("NextToken"):
        answer = patience.call(backup.list_tags, ResourceArn=arn, NextToken=following)
        found |= answer.get("Tags", {})
    return found


def collate(
    backup: BackupClient,
    tagging: ResourceGroupsTaggingAPIClient,
    place: Place,
    *,
    vaults: Sequence[str],
    jobs: tuple[datetime, datetime] | None,
    patience: Patience,
) -> Mapping[str, Iterator[Row]]:
    """By table of reports/digest/activity.py, what AWS is asked as the rows are taken.

    `vaults`: the names of those whose recovery points are wanted. `jobs`: created from the one
    time on and before the other; None where the lake has them, and knows what is unprotected.
    """
    tables = {
        "recovery_points": _recovery_points(backup, place, vaults, patience),
        "resources": _resources(backup, None if jobs is None else tagging, place, patience),
    }
    if jobs is not None:
        tables["jobs"] = _jobs(backup, place, jobs, patience)
    return tables


def _jobs(
    backup: BackupClient, place: Place, created: tuple[datetime, datetime], patience: Patience
) -> Iterator[Row]:
    since, until = created
    # AWS's times are exclusive, and kept to the millisecond.
    request = {"ByCreatedAfter": since - timedelta(seconds=1), "ByCreatedBefore": until}
    calls: Sequence[tuple[Callable[..., Any], str, Callable[[Mapping[str, Any], Place], Row]]] = (
        (backup.list_backup_jobs, "BackupJobs", backup_job),
        (backup.list_copy_jobs, "CopyJobs", copy_job),
        (backup.list_restore_jobs, "RestoreJobs", restore_job),
    )
    for function, member, row in calls:
        for job in patience.pages(function, member, request=request):
            if since <= job["CreationDate"] < until and _counts(job, place):
                yield row(job, place)


def _counts(job: Mapping[str, Any], place: Place) -> bool:
    """Not a child of a composite job, whose parent stands for it; nor a copy that another account
    or Region sends here, where its job may be listed as well."""
    if job.get("ParentJobId"):
        return False
    source = str(job.get("SourceBackupVaultArn") or "").split(":")
    return len(source) < 5 or source[3:5] == [place.region, place.account]


def _common(job: Mapping[str, Any], place: Place) -> dict[str, Any]:
    by: Mapping[str, Any] = job.get("CreatedBy") or _NOTHING
    return {
        "account_id": job.get("AccountId") or place.account,
        "region": place.region,
        "status_message": job.get("StatusMessage"),
        "resource_arn": job.get("ResourceArn"),
        "resource_type": job.get("ResourceType"),
        "resource_name": job.get("ResourceName"),
        "plan_name": by.get("BackupPlanName"),
        "rule_name": by.get("BackupRuleName"),
        "rule_schedule": by.get("BackupRuleCron"),
        "rule_timezone": by.get("BackupRuleTimezone"),
        "created_at": job["CreationDate"],
        "completed_at": job.get("CompletionDate"),
        "size_bytes": job.get("BackupSizeInBytes"),
    }


def _with_issues(job: Mapping[str, Any]) -> bool:
    """AWS Backup's guide: COMPLETED, with a message category other than SUCCESS; an older job may
    have none, and then its message tells."""
    category = job.get("MessageCategory")
    said = bool(job.get("StatusMessage")) if category is None else category != "SUCCESS"
    return job.get("State") == "COMPLETED" and said


def backup_job(job: Mapping[str, Any], place: Place) -> Row:
    """A row of ListBackupJobs as one of activity.JOBS."""
    return {
        **_common(job, place),
        "kind": "backup",
        "job_id": job.get("BackupJobId"),
        "state": job.get("State"),
        "with_issues": _with_issues(job),
        "vault_arn": job.get("BackupVaultArn"),
        "recovery_point_arn": job.get("RecoveryPointArn"),
    }


def copy_job(job: Mapping[str, Any], place: Place) -> Row:
    """A row of ListCopyJobs as one of activity.JOBS."""
    return {
        **_common(job, place),
        "kind": "copy",
        "job_id": job.get("CopyJobId"),
        "state": job.get("State"),
        "with_issues": _with_issues(job),
        "vault_arn": job.get("SourceBackupVaultArn"),
        "destination_vault_arn": job.get("DestinationBackupVaultArn"),
        "recovery_point_arn": job.get("SourceRecoveryPointArn"),
    }


def restore_job(job: Mapping[str, Any], place: Place) -> Row:
    """A row of ListRestoreJobs as one of activity.JOBS; restores complete without issues."""
    return {
        **_common(job, place),
        "kind": "restore",
        "job_id": job.get("RestoreJobId"),
        "state": job.get("Status"),
        "with_issues": False,
        "resource_arn": job.get("SourceResourceArn"),
        "vault_arn": job.get("BackupVaultArn"),
        "recovery_point_arn": job.get("RecoveryPointArn"),
        "restore_testing_plan_arn": (job.get("CreatedBy") or _NOTHING).get("RestoreTestingPlanArn"),
        "validation_status": job.get("ValidationStatus"),
        "validation_message": job.get("ValidationStatusMessage"),
    }


def _recovery_points(
    backup: BackupClient, place: Place, vaults: Sequence[str], patience: Patience
) -> Iterator[Row]:
    """Those within a composite recovery point are not told: the one around them is."""
    for vault in vaults:
        for point in patience.pages(
            backup.list_recovery_points_by_backup_vault,
            "RecoveryPoints",
            request={"BackupVaultName": vault},
        ):
            if point.get("ParentRecoveryPointArn"):
                continue
            yield {
                "account_id": place.account,
                "region": place.region,
                "vault_arn": point.get("BackupVaultArn"),
                "recovery_point_arn": point.get("RecoveryPointArn"),
                "resource_arn": point.get("ResourceArn"),
                "resource_type": point.get("ResourceType"),
                "status": point.get("Status"),
                "created_at": point.get("CreationDate"),
                "size_bytes": point.get("BackupSizeInBytes"),
                "encrypted": point.get("IsEncrypted"),
                "delete_at": (point.get("CalculatedLifecycle") or _NOTHING).get("DeleteAt"),
                "source_vault_arn": point.get("SourceBackupVaultArn"),
            }


def _resources(
    backup: BackupClient,
    tagging: ResourceGroupsTaggingAPIClient | None,
    place: Place,
    patience: Patience,
) -> Iterator[Row]:
    """What AWS Backup has saved, and, of what it could save, what carries or carried a tag: no
    other call lists resources of all types. An account holds thousands, whose ARNs fit."""
    saved: set[str] = set()
    for resource in patience.pages(backup.list_protected_resources, "Results"):
        saved.add(resource["ResourceArn"])
        yield {
            "account_id": place.account,
            "region": place.region,
            "resource_arn": resource["ResourceArn"],
            "resource_type": resource.get("ResourceType"),
            "resource_name": resource.get("ResourceName"),
            "protected": True,
            "last_backup_at": resource.get("LastBackupTime"),
        }
    if tagging is None:
        return
    for resource in patience.pages(
        tagging.get_resources,
        "ResourceTagMappingList",
        following="PaginationToken",
        request={"ResourceTypeFilters": list(SUPPORTED)},
    ):
        arn: str = resource["ResourceARN"]
        if arn not in saved:
            tags = {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}
            yield {
                "account_id": place.account,
                "region": place.region,
                "resource_arn": arn,
                "resource_type": _type_of(arn),
                "resource_name": tags.get("Name"),
                "protected": False,
            }


_TYPES = {
    "cloudformation": "CloudFormation",
    "dynamodb": "DynamoDB",
    "ec2:instance": "EC2",
    "ec2:volume": "EBS",
    "eks": "EKS",
    "elasticfilesystem": "EFS",
    "fsx": "FSx",
    "rds:cluster": "Aurora",
    "rds:db": "RDS",
    "redshift": "Redshift",
    "s3": "S3",
    "timestream": "Timestream",
}


def _type_of(arn: str) -> str:
    """AWS Backup's name of a resource's type. A cluster of rds may be DocumentDB or Neptune, too:
    its ARN does not say."""
    parts = arn.split(":", 5)
    service, what = parts[2], parts[5].replace("/", ":").split(":")[0]
    return _TYPES.get(f"{service}:{what}") or _TYPES.get(service) or service
