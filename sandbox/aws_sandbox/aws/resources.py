"""The policies on resources and the keys that encrypt them, read from moto's state by ARN."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend
from moto.s3.models import s3_backends
from moto.secretsmanager.models import FakeSecret

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.state import backend_of
from aws_sandbox.aws.principals import PARTITION, find_role, parsed
from aws_sandbox.iam import Decision, Effect, Grant, PolicyDocument, Principal


@dataclass(frozen=True, kw_only=True)
class ResourcePolicies:
    """The policies on a resource, the account that owns it, and how they open it."""

    account: str
    documents: Sequence[PolicyDocument] = ()
    grant: Grant = Grant.EITHER


def resource_policies(resource_arn: str, action: str) -> ResourcePolicies:
    """What stands on a resource; a kind that has no policies, or none that exists, has none.

    A role's trust policy speaks of `sts:` actions alone, not of `iam:PassRole` and its like.
    """
    if resource_arn == "*":
        return ResourcePolicies(account="")
    arn = Arn.parse(resource_arn)
    read = _READERS.get(arn.service)
    if read is None or (arn.service == "iam" and not action.startswith("sts:")):
        return ResourcePolicies(account=arn.account)
    return ResourcePolicies(
        account=bucket_account(arn) if arn.service == "s3" else arn.account,
        documents=[
            parsed(f"{name} policy", text) for name, text in read(resource_arn, arn) if text
        ],
        grant=Grant.RESOURCE if _decides_alone(arn) else Grant.EITHER,
    )


def _decides_alone(arn: Arn) -> bool:
    """Keys and roles; an alias of a key has no policy."""
    return arn.service == "iam" or (arn.service == "kms" and arn.resource.startswith("key/"))


def bucket_account(arn: Arn) -> str:
    """The account that owns a bucket or an object's bucket; "" when there is no such bucket."""
    owner = s3_backends.bucket_accounts.get(arn.resource.partition("/")[0])
    return owner[1] if owner else ""


Texts = Iterable[tuple[str, str | None]]
"""Names of policies with their JSON."""


def _bucket(_text: str, arn: Arn) -> Texts:
    name = arn.resource.partition("/")[0]
    account = bucket_account(arn)
    if not account:
        return ()
    policy = s3_backends[account][PARTITION].get_bucket(name).policy
    return [(f"bucket {name}", policy.decode() if policy else None)]


def _queue(text: str, arn: Arn) -> Texts:
    queue = get_backend("sqs")[arn.account][arn.region].queues.get(arn.resource)
    return [] if queue is None else [(text, queue.policy)]


def _topic(text: str, arn: Arn) -> Texts:
    topic = get_backend("sns")[arn.account][arn.region].topics.get(text)
    return [] if topic is None else [(text, topic.policy)]


def _bus(text: str, arn: Arn) -> Texts:
    kind, _, name = arn.resource.partition("/")
    if kind != "event-bus":
        return ()
    bus = get_backend("events")[arn.account][arn.region].event_buses.get(name)
    return [] if bus is None else [(text, bus.policy)]


def _function(text: str, arn: Arn) -> Texts:
    function = get_backend("lambda")[arn.account][arn.region].get_function_by_arn(text)
    if function is None or not function.policy.statements:
        return ()
    statements = [_with_principal(statement) for statement in function.policy.statements]
    return [(text, json.dumps({"Version": "2012-10-17", "Statement": statements}))]


def _with_principal(statement: dict[str, Any]) -> dict[str, Any]:
    """Moto keeps AddPermission's principal as it came: an account or an ARN without its kind."""
    principal = statement["Principal"]
    if principal == "*" or not isinstance(principal, str):
        return statement
    return {**statement, "Principal": {"AWS": principal}}


def _secret(text: str, arn: Arn) -> Texts:
    secret = get_backend("secretsmanager")[arn.account][arn.region].secrets.get(text)
    return [(secret.arn, secret.policy)] if isinstance(secret, FakeSecret) else []


def _key(text: str, arn: Arn) -> Texts:
    key = get_backend("kms")[arn.account][arn.region].keys.get(arn.resource.removeprefix("key/"))
    return [] if key is None else [(text, key.policy)]


def _role(text: str, _arn: Arn) -> Texts:
    role = find_role(text)
    return [] if role is None else [(f"{text} trust", role.assume_role_policy_document)]


def _log_group(_text: str, arn: Arn) -> Texts:
    policies = get_backend("logs")[arn.account][arn.region].resource_policies.values()
    return [
        (f"log resource policy {policy.policy_name}", policy.policy_document) for policy in policies
    ]


def _vault(text: str, arn: Arn) -> Texts:
    kind, _, name = arn.resource.partition(":")
    if kind != "backup-vault":
        return ()
    vault = backend_of(arn.account, arn.region).vault_documents.get(name, {})
    return [(text, vault.get("Policy"))]


_READERS: Mapping[str, Callable[[str, Arn], Texts]] = {
    "s3": _bucket,
    "sqs": _queue,
    "sns": _topic,
    "events": _bus,
    "lambda": _function,
    "secretsmanager": _secret,
    "kms": _key,
    "iam": _role,
    "logs": _log_group,
    "backup": _vault,
}


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


def bucket_place(bucket: str) -> Arn | None:
    """Where a bucket is, with its account and Region; None when there is no such bucket."""
    account = bucket_account(Arn(service="s3", region="", account="", resource=bucket))
    if not account:
        return None
    region = s3_backends[account][PARTITION].get_bucket(bucket).region_name
    return Arn(service="s3", region=region, account=account, resource=bucket)


def bucket_key(bucket: str) -> EncryptionKey | None:
    """The key of a bucket's default encryption, None where that is S3's own (SSE-S3)."""
    at = bucket_place(bucket)
    if at is None:
        return None
    found = s3_backends[at.account][PARTITION].get_bucket(bucket)
    rule = (found.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    if rule.get("SSEAlgorithm") not in ("aws:kms", "aws:kms:dsse"):
        return None
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


def resource_tags(resource_arn: str) -> Mapping[str, str]:
    """Of keys, and of what AWS Backup has; what else carries tags tells none to policies here."""
    if not resource_arn.startswith(("arn:aws:kms:", "arn:aws:backup:")):
        return {}
    arn = Arn.parse(resource_arn)
    if arn.service == "backup":
        return backend_of(arn.account, arn.region).tags(resource_arn)
    keys = get_backend("kms")[arn.account][arn.region]
    return keys.tagger.get_tag_dict_for_resource(arn.resource.removeprefix("key/"))


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
