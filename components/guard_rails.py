"""The guard rails of an organization: two policies of AWS Organizations, and where they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.organization_policy import organization_policy

_DESCRIPTION = "Guard rails of backups by backup-org"


@dataclass(frozen=True, kw_only=True)
class GuardRailsArgs:
    policy_name: str
    service_control_policy: str
    """In JSON, as are resource control policies."""
    resource_control_policy: str
    targets: Sequence[str]
    """Ids of units, of accounts, or of the root."""


class GuardRails(pulumi.ComponentResource):
    """What the accounts' principals may not do, and who may not use the accounts' resources."""

    def __init__(
        self, name: str, args: GuardRailsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:GuardRails", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        organization_policy(
            f"{name}-principals",
            "SERVICE_CONTROL_POLICY",
            policy_name=f"{args.policy_name}-principals",
            description=_DESCRIPTION,
            content=args.service_control_policy,
            targets=args.targets,
            opts=child,
        )
        organization_policy(
            f"{name}-resources",
            "RESOURCE_CONTROL_POLICY",
            policy_name=f"{args.policy_name}-resources",
            description=_DESCRIPTION,
            content=args.resource_control_policy,
            targets=args.targets,
            opts=child,
        )
        self.register_outputs({})
