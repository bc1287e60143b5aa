"""The bucket of scheduled reports: their definitions, runs, stored pages, and what was mailed."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam import Statement

RUNS, REPORTS, MAILS, DEFINITIONS = "runs/", "reports/", "mails/", "definitions/"
"""Its folders."""

_RUNS_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class DigestsBucketArgs:
    bucket_name: str
    account: str
    partition: str
    definitions: Mapping[str, str]
    """By key, what lies in the bucket from the start."""
    expire_after_days: int | None
    """Of stored reports, and of what was mailed; None: never."""
    link_seconds: int
    """How long a link to a report may live."""
    force_destroy: bool


class DigestsBucket(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DigestsBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:DigestsBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = EncryptionKey(
            name,
            EncryptionKeyArgs(
                account=args.account,
                partition=args.partition,
                description="Reports that people read",
                retained=not args.force_destroy,
            ),
            child,
        )
        expire = {RUNS: _RUNS_DAYS}
        if args.expire_after_days is not None:
            expire |= {REPORTS: args.expire_after_days, MAILS: args.expire_after_days}
        bucket = ClosedBucket(
            name,
            ClosedBucketArgs(
                bucket_name=args.bucket_name,
                key_arn=key.arn,
                expire_after_days=expire,
                force_destroy=args.force_destroy,
                grants=lambda arn: [_links_end(arn, args.link_seconds)],
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[key]),
        )
        for path, content in args.definitions.items():
            aws.s3.BucketObjectv2(
                f"{name}-{path.removeprefix(DEFINITIONS).removesuffix('.json')}",
                bucket=bucket.name,
                key=path,
                content=content,
                content_type="application/json",
                opts=child,
            )
        self.name, self.arn, self.key_arn = bucket.name, bucket.arn, key.arn
        self.register_outputs({"name": self.name, "arn": self.arn, "key_arn": self.key_arn})

    def may(self, sid: str, actions: list[str], *folders: str) -> Statement:
        """Lets objects of folders be used."""
        return Statement(
            sid=sid,
            actions=actions,
            resources=[pulumi.Output.concat(self.arn, f"/{folder}*") for folder in folders],
        )

    def may_list(self, *folders: str) -> Statement:
        return Statement(
            sid="ListItsFolders",
            actions=["s3:ListBucket"],
            resources=[self.arn],
            conditions={"StringLike": {"s3:prefix": [f"{folder}*" for folder in folders]}},
        )

    def may_use_key(self) -> Statement:
        return Statement(
            sid="UseTheReportsKey",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[self.key_arn],
        )


def _links_end(bucket_arn: pulumi.Output[str], seconds: int) -> Statement:
    """Whatever a link says, and whoever signed it. The condition's unit is milliseconds."""
    return Statement(
        sid="LinksEnd",
        effect="Deny",
        actions=["s3:GetObject"],
        resources=[pulumi.Output.concat(bucket_arn, f"/{REPORTS}*")],
        principal="*",
        conditions={"NumericGreaterThan": {"s3:signatureAge": str(seconds * 1000)}},
    )
