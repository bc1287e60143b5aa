"""All rules: importing this registers them. A new file of rules is named here."""

from policies.rule import RULES
from policies.rules import (
    buckets,
    choices,
    data_at_rest,
    functions,
    iam,
    keys,
    plans,
    resource_policies,
    selections,
    vaults,
)

__all__ = [
    "RULES",
    "buckets",
    "choices",
    "data_at_rest",
    "functions",
    "iam",
    "keys",
    "plans",
    "resource_policies",
    "selections",
    "vaults",
]
