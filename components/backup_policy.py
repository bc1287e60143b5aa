"""A backup policy of AWS Organizations, in as many parts as its size demands, and its targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.organization_policy import organization_policy


@dataclass(frozen=True, kw_only=True)
class BackupPolicyArgs:
    policy_name: str
    parts: Sequence[str]
    """Each a policy of its own, in JSON; AWS joins what their plans say."""
    targets: Sequence[str]
    """Ids of units, of accounts, or of the root."""


class BackupPolicy(pulumi.ComponentResource):
    policy_ids: pulumi.Output[Sequence[str]]

    def __init__(
        self, name: str, args: BackupPolicyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:BackupPolicy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policies: list[aws.organizations.Policy] = []
        for number, content in enumerate(args.parts, start=1):
            suffix = "" if number == 1 else f"-{number}"
            policy = organization_policy(
                f"{name}{suffix}",
                "BACKUP_POLICY",
                policy_name=f"{args.policy_name}{suffix}",
                description="Backup plans by backup-org",
                content=content,
                targets=args.targets,
                opts=child,
            )
            policies.append(policy)
        self.policy_ids = pulumi.Output.all(*(policy.id for policy in policies))
        self.register_outputs({"policy_ids": self.policy_ids})
