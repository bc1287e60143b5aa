"""All rules: importing this registers them. A new file of rules is named here."""

from policies.rule import RULES
from policies.rules import (
    any_resource,
    backup_roles,
    buckets,
    choices,
    data_at_rest,
    dead_letters,
    functions,
    iam,
    keys,
    monitoring,
    plans,
    reports,
    resource_policies,
    restore_tests,
    selections,
    vaults,
)

__all__ = [
    "RULES",
    "any_resource",
    "backup_roles",
    "buckets",
    "choices",
    "data_at_rest",
    "dead_letters",
    "functions",
    "iam",
    "keys",
    "monitoring",
    "plans",
    "reports",
    "resource_policies",
    "restore_tests",
    "selections",
    "vaults",
]
