"""Checks of backup policies of AWS Organizations; importing this registers them.

Source: AWS Organizations' user guide, Backup policy syntax and examples; its quotas.
"""

from collections import Counter
from collections.abc import Iterator

from stacks.backup_policy_content import CHARACTERS, parts, plan_content, text
from stacks.backup_policy_settings import BackupPolicy
from stacks.backup_rules import timezone_of
from stacks.check import Location, Problems, check
from stacks.protection_checks import rule_problems
from stacks.protection_settings import TIERS, Plan, Selection, plan_rules
from stacks.settings import CentralSettings

_PER_TARGET = 10
"""Backup policies that AWS attaches to one root, unit or account."""
_RULES = 10
_NAME = 50
"""Characters of a backup plan's name."""


@check(CentralSettings, "backup_policies", "tiers", "organization", "iam", "customer", "naming")
def _policies_can_be(s: CentralSettings) -> Problems:
    problems = [*_not_held(s)]
    yield from problems or _too_large(s)


def _not_held(s: CentralSettings) -> Problems:
    for place, policy, name, plan in _plans(s):
        tier = plan.tier
        if tier is not None and tier not in {**TIERS, **s.tiers}:
            yield (*place, "tier"), f"{tier!r} is none of: {', '.join({**TIERS, **s.tiers})}"
            continue
        yield from _rules(s, place, policy, name, plan)
        yield from _selection((*place, "selection"), plan.selection)
        if plan.malware_scan is not None:
            yield (*place, "malware_scan"), "is for plans of accounts, whose stacks make its role"


def _plans(s: CentralSettings) -> Iterator[tuple[Location, BackupPolicy, str, Plan]]:
    for policy_name, policy in s.backup_policies.items():
        for name, plan in policy.plans.items():
            yield ("backup_policies", policy_name, "plans", name), policy, name, plan


def _rules(
    s: CentralSettings, place: Location, policy: BackupPolicy, name: str, plan: Plan
) -> Problems:
    window = plan.maintenance_window or policy.maintenance_window
    regions = plan.regions or policy.regions
    for rule_name, rule in plan_rules(name, plan, s.tiers).items():
        where = (*place, "rules", rule_name)
        if rule_name in (plan.rules or {}):
            yield from rule_problems(rule, where)
        if rule.scan is not None:
            yield (*where, "scan"), "is for plans of accounts, whose stacks make its role"
        zone = timezone_of(rule, window)
        if zone not in ("Etc/UTC", "UTC"):
            yield (
                (*where, "timezone"),
                f"is {zone}; backup policies have schedules in UTC alone: write the rule in UTC, "
                "or give the accounts plans of their own",
            )
        for number, copy in enumerate(rule.copies):
            if copy.region is None and len(regions) > 1:
                yield (
                    (*where, "copies", number, "region"),
                    f"is required: the plan has {len(regions)} Regions, and a backup policy's copy "
                    "names one vault; make a plan for each Region, or name one",
                )


def _selection(place: Location, selection: Selection) -> Problems:
    for field in ("arns", "exclude_arns"):
        if getattr(selection, field):
            yield (
                (*place, field),
                "cannot be in a backup policy, which selects by tags and types of resources; "
                "leave it out, or give the account a plan of its own",
            )


def _too_large(s: CentralSettings) -> Problems:
    attached: Counter[str] = Counter()
    for policy_name, policy in s.backup_policies.items():
        for name, plan in policy.plans.items():
            place = ("backup_policies", policy_name, "plans", name)
            full = f"{policy_name}-{name}"
            rules = len(plan_rules(name, plan, s.tiers))
            if rules > _RULES:
                yield (*place, "rules"), f"are {rules}; a backup plan has {_RULES} at most"
            if len(full) > _NAME:
                yield place, f"is called {full}, {len(full)} characters; a plan has {_NAME} at most"
            long = len(text({full: plan_content(s, policy_name, name)}))
            if long > CHARACTERS:
                yield (
                    place,
                    f"comes to {long:,} characters; a backup policy has {CHARACTERS:,} at most: "
                    "make several plans of it",
                )
        for target in policy.targets:
            attached[target] += len(parts(s, policy_name))
    for target, count in attached.items():
        if count > _PER_TARGET:
            yield (
                ("backup_policies",),
                f"come to {count} policies on {target}, where AWS attaches {_PER_TARGET} at most: "
                "write fewer or shorter plans, or name them for units further down",
            )
