"""Protected properties of vaults, plans, keys and reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from policies.resource_types import (
    FRAMEWORK,
    KEY,
    PLAN,
    REPORT_PLAN,
    RESTORE_TESTING_PLAN,
    ROLE,
    ROLE_POLICY_ATTACHMENT,
    SELECTION,
    VAULT,
    VAULT_LOCK,
    VAULT_POLICY,
)
from policies.resources import Resource, Stack
from tests.support.policy_mutations import (
    Change,
    broken,
    setting,
    unset,
    with_statement,
    without,
    without_statement,
)


def _has_a_key(vault: Resource, _: Stack) -> bool:
    return bool(vault.sources.get("kmsKeyArn"))


def _rotates(key: Resource, _: Stack) -> bool:
    return key.get("enableKeyRotation") is True


def _is_protected(resource: Resource, _: Stack) -> bool:
    return resource.protect


def _says(policy: Resource, sid: str) -> bool:
    return f'"{sid}"' in policy.get("policy")


def _denies_alone(policy: Resource, _: Stack) -> bool:
    return _says(policy, "NobodyDeletesRecoveryPoints") and not _says(
        policy, "TheOrganizationCopiesInto"
    )


def _lets_the_organization_in(policy: Resource, _: Stack) -> bool:
    return _says(policy, "TheOrganizationCopiesInto")


def _is_locked(plan: Resource, stack: Stack) -> bool:
    return bool(stack.of(VAULT_LOCK)) and "air" not in str(plan.props).lower()


def _copies(plan: Resource, _: Stack) -> bool:
    return any("copyActions" in rule for rule in plan.get("rules"))


def _fills_alone(plan: Resource, stack: Stack) -> bool:
    """No other plan of its Region."""
    return [one.region for one in stack.of(PLAN)].count(plan.region) == 1


def _each_rule(**values: Any) -> Change:
    """Every rule of a plan has these."""

    def change(plan: Resource) -> Sequence[Resource]:
        rules: Sequence[Mapping[str, Any]] = plan.get("rules")
        props = {**plan.props, "rules": [{**rule, **values} for rule in rules]}
        return [dataclasses.replace(plan, props=props)]

    return change


def _is_of_organization(plan: Resource, _: Stack) -> bool:
    return bool(plan.get("reportSetting", "accounts"))


def _inner(name: str, **values: Any) -> Change:
    """A structure among the inputs has these."""

    def change(resource: Resource) -> Sequence[Resource]:
        props = {**resource.props, name: {**resource.get(name), **values}}
        return [dataclasses.replace(resource, props=props)]

    return change


def _with_compliance_report(framework: Resource) -> Sequence[Resource]:
    """In the framework's place a report plan of its account, which then has none."""
    setting = {"reportTemplate": "CONTROL_COMPLIANCE_REPORT", "regions": [framework.region]}
    props = {"name": "compliance", "reportSetting": setting, "region": framework.region}
    return [dataclasses.replace(framework, type=REPORT_PLAN, props=props, sources={})]


def _is_backups(role: Resource, _: Stack) -> bool:
    return "backup.amazonaws.com" in role.get("assumeRolePolicy")


def _another(resource: Resource) -> Sequence[Resource]:
    """It, and one like it."""
    return [
        resource,
        dataclasses.replace(resource, name=f"{resource.name}-2", urn=f"{resource.urn}-2"),
    ]


def _unprotected(resource: Resource) -> Sequence[Resource]:
    return [dataclasses.replace(resource, protect=False)]


OF_VAULTS = [
    broken(
        "a vault's key is named by an alias",
        VAULT,
        change=setting("kmsKeyArn", "alias/mine"),
        fails=["vault_is_encrypted", "vault_has_its_own_key"],
        where=_has_a_key,
    ),
    broken(
        "a vault has no key",
        VAULT,
        change=unset("kmsKeyArn"),
        fails=["vault_has_its_own_key"],
        where=_has_a_key,
    ),
    broken(
        "a vault is not protected",
        VAULT,
        change=_unprotected,
        fails=["vault_is_protected"],
        where=_is_protected,
    ),
    broken("a vault has no lock", VAULT_LOCK, change=without, fails=["vault_is_locked"]),
    broken(
        "a lock is in governance mode",
        VAULT_LOCK,
        change=unset("changeableForDays"),
        fails=["vault_lock_is_compliance"],
    ),
    broken(
        "a lock can be lifted for years",
        VAULT_LOCK,
        change=setting("changeableForDays", 3650.0),
        fails=["vault_lock_is_compliance"],
    ),
    broken(
        "a lock lets recovery points go at once",
        VAULT_LOCK,
        change=unset("minRetentionDays"),
        fails=["vault_lock_has_bounds"],
    ),
    broken(
        "a vault has no policy",
        VAULT_POLICY,
        change=without,
        fails=["vault_denies_deletion"],
        where=_denies_alone,
    ),
    broken(
        "the organization may not copy into a central vault",
        VAULT_POLICY,
        change=without_statement("policy", "TheOrganizationCopiesInto"),
        fails=["vault_is_used"],
        where=_lets_the_organization_in,
    ),
    broken(
        "everybody may copy into a vault",
        VAULT_POLICY,
        change=with_statement(
            "policy", Principal="*", Action="backup:CopyIntoBackupVault", Resource="*"
        ),
        fails=[
            "resource_policy_lets_nobody_in_unnamed",
            "vault_takes_copies_from_its_organization",
        ],
    ),
]

OF_KEYS = [
    broken(
        "a key does not rotate",
        KEY,
        change=unset("enableKeyRotation"),
        fails=["key_rotates"],
        where=_rotates,
    ),
    broken(
        "a key is gone in a week",
        KEY,
        change=setting("deletionWindowInDays", 7.0),
        fails=["key_is_deleted_late"],
    ),
    broken(
        "a key is disabled",
        KEY,
        change=setting("isEnabled", value=False),
        fails=["key_is_enabled"],
    ),
]

OF_PLANS = [
    broken(
        "a plan has no rule",
        PLAN,
        change=setting("rules", []),
        fails=["plan_has_a_rule", "vault_is_used"],
        where=_fills_alone,
    ),
    broken(
        "a plan backs up once a month",
        PLAN,
        change=_each_rule(schedule="cron(0 1 1 * ? *)"),
        fails=["plan_backs_up_often_and_keeps_long"],
    ),
    broken(
        "a plan keeps for ten days",
        PLAN,
        change=_each_rule(lifecycle={"deleteAfter": 10.0}),
        fails=["plan_backs_up_often_and_keeps_long"],
    ),
    broken(
        "a plan has cold storage for a month",
        PLAN,
        change=_each_rule(lifecycle={"coldStorageAfter": 10.0, "deleteAfter": 40.0}),
        fails=["plan_lifecycle_is_valid"],
    ),
    broken(
        "a plan keeps for longer than the lock of its vault takes",
        PLAN,
        change=_each_rule(lifecycle={"deleteAfter": 3651.0}),
        fails=["plan_keeps_within_lock"],
        where=_is_locked,
    ),
    broken(
        "a plan has no copies",
        PLAN,
        change=_each_rule(copyActions=[]),
        fails=["plan_copies_elsewhere"],
        where=_copies,
    ),
    broken("a plan has no selection", SELECTION, change=without, fails=["plan_has_a_selection"]),
    broken(
        "a selection is empty",
        SELECTION,
        change=setting("selectionTags", []),
        fails=["selection_selects_something"],
    ),
    broken(
        "a selection is doubled",
        SELECTION,
        change=_another,
        fails=["selection_is_not_doubled"],
    ),
]

OF_RECOVERY = [
    broken(
        "no vault is in a restore test",
        RESTORE_TESTING_PLAN,
        change=without,
        fails=["vault_is_in_a_restore_test"],
    ),
    broken(
        "a restore testing plan leaves all vaults out",
        RESTORE_TESTING_PLAN,
        change=_inner("recoveryPointSelection", includeVaults=[]),
        fails=["vault_is_in_a_restore_test"],
    ),
    broken(
        "restores are tested once a year",
        RESTORE_TESTING_PLAN,
        change=setting("scheduleExpression", "cron(0 12 1 1 ? *)"),
        fails=["restore_tests_run_often"],
    ),
    broken(
        "AWS Backup's role has another policy",
        ROLE_POLICY_ATTACHMENT,
        change=setting("policyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
        fails=["backup_role_is_least_privilege"],
        where=lambda attachment, _: (
            "AWSBackupServiceRole" in attachment.get("policyArn")
            and "scanner" not in attachment.name
        ),
    ),
    broken(
        "AWS Backup's role trusts another service, too",
        ROLE,
        change=with_statement(
            "assumeRolePolicy",
            Principal={"Service": "ec2.amazonaws.com"},
            Action="sts:AssumeRole",
        ),
        fails=["backup_role_is_least_privilege"],
        where=_is_backups,
    ),
]

OF_REPORTS = [
    broken(
        "a report plan of an organization delivers JSON",
        REPORT_PLAN,
        change=_inner("reportDeliveryChannel", formats=["CSV", "JSON"]),
        fails=["report_plan_delivers_csv"],
        where=_is_of_organization,
    ),
    broken(
        "a report plan of an organization names no Regions",
        REPORT_PLAN,
        change=_inner("reportSetting", regions=[]),
        fails=["report_plan_says_whose"],
        where=_is_of_organization,
    ),
    broken(
        "a report plan of an organization is missing",
        REPORT_PLAN,
        change=without,
        fails=["report_plans_are_complete"],
        where=_is_of_organization,
    ),
    broken(
        "an account reports on compliance with no framework",
        FRAMEWORK,
        change=_with_compliance_report,
        fails=["compliance_report_has_a_framework"],
    ),
]

BACKUP_MUTATIONS = [*OF_VAULTS, *OF_KEYS, *OF_PLANS, *OF_RECOVERY, *OF_REPORTS]
