"""What proves that backups can be restored: tests, frameworks, the drill, the way back."""

import pulumi

from stacks.drill import deploy_drill
from stacks.frameworks import FrameworkArns, deploy_frameworks
from stacks.protection import Protection
from stacks.recovery import deploy_recovery
from stacks.restore_checks import deploy_restore_checks
from stacks.restore_testing import deploy_restore_testing
from stacks.settings import Settings
from stacks.vaults import StandingVaults


def prove_recovery(
    settings: Settings,
    vaults: StandingVaults,
    protection: Protection | None,
    opts: pulumi.ResourceOptions,
) -> FrameworkArns:
    """Each part as settings have it; without vaults frameworks alone. Gives these."""
    frameworks = deploy_frameworks(settings, opts)
    if protection is None:
        return frameworks
    if settings.restore_testing:
        plans = deploy_restore_testing(settings, vaults, opts)
        deploy_restore_checks(settings, plans, opts)
    if settings.drill is not None:
        deploy_drill(settings, settings.drill, protection, opts)
    if settings.recovery is not None:
        deploy_recovery(settings, settings.recovery, protection, opts)
    return frameworks
