"""What the functions of a stack have in common."""

import pulumi

from components.function import FunctionHome
from components.layer import Layer, LayerArgs
from components.packaging.archives import Platform
from stacks import names
from stacks.load import Settings
from stacks.settings import CentralSettings


def function_home(settings: Settings, opts: pulumi.ResourceOptions) -> FunctionHome:
    """Deploys the layer that every handler needs."""
    platform = Platform(
        runtime=settings.functions.runtime, architecture=settings.functions.architecture
    )
    layer = Layer(
        f"{names.prefix(settings)}-base", LayerArgs(layer="base", platform=platform), opts
    )
    return FunctionHome(
        account=settings.account,
        platform=platform,
        base_layer=layer.arn,
        log_retention_days=settings.functions.log_retention_days,
    )


def reads_in_bulk(settings: CentralSettings) -> bool:
    return settings.reports is not None or settings.reports_mail is not None


def duckdb_layer(settings: Settings, home: FunctionHome, opts: pulumi.ResourceOptions) -> Layer:
    """For the functions that read reports in bulk."""
    return Layer(
        f"{names.prefix(settings)}-duckdb", LayerArgs(layer="duckdb", platform=home.platform), opts
    )
