"""All rules: importing this registers them. A new file of rules is named here."""

from policies.rule import RULES
from policies.rules import (
    any_resource,
    buckets,
    choices,
    data_at_rest,
    dead_letters,
    functions,
    iam,
    keys,
    monitoring,
    plans,
    resource_policies,
    selections,
    vaults,
)

__all__ = [
    "RULES",
    "any_resource",
    "buckets",
    "choices",
    "data_at_rest",
    "dead_letters",
    "functions",
    "iam",
    "keys",
    "monitoring",
    "plans",
    "resource_policies",
    "selections",
    "vaults",
]
