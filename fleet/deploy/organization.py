"""What a customer's stacks need of its organization and no stack may own: single calls of the
management account, each merged into what is set there, and none taken back by `destroy`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from stacks.copies import account_of
from stacks.load import Settings
from stacks.settings import AuditSettings, CentralSettings, ManagementSettings

BACKUP = "backup.amazonaws.com"
MONITORING = (
    "cross-account monitoring: switched on by hand, no API does it: AWS Backup's console, in "
    "{region}, Settings, Cross-account monitoring"
)
BACKUP_POLICY = "BACKUP_POLICY"
GUARDING = {
    "SERVICE_CONTROL_POLICY": "service control policies",
    "RESOURCE_CONTROL_POLICY": "resource control policies",
}
_SIDS = ("BackupOrgReadsTheOrganization", "BackupOrgManagesBackupPolicies")
_READING = (
    *("DescribeOrganization", "DescribeOrganizationalUnit", "DescribeAccount", "DescribePolicy"),
    *("DescribeEffectivePolicy", "ListRoots", "ListOrganizationalUnitsForParent", "ListParents"),
    *("ListChildren", "ListAccounts", "ListAccountsForParent", "ListPolicies"),
    *("ListPoliciesForTarget", "ListTargetsForPolicy", "ListTagsForResource"),
)
_MANAGING = (
    *("CreatePolicy", "UpdatePolicy", "DeletePolicy", "AttachPolicy", "DetachPolicy"),
    *("TagResource", "UntagResource"),
)
_CROSS_ACCOUNT = "isCrossAccountBackupEnabled"


@dataclass(frozen=True, kw_only=True)
class OrganizationNeeds:
    """What all stacks of a customer together ask of its organization."""

    reports: bool
    """Report plans over more than their own account, wherever they stand."""
    administrator: str | None
    """The account that acts for the organization in the management account's place."""
    cross_account_backup: bool
    backup_policies: bool
    policies_of: str | None
    """The account, other than the management account, that owns backup policies."""
    guard_rails: bool

    @staticmethod
    def of(stacks: Iterable[Settings]) -> OrganizationNeeds:
        stacks = tuple(stacks)
        reporting = [s for s in stacks if s.reports is not None and s.reports.scope != "account"]
        with_policies = [s for s in stacks if isinstance(s, CentralSettings) and s.backup_policies]
        owners = {s.account for s in with_policies if isinstance(s, AuditSettings)}
        delegated = owners | {s.account for s in reporting if isinstance(s, AuditSettings)}
        return OrganizationNeeds(
            reports=bool(reporting),
            administrator=next(iter(delegated), None),
            backup_policies=bool(with_policies),
            policies_of=next(iter(owners), None),
            guard_rails=any(
                isinstance(s, ManagementSettings) and s.guard_rails is not None for s in stacks
            ),
            cross_account_backup=any(
                s.organization.cross_account_backup
                or any(copies_across_accounts(s, plan) for plan in s.plans)
                for s in stacks
            ),
        )


def copies_across_accounts(settings: Settings, plan: str) -> bool:
    """Whether a rule of the plan copies to another account than the stack's."""
    rules = settings.rules_of(plan).values()
    copies = (copy for rule in rules for copy in rule.copies)
    return any(account_of(settings, copy) != settings.account for copy in copies)


def organization_prepared(
    needs: OrganizationNeeds, region: str, session: boto3.Session
) -> Iterator[str]:
    """Tells what it made or found, in the management account. Raises what boto3 raises."""
    organizations, backup = session.client("organizations"), session.client("backup")
    if needs.reports or needs.cross_account_backup or needs.backup_policies:
        yield f"trusted access of AWS Backup: {_trusted_access(organizations)}"
    if needs.administrator is not None:
        made = _administrator(organizations, needs.administrator)
        yield f"{needs.administrator} as delegated administrator of AWS Backup: {made}"
    if needs.backup_policies:
        yield f"backup policies of the organization: {_policy_type(organizations, BACKUP_POLICY)}"
    for kind, told in GUARDING.items() if needs.guard_rails else ():
        yield f"{told} of the organization: {_policy_type(organizations, kind)}"
    if needs.policies_of is not None:
        made = _delegation(organizations, needs.policies_of)
        yield f"backup policies in the hands of {needs.policies_of}: {made}"
    if needs.cross_account_backup:
        yield f"cross-account backup: {_cross_account_backup(backup)}"
    if needs.reports:
        yield MONITORING.format(region=region)


def is_trusted(organizations: Any) -> bool:
    """Whether AWS Backup has trusted access to the organization."""
    pages = organizations.get_paginator("list_aws_service_access_for_organization").paginate()
    services = (entry for page in pages for entry in page["EnabledServicePrincipals"])
    return any(entry.get("ServicePrincipal") == BACKUP for entry in services)


def administrators(organizations: Any) -> frozenset[str]:
    """The delegated administrators of AWS Backup."""
    pages = organizations.get_paginator("list_delegated_administrators").paginate(
        ServicePrincipal=BACKUP
    )
    return frozenset(admin["Id"] for page in pages for admin in page["DelegatedAdministrators"])


def policy_types(organizations: Any) -> frozenset[str]:
    """Those that are enabled on the organization's root."""
    (root,) = organizations.list_roots()["Roots"]
    return frozenset(e["Type"] for e in root["PolicyTypes"] if e["Status"] == "ENABLED")


def copies_are_let(backup: Any) -> bool:
    """Whether backups may be copied between the organization's accounts."""
    settings = backup.describe_global_settings()["GlobalSettings"]
    return settings.get(_CROSS_ACCOUNT) == "true"


def delegates_policies(organizations: Any, account: str) -> bool:
    """Whether the organization's resource policy lets an account manage backup policies."""
    organization = organizations.describe_organization()["Organization"]
    statements = _resource_policy(organizations)["Statement"]
    return all(wanted in statements for wanted in _delegating(account, organization))


def _trusted_access(organizations: Any) -> str:
    if is_trusted(organizations):
        return "stands"
    organizations.enable_aws_service_access(ServicePrincipal=BACKUP)
    return "made"


def _administrator(organizations: Any, account: str) -> str:
    if account in administrators(organizations):
        return "stands"
    organizations.register_delegated_administrator(AccountId=account, ServicePrincipal=BACKUP)
    return "made"


def _cross_account_backup(backup: Any) -> str:
    if copies_are_let(backup):
        return "stands"
    settings = backup.describe_global_settings()["GlobalSettings"]
    backup.update_global_settings(GlobalSettings={**settings, _CROSS_ACCOUNT: "true"})
    return "made"


def _policy_type(organizations: Any, wanted: str) -> str:
    if wanted in policy_types(organizations):
        return "stand"
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType=wanted)
    return "made"


def _delegation(organizations: Any, account: str) -> str:
    """One policy of the organization says what members may do in it: ours are added to the
    statements that are there, or take the place of older ones of ours."""
    organization = organizations.describe_organization()["Organization"]
    policy = _resource_policy(organizations)
    ours = _delegating(account, organization)
    theirs = [each for each in policy["Statement"] if each.get("Sid") not in _SIDS]
    wanted = [*theirs, *ours]
    if policy["Statement"] == wanted:
        return "stand"
    organizations.put_resource_policy(Content=json.dumps({**policy, "Statement": wanted}))
    return "made"


def _resource_policy(organizations: Any) -> Mapping[str, Any]:
    try:
        found = organizations.describe_resource_policy()["ResourcePolicy"]["Content"]
    except organizations.exceptions.ResourcePolicyNotFoundException:
        return {"Version": "2012-10-17", "Statement": []}
    return json.loads(found)


def _delegating(account: str, described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """As in AWS Organizations' user guide, without the switch of the type: that is ours."""
    partition, organization = described["Arn"].split(":")[1], described["Id"]
    arn = f"arn:{partition}:organizations::{described['MasterAccountId']}"
    condition = {"StringLikeIfExists": {"organizations:PolicyType": BACKUP_POLICY}}
    allowed = {"Effect": "Allow", "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"}}
    reading, managing = _SIDS
    return [
        {
            "Sid": reading,
            **allowed,
            "Action": [f"organizations:{action}" for action in _READING],
            "Resource": "*",
        },
        {
            "Sid": managing,
            **allowed,
            "Action": [f"organizations:{action}" for action in _MANAGING],
            "Resource": [
                f"{arn}:root/{organization}/*",
                f"{arn}:ou/{organization}/*",
                f"{arn}:account/{organization}/*",
                f"{arn}:policy/{organization}/backup_policy/*",
            ],
            "Condition": condition,
        },
    ]
