"""Restore testing plans with their selections in an account's Regions."""

from collections.abc import Mapping

import pulumi

from components.backup_role import BackupRole, BackupRoleArgs
from components.restore_testing_plan import (
    RecoveryPoints,
    RestoreTestingPlan,
    RestoreTestingPlanArgs,
    RestoreTestingSelection,
)
from stacks import names
from stacks.providers import after
from stacks.recovery_settings import RestoreSelection
from stacks.settings import Settings
from stacks.vaults import StandingVaults

RestoreTestingPlans = Mapping[str, Mapping[str, pulumi.Output[str]]]
"""Their ARNs, by Region, then by their names in settings."""


def deploy_restore_testing(
    settings: Settings, vaults: StandingVaults, opts: pulumi.ResourceOptions
) -> RestoreTestingPlans:
    role = BackupRole(
        names.restore_role(settings),
        BackupRoleArgs(
            account=settings.account,
            partition=settings.partition,
            may_back_up=False,
            may_restore=True,
        ),
        opts,
    )
    return {
        region: {
            plan: RestoreTestingPlan(
                names.regional(settings, plan, region),
                _plan(settings, vaults, role, plan, region),
                after([role], opts),
            ).arn
            for plan in settings.restore_testing
            if region in settings.testing_regions(plan)
        }
        for region in settings.protected_regions
    }


def _plan(
    settings: Settings, vaults: StandingVaults, role: BackupRole, name: str, region: str
) -> RestoreTestingPlanArgs:
    plan = settings.restore_testing[name]
    standing = {**vaults.standard[region], **vaults.air_gapped[region]}
    return RestoreTestingPlanArgs(
        plan_name=names.restore_testing_plan(settings, name),
        schedule=plan.schedule,
        timezone=plan.timezone,
        start_window_hours=plan.start_window_hours,
        recovery_points=RecoveryPoints(
            algorithm=plan.recovery_points.algorithm,
            types=plan.recovery_points.types,
            vault_arns=[standing[vault].arn for vault in settings.tested_vaults(name, region)],
            window_days=plan.recovery_points.window_days,
        ),
        selections=[_selection(key, chosen) for key, chosen in plan.selections.items()],
        role_arn=role.arn,
        region=region,
    )


def _selection(name: str, chosen: RestoreSelection) -> RestoreTestingSelection:
    return RestoreTestingSelection(
        name=name,
        resource_type=chosen.type,
        arns=chosen.arns or ("*",),
        equals=chosen.equals,
        not_equals=chosen.not_equals,
        metadata=chosen.metadata,
        validation_window_hours=chosen.validation_window_hours,
    )
