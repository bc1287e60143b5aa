"""Rules about backup vaults."""

import re
from collections.abc import Iterator, Sequence

from policies.citations import config_rule, nist, security_hub
from policies.resource_types import KEY, VAULT
from policies.resources import Resource, Stack
from policies.rule import Aspects, Config, Setting, over_stack

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+")


@over_stack(
    VAULT,
    severity="high",
    cites=[
        security_hub("Backup.1"),
        nist("CP-9(8)"),
        config_rule("backup-recovery-point-encrypted"),
    ],
)
def vault_is_encrypted(vault: Resource, stack: Stack, _: Config) -> Aspects:
    """A backup vault's key can encrypt: it is named by its ARN, is enabled, and rotates.

    Recovery points under a key that is disabled or deleted are lost.
    """
    yield _names_no_key(vault)
    for key in stack.behind(vault, "kmsKeyArn", KEY):
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
    severity="high",
    cites=[nist("SC-12"), config_rule("backup-recovery-point-encrypted")],
    baseline="advisory",
    settings={
        "known_keys": Setting(
            what="ARNs of the customer's own keys that no stack makes",
            schema={"type": "array", "items": {"type": "string"}},
            default=[],
        )
    },
)
def vault_has_its_own_key(vault: Resource, stack: Stack, config: Config) -> Aspects:
    """A backup vault has a key that its stack makes, or one that is known as the customer's own.

    A vault without one uses the AWS-managed key aws/backup, whose policy nobody can change: most of
    its recovery points can never be copied to another account. An ARN does not tell whose a key is.
    """
    yield _has_no_key_of_its_own(vault, stack, config["known_keys"])


def _has_no_key_of_its_own(vault: Resource, stack: Stack, known: Sequence[str]) -> Iterator[str]:
    if not stack.behind(vault, "kmsKeyArn", KEY) and not (
        known and vault.get("kmsKeyArn") in known
    ):
        yield (
            f"the vault {vault.name} would be encrypted with the AWS-managed key or one of unknown "
            "origin; set `key: customer_managed` for the vault, or name its key under known_keys"
        )
