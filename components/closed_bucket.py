"""An S3 bucket that nobody reads unless a policy says so: encrypted, versioned, TLS only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document

Grants = Callable[[pulumi.Output[str]], Sequence[Statement]]
"""Who may use the bucket, given its ARN."""

_NONCURRENT_DAYS = 30


def _nobody(_: pulumi.Output[str]) -> Sequence[Statement]:
    return []


@dataclass(frozen=True, kw_only=True)
class ClosedBucketArgs:
    bucket_name: str
    key_arn: pulumi.Input[str] | None
    """None: S3's own key encrypts."""
    expire_after_days: Mapping[str, int]
    """By prefix; an empty one is the whole bucket, and what is not named stays."""
    force_destroy: bool
    """Lets `destroy` delete the objects with the bucket."""
    grants: Grants = field(default=_nobody)
    transition_after_days: int | None = None
    """When objects move to S3 Standard-IA."""
    access_logs_bucket: str | None = None
    tells_eventbridge: bool = False


class ClosedBucket(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    policy: pulumi.Resource
    """What stands last: who needs the grants depends on it."""
    versioned: pulumi.Resource
    """What must stand for as long as the bucket is replicated."""

    def __init__(
        self, name: str, args: ClosedBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ClosedBucket", name, None, opts)
        bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket_name,
            force_destroy=args.force_destroy,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # What guards a bucket goes with it: S3 may yet refuse to delete one that has objects.
        child = pulumi.ResourceOptions(parent=self, deleted_with=bucket)
        self._close(name, bucket.bucket, child)
        self._encrypt(name, bucket.bucket, args.key_arn, child)
        self._age(name, bucket.bucket, args, child)
        if args.access_logs_bucket is not None:
            aws.s3.BucketLogging(
                name,
                bucket=bucket.bucket,
                target_bucket=args.access_logs_bucket,
                target_prefix=f"{args.bucket_name}/",
                opts=child,
            )
        if args.tells_eventbridge:
            aws.s3.BucketNotification(name, bucket=bucket.bucket, eventbridge=True, opts=child)
        self.policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=policy_document(*args.grants(bucket.arn), _only_over_tls(bucket.arn)),
            opts=child,
        )
        self.name, self.arn = bucket.bucket, bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _close(self, name: str, bucket: pulumi.Input[str], child: pulumi.ResourceOptions) -> None:
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )

    def _encrypt(
        self,
        name: str,
        bucket: pulumi.Input[str],
        key_arn: pulumi.Input[str] | None,
        child: pulumi.ResourceOptions,
    ) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "AES256" if key_arn is None else "aws:kms",
                        "kms_master_key_id": key_arn,
                    },
                    "bucket_key_enabled": None if key_arn is None else True,
                }
            ],
            opts=child,
        )

    def _age(
        self,
        name: str,
        bucket: pulumi.Input[str],
        args: ClosedBucketArgs,
        child: pulumi.ResourceOptions,
    ) -> None:
        versioning = aws.s3.BucketVersioning(
            name,
            bucket=bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        self.versioned = versioning
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket,
            rules=_rules(args),
            # S3 refuses rules about versions until versioning is on.
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(depends_on=[versioning])
            ),
        )


def _rules(args: ClosedBucketArgs) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": _NONCURRENT_DAYS},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ]
    if args.transition_after_days is not None:
        rules.append(
            {
                "id": "infrequent-access",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [
                    {"days": args.transition_after_days, "storage_class": "STANDARD_IA"}
                ],
            }
        )
    for prefix, days in args.expire_after_days.items():
        rules.append(
            {
                "id": f"expire-{prefix.strip('/') or 'all'}",
                "status": "Enabled",
                "filter": {"prefix": prefix},
                "expiration": {"days": days},
            }
        )
    return rules


def _only_over_tls(bucket_arn: pulumi.Output[str]) -> Statement:
    return Statement(
        sid="OnlyOverTls",
        effect="Deny",
        actions=["s3:*"],
        resources=[bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
        principal="*",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
