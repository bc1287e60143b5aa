"""What a stack's customer chooses of the policies, where the policy pack sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi


@dataclass(frozen=True, kw_only=True)
class PolicyDemandsArgs:
    bundle: Literal["baseline", "regulated"]
    """The levels and thresholds that all rules start from."""
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """By rule: its `level`, `exceptions` and own settings, where they are otherwise."""


class PolicyDemands(pulumi.ComponentResource):
    """Makes nothing: the policy pack reads its `demands`, whoever runs the pack.

    It stands before all other resources: rules about one resource go by it too.
    """

    def __init__(
        self, name: str, args: PolicyDemandsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        demands: dict[str, Any] = {"bundle": args.bundle, "rules": args.rules}
        super().__init__("backup-org:components:PolicyDemands", name, {"demands": demands}, opts)
        # Rules about a whole stack are shown outputs, those about one resource its inputs.
        self.register_outputs({"demands": demands})
