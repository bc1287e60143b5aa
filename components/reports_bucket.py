"""The bucket that report plans deliver to, open to AWS Backup's reports alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam import Statement
from reports.plans import reports_service_role_arn


@dataclass(frozen=True, kw_only=True)
class ReportsBucketArgs:
    bucket_name: str
    account: str
    partition: str
    """Whose report plans deliver here; its AWSServiceRoleForBackupReports must exist."""
    encryption: Literal["own_key", "s3_managed"]
    expire_after_days: int | None
    transition_after_days: int | None
    """To S3 Standard-IA."""
    access_logs_bucket: str | None
    force_destroy: bool


class ReportsBucket(pulumi.ComponentResource):
    """Policies as in AWS Backup's guide, "Creating report plans using the AWS Backup console"."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    key_arn: pulumi.Output[str] | None
    """None: S3's own key encrypts."""
    deliverable: Sequence[pulumi.Resource]
    """What must stand before a report can be delivered."""
    replicable: Sequence[pulumi.Resource]
    """What must stand for as long as the bucket is replicated."""

    def __init__(
        self, name: str, args: ReportsBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportsBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.key_arn = None
        keys: list[pulumi.Resource] = []
        if args.encryption == "own_key":
            key = EncryptionKey(
                name,
                EncryptionKeyArgs(
                    account=args.account,
                    partition=args.partition,
                    description="AWS Backup reports",
                    grants=[reports_are_encrypted(args.account, args.partition)],
                    retained=not args.force_destroy,
                ),
                child,
            )
            self.key_arn = key.arn
            keys.append(key)
        bucket = ClosedBucket(
            name,
            ClosedBucketArgs(
                bucket_name=args.bucket_name,
                key_arn=self.key_arn,
                expire_after_days={"": args.expire_after_days} if args.expire_after_days else {},
                transition_after_days=args.transition_after_days,
                access_logs_bucket=args.access_logs_bucket,
                force_destroy=args.force_destroy,
                grants=lambda arn: [reports_are_delivered(arn, args.account, args.partition)],
                tells_eventbridge=True,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=keys),
        )
        self.name, self.arn = bucket.name, bucket.arn
        self.deliverable = [bucket.policy]
        self.replicable = [bucket.policy, bucket.versioned]
        self.register_outputs({"name": self.name, "arn": self.arn, "key_arn": self.key_arn})


def reports_are_delivered(bucket_arn: pulumi.Input[str], account: str, partition: str) -> Statement:
    """What a bucket's policy must hold for an account's reports to be delivered to it."""
    return Statement(
        sid="BackupDeliversReports",
        actions=["s3:PutObject"],
        resources=[
            f"{bucket_arn}/*"
            if isinstance(bucket_arn, str)
            else pulumi.Output.concat(bucket_arn, "/*")
        ],
        principal={"AWS": reports_service_role_arn(account, partition)},
        conditions={"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    )


def reports_are_encrypted(account: str, partition: str) -> Statement:
    """What the policy of a bucket's key must hold, where it has one of its own."""
    return Statement(
        sid="ReportsAreEncrypted",
        actions=["kms:GenerateDataKey", "kms:Decrypt"],
        resources=["*"],
        principal={"AWS": reports_service_role_arn(account, partition)},
    )


def reports_are_read(bucket_arn: str, account: str, partition: str) -> Statement:
    """What another account's bucket must hold besides, for this account's lake to read it."""
    return Statement(
        sid="LakeReadsReports",
        actions=["s3:GetObject", "s3:ListBucket"],
        resources=[bucket_arn, f"{bucket_arn}/*"],
        principal={"AWS": f"arn:{partition}:iam::{account}:root"},
    )


def reports_are_decrypted(account: str, partition: str) -> Statement:
    """What the policy of such a bucket's key must hold besides, where it has one of its own."""
    return Statement(
        sid="LakeDecryptsReports",
        actions=["kms:Decrypt"],
        resources=["*"],
        principal={"AWS": f"arn:{partition}:iam::{account}:root"},
    )
