"""The bucket of the audit account that delivered reports are copied to.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-walkthrough-2.html
"""

from dataclasses import dataclass

import pulumi

from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam import Conditions, Statement


@dataclass(frozen=True, kw_only=True)
class ReportsCopyBucketArgs:
    bucket_name: str
    account: str
    partition: str
    source_account: str
    source_role_arn: str
    """Of the role that replicates; it need not exist yet."""
    expire_after_days: int
    force_destroy: bool


class ReportsCopyBucket(pulumi.ComponentResource):
    """Where the copies go: in the audit account."""

    arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReportsCopyBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportsCopyBucket", name, None, opts)
        # AWS refuses a policy that names a role which does not exist: the account, then, and of
        # its principals this one.
        source = {"AWS": f"arn:{args.partition}:iam::{args.source_account}:root"}
        only_the_role: Conditions = {"ArnEquals": {"aws:PrincipalArn": args.source_role_arn}}
        key = EncryptionKey(
            name,
            EncryptionKeyArgs(
                account=args.account,
                partition=args.partition,
                description="Copies of AWS Backup reports",
                grants=[
                    Statement(
                        sid="CopiesAreEncrypted",
                        actions=["kms:Encrypt", "kms:GenerateDataKey"],
                        resources=["*"],
                        principal=source,
                        conditions=only_the_role,
                    )
                ],
                retained=not args.force_destroy,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        bucket = ClosedBucket(
            name,
            ClosedBucketArgs(
                bucket_name=args.bucket_name,
                key_arn=key.arn,
                expire_after_days={"": args.expire_after_days},
                force_destroy=args.force_destroy,
                grants=lambda arn: [
                    Statement(
                        sid="CopiesAreWritten",
                        actions=[
                            "s3:ReplicateObject",
                            "s3:ReplicateTags",
                            "s3:ObjectOwnerOverrideToBucketOwner",
                        ],
                        resources=[pulumi.Output.concat(arn, "/*")],
                        principal=source,
                        conditions=only_the_role,
                    ),
                    Statement(
                        sid="VersioningIsSeen",
                        actions=["s3:GetBucketVersioning", "s3:ListBucket"],
                        resources=[arn],
                        principal=source,
                        conditions=only_the_role,
                    ),
                ],
                tells_eventbridge=True,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[key]),
        )
        self.arn, self.key_arn = bucket.arn, key.arn
        self.register_outputs({"arn": self.arn, "key_arn": self.key_arn})
