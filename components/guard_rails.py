"""The guard rails of an organization: two policies of AWS Organizations, and where they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


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
        for kind, type_, content in (
            ("principals", "SERVICE_CONTROL_POLICY", args.service_control_policy),
            ("resources", "RESOURCE_CONTROL_POLICY", args.resource_control_policy),
        ):
            policy = aws.organizations.Policy(
                f"{name}-{kind}",
                name=f"{args.policy_name}-{kind}",
                description="Guard rails of backups by backup-org",
                type=type_,
                content=content,
                opts=child,
            )
            for target in args.targets:
                aws.organizations.PolicyAttachment(
                    f"{name}-{kind}-{target}", policy_id=policy.id, target_id=target, opts=child
                )
        self.register_outputs({})
