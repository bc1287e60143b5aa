"""Rules about backup vaults: their keys, and how they and what lies in them are kept."""

import re
from collections.abc import Iterator, Sequence

from policies.backup_vaults import VAULTS, is_about, is_filled
from policies.citations import aws_guide, config_rule, nist, security_hub, well_architected
from policies.resource_types import (
    AIR_GAPPED_VAULT,
    KEYS,
    VAULT,
    VAULT_LOCK,
    VAULT_POLICY,
)
from policies.resources import UNKNOWN, NotYet, Resource, Stack, those
from policies.rule import Aspects, Config, Setting, over_resource, over_stack
from policies.statements import Ours
from policies.vault_policies import lets_copy_in, strangers_who_copy_in, undenied

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+")
_VAULT_LOCK = aws_guide("Vault Lock", "aws-backup/latest/devguide/vault-lock.html")


@over_resource(
    *VAULTS,
    severity="high",
    cites=[
        security_hub("Backup.1"),
        well_architected("REL09-BP02"),
        nist("CP-9(8)"),
        config_rule("backup-recovery-point-encrypted"),
    ],
)
def vault_is_encrypted(vault: Resource, _: Config) -> Iterator[str]:
    """A backup vault's key is named by its ARN.

    AWS Backup takes neither an id nor an alias, and an alias may be another key's tomorrow.
    """
    name = "encryptionKeyArn" if vault.type == AIR_GAPPED_VAULT else "kmsKeyArn"
    arn = vault.get(name)
    if arn is not None and not _KEY_ARN.fullmatch(str(arn)):
        yield f"{name} is {arn!r}; give the ARN of a key, not an id or an alias"


@over_stack(
    VAULT,
    severity="high",
    cites=[
        nist("SC-12"),
        well_architected("SEC08-BP01"),
    ],
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
    Air-gapped vaults are not asked: AWS's own key is what nobody in the account can take away.
    """
    yield _has_no_key_of_its_own(vault, stack, config["known_keys"])


def _has_no_key_of_its_own(vault: Resource, stack: Stack, known: Sequence[str]) -> Iterator[str]:
    arn = vault.props.get("kmsKeyArn")
    if arn is None or not (_is_of_the_stack(arn, vault, stack) or _is_known(arn, known)):
        yield (
            f"the vault {vault.name} would be encrypted with the AWS-managed key or one of unknown "
            "origin; set `key: customer_managed` for the vault, or name its key under known_keys"
        )


def _is_of_the_stack(arn: object, vault: Resource, stack: Stack) -> bool:
    """By where the ARN came from, while either is not known; what was made of it is another."""
    if any(arn == key.props.get("arn", UNKNOWN) for key in stack.of(*KEYS)) and arn is not UNKNOWN:
        return True
    sources = stack.behind(vault, "kmsKeyArn", *KEYS)
    return any(UNKNOWN in (arn, key.props.get("arn", UNKNOWN)) for key in sources)


def _is_known(arn: object, known: Sequence[str]) -> bool:
    if arn is UNKNOWN and known:
        raise NotYet
    return arn in known


@over_stack(
    VAULT,
    severity="high",
    cites=[
        well_architected("SEC08-BP04"),
        nist("CP-9"),
        nist("SI-12"),
        _VAULT_LOCK,
        aws_guide(
            "Audit Manager control BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
            "aws-backup/latest/devguide/controls-and-remediation.html",
        ),
    ],
    baseline="advisory",
)
def vault_is_locked(vault: Resource, stack: Stack, _: Config) -> Aspects:
    """A backup vault that backups lie in is locked.

    Without a lock who may delete recovery points may delete all of them. An air-gapped vault has
    one of its own. A vault that goes with all in it (forceDestroy), into which no plan of the stack
    writes and nobody else may copy, is not asked.
    """
    yield _has_no_lock(vault, stack)


def _has_no_lock(vault: Resource, stack: Stack) -> Iterator[str]:
    if not those(stack.of(VAULT_LOCK), lambda lock: is_about(lock, vault, stack)) and _keeps(
        vault, stack
    ):
        yield f"the vault {vault.name} has no VaultLockConfiguration; add one"


def _keeps(vault: Resource, stack: Stack) -> bool:
    """Whether backups lie in it: of one that is emptied with its stack, if somebody puts them
    there. Raises NotYet."""
    if vault.get("forceDestroy") is not True or is_filled(vault, stack):
        return True
    policies = those(stack.of(VAULT_POLICY), lambda policy: is_about(policy, vault, stack))
    return any(lets_copy_in(policy.get("policy")) for policy in policies)


@over_resource(
    VAULT_LOCK,
    severity="high",
    cites=[nist("CP-9"), nist("SI-12"), _VAULT_LOCK],
    baseline="advisory",
    settings={
        "max_changeable_for_days": Setting(
            what="For how many days a lock may be changed or lifted at most",
            schema={"type": "integer", "minimum": 3, "maximum": 36500},
            default=90,
            regulated=30,
        )
    },
)
def vault_lock_is_compliance(lock: Resource, config: Config) -> Iterator[str]:
    """A vault's lock becomes final: in compliance mode, after a time that ends soon.

    A lock in governance mode is lifted by whoever may call DeleteBackupVaultLockConfiguration, and
    one that may be changed for years is no other. AWS takes no time below 3 days, in which a lock
    that was a mistake can be lifted.
    """
    days = lock.get("changeableForDays")
    if days is None:
        yield (
            f"the lock {lock.name} is in governance mode; set changeableForDays, after which "
            "nobody can lift it"
        )
    elif days > config["max_changeable_for_days"]:
        yield (
            f"the lock {lock.name} can be lifted for {days:.0f} days; set changeableForDays to at "
            f"most {config['max_changeable_for_days']}"
        )


@over_resource(
    VAULT_LOCK,
    AIR_GAPPED_VAULT,
    severity="medium",
    cites=[
        nist("SI-12"),
        config_rule("backup-recovery-point-minimum-retention-check"),
        _VAULT_LOCK,
    ],
    settings={
        "min_days": Setting(
            what="The least of what a lock takes as its shortest retention, in days",
            schema={"type": "integer", "minimum": 1, "maximum": 36500},
            default=1,
            regulated=7,
        )
    },
)
def vault_lock_has_bounds(lock: Resource, config: Config) -> Iterator[str]:
    """A vault's lock bounds how long recovery points are kept, and its bounds leave room.

    Without a shortest retention a plan can still make recovery points that are gone the next day;
    with bounds that cross, every backup job into the vault fails.
    """
    least, most = lock.get("minRetentionDays"), lock.get("maxRetentionDays")
    if (least or 0) < config["min_days"]:
        yield (
            f"{lock.name} keeps recovery points for {least or 0:.0f} days at least; set "
            f"minRetentionDays to {config['min_days']} or more"
        )
    if most is not None and most < (least or 1):
        yield (
            f"{lock.name} keeps recovery points for {least or 1:.0f} days at least and for "
            f"{most:.0f} at most; set maxRetentionDays above minRetentionDays"
        )


@over_stack(
    VAULT,
    severity="high",
    cites=[
        config_rule("backup-recovery-point-manual-deletion-disabled"),
        nist("CP-9"),
        nist("AC-6"),
        well_architected("REL09-BP02"),
    ],
    settings={
        "actions": Setting(
            what="Actions that the vault's policy denies to all but named principals",
            schema={"type": "array", "items": {"type": "string", "pattern": "^backup:[A-Za-z]+$"}},
            default=["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
            regulated=[
                "backup:DeleteRecoveryPoint",
                "backup:UpdateRecoveryPointLifecycle",
                "backup:PutBackupVaultAccessPolicy",
            ],
        )
    },
)
def vault_denies_deletion(vault: Resource, stack: Stack, config: Config) -> Aspects:
    """A backup vault's policy denies everybody but named principals to delete recovery points.

    Nor may they shorten how long those are kept, or (regulated) put another policy. Denials count
    together, for every principal and resource; conditions but such as except principals by their
    ARNs do not. A vault that goes with all in it (forceDestroy), into which no plan of the stack
    writes and nobody else may copy, is not asked; an air-gapped one cannot be emptied.
    """
    yield _lets_delete(vault, stack, config["actions"])


def _lets_delete(vault: Resource, stack: Stack, actions: Sequence[str]) -> Iterator[str]:
    if not _keeps(vault, stack):
        return
    policies = those(stack.of(VAULT_POLICY), lambda policy: is_about(policy, vault, stack))
    missing = undenied([policy.get("policy") for policy in policies], actions)
    if missing:
        yield (
            f"the policy of the vault {vault.name} denies not to all {', '.join(missing)}; deny it "
            'for the principal "*" and the resource "*", but for break-glass roles by their ARNs '
            "(ArnNotLike aws:PrincipalArn)"
        )


@over_resource(
    *VAULTS,
    severity="high",
    cites=[
        well_architected("SEC08-BP04"),
        nist("CP-9"),
        aws_guide(
            "Backup vault creation and deletion", "aws-backup/latest/devguide/create-a-vault.html"
        ),
    ],
    baseline="advisory",
)
def vault_is_protected(vault: Resource, _: Config) -> Iterator[str]:
    """A backup vault is protected from its own program, by Pulumi's option `protect`.

    A name that is changed, or a stack that is destroyed, would replace or delete it. One that is
    to go with all in it says so (forceDestroy), which is another rule's matter.
    """
    if not vault.protect and vault.get("forceDestroy") is not True:
        yield f"the vault {vault.name} is not protected; give it the resource option protect"


@over_stack(
    *VAULTS,
    severity="low",
    cites=[
        well_architected("REL09-BP03"),
        aws_guide("Backup plans", "aws-backup/latest/devguide/about-backup-plans.html"),
    ],
    baseline="disabled",
    regulated="advisory",
)
def vault_is_used(vault: Resource, stack: Stack, _: Config) -> Aspects:
    """A backup vault is one that a plan of the stack fills, or that others may copy into.

    An account with vaults and no plan backs nothing up, and looks as if it did. Plans of other
    stacks and of the organization's backup policies are not seen here.
    """
    yield _is_used_by_nobody(vault, stack)


def _is_used_by_nobody(vault: Resource, stack: Stack) -> Iterator[str]:
    if is_filled(vault, stack):
        return
    policies = those(stack.of(VAULT_POLICY), lambda policy: is_about(policy, vault, stack))
    if not any(lets_copy_in(policy.get("policy")) for policy in policies):
        yield (
            f"no plan of the stack backs up or copies into the vault {vault.name}, and nobody may "
            "copy into it; give it a plan, or take it away"
        )


@over_resource(
    VAULT_POLICY,
    severity="critical",
    cites=[
        nist("AC-3"),
        nist("CP-9"),
        well_architected("SEC03-BP08"),
        aws_guide(
            "Creating backup copies across accounts",
            "aws-backup/latest/devguide/create-cross-account-backup.html",
        ),
    ],
    settings={
        "known_accounts": Setting(
            what="Accounts besides the vault's own that may copy into it",
            schema={"type": "array", "items": {"type": "string", "pattern": r"^\d{12}$"}},
            default=[],
        ),
        "known_organizations": Setting(
            what="Organizations that may copy into vaults; none named: any that is named there",
            schema={"type": "array", "items": {"type": "string", "pattern": "^o-[a-z0-9]+$"}},
            default=[],
        ),
    },
)
def vault_takes_copies_from_its_organization(policy: Resource, config: Config) -> Iterator[str]:
    """A backup vault accepts copies from the organization only, or from the customer's accounts.

    Whoever may copy into a vault may fill it at its owner's cost, and set what a restore finds.
    """
    ours = Ours(
        account=policy.account,
        accounts=config["known_accounts"],
        organizations=config["known_organizations"],
    )
    for statement in lets_copy_in(policy.get("policy")):
        if whom := strangers_who_copy_in(statement, ours):
            yield (
                f"{policy.name} lets {', '.join(whom)} copy into the vault (statement "
                f"{statement.called}); condition it on aws:PrincipalOrgID, or name the account "
                "under known_accounts"
            )
