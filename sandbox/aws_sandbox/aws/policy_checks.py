"""Policies in requests, read before they are stored: what AWS refuses at once is refused here.

So is what the evaluator does not know, rather than being carried along and never asked; and a
principal that does not exist (yet), which AWS calls an invalid principal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.calls import Call
from aws_sandbox.aws.errors import AwsError
from aws_sandbox.aws.principals import find_role, find_user
from aws_sandbox.iam import PolicyDocument, PolicyError


@dataclass(frozen=True, kw_only=True)
class _Check:
    """Where an operation carries a policy, of which kind, and how the service refuses a bad one."""

    text: Callable[[Mapping[str, Any]], Any]
    code: str
    names_principals: bool


def _member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda params: params.get(name)


def _attribute(params: Mapping[str, Any]) -> Any:
    """SQS and SNS carry the policy among the attributes, SetTopicAttributes by name and value."""
    if params.get("AttributeName") == "Policy":
        return params.get("AttributeValue")
    attributes: Mapping[str, Any] = params.get("Attributes") or {}
    return attributes.get("Policy")


def _identity(member: str = "PolicyDocument") -> _Check:
    return _Check(text=_member(member), code="MalformedPolicyDocument", names_principals=False)


def _resource(member: str, code: str) -> _Check:
    return _Check(text=_member(member), code=code, names_principals=True)


_CHECKS: Mapping[str, _Check] = {
    "iam:PutRolePolicy": _identity(),
    "iam:PutUserPolicy": _identity(),
    "iam:PutGroupPolicy": _identity(),
    "iam:CreatePolicy": _identity(),
    "iam:CreatePolicyVersion": _identity(),
    "iam:CreateRole": _resource("AssumeRolePolicyDocument", "MalformedPolicyDocument"),
    "iam:UpdateAssumeRolePolicy": _resource("PolicyDocument", "MalformedPolicyDocument"),
    "s3:PutBucketPolicy": _resource("Policy", "MalformedPolicy"),
    "kms:CreateKey": _resource("Policy", "MalformedPolicyDocumentException"),
    "kms:PutKeyPolicy": _resource("Policy", "MalformedPolicyDocumentException"),
    "secretsmanager:PutResourcePolicy": _resource(
        "ResourcePolicy", "MalformedPolicyDocumentException"
    ),
    "logs:PutResourcePolicy": _resource("policyDocument", "InvalidParameterException"),
    "events:PutPermission": _resource("Policy", "ValidationException"),
    "backup:PutBackupVaultAccessPolicy": _resource("Policy", "InvalidParameterValueException"),
    **{
        f"sqs:{name}": _Check(text=_attribute, code="InvalidAttributeValue", names_principals=True)
        for name in ("CreateQueue", "SetQueueAttributes")
    },
    **{
        f"sns:{name}": _Check(text=_attribute, code="InvalidParameter", names_principals=True)
        for name in ("CreateTopic", "SetTopicAttributes")
    },
}


def check_policies(call: Call) -> None:
    """Raises the service's own error for a policy in the request that AWS would not take."""
    check = _CHECKS.get(call.name)
    text = check.text(call.params) if check else None
    if check is None or not text:
        return
    text = text.decode() if isinstance(text, bytes) else str(text)
    try:
        policy = PolicyDocument.parse("the policy", text)
    except PolicyError as error:
        raise AwsError(check.code, str(error)) from error
    if policy.names_principals != check.names_principals:
        wanted = "needs a Principal" if check.names_principals else "must not name a Principal"
        raise AwsError(check.code, f"A statement of this policy {wanted}.")
    for statement in policy.statements:
        for name in statement.principals.names if statement.principals else ():
            if not _exists(name):
                raise AwsError(
                    check.code, f"Invalid principal in policy: {statement.place}: no {name}"
                )


_SERVICES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "athena",
        "backup",
        "cloudwatch",
        "delivery.logs",
        "events",
        "glue",
        "lambda",
        "logging.s3",
        "logs",
        "reports.backup",
        "restore-testing.backup",
        "s3",
        "scheduler",
        "sns",
        "sqs",
        "ssm",
        "states",
    )
)
"""Services in whose name policies of backups, reports and alerts may speak."""


def _exists(principal: str) -> bool:
    """Whether a role, a user or a service exists; whole accounts, sessions and `*` always do."""
    if principal.endswith(".amazonaws.com"):
        region = re.search(r"\.[a-z]{2}(-[a-z]+)+-\d(?=\.amazonaws\.com$)", principal)
        return principal.replace(region[0] if region else "", "") in _SERVICES
    if not principal.startswith("arn:aws:iam:"):
        return True
    resource = Arn.parse(principal).resource
    if resource.startswith("role/"):
        return find_role(principal) is not None
    return not resource.startswith("user/") or find_user(principal) is not None
