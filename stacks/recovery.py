"""Runbooks by which a recovery point comes back from another account, and is restored."""

import pulumi

from stacks.protection import Protection
from stacks.recovery_settings import Recovery
from stacks.settings import Settings


def deploy_recovery(
    settings: Settings, recovery: Recovery, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    raise NotImplementedError
