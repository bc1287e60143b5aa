"""A policy of AWS Organizations, and where it holds."""

from collections.abc import Sequence
from typing import Literal

import pulumi
import pulumi_aws as aws


def organization_policy(
    name: str,
    type_: Literal["BACKUP_POLICY", "RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"],
    *,
    policy_name: str,
    description: str,
    content: str,
    targets: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> aws.organizations.Policy:
    """Attached to each of its targets: units, accounts, or the root, by their ids."""
    policy = aws.organizations.Policy(
        name, name=policy_name, description=description, type=type_, content=content, opts=opts
    )
    for target in targets:
        aws.organizations.PolicyAttachment(
            f"{name}-{target}", policy_id=policy.id, target_id=target, opts=opts
        )
    return policy
