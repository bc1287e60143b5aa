"""Warnings of plans: what would be backed up twice, not at all, or not as their rules read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations

from reports.digest.schedules import runs_around
from stacks.backup_rules import start_window_minutes, timezone_of
from stacks.protection_settings import Rule
from stacks.resource_types import RESOURCE_TYPES
from stacks.settings import Settings
from stacks.warnings import Warnings, warning


@warning
def _plans_select_by_one_tag(s: Settings) -> Warnings:
    for first, second in combinations(s.plans, 2):
        key, value = s.tag_of(second)
        if key and s.tag_of(first) == (key, value) and not _apart(s, first, second):
            yield (
                ("plans", second, "selection"),
                f"selects by {key}={value}, as the plan {first} does: what carries it is backed up "
                "twice; give each plan its own value",
            )


def _apart(s: Settings, one: str, other: str) -> bool:
    """Whether their Regions or types have nothing in common."""
    ours, theirs = s.plans[one].selection.resource_types, s.plans[other].selection.resource_types
    types = bool(ours and theirs) and not {*ours} & {*theirs}
    return types or not {*s.plan_regions(one)} & {*s.plan_regions(other)}


@warning
def _volumes_are_backed_up_with_their_instances(s: Settings) -> Warnings:
    for name, plan in s.plans.items():
        if {"EC2", "EBS"} <= {*plan.selection.resource_types}:
            yield (
                ("plans", name, "selection", "resource_types"),
                "name EC2 and EBS: an instance's backup holds its volumes, which are backed up "
                "twice where both are selected",
            )


@warning
def _types_take_what_rules_say(s: Settings) -> Warnings:
    for name, plan in s.plans.items():
        kinds = plan.selection.resource_types
        for rule_name, rule in s.rules_of(name).items():
            place = ("plans", name, "rules", rule_name)
            warm = [kind for kind in kinds if not RESOURCE_TYPES[kind].cold_storage]
            if rule.move_to_cold_storage_after_days is not None and warm:
                yield (
                    (*place, "move_to_cold_storage_after_days"),
                    f"is ignored by AWS Backup for {', '.join(warm)}",
                )
            snapshots = [kind for kind in kinds if not RESOURCE_TYPES[kind].continuous]
            if rule.continuous and snapshots:
                yield (
                    (*place, "continuous"),
                    f"makes snapshots of {', '.join(snapshots)}: these have no point-in-time "
                    "recovery",
                )


@warning
def _rules_do_not_take_each_others_runs(s: Settings) -> Warnings:
    """Where start windows of a plan's rules overlap, AWS Backup makes the backup of the rule that
    keeps longer alone: aws-backup/latest/devguide/plan-options-and-configuration.html"""
    for name in s.plans:
        rules = s.rules_of(name)
        for shorter, longer in ((a, b) for a in rules for b in rules):
            taken, of = _taken(s, name, rules[shorter], rules[longer])
            lost = [c for c in rules[shorter].copies if c not in rules[longer].copies]
            if taken and (lost or taken == of):
                yield (
                    ("plans", name, "rules", shorter),
                    f"{taken} of {of} runs start while {longer} waits to start, or the other way "
                    "round: of these AWS Backup makes one, that of the longer retention"
                    + (", without this rule's copies" if lost else "")
                    + "; let start windows end before the next run",
                )


def _taken(s: Settings, plan: str, shorter: Rule, longer: Rule) -> tuple[int, int]:
    """How many of a rule's runs, and of how many, fall to one that keeps longer."""
    if shorter.delete_after_days >= longer.delete_after_days:
        return 0, 0
    ours, theirs = [*_spans(s, plan, shorter)], [*_spans(s, plan, longer)]
    met = sum(any(a < d and c < b for c, d in theirs) for a, b in ours)
    return met, len(ours)


def _spans(s: Settings, plan: str, rule: Rule) -> Iterator[tuple[datetime, datetime]]:
    """Of a rule's start windows, in the coming months."""
    window, now = s.window_of(plan), datetime.now(UTC)
    wait = timedelta(minutes=start_window_minutes(rule, window))
    for run in runs_around(rule.schedule, timezone_of(rule, window), now.date()) or []:
        if now <= run < now + timedelta(days=92):
            yield run, run + wait
