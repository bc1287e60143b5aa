"""Backup plans in an account's Regions, once the vaults of all of them stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from components.backup_plan import (
    BackupPlan,
    BackupPlanArgs,
    BackupRule,
    BackupSelection,
    CopyAction,
    MalwareScans,
)
from components.backup_role import BackupRole
from components.scanner_role import ScannerRole, ScannerRoleArgs
from stacks import names
from stacks.backup_rules import start_window_minutes, timezone_of
from stacks.contracts import ProtectionContract, consume
from stacks.copies import CopyTarget, account_of, copy_lifecycle, copy_target
from stacks.protection_settings import Copy, Rule
from stacks.providers import after
from stacks.references import central_vaults_stack
from stacks.resource_types import arn_patterns
from stacks.settings import Settings
from stacks.vaults import StandingVaults

ArnOf = Callable[[CopyTarget], pulumi.Input[str]]
"""The ARN of the vault that a copy goes to."""


@dataclass(frozen=True, kw_only=True)
class PlanInRegion:
    """Where a rule of settings becomes one of AWS Backup."""

    settings: Settings
    plan: str
    region: str
    arn_of: ArnOf


@dataclass(frozen=True, kw_only=True)
class _Account:
    """What the plans of all Regions share."""

    settings: Settings
    vaults: StandingVaults
    role: BackupRole
    scanner: ScannerRole | None
    arn_of: ArnOf


def deploy_plans(
    settings: Settings,
    vaults: StandingVaults,
    role: BackupRole,
    arn_of: ArnOf,
    opts: pulumi.ResourceOptions,
) -> dict[str, dict[str, pulumi.Output[str]]]:
    """The plans' ids, by Region and name."""
    name = f"{names.prefix(settings)}-scanner"
    scanner = (
        ScannerRole(
            name, ScannerRoleArgs(account=settings.account, partition=settings.partition), opts
        )
        if scans_for_malware(settings)
        else None
    )
    account = _Account(settings=settings, vaults=vaults, role=role, scanner=scanner, arn_of=arn_of)
    roles = [role] if scanner is None else [role, scanner]
    return {
        region: {
            plan: BackupPlan(
                names.regional(settings, plan, region),
                _plan(account, plan, region),
                # The first backup finds what its roles may.
                after(roles, opts),
            ).plan_id
            for plan in settings.plans
            if region in settings.plan_regions(plan)
        }
        for region in settings.protected_regions
    }


def scans_for_malware(settings: Settings) -> bool:
    return any(plan.malware_scan is not None for plan in settings.plans.values())


def _plan(account: _Account, name: str, region: str) -> BackupPlanArgs:
    settings, plan = account.settings, account.settings.plans[name]
    where = PlanInRegion(settings=settings, plan=name, region=region, arn_of=account.arn_of)
    isolated = (
        account.vaults.air_gapped[region][plan.air_gapped_vault] if plan.air_gapped_vault else None
    )
    scans = (
        MalwareScans(
            resource_types=plan.malware_scan.resource_types, scanner_role_arn=account.scanner.arn
        )
        if plan.malware_scan and account.scanner
        else None
    )
    return BackupPlanArgs(
        plan_name=name,
        vault_name=account.vaults.standard[region][settings.vault_of(name)].name,
        air_gapped_vault_arn=isolated.arn if isolated else None,
        rules=[
            backup_rule(where, rule_name, rule)
            for rule_name, rule in settings.rules_of(name).items()
        ],
        role_arn=account.role.arn,
        selection=backup_selection(settings, name),
        windows_vss=plan.windows_vss,
        malware_scans=scans,
        region=region,
    )


def backup_rule(where: PlanInRegion, name: str, rule: Rule) -> BackupRule:
    """With its zone, its start window, which the maintenance window may decide, and its copies."""
    window = where.settings.window_of(where.plan)
    return BackupRule(
        name=name,
        schedule=rule.schedule,
        timezone=timezone_of(rule, window),
        start_window_minutes=start_window_minutes(rule, window),
        completion_window_minutes=rule.completion_window_minutes,
        delete_after_days=rule.delete_after_days,
        move_to_cold_storage_after_days=rule.move_to_cold_storage_after_days,
        archive_ebs_snapshots=rule.archive_ebs_snapshots,
        continuous=rule.continuous,
        copies=[_copy(where, rule, copy) for copy in rule.copies],
        recovery_point_tags=rule.recovery_point_tags,
        scan=rule.scan,
    )


def backup_selection(settings: Settings, plan: str) -> BackupSelection:
    """What the settings of a plan's selection mean, in the terms that AWS Backup combines."""
    chosen, partition = settings.plans[plan].selection, settings.partition
    key, value = settings.tag_of(plan)
    tags = [(key, value), *chosen.any_tags.items()] if key else [*chosen.any_tags.items()]
    types = [arn for name in chosen.resource_types for arn in arn_patterns(name, partition)]
    excluded = [
        arn for name in chosen.exclude_resource_types for arn in arn_patterns(name, partition)
    ]
    arns, equals = [*dict.fromkeys([*types, *chosen.arns])], [*chosen.conditions.equals.items()]
    if types:
        # Beside ARNs, tags would add to what is selected; as conditions they narrow it.
        equals, tags = [*tags, *equals], []
    return BackupSelection(
        arns=arns or ([] if tags else ["*"]),
        tags=tags,
        equals=equals,
        not_equals=[*chosen.conditions.not_equals.items()],
        like=[*chosen.conditions.like.items()],
        not_like=[*chosen.conditions.not_like.items()],
        not_arns=[*dict.fromkeys([*excluded, *chosen.exclude_arns])],
    )


def _copy(where: PlanInRegion, rule: Rule, copy: Copy) -> CopyAction:
    delete_after, cold_after = copy_lifecycle(rule, copy)
    return CopyAction(
        vault_arn=where.arn_of(copy_target(where.settings, where.plan, copy, where.region)),
        delete_after_days=delete_after,
        move_to_cold_storage_after_days=cold_after,
    )


def vault_arns(settings: Settings, vaults: StandingVaults) -> ArnOf:
    """Of the account's own vaults, of the central ones as their stack tells, of others by name."""
    stack, centrally = central_vaults_stack(settings), account_of(settings, Copy(account="central"))
    reads = settings.copies_to_central and centrally != settings.account
    central = consume(ProtectionContract, stack) if reads else None

    def arn_of(target: CopyTarget) -> pulumi.Input[str]:
        if target.account == settings.account:
            standard, air_gapped = vaults.standard[target.region], vaults.air_gapped[target.region]
            return {**standard, **air_gapped}[target.vault].arn
        if central is not None and target.account == centrally:
            arns = pulumi.Output.all(central.vault_arns, central.air_gapped_vault_arns)
            return arns.apply(partial(_central_arn, stack, target))
        return names.vault_arn(settings, target.account, target.region, target.vault)

    return arn_of


def _central_arn(
    stack: str, target: CopyTarget, arns: Sequence[Mapping[str, Mapping[str, str]]]
) -> str:
    found = {
        f"{name} in {region}": arn
        for kind in arns
        for region, here in kind.items()
        for name, arn in here.items()
    }
    wanted = f"{target.vault} in {target.region}"
    if wanted not in found:
        raise pulumi.RunError(
            f"{stack} has no vault {wanted} for copies to go to; it has "
            f"{', '.join(found) or 'none'}: add it there and deploy that stack first"
        )
    return found[wanted]
