"""The controls of a stack's frameworks: those written, or what the stack has."""

from collections.abc import Mapping, Sequence
from typing import Any

from stacks import names
from stacks.copies import copy_target
from stacks.framework_settings import (
    AirGapped,
    Control,
    Controls,
    ControlScope,
    CrossAccount,
    CrossRegion,
    LastRecoveryPoint,
    ManualDeletionDisabled,
    MinimumFrequencyAndRetention,
    RestoreTime,
    VaultLock,
)
from stacks.settings import Settings


def framework_regions(settings: Settings, name: str) -> Sequence[str]:
    """Where a framework stands."""
    return settings.frameworks[name].regions or settings.protected_regions


def controls_of(settings: Settings, name: str, region: str) -> Mapping[str, Control]:
    """A framework's controls in a Region, by their names in settings."""
    written = settings.frameworks[name].controls
    return (written or _of_what_there_is(settings, region)).given


def _of_what_there_is(settings: Settings, region: str) -> Controls:
    """What every plan of the Region does by its settings, and what every vault does there."""
    plans = [plan for plan in settings.plans if region in settings.plan_regions(plan)]
    found: dict[str, Any] = {
        "resources_protected_by_backup_plan": Control(),
        "recovery_points_encrypted": Control(),
        "manual_deletion_disabled": _manual_deletion(settings, region),
        "restore_time_meets_target": _restore_time(settings, region),
    }
    if plans:
        found["minimum_frequency_and_retention"] = MinimumFrequencyAndRetention()
        found["last_recovery_point_created"] = LastRecoveryPoint()
    if plans and all(settings.vaults[settings.vault_of(plan)].lock for plan in plans):
        found["protected_by_vault_lock"] = VaultLock()
    if plans and all(settings.plans[plan].air_gapped_vault for plan in plans):
        found["in_air_gapped_vault"] = AirGapped()
    copied = [_copied_to(settings, plan, region) for plan in plans]
    if copied and all(any(there != region for _, there in places) for places in copied):
        found["protected_by_cross_region"] = CrossRegion()
    if copied and all(any(to != settings.account for to, _ in places) for places in copied):
        found["protected_by_cross_account"] = CrossAccount()
    return Controls(**found)


def _copied_to(settings: Settings, plan: str, region: str) -> set[tuple[str, str]]:
    """The accounts and Regions that a plan copies to."""
    targets = [
        copy_target(settings, plan, copy, region)
        for rule in settings.rules_of(plan).values()
        for copy in rule.copies
    ]
    return {(target.account, target.region) for target in targets}


def _manual_deletion(settings: Settings, region: str) -> ManualDeletionDisabled | None:
    """None, where a vault lets anyone delete, or lets roles that the control cannot name."""
    vaults = [
        vault
        for vault in (settings.vaults | settings.retained_vaults).values()
        if region in settings.regions_of(vault)
    ]
    deploys = names.deploy_role_arn(settings)
    roles = {arn for vault in vaults for arn in names.break_glass_role_arns(settings, vault)}
    roles |= {deploys} if deploys else set()
    if not vaults or not all(vault.deny_deletion for vault in vaults):
        return None
    if len(roles) > _ROLES or any("*" in role for role in roles):
        return None
    return ManualDeletionDisabled(except_roles=tuple(sorted(roles)))


_ROLES = 5


def _restore_time(settings: Settings, region: str) -> RestoreTime | None:
    """Of the types whose restore is tested there."""
    types = {
        selection.type
        for name, plan in settings.restore_testing.items()
        if region in settings.testing_regions(name)
        for selection in plan.selections.values()
    }
    if not types:
        return None
    return RestoreTime(scope=ControlScope(resource_types=tuple(sorted(types))))
