"""What proves that backups can be restored: tests, frameworks, the drill, the way back."""

from dataclasses import dataclass

import pulumi

from stacks.contracts import RestoreChecksContract
from stacks.drill import deploy_drill
from stacks.frameworks import FrameworkArns, deploy_frameworks
from stacks.protection import Protection
from stacks.recovery import deploy_recovery
from stacks.restore_checks import deploy_restore_checks
from stacks.restore_testing import deploy_restore_testing
from stacks.settings import Settings
from stacks.vaults import StandingVaults


@dataclass(frozen=True, kw_only=True)
class Proof:
    frameworks: FrameworkArns
    restore_checks: RestoreChecksContract | None = None


def prove_recovery(
    settings: Settings,
    vaults: StandingVaults,
    protection: Protection | None,
    opts: pulumi.ResourceOptions,
) -> Proof:
    """Each part as settings have it; without vaults frameworks alone."""
    frameworks = deploy_frameworks(settings, opts)
    if protection is None:
        return Proof(frameworks=frameworks)
    checks = None
    if settings.restore_testing:
        plans = deploy_restore_testing(settings, vaults, opts)
        checks = deploy_restore_checks(settings, plans, opts)
    if settings.drill is not None:
        deploy_drill(settings, settings.drill, protection, opts)
    if settings.recovery is not None:
        deploy_recovery(settings, settings.recovery, protection, opts)
    return Proof(frameworks=frameworks, restore_checks=checks)
