"""Checks of vaults: their keys, locks, topics and shares; importing this registers them.

Sources, in AWS Backup's developer guide: vault-lock.html (what a lock refuses, and until when it
can be changed), logicallyairgappedvault.html, backup-notifications.html (topics of the vault's own
account and Region), encryption.html (a key of the vault's Region).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stacks.check import Location, Problems, account_of_stack, check
from stacks.copies import copy_lifecycle
from stacks.protection_checks import known_plans, written_at
from stacks.protection_settings import AirGappedVault, Lock, Rule, Vault
from stacks.settings import ProtectedSettings

_VAULTS = ("vaults", "retained_vaults", "air_gapped_vaults")


@check(ProtectedSettings, *_VAULTS)
def _a_vaults_name_stands_in_one_place(s: ProtectedSettings) -> Problems:
    for name in sorted(s.vaults.keys() & s.retained_vaults.keys()):
        yield ("retained_vaults", name), "is among the vaults in use, too; leave it in one place"
    for name in sorted(s.air_gapped_vaults.keys() & {*s.vaults, *s.retained_vaults}):
        yield (
            ("air_gapped_vaults", name),
            "has the name of another vault here; in one account and Region each has its own",
        )


@check(ProtectedSettings, "region", "regions", *_VAULTS)
def _vaults_stand_in_regions_of_the_stack(s: ProtectedSettings) -> Problems:
    known = ", ".join(s.protected_regions)
    for where, vault in _every_vault(s):
        for position, region in enumerate(vault.regions or ()):
            if region not in s.protected_regions:
                yield (
                    (*where, "regions", position),
                    f"{region} is none of the stack's Regions: {known}",
                )


@check(ProtectedSettings, "region", "regions", *_VAULTS)
def _keys_are_of_the_vaults_regions(s: ProtectedSettings) -> Problems:
    for where, vault in _every_vault(s):
        field = "key" if isinstance(vault, Vault) else "key_arns"
        arns = vault.key if isinstance(vault, Vault) else vault.key_arns
        if isinstance(arns, str):
            continue
        regions = s.regions_of(vault)
        yield from _of_their_regions(arns, regions, (*where, field), "a vault needs a key")
        missing = [region for region in regions if region not in arns]
        if isinstance(vault, Vault) and missing:
            yield (
                (*where, field),
                f"has none for {', '.join(missing)}, where the vault stands too; add it, or name "
                "the vault's regions",
            )


@check(ProtectedSettings, "region", "regions", "account", "organization", *_VAULTS)
def _a_vault_tells_topics_of_its_account_and_regions(s: ProtectedSettings) -> Problems:
    for where, vault in _standard_vaults(s):
        if vault.notifications is None:
            continue
        topics, place = vault.notifications.topics, (*where, "notifications", "topics")
        yield from _of_their_regions(topics, s.regions_of(vault), place, "a vault tells a topic")
        for region, arn in topics.items():
            if arn.split(":")[4] != account_of_stack(s):
                yield (
                    (*place, region),
                    f"is of the account {arn.split(':')[4]}; AWS Backup publishes to topics of "
                    "the vault's own account alone, from where EventBridge or SNS carry it on",
                )


def _of_their_regions(
    arns: Mapping[str, str], regions: Iterable[str], where: Location, needs: str
) -> Problems:
    for region, arn in arns.items():
        if region not in regions:
            yield (*where, region), f"the vault does not stand in {region}; take it out"
        elif arn.split(":")[3] != region:
            yield (*where, region), f"is in {arn.split(':')[3]}; {needs} of its own Region"


@check(ProtectedSettings, "account", "organization", "vaults", "retained_vaults")
def _break_glass_roles_are_of_the_account(s: ProtectedSettings) -> Problems:
    for where, vault in _standard_vaults(s):
        for position, role in enumerate(vault.break_glass_roles):
            if role.startswith("arn:") and role.split(":")[4] != account_of_stack(s):
                yield (
                    (*where, "break_glass_roles", position),
                    f"is of the account {role.split(':')[4]}; in a vault acts who has a role in "
                    "its account: name one of those, which may trust others",
                )


@check(ProtectedSettings, "account", "organization", "air_gapped_vaults")
def _a_vault_is_shared_with_others(s: ProtectedSettings) -> Problems:
    for name, vault in s.air_gapped_vaults.items():
        for position, principal in enumerate(vault.share_with):
            place = ("air_gapped_vaults", name, "share_with", position)
            if principal == account_of_stack(s):
                yield place, "is the vault's own account, which has it anyway; take it out"
            elif principal in vault.share_with[:position]:
                yield place, f"{principal} is named twice"


@check(ProtectedSettings, "vaults", "retained_vaults")
def _a_lock_says_what_its_mode_needs(s: ProtectedSettings) -> Problems:
    for where, vault in _standard_vaults(s):
        if vault.lock is not None:
            place, name = (*where, "lock"), str(where[-1])
            if vault.lock.mode == "governance":
                yield from _governance(vault.lock, place)
            else:
                yield from _compliance(vault.lock, name, place)


def _governance(lock: Lock, where: Location) -> Problems:
    if lock.changeable_for_days is not None:
        yield (
            (*where, "changeable_for_days"),
            "would make the lock final; leave it out, or write mode: compliance",
        )
    if lock.final is not None:
        yield (*where, "final"), "belongs to mode: compliance; a governance lock can be lifted"


def _compliance(lock: Lock, name: str, where: Location) -> Problems:
    if lock.changeable_for_days is None:
        yield (
            (*where, "changeable_for_days"),
            "is required by mode: compliance: days, 3 or more, in which the lock can still be "
            "changed or taken off",
        )
    if lock.final != name:
        yield (
            (*where, "final"),
            f"must be {name}, the vault's name once more: once its days of grace are over, nobody "
            "can shorten or lift the lock or delete what it holds, not even root or AWS, and it "
            "costs until the last retention has ended. See docs/vaults.md for the rehearsal",
        )


@check(ProtectedSettings, *_VAULTS)
def _bounds_of_retention_leave_room(s: ProtectedSettings) -> Problems:
    for where, vault in _every_vault(s):
        place = (*where, "lock") if isinstance(vault, Vault) else where
        least, most = vault.retention_bounds
        if least is not None and most is not None and least > most:
            yield (
                (*place, "min_retention_days"),
                f"is {least}, more than max_retention_days, {most}: nothing could be kept",
            )


@check(ProtectedSettings, *_VAULTS)
def _what_destroy_does_is_said_once(s: ProtectedSettings) -> Problems:
    for where, vault in _every_vault(s):
        if isinstance(vault, Vault) and vault.force_destroy:
            if vault.lock is not None and vault.lock.mode == "compliance":
                yield (
                    (*where, "force_destroy"),
                    "cannot be: nobody deletes what a compliance lock holds; take it out, and "
                    "write leave_on_destroy where the stack shall go without the vault",
                )
            elif vault.leave_on_destroy:
                yield (*where, "leave_on_destroy"), "says the contrary of force_destroy; write one"
        if isinstance(vault, AirGappedVault) and vault.destroy_empty and vault.leave_on_destroy:
            yield (*where, "leave_on_destroy"), "says the contrary of destroy_empty; write one"


@dataclass(frozen=True, kw_only=True)
class _Filling:
    """What a rule puts into a vault, for how long."""

    where: Location
    what: str
    days: int
    vault: str


@check(ProtectedSettings, "plans", "tiers", *_VAULTS)
def _rules_keep_what_locked_vaults_take(s: ProtectedSettings) -> Problems:
    for filling in _fillings(s):
        least, most, why = _bounds(s, filling.vault)
        if least is not None and filling.days < least:
            wanted = f"{least} or more"
        elif most is not None and filling.days > most:
            wanted = f"{most} at most"
        else:
            continue
        yield (
            filling.where,
            f"{filling.what} is {filling.days} days, but {why} {filling.vault} takes {wanted}; "
            "AWS fails every job that keeps otherwise",
        )


def _fillings(s: ProtectedSettings) -> Iterator[_Filling]:
    """By plans whose vault and tier are known, into vaults of this account."""
    known = known_plans(s)
    for name, plan in s.plans.items():
        if name not in known:
            continue
        vault = s.vault_of(name)
        targets = [each for each in (vault, plan.air_gapped_vault) if each]
        for rule_name, rule in s.rules_of(name).items():
            where, _ = written_at(s, name, rule_name)
            for target in targets:
                what = f"delete_after_days of the rule {rule_name}"
                yield _Filling(where=where, what=what, days=rule.delete_after_days, vault=target)
            yield from _copied(rule, rule_name, vault, where)


def _copied(rule: Rule, name: str, vault: str, where: Location) -> Iterator[_Filling]:
    for copy in rule.copies:
        if copy.account is None:
            yield _Filling(
                where=where,
                what=f"delete_after_days of a copy by the rule {name}",
                days=copy_lifecycle(rule, copy)[0],
                vault=copy.vault or vault,
            )


def _bounds(s: ProtectedSettings, name: str) -> tuple[int | None, int | None, str]:
    """Of what a vault takes: least and most days, and why."""
    vault = (s.vaults | s.retained_vaults).get(name)
    if vault is not None:
        return *vault.retention_bounds, "the lock of the vault"
    apart = s.air_gapped_vaults.get(name)
    return (*apart.retention_bounds, "the air-gapped vault") if apart else (None, None, "")


def _standard_vaults(s: ProtectedSettings) -> Iterator[tuple[Location, Vault]]:
    for name, vault in s.vaults.items():
        yield ("vaults", name), vault
    for name, vault in s.retained_vaults.items():
        yield ("retained_vaults", name), vault


def _every_vault(s: ProtectedSettings) -> Iterator[tuple[Location, Vault | AirGappedVault]]:
    yield from _standard_vaults(s)
    for name, vault in s.air_gapped_vaults.items():
        yield ("air_gapped_vaults", name), vault
