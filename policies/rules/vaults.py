"""Rules about backup vaults."""

import re
from collections.abc import Iterator, Sequence

from policies.resources import Resource
from policies.rule import Aspects, Config, over_stack

VAULT = "aws:backup/vault:Vault"
KEY = "aws:kms/key:Key"
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+")


@over_stack(VAULT)
def vault_is_encrypted(vault: Resource, stack: Sequence[Resource], _: Config) -> Aspects:
    """A backup vault's key can encrypt: it is named by its ARN, is enabled, and rotates.

    Recovery points under a key that is disabled or deleted are lost.
    """
    yield _names_no_key(vault)
    for key in stack:
        if key.type == KEY and key.urn in vault.sources.get("kmsKeyArn", ()):
            yield _is_disabled(key)
            yield _does_not_rotate(key)


def _names_no_key(vault: Resource) -> Iterator[str]:
    arn = vault.get("kmsKeyArn")
    if arn is not None and not _KEY_ARN.fullmatch(str(arn)):
        yield f"kmsKeyArn is {arn!r}; give the ARN of a key, not an id or an alias"


def _is_disabled(key: Resource) -> Iterator[str]:
    if key.get("isEnabled") is False:
        yield f"its key {key.name} is disabled; enable it (isEnabled)"


def _does_not_rotate(key: Resource) -> Iterator[str]:
    if key.get("enableKeyRotation") is not True:
        yield f"its key {key.name} does not rotate; set enableKeyRotation"


@over_stack(
    VAULT,
    config={
        "vault_key": {"type": "string", "enum": ["any", "customer_managed"], "default": "any"},
        "known_keys": {"type": "array", "items": {"type": "string"}, "default": []},
    },
)
def vault_has_its_own_key(vault: Resource, stack: Sequence[Resource], config: Config) -> Aspects:
    """Where the customer demands it, a backup vault has a key that its stack makes, or a known one.

    A vault without one uses the AWS-managed key aws/backup, whose policy nobody can change: most of
    its recovery points can never be copied to another account. An ARN does not tell whose a key is.
    """
    if config["vault_key"] == "customer_managed":
        yield _has_no_key_of_its_own(vault, stack, config["known_keys"])


def _has_no_key_of_its_own(
    vault: Resource, stack: Sequence[Resource], known: Sequence[str]
) -> Iterator[str]:
    keys = {resource.urn for resource in stack if resource.type == KEY}
    of_stack = keys.intersection(vault.sources.get("kmsKeyArn", ()))
    if not of_stack and not (known and vault.get("kmsKeyArn") in known):
        yield (
            f"the vault {vault.name} would be encrypted with the AWS-managed key or one of unknown "
            "origin, and this customer demands its own; set `key: customer_managed` for the vault, "
            "or name keys by Region"
        )
