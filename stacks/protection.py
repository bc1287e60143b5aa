"""What protects an account's data: vaults and plans in its Regions, scripts around backups."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.air_gapped_vault import AirGappedVault, AirGappedVaultArgs
from components.backup_plan import BackupPlan, BackupPlanArgs
from components.backup_role import BackupRole, BackupRoleArgs
from components.vault import Vault, VaultArgs
from stacks import names
from stacks.backup_rules import backup_rule
from stacks.contracts import ProtectionContract
from stacks.settings import Settings

Vaults = Mapping[str, Mapping[str, Vault]]
"""By Region, then by their names in settings."""
AirGappedVaults = Mapping[str, Mapping[str, AirGappedVault]]


@dataclass(frozen=True, kw_only=True)
class Protection:
    vaults: Vaults
    air_gapped_vaults: AirGappedVaults
    role: BackupRole
    contract: ProtectionContract


def deploy_protection(settings: Settings, opts: pulumi.ResourceOptions) -> Protection | None:
    """Nothing, where settings have no vault."""
    if not (settings.vaults or settings.retained_vaults or settings.air_gapped_vaults):
        return None
    vaults, air_gapped = _vaults(settings, opts), _air_gapped_vaults(settings, opts)
    role = BackupRole(
        f"{names.prefix(settings)}-service",
        BackupRoleArgs(account=settings.account, partition=settings.partition, may_restore=True),
        opts,
    )
    plan_ids = _plans(settings, vaults, role, opts)
    return Protection(
        vaults=vaults,
        air_gapped_vaults=air_gapped,
        role=role,
        contract=ProtectionContract(
            vault_arns=_by_region(_arns(vaults)),
            air_gapped_vault_arns=_by_region(_arns(air_gapped)),
            plan_ids=_by_region(plan_ids),
        ),
    )


def _vaults(settings: Settings, opts: pulumi.ResourceOptions) -> Vaults:
    wanted = settings.vaults | settings.retained_vaults
    return {
        region: {
            name: Vault(
                f"{names.prefix(settings)}-{name}-{region}",
                VaultArgs(
                    vault_name=name,
                    account=settings.account,
                    region=region,
                    key="aws_managed" if vault.key == "aws_managed" else "customer_managed",
                    force_destroy=vault.force_destroy,
                ),
                opts,
            )
            for name, vault in wanted.items()
            if region in settings.regions_of(vault)
        }
        for region in settings.protected_regions
    }


def _air_gapped_vaults(settings: Settings, opts: pulumi.ResourceOptions) -> AirGappedVaults:
    return {
        region: {
            name: AirGappedVault(
                f"{names.prefix(settings)}-{name}-{region}",
                AirGappedVaultArgs(
                    vault_name=name,
                    region=region,
                    min_retention_days=vault.min_retention_days,
                    max_retention_days=vault.max_retention_days,
                    key_arn=vault.key_arns.get(region),
                    share_with=vault.share_with,
                    share_outside_organization=vault.share_outside_organization,
                    protected=not vault.destroy_empty,
                ),
                opts,
            )
            for name, vault in settings.air_gapped_vaults.items()
            if region in settings.regions_of(vault)
        }
        for region in settings.protected_regions
    }


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
