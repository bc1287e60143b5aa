"""What roles, users and groups may do."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, Case, resource

ACTIONS, RESOURCES = "iam_policy_names_its_actions", "iam_policy_names_its_resources"
MANAGED = "no_wide_managed_policy_is_attached"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/tickets"
SPELLINGS = {
    ROLE_POLICY: "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}


def document(**statement: Any) -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Sid": "It", **statement}})


def role_policy(**statement: Any) -> list[Resource]:
    return [resource(ROLE_POLICY, policy=document(**statement))]


def of_type(type_: str, name: str, value: Any) -> Resource:
    props: dict[str, Any] = {name: value}
    return resource(type_, **props)


CASES = [
    Case(
        rule=ACTIONS,
        what="a named action",
        resources=role_policy(Action="dynamodb:GetItem", Resource=TABLE),
    ),
    Case(
        rule=ACTIONS,
        what="a wildcard that is denied",
        resources=role_policy(Effect="Deny", Action="*", Resource="*"),
    ),
    *(
        Case(
            rule=ACTIONS,
            what=f"{action} is allowed",
            resources=role_policy(Action=[action], Resource=TABLE),
            says=f"statement It allows {action}; name the actions",
        )
        for action in ("*", "dynamodb:*", "dynamodb:Get*", "dynamodb:GetIte?")
    ),
    Case(
        rule=ACTIONS,
        what="all but some are allowed",
        resources=role_policy(NotAction="iam:*", Resource=TABLE),
        says="allows all actions but some",
    ),
    *(
        Case(
            rule=ACTIONS,
            what=f"a wildcard in {type_}",
            resources=[of_type(type_, name, document(Action="s3:*", Resource=TABLE))],
            says="allows s3:*",
        )
        for type_, name in SPELLINGS.items()
    ),
    Case(
        rule=ACTIONS,
        what="a wildcard in one of a role's own policies, beside one that is not known yet",
        resources=[
            resource(
                ROLE,
                inlinePolicies=[
                    {"name": "new", "policy": UNKNOWN},
                    {"name": "wide", "policy": document(Action="s3:*", Resource=TABLE)},
                ],
            )
        ],
        says="allows s3:*",
    ),
    Case(
        rule=ACTIONS,
        what="a policy that is not known yet",
        resources=[resource(ROLE_POLICY, policy=UNKNOWN)],
    ),
    Case(
        rule=RESOURCES,
        what="a named resource",
        resources=role_policy(Action="dynamodb:GetItem", Resource=TABLE),
    ),
    Case(
        rule=RESOURCES,
        what="actions that know no resource",
        resources=role_policy(Action=["tag:GetResources", "ec2:DescribeVolumes"], Resource="*"),
    ),
    Case(
        rule=RESOURCES,
        what="actions of a service that AWS's list has not yet",
        resources=role_policy(Action="tomorrow:GetIt", Resource="*"),
    ),
    *(
        Case(
            rule=RESOURCES,
            what=f"every resource as {every}",
            resources=role_policy(Action=["tag:GetResources", "dynamodb:GetItem"], Resource=every),
            says="statement It allows dynamodb:GetItem on every resource",
        )
        for every in ("*", "**", "*:*", "arn:aws:dynamodb:*:*:*", ["*", TABLE], "arn:*")
    ),
    Case(
        rule=RESOURCES,
        what="all resources but one",
        resources=role_policy(Action="dynamodb:GetItem", NotResource=TABLE),
        says="allows dynamodb:GetItem on every resource",
    ),
    Case(
        rule=RESOURCES,
        what="an action by a wildcard, some of which know resources",
        resources=role_policy(Action="dynamodb:Get*", Resource="*"),
        says="allows dynamodb:Get* on every resource",
    ),
    Case(
        rule=RESOURCES,
        what="all actions",
        resources=role_policy(Action="*", Resource="*"),
        says="allows * on every resource",
    ),
    Case(
        rule=RESOURCES,
        what="every resource that has a tag",
        resources=role_policy(
            Action="ec2:StopInstances",
            Resource="*",
            Condition={"StringEquals": {"aws:ResourceTag/scripted": "yes"}},
        ),
    ),
    Case(
        rule=RESOURCES,
        what="every resource, if whoever asks has a tag",
        resources=role_policy(
            Action="ec2:StopInstances",
            Resource="*",
            Condition={"StringEquals": {"aws:PrincipalTag/scripted": "yes"}},
        ),
        says="allows ec2:StopInstances on every resource",
    ),
    Case(
        rule=RESOURCES,
        what="a policy that is not known yet",
        resources=[resource(ROLE_POLICY, policy=UNKNOWN)],
    ),
    Case(
        rule=MANAGED,
        what="the policy for a backup role",
        resources=[
            resource(
                ROLE_POLICY_ATTACHMENT,
                policyArn="arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
            )
        ],
    ),
    *(
        Case(
            rule=MANAGED,
            what=f"{name} of {partition}",
            resources=[
                resource(
                    ROLE_POLICY_ATTACHMENT, policyArn=f"arn:{partition}:iam::aws:policy/{name}"
                )
            ],
            says=f"it has {name.rpartition('/')[2]}",
        )
        for partition, name in (
            ("aws", "AdministratorAccess"),
            ("aws-cn", "AdministratorAccess"),
            ("aws", "AdministratorAccess-Amplify"),
            ("aws", "PowerUserAccess"),
            ("aws", "AWSBackupFullAccess"),
            ("aws", "IAMFullAccess"),
            ("aws", "job-function/DatabaseAdministrator"),
        )
    ),
    Case(
        rule=MANAGED,
        what="one of the customer's own that is called alike",
        resources=[
            resource(
                ROLE_POLICY_ATTACHMENT,
                policyArn=f"arn:aws:iam::{ACCOUNT}:policy/ReportsFullAccess",
            )
        ],
    ),
    *(
        Case(
            rule=MANAGED,
            what=f"AdministratorAccess by {type_}",
            resources=[of_type(type_, name, ["arn:aws:iam::aws:policy/AdministratorAccess"])],
            says="it has AdministratorAccess",
        )
        for type_, name in (
            (ROLE, "managedPolicyArns"),
            (
                "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
                "policyArns",
            ),
        )
    ),
    Case(
        rule=MANAGED,
        what="a policy whose ARN is not known yet",
        resources=[resource(ROLE_POLICY_ATTACHMENT, policyArn=UNKNOWN)],
    ),
]
