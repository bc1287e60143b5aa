"""Runbooks by which a recovery point comes back from another account, and is restored: which of
the two a stack has, its settings say."""

from collections.abc import Mapping, Sequence

import pulumi

from components.recovery.permissions import copy_back_permissions, restore_permissions
from components.recovery.runbook_steps import (
    COPY_BACK_OUTPUTS,
    RESTORE_OUTPUTS,
    copy_back_parameters,
    copy_back_steps,
    restore_parameters,
    restore_steps,
)
from components.runbook import Runbook, RunbookArgs
from components.runbook_role import RunbookRole, RunbookRoleArgs
from stacks import names
from stacks.protection import Protection
from stacks.recovery_settings import Recovery
from stacks.settings import ProtectedSettings, Settings


def deploy_recovery(
    settings: Settings, recovery: Recovery, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    if recovery.from_account is None:
        _copies_back(settings, recovery, protection, opts)
    else:
        _restores(settings, protection, opts)


def giving_vaults(settings: ProtectedSettings) -> Mapping[str, Sequence[str]]:
    """By Region, the vaults that other accounts' copies lie in."""
    found = {
        region: [
            name
            for name, vault in (settings.vaults | settings.retained_vaults).items()
            if vault.copies_from is not None and region in settings.regions_of(vault)
        ]
        for region in settings.protected_regions
    }
    return {region: vaults for region, vaults in found.items() if vaults}


def taking_vaults(settings: ProtectedSettings) -> Mapping[str, Sequence[str]]:
    """By Region, the vaults that copies may come back into."""
    found = {
        region: [n for n, vault in settings.vaults.items() if region in settings.regions_of(vault)]
        for region in settings.protected_regions
    }
    return {region: vaults for region, vaults in found.items() if vaults}


def _copies_back(
    settings: Settings, recovery: Recovery, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    name, vaults = names.copy_back_runbook(settings), giving_vaults(settings)
    role = RunbookRole(
        name,
        RunbookRoleArgs(
            role_name=name,
            account=settings.account,
            partition=settings.partition,
            permissions=copy_back_permissions(
                account=settings.account,
                regions=list(vaults),
                backup_role_arn=protection.role.arn,
            ),
        ),
        opts,
    )
    for region, here in vaults.items():
        Runbook(
            f"{name}-{region}",
            RunbookArgs(
                document_name=name,
                description=(
                    "Copies a recovery point of this account's vault to the vault of an account of "
                    "the organization that lost its data, and says its ARN there."
                ),
                role_arn=role.arn,
                parameters=copy_back_parameters(here, recovery.delete_after_days),
                steps=copy_back_steps(protection.role.arn),
                outputs=COPY_BACK_OUTPUTS,
                region=region,
            ),
            opts,
        )


def _restores(settings: Settings, protection: Protection, opts: pulumi.ResourceOptions) -> None:
    name, vaults = names.restore_runbook(settings), taking_vaults(settings)
    role = RunbookRole(
        name,
        RunbookRoleArgs(
            role_name=name,
            account=settings.account,
            partition=settings.partition,
            permissions=restore_permissions(
                account=settings.account,
                regions=list(vaults),
                backup_role_arn=protection.role.arn,
            ),
        ),
        opts,
    )
    for region, here in vaults.items():
        Runbook(
            f"{name}-{region}",
            RunbookArgs(
                document_name=name,
                description=(
                    "Restores a recovery point of this account's vault as a new resource beside "
                    "what there is, and says its ARN. What a restore of each type needs as "
                    "Metadata stands in docs/recover.md."
                ),
                role_arn=role.arn,
                parameters=restore_parameters(here),
                steps=restore_steps(protection.role.arn),
                outputs=RESTORE_OUTPUTS,
                region=region,
            ),
            opts,
        )
