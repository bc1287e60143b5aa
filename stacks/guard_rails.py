"""Guard rails of the customer's organization, in the stack of the management account."""

import pulumi

from components.guard_rail_policies import (
    Perimeter,
    resource_control_policy,
    service_control_policy,
)
from components.guard_rails import GuardRails, GuardRailsArgs
from stacks import names
from stacks.guard_rail_settings import GuardRails as GuardRailSettings
from stacks.organization import OrganizationReader
from stacks.settings import ManagementSettings


def deploy_guard_rails(
    settings: ManagementSettings,
    wanted: GuardRailSettings,
    organization: OrganizationReader,
    opts: pulumi.ResourceOptions,
) -> None:
    name = f"{names.prefix(settings)}-guard-rails"
    GuardRails(
        name,
        GuardRailsArgs(
            policy_name=name,
            service_control_policy=principals_policy(settings, wanted),
            resource_control_policy=resources_policy(settings, wanted, organization.id()),
            targets=wanted.targets,
        ),
        opts,
    )


def principals_policy(settings: ManagementSettings, wanted: GuardRailSettings) -> str:
    """What the accounts' principals may not do, in JSON. StackSets act in roles of their own, which
    make the vaults of bootstrap with policies and locks."""
    stack_sets = [names.STACK_SETS_ROLE] if settings.bootstrap and settings.bootstrap.vaults else []
    return service_control_policy(
        settings.partition,
        break_glass_roles=wanted.break_glass_roles,
        deploy_roles=[*wanted.deploy_roles, *stack_sets],
    )


def resources_policy(
    settings: ManagementSettings, wanted: GuardRailSettings, organization_id: str
) -> str:
    """Who may not use the accounts' keys and buckets, in JSON."""
    return resource_control_policy(
        settings.partition,
        Perimeter(organization_id=organization_id, trusted_accounts=wanted.trusted_accounts),
        buckets=(f"{settings.customer}-backup-*", *wanted.buckets),
    )
