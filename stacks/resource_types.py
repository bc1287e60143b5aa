"""The types of resources that AWS Backup protects: their names, their ARNs, what it can do.

Names: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetSupportedResourceTypes.html
ARNs: https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html and the
supported resource types of AWS Organizations' backup policy syntax.
What it can do: the table "features by resource" of
https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    arns: tuple[str, ...]
    """Patterns of the resources' ARNs, from the service on."""
    cold_storage: bool = False
    """Whether recovery points can move there. Elsewhere AWS Backup ignores that they should."""
    continuous: bool = False
    """Whether there is point-in-time recovery. Elsewhere a continuous rule makes snapshots."""


_CLUSTERS = ("rds:*:*:cluster:*",)
"""Aurora's, DocumentDB's and Neptune's alike: the opt-ins decide which of them a plan takes."""

RESOURCE_TYPES: Mapping[str, ResourceType] = {
    "Aurora": ResourceType(arns=_CLUSTERS, continuous=True),
    "CloudFormation": ResourceType(arns=("cloudformation:*:*:stack/*",), cold_storage=True),
    "DocumentDB": ResourceType(arns=_CLUSTERS),
    "DSQL": ResourceType(arns=("dsql:*:*:cluster/*",)),
    "DynamoDB": ResourceType(arns=("dynamodb:*:*:table/*",), cold_storage=True),
    "EBS": ResourceType(arns=("ec2:*:*:volume/*",), cold_storage=True),
    "EC2": ResourceType(arns=("ec2:*:*:instance/*",)),
    "EFS": ResourceType(arns=("elasticfilesystem:*:*:file-system/*",), cold_storage=True),
    # Its cluster's state lies beside backups of volumes and buckets, of which each has its own.
    "EKS": ResourceType(arns=("eks:*:*:cluster/*",), cold_storage=True),
    "FSx": ResourceType(arns=("fsx:*:*:file-system/*", "fsx:*:*:volume/*")),
    "Neptune": ResourceType(arns=_CLUSTERS),
    "RDS": ResourceType(arns=("rds:*:*:db:*",), continuous=True),
    "Redshift": ResourceType(arns=("redshift:*:*:cluster:*",)),
    "Redshift Serverless": ResourceType(arns=("redshift-serverless:*:*:namespace/*",)),
    "S3": ResourceType(arns=("s3:::*",), continuous=True),
    "SAP HANA on Amazon EC2": ResourceType(
        arns=("ssm-sap:*:*:HANA/*",), cold_storage=True, continuous=True
    ),
    "Storage Gateway": ResourceType(arns=("storagegateway:*:*:gateway/*",)),
    "Timestream": ResourceType(arns=("timestream:*:*:database/*",), cold_storage=True),
    "VirtualMachine": ResourceType(arns=("backup-gateway:*:*:vm/*",), cold_storage=True),
}
SHARING_ARNS = frozenset(name for name, kind in RESOURCE_TYPES.items() if kind.arns == _CLUSTERS)


def arn_patterns(name: str, partition: str) -> tuple[str, ...]:
    """Of all resources of a type, in any account and Region."""
    return tuple(f"arn:{partition}:{arn}" for arn in RESOURCE_TYPES[name].arns)
