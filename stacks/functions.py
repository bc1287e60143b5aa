"""What the functions of a stack have in common."""

import pulumi

from components.function import FunctionHome
from components.layer import Layer, LayerArgs
from components.packaging.archives import Platform
from stacks import names
from stacks.load import Settings


def function_home(settings: Settings, opts: pulumi.ResourceOptions) -> FunctionHome:
    """Deploys the layer that every handler needs."""
    platform = Platform(
        runtime=settings.functions.runtime, architecture=settings.functions.architecture
    )
    layer = Layer(
        f"{names.prefix(settings)}-base", LayerArgs(layer="base", platform=platform), opts
    )
    return FunctionHome(
        platform=platform,
        base_layer=layer.arn,
        log_retention_days=settings.functions.log_retention_days,
    )
