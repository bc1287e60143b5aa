"""Protected properties of vaults, plans, keys and reports."""

from __future__ import annotations

from policies.resource_types import VAULT
from policies.resources import Resource, Stack
from tests.support.policy_mutations import broken, setting, unset


def _has_a_key(vault: Resource, _: Stack) -> bool:
    return bool(vault.sources.get("kmsKeyArn"))


BACKUP_MUTATIONS = [
    broken(
        "a vault's key is named by an alias",
        VAULT,
        change=setting("kmsKeyArn", "alias/mine"),
        fails=["vault_is_encrypted", "vault_has_its_own_key"],
        where=_has_a_key,
    ),
    broken(
        "a vault has no key",
        VAULT,
        change=unset("kmsKeyArn"),
        fails=["vault_has_its_own_key"],
        where=_has_a_key,
    ),
]
