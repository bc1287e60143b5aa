"""The policies on resources, read from moto's state by the resource's ARN."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend
from moto.s3.models import s3_backends
from moto.secretsmanager.models import FakeSecret

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.backend import backend_of
from aws_sandbox.aws.principals import find_role, parsed
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.iam import Grant, PolicyDocument


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
        grant=Grant.RESOURCE if arn.service in ("kms", "iam") else Grant.EITHER,
    )


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
