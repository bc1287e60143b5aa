"""AWS Backup's resource types, told from a resource's ARN."""

from collections.abc import Mapping, Sequence

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.errors import invalid
from aws_sandbox.aws.backup.scope import Scope

_TYPES: Sequence[tuple[str, str, str]] = (
    ("ec2", "volume/", "EBS"),
    ("ec2", "instance/", "EC2"),
    ("rds", "cluster:", "Aurora"),
    ("rds", "db:", "RDS"),
    ("dynamodb", "table/", "DynamoDB"),
    ("elasticfilesystem", "file-system/", "EFS"),
    ("fsx", "file-system/", "FSx"),
    ("fsx", "volume/", "FSx"),
    ("s3", "", "S3"),
    ("storagegateway", "gateway/", "Storage Gateway"),
    ("backup-gateway", "vm/", "VirtualMachine"),
    ("cloudformation", "stack/", "CloudFormation"),
    ("redshift", "cluster:", "Redshift"),
    ("redshift-serverless", "namespace/", "Redshift Serverless"),
    ("timestream", "database/", "Timestream"),
    ("ssm-sap", "HANA/", "SAP HANA on Amazon EC2"),
    ("eks", "cluster/", "EKS"),
)
"""Service, beginning of the ARN's resource, type."""

_SNAPSHOTS: Mapping[str, str] = {
    "EBS": "arn:aws:ec2:{region}::snapshot/snap-{id:.17}",
    "EC2": "arn:aws:ec2:{region}::image/ami-{id:.17}",
    "RDS": "arn:aws:rds:{region}:{account}:snapshot:awsbackup:job-{uuid}",
    "Aurora": "arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:job-{uuid}",
    "FSx": "arn:aws:fsx:{region}:{account}:backup/backup-{id:.17}",
}
"""Types whose recovery points keep the ARN of the service's own snapshot."""


def resource_type(resource_arn: str) -> str:
    """The type of a resource; InvalidParameterValueException for one that is not supported."""
    try:
        arn = Arn.parse(resource_arn)
    except ValueError as error:
        raise invalid(f"ResourceArn: {error}") from error
    for service, beginning, name in _TYPES:
        if arn.service == service and arn.resource.startswith(beginning):
            return name
    raise invalid(f"ResourceArn {resource_arn} is of no type that AWS Backup supports.")


def new_recovery_point_arn(scope: Scope, kind: str) -> str:
    """The ARN of a new recovery point of a resource type."""
    uuid = scope.uuid()
    form = _SNAPSHOTS.get(kind, "arn:aws:backup:{region}:{account}:recovery-point:{uuid}")
    return form.format(
        region=scope.region, account=scope.account, uuid=uuid, id=uuid.replace("-", "")
    )
