"""An audit framework of AWS Backup Audit Manager in one Region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class FrameworkControl:
    """What is evaluated, and of which resources; without a scope of all that AWS Config records."""

    name: str
    """As AWS Backup's API calls it: BACKUP_RECOVERY_POINT_ENCRYPTED, …"""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    resource_types: Sequence[str] = ()
    resource_id: str | None = None
    """Of the only resource, of the only type."""
    tag: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class FrameworkArgs:
    framework_name: str
    description: str | None = None
    controls: Sequence[FrameworkControl]
    region: str


class Framework(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: FrameworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Framework", name, None, opts)
        framework = aws.backup.Framework(
            name,
            name=args.framework_name,
            description=args.description,
            controls=[_control(control) for control in args.controls],
            region=args.region,
            opts=pulumi.ResourceOptions(
                parent=self,
                # AWS deploys rules of AWS Config for it; the provider waits three minutes.
                custom_timeouts=pulumi.CustomTimeouts(create="15m", update="15m", delete="15m"),
            ),
        )
        self.arn = framework.arn
        self.register_outputs({"arn": self.arn})


def _control(control: FrameworkControl) -> aws.backup.FrameworkControlArgsDict:
    scope: aws.backup.FrameworkControlScopeArgsDict = {
        "compliance_resource_types": list(control.resource_types) or None,
        "compliance_resource_ids": [control.resource_id] if control.resource_id else None,
        "tags": dict(control.tag) or None,
    }
    return {
        "name": control.name,
        "input_parameters": [
            {"name": name, "value": value} for name, value in control.parameters.items()
        ]
        or None,
        "scope": scope if any(scope.values()) else None,
    }
