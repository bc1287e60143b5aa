"""Audit frameworks of AWS Backup Audit Manager in an account's Regions."""

from collections.abc import Mapping

import pulumi

from components.framework import Framework, FrameworkArgs, FrameworkControl
from stacks import names
from stacks.framework_controls import controls_of, framework_regions
from stacks.framework_settings import Control, Controls
from stacks.settings import Settings

FrameworkArns = Mapping[str, Mapping[str, pulumi.Output[str]]]
"""By Region, then by the framework's name in settings."""


def deploy_frameworks(settings: Settings, opts: pulumi.ResourceOptions) -> FrameworkArns:
    return {
        region: {
            name: Framework(
                names.regional(settings, name, region),
                FrameworkArgs(
                    framework_name=names.framework(settings, name),
                    description=framework.description,
                    controls=[
                        _control(key, control)
                        for key, control in controls_of(settings, name, region).items()
                    ],
                    region=region,
                ),
                opts,
            ).arn
            for name, framework in settings.frameworks.items()
            if region in framework_regions(settings, name)
        }
        for region in settings.protected_regions
    }


def _control(name: str, control: Control) -> FrameworkControl:
    scope = control.scope
    types = scope.resource_types
    if scope.resource_id and name in Controls.OWN_TYPES:
        types = (Controls.OWN_TYPES[name],)
    return FrameworkControl(
        name=Controls.AWS_NAMES[name],
        parameters=control.parameters,
        resource_types=types,
        resource_id=scope.resource_id,
        tag=scope.tag,
    )
