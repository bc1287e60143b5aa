"""The drill's runbook."""

import pulumi

from stacks.protection import Protection
from stacks.recovery_settings import Drill
from stacks.settings import Settings


def deploy_drill(
    settings: Settings, drill: Drill, protection: Protection, opts: pulumi.ResourceOptions
) -> None:
    raise NotImplementedError
