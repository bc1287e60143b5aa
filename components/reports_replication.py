"""Replication of delivered reports to a bucket of the audit account, as AWS documents it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-walkthrough-2.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, service_trust


@dataclass(frozen=True, kw_only=True)
class ReportsReplicationArgs:
    account: str
    role_name: str
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    bucket_key_arn: pulumi.Input[str] | None
    """None: S3's own key encrypts, reports and copies."""
    copy_account: str
    copy_bucket_arn: pulumi.Input[str]
    copy_key_arn: pulumi.Input[str]


class ReportsReplication(pulumi.ComponentResource):
    """Sends every delivered report on; the reports bucket must be versioned."""

    def __init__(
        self, name: str, args: ReportsReplicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportsReplication", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=args.role_name,
            assume_role_policy=service_trust("s3.amazonaws.com", args.account),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            name=args.role_name,
            role=role.name,
            policy=policy_document(*_permissions(args)),
            opts=child,
        )
        # S3 encrypts a copy as its original: without a key here there is none there, and AWS
        # refuses to be given one.
        encrypted = args.bucket_key_arn is not None
        aws.s3.BucketReplicationConfig(
            name,
            bucket=args.bucket_name,
            role=role.arn,
            rules=[
                {
                    "id": "copy-to-audit",
                    "status": "Enabled",
                    "priority": 0,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Disabled"},
                    "source_selection_criteria": {
                        "sse_kms_encrypted_objects": {"status": "Enabled"}
                    }
                    if encrypted
                    else None,
                    "destination": {
                        "bucket": args.copy_bucket_arn,
                        "account": args.copy_account,
                        "access_control_translation": {"owner": "Destination"},
                        "encryption_configuration": {"replica_kms_key_id": args.copy_key_arn}
                        if encrypted
                        else None,
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        self.register_outputs({})


def _permissions(args: ReportsReplicationArgs) -> list[Statement]:
    statements = [
        Statement(
            sid="ReadReplication",
            actions=["s3:GetReplicationConfiguration", "s3:ListBucket"],
            resources=[args.bucket_arn],
        ),
        Statement(
            sid="ReadVersions",
            actions=[
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            resources=[pulumi.Output.concat(args.bucket_arn, "/*")],
        ),
        Statement(
            sid="WriteCopies",
            actions=[
                "s3:ReplicateObject",
                "s3:ReplicateTags",
                "s3:ObjectOwnerOverrideToBucketOwner",
            ],
            resources=[pulumi.Output.concat(args.copy_bucket_arn, "/*")],
        ),
    ]
    if args.bucket_key_arn is not None:
        statements += [
            Statement(
                sid="DecryptReports", actions=["kms:Decrypt"], resources=[args.bucket_key_arn]
            ),
            Statement(
                sid="EncryptCopies",
                actions=["kms:Encrypt", "kms:GenerateDataKey"],
                resources=[args.copy_key_arn],
            ),
        ]
    return statements
