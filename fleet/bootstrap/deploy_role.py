"""The deploy role of one kind of account, with the policies that its stacks need and no more."""

from __future__ import annotations

import json
from collections.abc import Sequence

from components.iam import Statement
from fleet.bootstrap.template import ACCOUNT, Resource, Template, document, tags
from fleet.deploy_role.documents import documents
from fleet.errors import ToldError
from stacks import names
from stacks.roles import permissions_boundary
from stacks.settings import Settings

OF_AWS = "OrganizationAccountAccessRole"
"""AWS Organizations makes it in each account that it creates: an administrator's role."""
_POLICIES = 10
"""Managed policies on one role, before the quota is raised:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def deploy_role_template(stacks: Sequence[Settings], commands: Sequence[str]) -> Template | None:
    """Of the accounts of these stacks, all of one customer and kind; None where the role is not
    ours to make. `commands` need policies besides."""
    first = stacks[0]
    role = _agreed(stacks)
    if role is None or role == OF_AWS:
        return None
    if role.startswith(f"{names.prefix(first)}-"):
        raise ToldError(
            f"deploy_role: {role} begins as the roles do that it may change, itself among them; "
            "call it otherwise, such as backup-org-deploy"
        )
    policies = documents(stacks, commands)
    if len(policies) > _POLICIES:
        raise ToldError(
            f"the deploy role of {first.role} accounts would have {len(policies)} managed "
            f"policies; IAM takes {_POLICIES}: name fewer commands by --with"
        )
    others = "".join(f", `backup-org {command}`" for command in commands)
    boundary = permissions_boundary(first, ACCOUNT)
    made = Resource(
        type="AWS::IAM::Role",
        why="Deploys the account's stack. Who may assume it has to know the external id, where "
        "settings have one.",
        properties={
            "RoleName": role,
            "Description": f"Deploys the backup stacks of {first.customer}",
            "AssumeRolePolicyDocument": document(_trust(first)),
            **({"PermissionsBoundary": boundary} if boundary else {}),
            "Tags": tags(first.customer),
        },
    )
    attached = {
        f"Policy{number}": Resource(
            type="AWS::IAM::ManagedPolicy",
            why=f"What a deployment needs{others}; split where IAM's limit is.",
            properties={
                "ManagedPolicyName": f"{role}-{number}",
                "PolicyDocument": json.loads(text),
                "Roles": [{"Ref": "DeployRole"}],
            },
        )
        for number, text in enumerate(policies, 1)
    }
    return Template(
        name=f"deploy-role-{first.role}",
        description=f"The role that deploys in {first.role} accounts of {first.customer}.",
        resources={"DeployRole": made, **attached},
    )


def _agreed(stacks: Sequence[Settings]) -> str | None:
    """The one role that all stacks of a kind deploy in, under one external id."""
    said = {(one.deploy_role, one.deploy_role_external_id) for one in stacks}
    if len(said) > 1:
        roles = ", ".join(sorted({str(role) for role, _ in said}))
        raise ToldError(
            f"{stacks[0].role} stacks of {stacks[0].customer} differ in deploy_role ({roles}) or "
            "its external id, which one StackSet makes alike; set both in the customer's file"
        )
    return stacks[0].deploy_role


def _trust(settings: Settings) -> Statement:
    """The customer's access role, by its account and its name, since a role that is made anew is
    another principal to IAM; without one whoever may in the management account."""
    role = settings.access and settings.access.role
    account = role.split(":")[4] if role else settings.organization.management_account
    id_ = settings.deploy_role_external_id
    return Statement(
        sid="WhoeverDeploys",
        actions=["sts:AssumeRole"],
        principal={"AWS": f"arn:{settings.partition}:iam::{account}:root"},
        conditions={
            **({"ArnEquals": {"aws:PrincipalArn": role}} if role else {}),
            **({"StringEquals": {"sts:ExternalId": id_}} if id_ else {}),
        },
    )
