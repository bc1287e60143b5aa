"""Runbooks by which a recovery point comes back from another account, and is restored: which of
the two a stack has, its settings say."""

from collections.abc import Mapping, Sequence

import pulumi

from components.iam import Statement
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
from stacks.protection_settings import Vault
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
    vaults = settings.vaults | settings.retained_vaults
    return _by_region(settings, {n: v for n, v in vaults.items() if v.copies_from is not None})


def taking_vaults(settings: ProtectedSettings) -> Mapping[str, Sequence[str]]:
    """By Region, the vaults that copies may come back into."""
    return _by_region(settings, settings.vaults)


def _by_region(
    settings: ProtectedSettings, vaults: Mapping[str, Vault]
) -> Mapping[str, Sequence[str]]:
    """The names of vaults, in the Regions that have any."""
    found = {
        region: [name for name, v in vaults.items() if region in settings.regions_of(v)]
        for region in settings.protected_regions
    }
    return {region: here for region, here in found.items() if here}


def _copies_back(
    settings: Settings, recovery: Recovery, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    name, vaults = names.copy_back_runbook(settings), giving_vaults(settings)
    backup_role = protection.role.arn
    permissions = copy_back_permissions(
        account=settings.account, regions=list(vaults), backup_role_arn=backup_role
    )
    role_arn = _role_arn(settings, name, permissions, opts)
    for region, here in vaults.items():
        Runbook(
            f"{name}-{region}",
            RunbookArgs(
                document_name=name,
                description=(
                    "Copies a recovery point of this account's vault to the vault of an account of "
                    "the organization that lost its data, and says its ARN there."
                ),
                role_arn=role_arn,
                parameters=copy_back_parameters(here, recovery.delete_after_days),
                steps=copy_back_steps(backup_role),
                outputs=COPY_BACK_OUTPUTS,
                region=region,
            ),
            opts,
        )


def _restores(settings: Settings, protection: Protection, opts: pulumi.ResourceOptions) -> None:
    name, vaults = names.restore_runbook(settings), taking_vaults(settings)
    backup_role = protection.role.arn
    permissions = restore_permissions(
        account=settings.account, regions=list(vaults), backup_role_arn=backup_role
    )
    role_arn = _role_arn(settings, name, permissions, opts)
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
                role_arn=role_arn,
                parameters=restore_parameters(here),
                steps=restore_steps(backup_role),
                outputs=RESTORE_OUTPUTS,
                region=region,
            ),
            opts,
        )


def _role_arn(
    settings: Settings, name: str, permissions: Sequence[Statement], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Of the role in which a runbook's steps act, named as the runbook is."""
    role = RunbookRole(
        name,
        RunbookRoleArgs(
            role_name=name,
            account=settings.account,
            partition=settings.partition,
            permissions=permissions,
        ),
        opts,
    )
    return role.arn
