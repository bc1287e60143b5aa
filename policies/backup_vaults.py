"""Which vaults plans write into, and what else of a stack is about a vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policies.resource_types import AIR_GAPPED_VAULT, PLAN, VAULT
from policies.resources import UNKNOWN, NotYet, Resource, Stack, names, those

VAULTS = (VAULT, AIR_GAPPED_VAULT)


def is_about(resource: Resource, vault: Resource, stack: Stack) -> bool:
    """Whether a policy, a lock or notifications are this vault's: each Region of each account may
    have one of the same name. Raises NotYet."""
    return in_one_place(resource, vault) and names(
        stack, resource, ("backupVaultName",), vault, "name"
    )


def in_one_place(one: Resource, other: Resource) -> bool:
    """Whether they may be of one account and Region: where neither it nor its provider tells, too.
    Raises NotYet."""
    places = (one.region, other.region), (_account(one), _account(other))
    return all(None in pair or pair[0] == pair[1] for pair in places)


def rules_of(plan: Resource) -> range:
    """Positions of its rules. Raises NotYet."""
    return range(len(plan.get("rules") or ()))


def copies_of(plan: Resource, rule: int) -> range:
    """Positions of a rule's copies. Raises NotYet."""
    return range(len(plan.get("rules", rule, "copyActions") or ()))


def rule_name(plan: Resource, rule: int) -> str:
    """For people."""
    named = plan.props["rules"][rule].get("ruleName")
    return named if isinstance(named, str) else f"number {rule + 1}"


def is_target(plan: Resource, rule: int, vault: Resource, stack: Stack) -> bool:
    """Whether a rule backs up into a vault: into an air-gapped one, it names a standard one beside
    it, which then has what the other cannot take. Raises NotYet."""
    if vault.type == AIR_GAPPED_VAULT:
        path = ("rules", rule, "targetLogicallyAirGappedBackupVaultArn")
        return _matches(plan, path, vault, stack, lambda arn: is_arn_of(arn, vault))
    path = ("rules", rule, "targetVaultName")
    return in_one_place(plan, vault) and _matches(
        plan, path, vault, stack, lambda name: name == vault.get("name")
    )


def is_destination(plan: Resource, rule: int, copy: int, vault: Resource, stack: Stack) -> bool:
    """Whether a copy goes into a vault. Raises NotYet."""
    path = ("rules", rule, "copyActions", copy, "destinationVaultArn")
    return _matches(plan, path, vault, stack, lambda arn: is_arn_of(arn, vault))


def is_arn_of(arn: str, vault: Resource) -> bool:
    """By what a vault's ARN is made of, where the vault does not stand yet. Raises NotYet."""
    known = vault.props.get("arn")
    if known is not None and known is not UNKNOWN:
        return arn == known
    region, account, kind, name = (arn.split(":", 6) + [""] * 7)[3:7]
    return (
        (kind, name) == ("backup-vault", vault.get("name"))
        and region == (vault.region or region)
        and account == (_account(vault) or account)
    )


def _account(resource: Resource) -> str | None:
    """As far as its provider tells, or the ARN of one that stands."""
    try:
        return resource.account
    except NotYet:
        return None


def is_filled(vault: Resource, stack: Stack) -> bool:
    """Whether a plan of the stack backs up or copies into a vault. Raises NotYet."""
    return bool(those(stack.of(PLAN), lambda plan: any(_writes(plan, vault, stack))))


def _writes(plan: Resource, vault: Resource, stack: Stack) -> Iterator[bool]:
    for rule in rules_of(plan):
        yield is_target(plan, rule, vault, stack)
        for copy in copies_of(plan, rule):
            yield is_destination(plan, rule, copy, vault, stack)


def _matches(
    plan: Resource,
    path: tuple[str | int, ...],
    vault: Resource,
    stack: Stack,
    test: Callable[[str], bool],
) -> bool:
    """By the value; one that is not known yet is of one of the vaults that it came from."""
    try:
        value = plan.get(*path)
    except NotYet:
        if vault not in stack.behind(plan, str(path[0]), *VAULTS):
            return False
        raise
    return value is not None and test(value)
