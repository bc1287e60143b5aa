"""What a stack's customer demands of its policies, where the policy pack sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi


@dataclass(frozen=True, kw_only=True)
class PolicyDemandsArgs:
    vault_key: Literal["any", "customer_managed"]
    """Whose key each backup vault must have."""
    known_keys: Sequence[str] = ()
    """ARNs of the customer's own keys that no stack makes."""


class PolicyDemands(pulumi.ComponentResource):
    """Makes nothing: a stack policy reads its `demands`, whoever runs the pack.

    That is the pack's configuration by rule, and holds only what is more than the rules' defaults:
    a stack never takes back what a configuration file demands.
    """

    def __init__(
        self, name: str, args: PolicyDemandsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        demands: dict[str, dict[str, Any]] = {}
        if args.vault_key != "any":
            demands["vault_has_its_own_key"] = {
                "vault_key": args.vault_key,
                "known_keys": sorted(args.known_keys),
            }
        super().__init__("backup-org:components:PolicyDemands", name, {"demands": demands}, opts)
        # Rules about a whole stack are shown outputs, those about one resource its inputs.
        self.register_outputs({"demands": demands})
