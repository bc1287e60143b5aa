"""What a restore of each type of resource is told: what the recovery point knows of its source, or
what must be said anew.

GetRecoveryPointRestoreMetadata answers more than StartRestoreJob takes, and what it answers may be
gone by then: so what is taken over is listed. Sources, in AWS Backup's developer guide: the pages
by type below "Restore a backup by resource type", and restore-testing-inferred-metadata.html, which
lists for each type what AWS Backup itself takes over and sets. Keys are not case-sensitive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXECUTION = "{execution}"
"""Stands for the id of the runbook's execution: a token of its own for each restore."""


@dataclass(frozen=True, kw_only=True)
class RestoreMetadata:
    """Of one type. What the operator gives is laid over all of it."""

    keeps: tuple[str, ...]
    """What is taken over from the recovery point, where it tells."""
    sets: Mapping[str, str] = field(default_factory=dict[str, str])
    needs: tuple[str, ...] = ()
    """What there must be in the end: where nothing keeps it, the operator gives it."""
    tags: bool = True
    """Whether AWS Backup can give what is restored the tags that its source had."""
    afterwards: str
    """What is still to be done, once restored."""


_CLUSTER = RestoreMetadata(
    keeps=(
        "DBClusterParameterGroupName",
        "DBSubnetGroupName",
        "EnableIAMDatabaseAuthentication",
        "Engine",
        "EngineMode",
        "EngineVersion",
        "Port",
        "ScalingConfiguration",
        "VpcSecurityGroupIds",
    ),
    needs=("DBClusterIdentifier",),
    afterwards="the cluster has no instances: create them, then point clients to its endpoint",
)

RESTORES: Mapping[str, RestoreMetadata] = {
    "Aurora": _CLUSTER,
    "DocumentDB": _CLUSTER,
    "Neptune": _CLUSTER,
    "DynamoDB": RestoreMetadata(
        keeps=(),
        sets={"encryptionType": "Default"},
        needs=("targetTableName",),
        tags=False,
        afterwards="set up auto scaling, alarms, streams, TTL and point-in-time recovery",
    ),
    "EBS": RestoreMetadata(
        keeps=("availabilityZone", "iops", "throughput", "volumeSize", "volumeType"),
        sets={"encrypted": "true"},
        needs=("availabilityZone",),
        afterwards="attach the volume to its instance",
    ),
    "EC2": RestoreMetadata(
        keeps=(
            "CapacityReservationSpecification",
            "CreditSpecification",
            "DisableApiTermination",
            "EbsOptimized",
            "HibernationOptions",
            "InstanceInitiatedShutdownBehavior",
            "InstanceType",
            "KeyName",
            "Monitoring",
            "RequireIMDSv2",
            "SecurityGroupIds",
            "SubnetId",
            "VpcId",
        ),
        afterwards=(
            "attach its instance profile, elastic addresses and target groups; user data is not "
            "backed up"
        ),
    ),
    "EFS": RestoreMetadata(
        keeps=("availabilityZoneName", "file-system-id", "PerformanceMode", "singleAzFilesystem"),
        sets={"CreationToken": EXECUTION, "Encrypted": "true", "newFileSystem": "true"},
        needs=("file-system-id", "PerformanceMode"),
        afterwards=(
            "make mount targets and access points; the data lies in a folder "
            "aws-backup-restore_<time> of the file system"
        ),
    ),
    "RDS": RestoreMetadata(
        keeps=(
            "DBInstanceClass",
            "DBParameterGroupName",
            "DBSubnetGroupName",
            "EnableIAMDatabaseAuthentication",
            "Engine",
            "Iops",
            "LicenseModel",
            "MultiAZ",
            "OptionGroupName",
            "Port",
            "PubliclyAccessible",
            "StorageType",
            "VpcSecurityGroupIds",
        ),
        needs=("DBInstanceIdentifier",),
        afterwards="switch deletion protection and log exports on, point clients to its endpoint",
    ),
    "S3": RestoreMetadata(
        keeps=(),
        sets={
            "CreationToken": EXECUTION,
            "Encrypted": "true",
            "EncryptionType": "SSE-S3",
            "NewBucket": "true",
        },
        needs=("DestinationBucketName",),
        tags=False,
        afterwards="give the bucket its policy, lifecycle, notifications and replication",
    ),
}
"""Of a type that is not here nothing is taken over: the operator gives all of it."""


def missing(kind: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """What the operator must give for a type's restore beside what he gave, as nothing else can
    tell; what a recovery point may tell is not among it."""
    known = RESTORES.get(kind)
    if known is None:
        return () if given else (f"all metadata of {kind}",)
    told = {key.lower() for key in (*known.keeps, *known.sets, *given)}
    return tuple(key for key in known.needs if key.lower() not in told)
