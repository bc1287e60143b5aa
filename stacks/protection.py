"""What protects an account's data: vaults and plans in its Regions, scripts around backups."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.air_gapped_vault import AirGappedVault
from components.backup_plan import BackupPlan, BackupPlanArgs
from components.backup_role import BackupRole, BackupRoleArgs
from components.vault import Vault
from stacks import names
from stacks.backup_rules import backup_rule
from stacks.contracts import ProtectionContract
from stacks.settings import Settings
from stacks.vaults import StandingVaults, Vaults


@dataclass(frozen=True, kw_only=True)
class Protection:
    vaults: Vaults
    role: BackupRole
    contract: ProtectionContract


def deploy_protection(
    settings: Settings, vaults: StandingVaults, opts: pulumi.ResourceOptions
) -> Protection | None:
    """Nothing, where there is no vault."""
    if not (settings.vaults or settings.retained_vaults or settings.air_gapped_vaults):
        return None
    role = BackupRole(
        names.backup_role(settings),
        BackupRoleArgs(account=settings.account, partition=settings.partition, may_restore=True),
        opts,
    )
    plan_ids = _plans(settings, vaults.standard, role, opts)
    return Protection(
        vaults=vaults.standard,
        role=role,
        contract=ProtectionContract(
            vault_arns=_by_region(_arns(vaults.standard)),
            air_gapped_vault_arns=_by_region(_arns(vaults.air_gapped)),
            plan_ids=_by_region(plan_ids),
        ),
    )


def _arns(
    vaults: Mapping[str, Mapping[str, Vault | AirGappedVault]],
) -> dict[str, dict[str, pulumi.Output[str]]]:
    return {region: {n: v.arn for n, v in here.items()} for region, here in vaults.items()}


def _plans(
    settings: Settings, vaults: Vaults, role: BackupRole, opts: pulumi.ResourceOptions
) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Their ids, by Region and name."""
    return {
        region: {
            name: BackupPlan(
                f"{names.prefix(settings)}-{name}-{region}",
                _plan(settings, name, vaults[region][settings.vault_of(name)], role, region),
                opts,
            ).plan_id
            for name in settings.plans
            if region in settings.plan_regions(name)
        }
        for region in settings.protected_regions
    }


def _plan(
    settings: Settings, name: str, vault: Vault, role: BackupRole, region: str
) -> BackupPlanArgs:
    window = settings.window_of(name)
    tag, value = settings.tag_of(name)
    return BackupPlanArgs(
        plan_name=name,
        vault_name=vault.name,
        rules=[
            backup_rule(rule_name, rule, window)
            for rule_name, rule in settings.rules_of(name).items()
        ],
        role_arn=role.arn,
        tag=tag,
        value=value,
        region=region,
    )


def _by_region(
    values: Mapping[str, Mapping[str, pulumi.Output[str]]],
) -> pulumi.Output[Mapping[str, Mapping[str, str]]]:
    return pulumi.Output.all(
        **{region: pulumi.Output.all(**named) for region, named in values.items()}
    )
