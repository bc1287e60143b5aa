"""Which KMS key encrypts a topic, a queue, a secret or a bucket's objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moto.backends import get_backend
from moto.s3.models import s3_backends
from moto.secretsmanager.models import FakeSecret

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.resources import bucket_account
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.iam import Decision, Effect, Principal


@dataclass(frozen=True, kw_only=True)
class EncryptionKey:
    """A KMS key that encrypts what a service keeps."""

    arn: str
    name: str
    """As the resource names it: an alias, or the key itself."""
    aws_managed: bool
    """One of AWS's own (`alias/aws/sns`): its policy serves the account's principals through that
    service, and nobody else; in particular no other AWS service."""


def topic_key(topic_arn: str) -> EncryptionKey | None:
    """The key of an encrypted topic."""
    arn = Arn.parse(topic_arn)
    topic = get_backend("sns")[arn.account][arn.region].topics.get(topic_arn)
    return None if topic is None else find_key(topic.kms_master_key_id, arn)


def queue_key(queue_arn: str) -> EncryptionKey | None:
    """The key of a queue encrypted with KMS; SQS's own encryption (SSE-SQS) needs no permission."""
    arn = Arn.parse(queue_arn)
    queue = get_backend("sqs")[arn.account][arn.region].queues.get(arn.resource)
    reference: object = None if queue is None else getattr(queue, "kms_master_key_id", None)
    return find_key(reference if isinstance(reference, str) else "", arn)


def secret_key(secret_arn: str) -> EncryptionKey | None:
    """The key of a secret; without one of its own it is AWS's `alias/aws/secretsmanager`."""
    arn = Arn.parse(secret_arn)
    secret = get_backend("secretsmanager")[arn.account][arn.region].secrets.get(secret_arn)
    if not isinstance(secret, FakeSecret):
        return None
    return find_key(secret.kms_key_id or "alias/aws/secretsmanager", arn)


def table_key(table_arn: str) -> EncryptionKey | None:
    """The key of a DynamoDB table; the one that DynamoDB owns needs no permission."""
    arn = Arn.parse(table_arn)
    name = arn.resource.removeprefix("table/").partition("/")[0]
    table = get_backend("dynamodb")[arn.account][arn.region].tables.get(name)
    encryption: Mapping[str, str] = (table.sse_specification if table else None) or {}
    return find_key(encryption.get("KMSMasterKeyId", ""), arn)


def bucket_key(bucket: str) -> EncryptionKey | None:
    """The key of a bucket's default encryption, None where that is S3's own (SSE-S3)."""
    arn = Arn(service="s3", region="", account="", resource=bucket)
    account = bucket_account(arn)
    if not account:
        return None
    found = s3_backends[account][PARTITION].get_bucket(bucket)
    rule = (found.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    if rule.get("SSEAlgorithm") not in ("aws:kms", "aws:kms:dsse"):
        return None
    at = Arn(service="s3", region=found.region_name, account=account, resource=bucket)
    return find_key(rule.get("KMSMasterKeyID") or "alias/aws/s3", at)


def find_key(reference: str, at: Arn) -> EncryptionKey | None:
    """The key behind an id, an alias or an ARN, as named by a resource that is at `at`.

    None for an empty reference. A key that does not exist is given with the ARN it would have, so
    that nothing allows its use.
    """
    if not reference:
        return None
    is_arn = reference.startswith("arn:")
    where = Arn.parse(reference) if is_arn else at
    name = where.resource if is_arn else reference
    keys = get_backend("kms")[where.account][where.region]
    aliased = keys.get_key_id_from_alias(name) if name.startswith("alias/") else None
    key_id = aliased or name.removeprefix("key/")
    key = keys.keys.get(key_id)
    arn = f"arn:aws:kms:{where.region}:{where.account}:key/{key_id}"
    managed = key is not None and key.key_manager == "AWS"
    return EncryptionKey(arn=arn, name=name, aws_managed=managed)


_BOTH = ("kms:GenerateDataKey", "kms:Decrypt")


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """What an action on an encrypted resource needs of the resource's key."""

    key_of: Callable[[str], EncryptionKey | None]
    actions: Sequence[str]
    about: str = ""
    """The name under which the resource's ARN stands in the encryption context."""

    def context(self, resource_arn: str) -> Mapping[str, str]:
        return {f"kms:EncryptionContext:{self.about}": resource_arn} if self.about else {}


_ITEMS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")

KEY_USES: Mapping[str, KeyUse] = {
    **{f"dynamodb:{name}": KeyUse(key_of=table_key, actions=["kms:Decrypt"]) for name in _ITEMS},
    "sns:Publish": KeyUse(key_of=topic_key, actions=_BOTH, about="aws:sns:topicArn"),
    "sqs:SendMessage": KeyUse(key_of=queue_key, actions=_BOTH, about="aws:sqs:arn"),
    "sqs:ReceiveMessage": KeyUse(key_of=queue_key, actions=["kms:Decrypt"], about="aws:sqs:arn"),
    "secretsmanager:GetSecretValue": KeyUse(key_of=secret_key, actions=["kms:Decrypt"]),
}


def aws_managed_key(principal: Principal, key: EncryptionKey, action: str) -> Decision:
    """What the policy of an AWS managed key says."""
    account = Arn.parse(key.arn).account
    if principal.account == account:
        return Decision(effect=Effect.ALLOW, reason=f"{key.name} serves its own account")
    return Decision(
        effect=Effect.IMPLICIT_DENY,
        reason=f"{key.name} ({key.arn}) is an AWS managed key: it allows {action} to principals "
        f"of account {account} alone, not to {principal}; encrypt with a key of your own",
    )
