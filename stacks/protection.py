"""What protects an account's data: vaults and plans in its Regions, scripts around backups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from components.air_gapped_vault import AirGappedVault
from components.backup_role import BackupRole, BackupRoleArgs
from components.vault import Vault
from stacks import names
from stacks.contracts import ProtectionContract
from stacks.plans import ArnOf, deploy_plans, scans_for_malware, vault_arns
from stacks.settings import Settings
from stacks.vaults import BootstrappedVault, StandingVaults, Vaults


@dataclass(frozen=True, kw_only=True)
class Protection:
    vaults: Vaults
    role: BackupRole
    arn_of: ArnOf
    contract: ProtectionContract


def deploy_protection(
    settings: Settings, vaults: StandingVaults, opts: pulumi.ResourceOptions
) -> Protection | None:
    """Nothing, where there is no vault."""
    if not (settings.vaults or settings.retained_vaults or settings.air_gapped_vaults):
        return None
    role_name = names.backup_role(settings)
    stands = bool(settings.bootstrapped_regions)
    role = BackupRole(
        role_name,
        BackupRoleArgs(
            account=settings.account,
            partition=settings.partition,
            may_restore=True,
            may_scan=scans_for_malware(settings),
            standing_arn=names.role_arn(settings, settings.account, role_name) if stands else None,
        ),
        opts,
    )
    arn_of = vault_arns(settings, vaults)
    plan_ids = deploy_plans(settings, vaults, role, arn_of, opts)
    return Protection(
        vaults=vaults.standard,
        role=role,
        arn_of=arn_of,
        contract=ProtectionContract(
            vault_arns=_resolved(_arns(vaults.standard)),
            air_gapped_vault_arns=_resolved(_arns(vaults.air_gapped)),
            plan_ids=_resolved(plan_ids),
        ),
    )


def _arns(
    vaults: Mapping[str, Mapping[str, Vault | BootstrappedVault | AirGappedVault]],
) -> dict[str, dict[str, pulumi.Output[str]]]:
    return {region: {n: v.arn for n, v in here.items()} for region, here in vaults.items()}


def _resolved(
    values: Mapping[str, Mapping[str, pulumi.Output[str]]],
) -> pulumi.Output[Mapping[str, Mapping[str, str]]]:
    return cast(Any, pulumi.Output.from_input(values))
