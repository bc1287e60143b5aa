"""Backup policies of the customer's organization, in the stack of the account that owns them."""

import pulumi

from components.backup_policy import BackupPolicy, BackupPolicyArgs
from stacks import names
from stacks.backup_policy_content import parts
from stacks.settings import CentralSettings


def deploy_backup_policies(settings: CentralSettings, opts: pulumi.ResourceOptions) -> None:
    for name, policy in settings.backup_policies.items():
        BackupPolicy(
            f"{names.prefix(settings)}-policy-{name}",
            BackupPolicyArgs(
                policy_name=f"{names.prefix(settings)}-{name}",
                parts=parts(settings, name),
                targets=policy.targets,
            ),
            opts,
        )
