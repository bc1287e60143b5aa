"""Rules about backup plans: how often, for how long, and where to they back up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from policies.backup_vaults import (
    VAULTS,
    copies_of,
    in_one_place,
    is_about,
    is_destination,
    is_target,
    rule_name,
    rules_of,
)
from policies.citations import aws_guide, config_rule, nist, well_architected
from policies.resource_types import AIR_GAPPED_VAULT, PLAN, SELECTION, VAULT_LOCK
from policies.resources import Resource, Stack, names, those
from policies.rule import Aspects, Config, Setting, over_resource, over_stack
from policies.schedules import DEFAULT, UnreadableSchedule, longest_gap_hours

_FOREVER = float("inf")
_COLD_DAYS = 90
"""Storage in the cold tier that AWS Backup charges for at least."""
_CONTINUOUS_DAYS = 35
"""The longest that a continuous backup is kept."""


@over_resource(
    PLAN,
    severity="high",
    cites=[
        well_architected("REL09-BP03"),
        nist("CP-9"),
        config_rule("backup-plan-min-frequency-and-min-retention-check"),
    ],
)
def plan_has_a_rule(plan: Resource, _: Config) -> Iterator[str]:
    """A backup plan has at least one rule.

    What such a plan selects looks protected, and is never backed up.
    """
    if not rules_of(plan):
        yield f"the plan {plan.name} has no rule; give it one, or take the plan away"


@over_resource(
    PLAN,
    severity="high",
    cites=[
        config_rule("backup-plan-min-frequency-and-min-retention-check"),
        config_rule("backup-recovery-point-minimum-retention-check"),
        config_rule("ec2-last-backup-recovery-point-created"),
        well_architected("REL09-BP03"),
        nist("CP-9"),
        nist("SI-12"),
    ],
    settings={
        "max_hours": Setting(
            what="The longest time between two backups, in hours",
            schema={"type": "integer", "minimum": 1, "maximum": 744},
            default=24,
        ),
        "min_days": Setting(
            what="For how many days those backups are kept at least",
            schema={"type": "integer", "minimum": 1, "maximum": 36500},
            default=14,
            regulated=35,
        ),
    },
)
def plan_backs_up_often_and_keeps_long(plan: Resource, config: Config) -> Iterator[str]:
    """A backup plan backs up at least once a day, and keeps that for two weeks, or 35 days.

    The rules that keep long enough count together, those of one time zone. A daily backup that is
    gone the next day, beside a yearly one that is kept, leaves nothing to go back to. A schedule
    that cannot be read counts as none.
    """
    zones: dict[str, list[str]] = defaultdict(list)
    for rule in rules_of(plan):
        schedule = plan.get("rules", rule, "schedule") or DEFAULT
        try:
            longest_gap_hours([schedule])
        except UnreadableSchedule as e:
            yield f"its rule {rule_name(plan, rule)} has a schedule that AWS does not take: {e}"
            continue
        if _days(plan, "rules", rule, "lifecycle", "deleteAfter") >= config["min_days"]:
            zone = plan.get("rules", rule, "scheduleExpressionTimezone") or "Etc/UTC"
            zones[zone].append(schedule)
    if not rules_of(plan):
        return  # another rule's matter
    gap = min(map(longest_gap_hours, zones.values()), default=_FOREVER)
    if gap > config["max_hours"]:
        how_often = f"up to {gap:.0f} hours apart" if gap < _FOREVER else "never, or not for good"
        yield (
            f"the plan {plan.name} makes backups that are kept for {config['min_days']} days or "
            f"more {how_often}; let a rule run every {config['max_hours']} hours and keep them"
        )


def _days(plan: Resource, *path: str | int) -> float:
    """AWS's -1 is for ever, as is none at all."""
    days = plan.get(*path)
    return _FOREVER if days is None or days < 0 else days


@over_resource(
    PLAN,
    severity="medium",
    cites=[
        nist("SI-12"),
        aws_guide("Lifecycle", "aws-backup/latest/devguide/API_Lifecycle.html"),
        aws_guide("Continuous backups", "aws-backup/latest/devguide/point-in-time-recovery.html"),
    ],
)
def plan_lifecycle_is_valid(plan: Resource, _: Config) -> Iterator[str]:
    """What a plan moves to cold storage stays there for 90 days, and continuous backups end in 35.

    AWS Backup refuses other lifecycles when the plan is made, some of them at each job.
    """
    for rule in rules_of(plan):
        name = rule_name(plan, rule)
        yield from _cold(plan, f"its rule {name}", "rules", rule, "lifecycle")
        for copy in copies_of(plan, rule):
            path = ("rules", rule, "copyActions", copy, "lifecycle")
            yield from _cold(plan, f"copy {copy + 1} of its rule {name}", *path)
        if plan.get("rules", rule, "enableContinuousBackup") is True:
            yield from _continuous(plan, rule, name)


def _cold(plan: Resource, what: str, *path: str | int) -> Iterator[str]:
    cold = _days(plan, *path, "coldStorageAfter")
    kept = _days(plan, *path, "deleteAfter")
    if cold < 1:
        yield f"{what} moves to cold storage after {cold:.0f} days; set coldStorageAfter to 1"
    elif cold < _FOREVER and kept < cold + _COLD_DAYS:
        yield (
            f"{what} moves to cold storage after {cold:.0f} days and deletes after {kept:.0f}; "
            f"set deleteAfter to {cold + _COLD_DAYS:.0f} or more"
        )


def _continuous(plan: Resource, rule: int, name: str) -> Iterator[str]:
    path = ("rules", rule, "lifecycle")
    if _days(plan, *path, "deleteAfter") > _CONTINUOUS_DAYS:
        yield (
            f"its rule {name} makes continuous backups, kept for {_CONTINUOUS_DAYS} days at most; "
            "set deleteAfter so, and keep for longer by another rule"
        )
    if _days(plan, *path, "coldStorageAfter") < _FOREVER:
        yield (
            f"its rule {name} makes continuous backups, which go to no cold storage; take "
            "coldStorageAfter away"
        )


@over_stack(
    PLAN,
    severity="high",
    cites=[
        nist("SI-12"),
        aws_guide("Vault Lock", "aws-backup/latest/devguide/vault-lock.html"),
    ],
)
def plan_keeps_within_lock(plan: Resource, stack: Stack, _: Config) -> Aspects:
    """A plan keeps what it backs up and copies as long as the lock of the vault there takes.

    A job whose retention is outside the lock's bounds fails, night after night. A copy without a
    lifecycle of its own has its rule's.
    """
    for rule in rules_of(plan):
        for vault in stack.of(*VAULTS):
            yield _outside(plan, rule, None, vault, stack)
            for copy in copies_of(plan, rule):
                yield _outside(plan, rule, copy, vault, stack)


def _outside(
    plan: Resource, rule: int, copy: int | None, vault: Resource, stack: Stack
) -> Iterator[str]:
    path: tuple[str | int, ...] = ("rules", rule, "lifecycle")
    if copy is None:
        what, goes = f"its rule {rule_name(plan, rule)}", is_target(plan, rule, vault, stack)
    else:
        what = f"copy {copy + 1} of its rule {rule_name(plan, rule)}"
        goes = is_destination(plan, rule, copy, vault, stack)
        own = ("rules", rule, "copyActions", copy, "lifecycle")
        path = own if plan.get(*own) else path
    for lock in _locks(vault, stack) if goes else ():
        least = lock.get("minRetentionDays") or 0
        most = lock.get("maxRetentionDays") or _FOREVER
        kept = _days(plan, *path, "deleteAfter")
        if not least <= kept <= most:
            days = "for ever" if kept == _FOREVER else f"for {kept:.0f} days"
            until = "without end" if most == _FOREVER else f"to {most:.0f}"
            yield (
                f"{what} keeps {days} what goes to the vault {vault.name}, whose lock takes "
                f"{least:.0f} {until}; set deleteAfter within"
            )


def _locks(vault: Resource, stack: Stack) -> Sequence[Resource]:
    if vault.type == AIR_GAPPED_VAULT:
        return [vault]
    return those(stack.of(VAULT_LOCK), lambda lock: is_about(lock, vault, stack))


@over_stack(
    PLAN,
    severity="high",
    cites=[
        nist("CP-6(1)"),
        nist("CP-9(3)"),
        nist("CP-9(5)"),
        well_architected("REL13-BP02"),
        aws_guide(
            "Audit Manager controls BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION and "
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
            "aws-backup/latest/devguide/controls-and-remediation.html",
        ),
    ],
    baseline="advisory",
    regulated="advisory",
    settings={
        "tiers": Setting(
            what="The plans that must copy: patterns of their names, or tag=value of their tags",
            schema={"type": "array", "items": {"type": "string", "minLength": 1}},
            default=[],
            regulated=["*"],
        ),
        "to": Setting(
            what="Where to: region (another), account (another)",
            schema={
                "type": "array",
                "items": {"enum": ["region", "account"]},
                "uniqueItems": True,
            },
            default=["region", "account"],
        ),
    },
)
def plan_copies_elsewhere(plan: Resource, stack: Stack, config: Config) -> Aspects:
    """Each rule of a plan whose tier asks for it copies to another Region, and to another account.

    Who rules in an account can end all of its backups; a Region can fail. A rule that backs up into
    an air-gapped vault needs no other account: what lies there is out of the account's reach.
    """
    if not any(_is_of_tier(plan, tier) for tier in config["tiers"]):
        return
    for rule in rules_of(plan):
        for wanted in config["to"]:
            yield _copies_not(plan, rule, wanted, stack)


def _is_of_tier(plan: Resource, tier: str) -> bool:
    name, is_tag, value = tier.partition("=")
    if is_tag:
        return value in (plan.get("tags", name), plan.get("tagsAll", name))
    return fnmatchcase(plan.get("name") or plan.name, tier)


def _copies_not(plan: Resource, rule: int, wanted: str, stack: Stack) -> Iterator[str]:
    air_gapped = plan.get("rules", rule, "targetLogicallyAirGappedBackupVaultArn")
    if wanted == "account" and air_gapped:
        return
    here = plan.region if wanted == "region" else plan.account
    places = [_places(plan, rule, copy, stack)[wanted] for copy in copies_of(plan, rule)]
    if not any(place != here for place in places):
        yield (
            f"rule {rule_name(plan, rule)} of the plan {plan.name} copies to no other {wanted}; "
            f"give it a copy to a vault of another {wanted}"
        )


def _places(plan: Resource, rule: int, copy: int, stack: Stack) -> Mapping[str, str | None]:
    """Region and account of the vault that a copy goes to."""
    for vault in stack.of(*VAULTS):
        if is_destination(plan, rule, copy, vault, stack):
            return {"region": vault.region, "account": vault.account}
    arn = plan.get("rules", rule, "copyActions", copy, "destinationVaultArn")
    return dict(zip(("region", "account"), str(arn).split(":")[3:5], strict=True))


@over_stack(
    PLAN,
    severity="high",
    cites=[
        well_architected("REL09-BP01"),
        nist("CP-9"),
        config_rule("ec2-resources-protected-by-backup-plan"),
    ],
)
def plan_has_a_selection(plan: Resource, stack: Stack, _: Config) -> Aspects:
    """A backup plan selects something to back up.

    A plan that nothing is assigned to runs on time and backs nothing up.
    """
    yield _has_no_selection(plan, stack)


def _has_no_selection(plan: Resource, stack: Stack) -> Iterator[str]:
    if not those(
        stack.of(SELECTION),
        lambda selection: (
            in_one_place(plan, selection) and names(stack, selection, ("planId",), plan, "id")
        ),
    ):
        yield f"the plan {plan.name} has no Selection; add one, or take the plan away"
