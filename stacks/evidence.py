"""The key that signs evidence, and the bucket for what drills leave."""

from collections.abc import Sequence

import pulumi

from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam import Statement
from components.signing_key import SigningKey, SigningKeyArgs
from stacks import names
from stacks.contracts import EvidenceContract
from stacks.recovery_settings import Evidence
from stacks.settings import AuditSettings, ManagementSettings


def deploy_evidence(
    settings: ManagementSettings | AuditSettings, evidence: Evidence, opts: pulumi.ResourceOptions
) -> EvidenceContract:
    name = f"{names.prefix(settings)}-evidence"
    account, partition = settings.account, settings.partition
    signing = SigningKey(
        names.evidence_key(settings),
        SigningKeyArgs(
            account=account,
            partition=partition,
            description="Signs evidence for auditors",
            signer_role_arn=names.deploy_role_arn(settings),
            retained=not evidence.force_destroy,
        ),
        opts,
    )
    key = EncryptionKey(
        name,
        EncryptionKeyArgs(
            account=account,
            partition=partition,
            description="Records of drills",
            retained=not evidence.force_destroy,
        ),
        opts,
    )
    bucket = ClosedBucket(
        name,
        ClosedBucketArgs(
            bucket_name=names.bucket(settings.customer, "proof", account, settings.region),
            key_arn=key.arn,
            expire_after_days={"": evidence.expire_after_days},
            force_destroy=evidence.force_destroy,
            grants=_nobody if evidence.force_destroy else _records_stay,
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[key])),
    )
    return EvidenceContract(evidence_bucket=bucket.name, evidence_key_arn=signing.arn)


def _nobody(_: pulumi.Output[str]) -> Sequence[Statement]:
    return []


def _records_stay(bucket_arn: pulumi.Output[str]) -> Sequence[Statement]:
    """Until they expire: whoever would delete one has to change the bucket's policy first."""
    return [
        Statement(
            sid="RecordsStay",
            effect="Deny",
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
            resources=[pulumi.Output.concat(bucket_arn, "/*")],
            principal="*",
        )
    ]
