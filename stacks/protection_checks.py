"""Checks of what protects an account's data; importing this registers them."""

from collections.abc import Iterator
from datetime import timedelta

from reports.digest.schedules import shortest_gap
from stacks.backup_rules import start_window_minutes
from stacks.check import Location, Problems, check
from stacks.protection_settings import TIERS, Rule
from stacks.settings import ProtectedSettings


@check(ProtectedSettings, "regions")
def _regions_are_named_once(s: ProtectedSettings) -> Problems:
    for position, region in enumerate(s.regions):
        if region in s.regions[:position]:
            yield ("regions", position), f"{region} is named twice"


@check(ProtectedSettings, "vaults", "plans")
def _plans_name_vaults_of_the_stack(s: ProtectedSettings) -> Problems:
    known = ", ".join(sorted(s.vaults)) or "none"
    for name, plan in s.plans.items():
        if plan.vault is None and len(s.vaults) != 1:
            yield ("plans", name, "vault"), f"is required, where there are several vaults: {known}"
        elif plan.vault is not None and plan.vault not in s.vaults:
            yield ("plans", name, "vault"), f"{plan.vault!r} is none of the stack's vaults: {known}"


@check(ProtectedSettings, "plans", "tiers")
def _plans_name_tiers_that_there_are(s: ProtectedSettings) -> Problems:
    known = {**TIERS, **s.tiers}
    for name, plan in s.plans.items():
        if plan.tier is not None and plan.tier not in known:
            yield ("plans", name, "tier"), f"{plan.tier!r} is none of: {', '.join(known)}"


@check(ProtectedSettings, "plans", "tiers")
def _rules_hold_what_aws_demands(s: ProtectedSettings) -> Problems:
    for where, rule in _rules(s):
        gap = shortest_gap(rule.schedule)
        if gap is not None and gap < timedelta(hours=1):
            yield (
                (*where, "schedule"),
                f"runs {gap.seconds // 60} minutes apart; AWS Backup refuses less than 60",
            )
        cold = rule.move_to_cold_storage_after_days
        if cold is not None and rule.delete_after_days < cold + 90:
            yield (
                (*where, "delete_after_days"),
                f"is {rule.delete_after_days}, but what moves to cold storage after {cold} "
                f"days stays there 90 days at least: {cold + 90} or more",
            )
        start = start_window_minutes(rule)
        if rule.completion_window_minutes < start + 60:
            yield (
                (*where, "completion_window_minutes"),
                "must exceed start_window_minutes by 60 at least, "
                f"is {rule.completion_window_minutes}",
            )


def _rules(s: ProtectedSettings) -> Iterator[tuple[Location, Rule]]:
    """Those that are written, with the places where they are."""
    for name, tier in s.tiers.items():
        for rule_name, rule in tier.rules.items():
            yield ("tiers", name, "rules", rule_name), rule
    for name, plan in s.plans.items():
        for rule_name, rule in (plan.rules or {}).items():
            if rule is not None:
                yield ("plans", name, "rules", rule_name), rule
