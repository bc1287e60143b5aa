"""Types of resources that AWS Backup backs up, by its opt-ins' names, with the ARNs that they have.

Source: AWS Organizations' user guide, Backup policy syntax, Supported resource types.
"""

from collections.abc import Mapping

_CLUSTER = ("arn:aws:rds:*:*:cluster:*",)

ARN_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "Aurora": _CLUSTER,
    "CloudFormation": ("arn:aws:cloudformation:*:*:stack/*",),
    "DocumentDB": _CLUSTER,
    "DSQL": ("arn:aws:dsql:*:*:cluster/*",),
    "DynamoDB": ("arn:aws:dynamodb:*:*:table/*",),
    "EBS": ("arn:aws:ec2:*:*:volume/*",),
    "EC2": ("arn:aws:ec2:*:*:instance/*",),
    "EFS": ("arn:aws:elasticfilesystem:*:*:file-system/*",),
    "EKS": ("arn:aws:eks:*:*:cluster/*",),
    "FSx": ("arn:aws:fsx:*:*:file-system/*", "arn:aws:fsx:*:*:volume/*"),
    "Neptune": _CLUSTER,
    "RDS": ("arn:aws:rds:*:*:db:*",),
    "Redshift": ("arn:aws:redshift:*:*:cluster:*",),
    "Redshift Serverless": ("arn:aws:redshift-serverless:*:*:namespace/*",),
    "S3": ("arn:aws:s3:::*",),
    "SAP HANA on Amazon EC2": ("arn:aws:ssm-sap:*:*:HANA/*",),
    "Storage Gateway": ("arn:aws:storagegateway:*:*:gateway/*",),
    "Timestream": ("arn:aws:timestream:*:*:database/*",),
    "VirtualMachine": ("arn:aws:backup-gateway:*:*:vm/*",),
}
"""Aurora, DocumentDB and Neptune have one: whoever selects one of them selects all three."""
