"""Path and permissions boundary of all roles and users of a stack, as its settings say."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from stacks.settings import Settings, StackSettings

_FIELDS: Mapping[str, Sequence[str]] = {
    "aws:iam/role:Role": ("path", "permissions_boundary"),
    "aws:iam/user:User": ("path", "permissions_boundary"),
    "aws:iam/instanceProfile:InstanceProfile": ("path",),
}


def shape_roles(settings: Settings) -> None:
    """Registered once, before anything is deployed: no component has to hand this on, and none
    that is added can forget it. Where settings say nothing, roles are as their components make
    them."""
    values: Mapping[str, Any] = {
        "path": None if settings.iam.role_path == "/" else settings.iam.role_path,
        "permissions_boundary": permissions_boundary(settings, settings.account),
    }

    def shape(
        given: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        said = {
            field: values[field]
            for field in _FIELDS.get(given.type_, ())
            if values[field] is not None
        }
        if not said:
            return None
        return pulumi.ResourceTransformationResult(props={**given.props, **said}, opts=given.opts)

    pulumi.runtime.register_stack_transformation(shape)


def permissions_boundary(settings: StackSettings, account: str) -> str | None:
    """ARN of the policy that bounds roles in an account."""
    policy = settings.iam.permissions_boundary
    if policy is None or policy.startswith("arn:"):
        return policy
    return f"arn:{settings.partition}:iam::{account}:policy/{policy.removeprefix('/')}"
