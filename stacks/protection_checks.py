"""Checks of what protects an account's data; importing this registers them."""

from collections.abc import Iterator
from datetime import timedelta

from reports.digest.schedules import shortest_gap
from stacks.backup_rules import minutes_left, start_window_minutes
from stacks.check import Location, Problems, account_of_stack, check
from stacks.copies import CopyTarget, copy_lifecycle, copy_target
from stacks.protection_settings import TIERS, MaintenanceWindow, Rule
from stacks.settings import ProtectedSettings, Settings


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
        yield from rule_problems(rule, where)


def rule_problems(rule: Rule, where: Location) -> Problems:
    """Of a rule alone, wherever it is written."""
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
    if rule.archive_ebs_snapshots and cold is None:
        yield (*where, "archive_ebs_snapshots"), "needs move_to_cold_storage_after_days"
    yield from _continuous(rule, where)
    yield from _copies_and_tags(rule, where)


def _continuous(rule: Rule, where: Location) -> Problems:
    if rule.continuous and rule.delete_after_days > _CONTINUOUS_DAYS:
        yield (
            (*where, "delete_after_days"),
            f"is {rule.delete_after_days}; AWS Backup keeps continuous backups {_CONTINUOUS_DAYS} "
            "days at most: keep longer by another rule",
        )
    if rule.continuous and rule.move_to_cold_storage_after_days is not None:
        yield (
            (*where, "move_to_cold_storage_after_days"),
            "is refused by AWS Backup for continuous backups; leave it out",
        )


def _copies_and_tags(rule: Rule, where: Location) -> Problems:
    for position, copy in enumerate(rule.copies):
        delete_after, cold = copy_lifecycle(rule, copy)
        if cold is not None and delete_after < cold + 90:
            yield (
                (*where, "copies", position),
                f"is kept {delete_after} days, but what moves to cold storage after {cold} days "
                f"stays there 90 days at least: delete_after_days {cold + 90} or more",
            )
    lowered: dict[str, str] = {}
    for key in rule.recovery_point_tags:
        other = lowered.setdefault(key.lower(), key)
        if other != key:
            place = (*where, "recovery_point_tags", key)
            yield place, f"differs in case only from {other}; write it alike"


@check(ProtectedSettings, "vaults", "plans", "tiers", "maintenance_window")
def _backups_keep_to_their_windows(s: ProtectedSettings) -> Problems:
    for where, name, rule in _rules_of_plans(s):
        window, start = s.window_of(name), rule.start_window_minutes
        if window is not None:
            left = minutes_left(rule, window)
            yield from _fits(rule, window, left, where)
            if left is None or left - window.expected_backup_minutes < (start or 60):
                continue
        start = start_window_minutes(rule, window)
        if rule.completion_window_minutes < start + 60:
            yield (
                (*where, "completion_window_minutes"),
                f"must exceed start_window_minutes by 60 at least, is "
                f"{rule.completion_window_minutes}: {start + 60} or more",
            )


def _fits(rule: Rule, window: MaintenanceWindow, left: int | None, where: Location) -> Problems:
    if left is None:
        return
    said = f"{window.start} to {window.end} {window.timezone}"
    expected, own = window.expected_backup_minutes, rule.start_window_minutes
    if left == 0:
        place, cure = (*where, "schedule"), "; start within it"
        yield place, f"{rule.schedule} starts outside of the maintenance window, {said}{cure}"
    elif own is None and left - expected < 60:
        yield (
            (*where, "schedule"),
            f"leaves {left} minutes of the maintenance window, {said}, of which a backup takes "
            f"{expected}: {left - expected} to start in, where AWS Backup wants 60 at least; start "
            "earlier, or widen the window",
        )
    elif own is not None and own + expected > left:
        yield (
            (*where, "start_window_minutes"),
            f"is {own}, and a backup takes {expected}: {own + expected} minutes, where the "
            f"maintenance window, {said}, has {left} from a run on; "
            + (f"{left - expected} at most" if left - expected >= 60 else "start earlier"),
        )


@check(ProtectedSettings, "vaults", "plans", "tiers")
def _plans_keep_to_aws_backups_quotas(s: ProtectedSettings) -> Problems:
    if len(s.plans) > 300:
        yield ("plans",), f"are {len(s.plans)}; AWS Backup has 300 in a Region at most"
    for name in s.plans:
        if name not in known_plans(s):
            continue
        rules = s.rules_of(name)
        if not 1 <= len(rules) <= 10:
            yield ("plans", name, "rules"), f"come to {len(rules)}; AWS Backup wants 1 to 10"
        kept = sorted({rule.delete_after_days for rule in rules.values() if rule.continuous})
        if len(kept) > 1:
            yield (
                ("plans", name, "rules"),
                "have continuous backups kept for different times; a resource has one continuous "
                "recovery point",
            )


@check(
    ProtectedSettings,
    *("account", "region", "regions", "vaults", "retained_vaults", "air_gapped_vaults"),
    *("plans", "tiers", "organization", "central_vaults_in"),
)
def _copies_go_to_vaults_that_there_are(s: ProtectedSettings) -> Problems:
    if account_of_stack(s) is None:
        return
    assert isinstance(s, Settings)
    for where, name, rule in _rules_of_plans(s):
        for region in s.plan_regions(name):
            own, taken = (
                CopyTarget(account=s.account, region=region, vault=s.vault_of(name)),
                set[CopyTarget](),
            )
            for position, copy in enumerate(rule.copies):
                target, place = copy_target(s, name, copy, region), (*where, "copies", position)
                if not target.account:
                    where_to = f"the {s.central_vaults_in} account"
                    yield place, f"goes to {where_to}, which organization does not name"
                elif target == own:
                    yield place, f"goes from {own.vault} in {region} to itself; name another"
                elif target in taken:
                    yield place, f"goes to {target.vault} in {target.region} once more"
                elif target.account == s.account and target.region not in _places(s, target.vault):
                    there = ", ".join(_places(s, target.vault)) or "nowhere"
                    yield (
                        place,
                        f"goes to {target.vault} in {target.region}; this stack has it in: {there}",
                    )
                taken.add(target)


@check(
    ProtectedSettings,
    "region",
    "regions",
    "vaults",
    "retained_vaults",
    "air_gapped_vaults",
    "plans",
    "tiers",
)
def _plans_stand_where_their_vaults_do(s: ProtectedSettings) -> Problems:
    for name, plan in s.plans.items():
        if name not in known_plans(s):
            continue
        for position, region in enumerate(plan.regions or ()):
            if region not in _places(s, s.vault_of(name)):
                there = ", ".join(_places(s, s.vault_of(name)))
                yield (
                    ("plans", name, "regions", position),
                    f"{region} is none of the vault's: {there}",
                )
        if plan.air_gapped_vault is None:
            continue
        where = ("plans", name, "air_gapped_vault")
        if plan.air_gapped_vault not in s.air_gapped_vaults:
            known = ", ".join(s.air_gapped_vaults) or "none"
            yield where, f"{plan.air_gapped_vault!r} is none of air_gapped_vaults: {known}"
            continue
        missing = {*s.plan_regions(name)} - {*_places(s, plan.air_gapped_vault)}
        if missing:
            yield where, f"does not stand in {', '.join(sorted(missing))}, as the plan does"


@check(ProtectedSettings, "vaults", "plans", "tiers")
def _scans_are_said_of_plan_and_rule(s: ProtectedSettings) -> Problems:
    for where, name, rule in _rules_of_plans(s):
        if rule.scan is not None and s.plans[name].malware_scan is None:
            yield (*where, "scan"), f"needs plans.{name}.malware_scan: {{}} beside it"


@check(ProtectedSettings, "plans")
def _selections_mean_what_aws_backup_can(s: ProtectedSettings) -> Problems:
    """AWS takes ARNs or tags, and of these what fulfils all conditions."""
    for name, plan in s.plans.items():
        chosen, where = plan.selection, ("plans", name, "selection")
        conditions = sum(len(getattr(chosen.conditions, kind)) for kind in _OPERATORS)
        narrowed = bool(chosen.resource_types)
        if narrowed and chosen.any_tags:
            yield (
                (*where, "any_tags"),
                "would add to resource_types instead of being looked for among them; leave others "
                "out by exclude_resource_types, or write a plan for each tag",
            )
        if narrowed and chosen.tag is not None and chosen.arns:
            yield (
                (*where, "arns"),
                "beside resource_types and a tag would need the tag too; write a plan of their own",
            )
        if not (chosen.tag or chosen.any_tags or narrowed or chosen.arns or conditions):
            yield where, "takes every resource; name a tag, resource_types, arns or conditions"
        for kind in sorted({*chosen.resource_types} & {*chosen.exclude_resource_types}):
            yield (*where, "exclude_resource_types"), f"{kind} is among resource_types, too"
        if narrowed and chosen.tag in chosen.conditions.equals:
            yield (*where, "conditions", "equals", chosen.tag), "is the tag that decides already"
        if len(chosen.any_tags) + (chosen.tag is not None) > 10:
            yield (*where, "any_tags"), "are more than AWS Backup's 10 tags of a selection"
        if conditions > 30:
            yield (*where, "conditions"), f"are {conditions}; AWS Backup takes 30 in a selection"
        for field in ("arns", "exclude_arns"):
            yield from _arns(getattr(chosen, field), (*where, field))


def _arns(arns: tuple[str, ...], where: Location) -> Problems:
    patterns = [arn for arn in arns if "*" in arn]
    if len(patterns) > 30:
        yield where, f"have {len(patterns)} with *; AWS Backup takes 30 in a selection"
    if len(arns) > 500:
        yield where, f"are {len(arns)}; AWS Backup takes 500 in a selection"
    for position, arn in enumerate(arns):
        if "*" in arn.split(":", 5)[5][:-1]:
            yield (
                (*where, position),
                f"{arn} has * before its end; of a resource's name AWS Backup takes * at the end "
                "alone",
            )


_OPERATORS = ("equals", "not_equals", "like", "not_like")
_CONTINUOUS_DAYS = 35


def known_plans(s: ProtectedSettings) -> frozenset[str]:
    """Plans whose vault and tier there are; of others it is told where they are named."""
    tiers = {**TIERS, **s.tiers}
    return frozenset(
        name
        for name, plan in s.plans.items()
        if s.vault_of(name) in s.vaults and (plan.tier is None or plan.tier in tiers)
    )


def written_at(s: ProtectedSettings, plan: str, rule: str) -> tuple[Location, bool]:
    """Where a rule that a plan goes by is told of, and whether it is written there: a tier's rules
    are told at the plan."""
    written = rule in (s.plans[plan].rules or {})
    return ("plans", plan, *(("rules", rule) if written else ())), written


def _places(s: ProtectedSettings, vault: str) -> tuple[str, ...]:
    """The Regions in which the stack has a vault of that name."""
    found = {**s.vaults, **s.retained_vaults, **s.air_gapped_vaults}.get(vault)
    return s.regions_of(found) if found else ()


def _rules_of_plans(s: ProtectedSettings) -> Iterator[tuple[Location, str, Rule]]:
    """Each rule that a plan goes by, a tier's too, with its place and the plan."""
    for plan in s.plans:
        if plan in known_plans(s):
            for name, rule in s.rules_of(plan).items():
                yield ("plans", plan, "rules", name), plan, rule


def _rules(s: ProtectedSettings) -> Iterator[tuple[Location, Rule]]:
    """Those that are written, with the places where they are."""
    for name, tier in s.tiers.items():
        for rule_name, rule in tier.rules.items():
            yield ("tiers", name, "rules", rule_name), rule
    for name, plan in s.plans.items():
        for rule_name, rule in (plan.rules or {}).items():
            if rule is not None:
                yield ("plans", name, "rules", rule_name), rule
