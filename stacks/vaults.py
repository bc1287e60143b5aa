"""The vaults of a stack, in its Regions: those in use, those retained, those air-gapped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.air_gapped_vault import AirGappedVault, AirGappedVaultArgs
from components.vault import DeletionGuard, Vault, VaultArgs, VaultLock, VaultNotifications
from stacks import names
from stacks.copies import accounts_copied_to, taken_back_from
from stacks.organization import OrganizationReader
from stacks.protection_settings import Lock, Notifications
from stacks.protection_settings import Vault as VaultSettings
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class BootstrappedVault:
    """A vault that the account has from `backup-org bootstrap`, with key, policy and lock."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]


Vaults = Mapping[str, Mapping[str, Vault | BootstrappedVault]]
"""By Region, then by their names in settings."""
AirGappedVaults = Mapping[str, Mapping[str, AirGappedVault]]


@dataclass(frozen=True, kw_only=True)
class StandingVaults:
    standard: Vaults
    air_gapped: AirGappedVaults


def deploy_vaults(
    settings: Settings, organization: OrganizationReader, opts: pulumi.ResourceOptions
) -> StandingVaults:
    standard = _vaults(settings, organization, opts)
    air_gapped = _air_gapped_vaults(settings, organization, opts)
    return StandingVaults(standard=standard, air_gapped=air_gapped)


def _vaults(
    settings: Settings, organization: OrganizationReader, opts: pulumi.ResourceOptions
) -> Vaults:
    wanted = settings.vaults | settings.retained_vaults
    return {
        region: {
            name: _bootstrapped(name, region, opts)
            if is_bootstrapped(settings, name, region)
            else Vault(
                names.regional(settings, name, region),
                vault_args(settings, name, region, organization.id),
                opts,
            )
            for name, vault in wanted.items()
            if region in settings.regions_of(vault)
        }
        for region in settings.protected_regions
    }


def is_bootstrapped(settings: Settings, vault: str, region: str) -> bool:
    """Whether a vault stands there without the stack."""
    made = settings.bootstrap.vaults if settings.bootstrap else {}
    return vault in made and region in settings.bootstrapped_regions


def _bootstrapped(name: str, region: str, opts: pulumi.ResourceOptions) -> BootstrappedVault:
    """Looked up: where it does not stand yet, the deployment ends before it makes anything."""
    asked = pulumi.InvokeOptions(provider=opts.provider)
    found = aws.backup.get_vault(name=name, region=region, opts=asked)
    return BootstrappedVault(
        name=pulumi.Output.from_input(found.name), arn=pulumi.Output.from_input(found.arn)
    )


def _air_gapped_vaults(
    settings: Settings, organization: OrganizationReader, opts: pulumi.ResourceOptions
) -> AirGappedVaults:
    return {
        region: {
            name: AirGappedVault(
                names.regional(settings, name, region),
                _air_gapped_vault_args(settings, name, region, organization),
                opts,
            )
            for name, vault in settings.air_gapped_vaults.items()
            if region in settings.regions_of(vault)
        }
        for region in settings.protected_regions
    }


def vault_args(
    settings: Settings, name: str, region: str, organization_id: Callable[[], str]
) -> VaultArgs:
    """Of a vault in use or retained, in one Region. The organization is asked where it is needed
    alone."""
    vault = (settings.vaults | settings.retained_vaults)[name]
    return VaultArgs(
        vault_name=name,
        account=settings.account,
        region=region,
        key=vault.key if isinstance(vault.key, str) else vault.key[region],
        copies_from=organization_id() if vault.copies_from == "organization" else None,
        copies_to=accounts_copied_to(settings, name),
        takes_back_from=taken_back_from(settings) if name in settings.vaults else None,
        guard=_guard(settings, vault) if vault.deny_deletion else None,
        lock=_lock(vault.lock) if vault.lock else None,
        notifications=_notifications(vault.notifications, region),
        force_destroy=vault.force_destroy,
        leave_on_destroy=vault.leave_on_destroy,
    )


def _air_gapped_vault_args(
    settings: Settings, name: str, region: str, organization: OrganizationReader
) -> AirGappedVaultArgs:
    """Of a logically air-gapped vault, in one Region."""
    vault = settings.air_gapped_vaults[name]
    return AirGappedVaultArgs(
        vault_name=name,
        region=region,
        min_retention_days=vault.min_retention_days,
        max_retention_days=vault.max_retention_days,
        key_arn=vault.key_arns.get(region),
        copies_from=organization.id() if vault.copies_from == "organization" else None,
        share_with=vault.share_with,
        share_outside_organization=vault.share_outside_organization,
        destroy_empty=vault.destroy_empty,
        leave_on_destroy=vault.leave_on_destroy,
    )


def _guard(settings: Settings, vault: VaultSettings) -> DeletionGuard:
    deploys = names.deploy_role_arn(settings)
    return DeletionGuard(
        break_glass_roles=names.break_glass_role_arns(settings, vault),
        policy_writers=[deploys] if deploys else [],
    )


def _lock(lock: Lock) -> VaultLock:
    return VaultLock(
        min_retention_days=lock.min_retention_days,
        max_retention_days=lock.max_retention_days,
        changeable_for_days=lock.changeable_for_days,
    )


def _notifications(wanted: Notifications | None, region: str) -> VaultNotifications | None:
    """None, too, in a Region without a topic."""
    topic = wanted.topics.get(region) if wanted else None
    if wanted is None or topic is None:
        return None
    return VaultNotifications(events=wanted.events, topic_arn=topic)
