"""The drill: its runbook, the one that removes what it left, and the vault for its backups."""

import re

import pulumi

from components.drill.drill_steps import (
    CLEAN_UP_PARAMETERS,
    OUTPUTS,
    DrillPlan,
    clean_up_runbook_steps,
    drill_steps,
)
from components.drill.drill_vault import DrillVault, DrillVaultArgs
from components.drill.permissions import drill_permissions
from components.encryption_key import EncryptionKey, EncryptionKeyArgs, backup_may_use_key
from components.runbook import Runbook, RunbookArgs
from components.runbook_role import RunbookRole, RunbookRoleArgs
from stacks import names
from stacks.policies import level_of
from stacks.protection import Protection
from stacks.recovery_settings import Drill
from stacks.settings import ProtectedSettings, Settings

_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"
_GRAVITON = re.compile(r"(a1|[a-z]+\d+[a-z-]*g[a-z-]*)\.")
"""Families of instance types with a g after their generation: t4g, c7gn, x2gd."""


def drill_region(settings: ProtectedSettings, drill: Drill) -> str:
    return drill.region or settings.protected_regions[0]


def deploy_drill(
    settings: Settings, drill: Drill, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    name, region = names.drill(settings), drill_region(settings, drill)
    key = _key(settings, region, opts)
    vault = DrillVault(
        name,
        DrillVaultArgs(vault_name=name, key_arn=key.arn if key else None, region=region),
        opts,
    )
    architecture = "arm64" if _GRAVITON.match(drill.instance_type) else "x86_64"
    plan = DrillPlan(
        account=settings.account,
        region=region,
        partition=settings.partition,
        runbook=name,
        clean_up_runbook=names.drill_clean_up(settings),
        vault_name=vault.name,
        backup_role_arn=protection.role.arn,
        image_parameter=_IMAGE.format(architecture),
        instance_type=drill.instance_type,
        subnet=drill.subnet,
        security_groups=drill.security_groups,
    )
    role = RunbookRole(
        name,
        RunbookRoleArgs(
            role_name=name,
            account=settings.account,
            partition=settings.partition,
            permissions=drill_permissions(
                plan,
                vault_arn=vault.arn,
                role_arn=names.role_arn(settings, settings.account, name),
            ),
        ),
        opts,
    )
    clean_up = Runbook(
        plan.clean_up_runbook,
        RunbookArgs(
            document_name=plan.clean_up_runbook,
            description="Removes what a drill left behind: by the id of the drill's execution.",
            role_arn=role.arn,
            parameters=CLEAN_UP_PARAMETERS,
            steps=clean_up_runbook_steps(plan),
            outputs=OUTPUTS,
            region=region,
        ),
        opts,
    )
    Runbook(
        name,
        RunbookArgs(
            document_name=name,
            description=(
                "Backs up and restores an instance of its own, cancels a backup of it to see the "
                "alert become an incident, and removes it all. `backup-org drill` makes the page "
                "for auditors of it."
            ),
            role_arn=role.arn,
            parameters={},
            steps=drill_steps(plan),
            outputs=OUTPUTS,
            region=region,
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[clean_up])),
    )


def _key(settings: Settings, region: str, opts: pulumi.ResourceOptions) -> EncryptionKey | None:
    """A key that encrypts nothing, where the customer's policies let no vault be without."""
    if level_of("vault_has_its_own_key", settings) != "mandatory":
        return None
    name = names.drill(settings)
    return EncryptionKey(
        name,
        EncryptionKeyArgs(
            account=settings.account,
            partition=settings.partition,
            description=f"Recovery points in the vault {name}",
            grants=backup_may_use_key(settings.account, region),
            region=region,
        ),
        opts,
    )
