"""Rules about vaults and their keys."""

from __future__ import annotations

from typing import Any

from policies.resource_types import KEY, VAULT
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import KEY_ARN, Case, resource


def vault(*sources: str, **props: Any) -> Resource:
    """Its key by where the ARN comes from, here the key of the stack by default."""
    return resource(VAULT, "standard", sources={"kmsKeyArn": sources or ["key"]}, **props)


def key(**props: Any) -> Resource:
    return resource(KEY, "key", **props)


CASES = [
    Case(
        rule="vault_is_encrypted",
        what="a key that rotates",
        resources=[vault(kmsKeyArn=KEY_ARN), key(enableKeyRotation=True)],
    ),
    Case(rule="vault_is_encrypted", what="the AWS-managed key", resources=[vault()]),
    Case(
        rule="vault_is_encrypted",
        what="an alias",
        resources=[vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a disabled key",
        resources=[vault(kmsKeyArn=UNKNOWN), key(enableKeyRotation=True, isEnabled=False)],
        says="enable it",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a key that does not rotate",
        resources=[vault(kmsKeyArn=KEY_ARN), key()],
        says="set enableKeyRotation",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a state that is not known yet hides nothing of the key's rotation",
        resources=[vault(kmsKeyArn=UNKNOWN), key(isEnabled=UNKNOWN)],
        says="set enableKeyRotation",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a vault that is not known yet hides nothing of another",
        resources=[vault(kmsKeyArn=UNKNOWN), vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a key that is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN), key(enableKeyRotation=UNKNOWN)],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that was brought along, and is known",
        resources=[vault(kmsKeyArn=KEY_ARN)],
        config={"known_keys": [KEY_ARN]},
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that is not among the known ones",
        resources=[vault(kmsKeyArn=KEY_ARN.replace("key/", "key/0"))],
        config={"known_keys": [KEY_ARN]},
        says="one of unknown origin",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key",
        resources=[vault(kmsKeyArn=KEY_ARN), key()],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key, whose ARN is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN), key()],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="no key, where a preview does not know which one AWS takes",
        resources=[vault("none", kmsKeyArn=UNKNOWN), key()],
        says="set `key: customer_managed`",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key by its ARN alone, which may be AWS's",
        resources=[vault("none", kmsKeyArn=KEY_ARN), key()],
        says="set `key: customer_managed`",
    ),
]
