"""Path and permissions boundary of all roles and users of a stack, as its settings say."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from stacks.settings import Settings

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
        "permissions_boundary": _boundary(settings),
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


def _boundary(settings: Settings) -> str | None:
    policy = settings.iam.permissions_boundary
    if policy is None or policy.startswith("arn:"):
        return policy
    return f"arn:{settings.partition}:iam::{settings.account}:policy/{policy.removeprefix('/')}"
