"""What settings accept knowingly: exceptions with their reasons, and what weakens protection."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.choice import stricter
from policies.rules import RULES
from stacks.policy_settings import PolicyException
from stacks.settings import Settings
from stacks.warnings import warnings_of


@dataclass(frozen=True, kw_only=True)
class AcceptedException:
    about: str
    stacks: tuple[str, ...]
    """Whose settings have it."""
    reason: str
    until: datetime.date
    expired: bool


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Something in a stack's settings that protects less than it could."""

    stack: str
    about: str
    """The setting, by its path; `warning` for what a deployment warns of."""
    what: str


def exceptions_of(
    stacks: Mapping[str, Settings], today: datetime.date
) -> Iterator[AcceptedException]:
    """One for all the stacks that share it, by what it is about; those of policies too."""
    found: dict[tuple[str, str, datetime.date], list[str]] = {}
    for stack, settings in stacks.items():
        for about, accepted in (*settings.exceptions.items(), *_of_rules(stack, settings)):
            found.setdefault((about, accepted.reason, accepted.until), []).append(stack)
    for (about, reason, until), having in sorted(found.items()):
        yield AcceptedException(
            about=about, stacks=tuple(having), reason=reason, until=until, expired=until < today
        )


def _of_rules(stack: str, settings: Settings) -> Iterator[tuple[str, PolicyException]]:
    """Exceptions of rules of the policy pack, by rule and resource."""
    for rule, chosen in settings.policy.rules.items():
        for one in chosen.exceptions_of(stack):
            yield f"policy.rules.{rule}: {one.name}", one


def deviations_of(stack: str, settings: Settings) -> Iterator[Deviation]:
    for about, what in (*_of_vaults(settings), *_of_proof(settings), *_of_levels(settings)):
        yield Deviation(stack=stack, about=about, what=what)
    for text in warnings_of(settings):
        yield Deviation(stack=stack, about="warning", what=text)


def _of_vaults(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, vault in (settings.vaults | settings.retained_vaults).items():
        at = f"vaults.{name}"
        if not vault.deny_deletion:
            yield f"{at}.deny_deletion", "whoever IAM lets may delete recovery points"
        if vault.lock is None:
            yield f"{at}.lock", "no lock: recovery points can be deleted before their time"
        elif vault.lock.mode == "governance":
            yield f"{at}.lock.mode", "a governance lock: whoever may change it can lift it"
        if vault.key == "aws_managed":
            yield f"{at}.key", "the key is AWS's own, whose policy nobody can change"
        if vault.force_destroy:
            yield (
                f"{at}.force_destroy",
                "destroying the stack deletes the vault with its recovery points",
            )


def _of_proof(settings: Settings) -> Iterator[tuple[str, str]]:
    if not settings.plans:
        return
    if not settings.restore_testing:
        yield "restore_testing", "no restore test is planned for what this account backs up"
    if not settings.frameworks:
        yield "frameworks", "no audit framework evaluates this account"
    if not any(rule.copies for plan in settings.plans for rule in settings.rules_of(plan).values()):
        yield "plans", "no rule copies to another Region or account"


def _of_levels(settings: Settings) -> Iterator[tuple[str, str]]:
    """Rules of the policy pack that count less than their bundle has them."""
    bundle = settings.policy.bundle
    for rule, chosen in settings.policy.rules.items():
        level = RULES[rule].levels[bundle]
        if chosen.level and stricter((chosen.level, level)) != chosen.level:
            yield f"policy.rules.{rule}.level", f"{chosen.level}; the bundle {bundle} has {level}"
