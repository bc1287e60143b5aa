"""A Lambda layer: the pinned dependencies that functions of a stack share."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.packaging.archives import Platform
from components.packaging.layers import layer_archive


@dataclass(frozen=True, kw_only=True)
class LayerArgs:
    layer: str
    """The requirements' name in handlers/layers/."""
    platform: Platform
    region: str | None = None
    """None: the provider's."""


class Layer(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    """Of the layer's version."""

    def __init__(
        self, name: str, args: LayerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Layer", name, None, opts)
        version = aws.lambda_.LayerVersion(
            name,
            layer_name=name,
            description=f"The dependencies of handlers/layers/{args.layer}.txt",
            code=layer_archive(args.layer, args.platform),
            compatible_runtimes=[args.platform.runtime],
            compatible_architectures=[args.platform.architecture],
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = version.arn
        self.register_outputs({"arn": self.arn})
