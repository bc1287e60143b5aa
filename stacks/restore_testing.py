"""Restore testing plans with their selections in an account's Regions, and what judges them."""

import pulumi

from stacks.protection import Protection
from stacks.settings import Settings
from stacks.vaults import StandingVaults


def deploy_restore_testing(
    settings: Settings,
    vaults: StandingVaults,
    protection: Protection,
    opts: pulumi.ResourceOptions,
) -> None:
    raise NotImplementedError
