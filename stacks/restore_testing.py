"""Restore testing plans with their selections in an account's Regions."""

from collections.abc import Mapping

import pulumi

from stacks.protection import Protection
from stacks.settings import Settings
from stacks.vaults import StandingVaults

RestoreTestingPlans = Mapping[str, Mapping[str, pulumi.Output[str]]]
"""Their ARNs, by Region, then by their names in settings."""


def deploy_restore_testing(
    settings: Settings,
    vaults: StandingVaults,
    protection: Protection,
    opts: pulumi.ResourceOptions,
) -> RestoreTestingPlans:
    raise NotImplementedError
