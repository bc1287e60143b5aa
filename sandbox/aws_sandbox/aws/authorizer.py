"""May the caller make this call, and may the policy in it be put? Asked before moto sees it.

A policy that AWS refuses at once is refused here, and so is what the evaluator does not know,
rather than being carried along and never asked; and a principal that does not exist (yet), which
AWS calls an invalid principal.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_sandbox.aws import ec2_permissions, permissions, s3_permissions
from aws_sandbox.aws.access import Access
from aws_sandbox.aws.api_calls import ApiCall, AwsError, access_denied
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.membership import is_limited, organization_backend
from aws_sandbox.aws.permissions import AccountCall, Mapper, Need
from aws_sandbox.aws.principals import Caller, find_role, find_user, principal_policies
from aws_sandbox.aws.service_authorization import listed_needs, passed_roles
from aws_sandbox.iam import Decision, PolicyDocument, PolicyError
from aws_sandbox.iam.requests import ContextValue
from aws_sandbox.moto_changes.organizations import SandboxOrganizationsBackend

MAPPERS: Mapping[str, Mapper] = {
    **permissions.MAPPERS,
    **ec2_permissions.MAPPERS,
    **s3_permissions.MAPPERS,
}

SERVICES = {name.partition(":")[0] for name in MAPPERS} - {"ec2"} | {
    "cloudwatch",
    "events",
    "iam",
    "ram",
    "ses",
    "sns",
}
"""Those that the sandbox stands for. moto knows more, of which nobody has looked whether it does as
AWS does; of EC2 just the calls that are mapped are looked after, and those for VPC endpoints."""

_OF_OTHERS = {
    f"ec2:{name}"
    for name in (
        *("CreateTags", "DeleteTags", "DescribeTags"),
        *("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints", "ModifyVpcEndpoint"),
    )
}


def is_known(name: str) -> bool:
    """Whether a call, such as ec2:DescribeRegions, is looked after."""
    return name in MAPPERS or name in _OF_OTHERS or name.partition(":")[0] in SERVICES


_ACTS_IN_RESOURCES_ACCOUNT = frozenset(
    {"dynamodb", "glue", "kms", "lambda", "secretsmanager", "sns", "sqs", "ssm"}
)
"""Services whose calls name another account's resource by ARN or URL: moto has one backend an
account, so such a call is answered by the owner's. (S3 finds the owner itself; an event stays its
sender's.)"""


class Authorizer:
    """Maps a call to the permissions that it needs and asks for each.

    An administrator of the account may make any call that is not mapped; the mapped ones are asked
    for administrators too, since a bucket's or key's policy can deny them. Of others, and where the
    organization limits the account, a call that is not mapped is judged by AWS's list of actions
    (service_authorization.py).
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def authorize(self, call: ApiCall, caller: Caller, context: Mapping[str, ContextValue]) -> str:
        """The account to act in; raises AwsError as the service says that it is not allowed.

        `context` has the condition keys that speak of the request's signature.
        """
        account = caller.principal.account
        of_account = AccountCall(api_call=call, account=account)
        mapper = MAPPERS.get(call.name)
        administrator = principal_policies(caller.principal.arn).administrator
        if mapper is None and administrator and not is_limited(account):
            return self._acting_account(call, account, ())
        try:
            found = mapper(of_account) if mapper else listed_needs(of_account)
            if found is None:
                raise _denied(call, f"the sandbox does not know which permission {call.name} needs")
            needs: list[Need] = list(found)
            if not administrator:
                needs += passed_roles(of_account)
        except (KeyError, ValueError, LookupError) as error:
            raise AwsError(
                "ValidationException", f"{call.name}: the request cannot be read: {error}"
            ) from error
        for need in needs:
            decision = self._decide(need, call, caller, context)
            if not decision.allowed:
                raise _denied(call, _refusal(need, caller, decision))
        return self._acting_account(call, account, needs)

    def _decide(
        self, need: Need, call: ApiCall, caller: Caller, signature: Mapping[str, ContextValue]
    ) -> Decision:
        context = {**_general_context(call, caller), **signature, **need.context}
        if need.key is not None:
            return self._access.check_key(
                caller.principal,
                need.key,
                need.action,
                through=call.service,
                context=context,
                session_policies=caller.session_policies,
            )
        return self._access.check(
            caller.principal,
            need.action,
            need.resource,
            context=context,
            session_policies=caller.session_policies,
            policies_of=need.policies_of,
        )

    def _acting_account(self, call: ApiCall, account: str, needs: Sequence[Need]) -> str:
        if call.service == "organizations":
            return _organizations_account(call, account)
        if call.service in _ACTS_IN_RESOURCES_ACCOUNT and needs and needs[0].resource != "*":
            return Arn.parse(needs[0].resource).account or account
        return account


def _denied(call: ApiCall, message: str) -> AwsError:
    return access_denied(call.service, call.protocol, message)


def _general_context(call: ApiCall, caller: Caller) -> Mapping[str, ContextValue]:
    return {
        "aws:RequestedRegion": call.region,
        "aws:SourceIp": call.request.remote_addr or "127.0.0.1",
        "aws:UserAgent": call.request.headers.get("User-Agent", ""),
        "aws:userid": caller.unique_id,
        "aws:ViaAWSService": "false",
    }


def _refusal(need: Need, caller: Caller, decision: Decision) -> str:
    return (
        f"User: {caller.principal} is not authorized to perform: {need.action} on resource: "
        f"{need.resource} because {decision.reason}"
    )


def _organizations_account(call: ApiCall, account: str) -> str:
    """A member reads its organization in the management account, where moto keeps it: what every
    member may read, or what a delegated administrator may."""
    organization = organization_backend(account)
    if organization is None or organization.account_id == account:
        return account
    delegated = any(admin.account.id == account for admin in organization.admins)
    if (
        call.operation == "DescribeOrganization"
        or (delegated and call.operation in permissions.DELEGATED_READS)
        or _is_delegated(call, account, cast("SandboxOrganizationsBackend", organization))
    ):
        return organization.account_id
    raise _denied(
        call,
        f"You don't have permissions to access this resource: account {account} is neither the "
        "management account nor a delegated administrator of its organization.",
    )


def _is_delegated(call: ApiCall, account: str, backend: SandboxOrganizationsBackend) -> bool:
    """Whether the organization's resource policy lets a member make the call; of its resources and
    conditions it is asked for backup policies alone."""
    if not backend.resource_policy:
        return False
    policy_id = call.params.get("PolicyId")
    policy = next((each for each in backend.policies if each.id == policy_id), None)
    kind = policy.type if policy else call.params.get("Type", call.params.get("Filter"))
    statements = json.loads(backend.resource_policy)["Statement"]
    return (kind is None or kind == "BACKUP_POLICY") and any(
        f"organizations:{call.operation}" in statement["Action"]
        and statement["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}
        for statement in statements
    )


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


def check_policies(call: ApiCall) -> None:
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
        "ec2",
        "events",
        "glue",
        "lambda",
        "logging.s3",
        "logs",
        "malware-protection.guardduty",
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
