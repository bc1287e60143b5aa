"""Where an account differs from its settings, told by comparing what both say of the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fleet.evidence.deployed import DeployedPlace
from stacks import names
from stacks.copies import CopyTarget
from stacks.drill import drill_region
from stacks.framework_controls import framework_regions
from stacks.plans import PlanInRegion, backup_rule
from stacks.protection_settings import AirGappedVault, Lock
from stacks.settings import Settings

PARTS = ("vaults", "plans", "restore_testing_plans", "frameworks")
_AWS_OWN = ("aws/", "Default", "aws_")
"""How names start of what AWS makes by itself in an account."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    stack: str
    region: str
    about: str
    """What of what: `vaults standard lock`."""
    settings: Any
    deployed: Any
    """Each null where there is none."""


def differences(settings: Settings, place: DeployedPlace) -> Iterator[Difference]:
    """Of one Region, in what could be read. What other programs made is told, too."""
    wanted = expected(settings, place.region)
    there: dict[str, Mapping[str, Mapping[str, Any]]] = {
        part: {name: {} for name in place.found.get(part, ())} for part in PARTS
    }
    there |= {"vaults": _vaults(place), "plans": _plans(place)}
    for part in PARTS:
        if part in place.not_read:
            continue
        for name in sorted(wanted[part].keys() | there[part].keys()):
            pair = wanted[part].get(name), there[part].get(name)
            for about, ours, theirs in _compared(*pair):
                yield Difference(
                    stack=place.stack,
                    region=place.region,
                    about=" ".join([part.replace("_", " "), name, *about]),
                    settings=ours,
                    deployed=theirs,
                )


def _compared(
    ours: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None
) -> Iterator[tuple[list[str], Any, Any]]:
    if ours is None or theirs is None:
        yield [], _presence(ours), _presence(theirs)
        return
    for fact in sorted(ours.keys() | theirs.keys()):
        if ours.get(fact) != theirs.get(fact):
            yield [fact], ours.get(fact), theirs.get(fact)


def _presence(facts: Mapping[str, Any] | None) -> Any:
    return None if facts is None else facts or "is there"


def expected(settings: Settings, region: str) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """What the settings say of a Region, by part, then by name, in the terms of `_vaults` and
    `_plans`."""
    vaults = {
        name: _vault(vault.lock)
        for name, vault in (settings.vaults | settings.retained_vaults).items()
        if region in settings.regions_of(vault)
    } | {
        name: _air_gapped(vault)
        for name, vault in settings.air_gapped_vaults.items()
        if region in settings.regions_of(vault)
    }
    plans = {
        name: {
            fact: value
            for rule in settings.rules_of(name)
            for fact, value in _rule(settings, name, rule, region).items()
        }
        for name in settings.plans
        if region in settings.plan_regions(name)
    }
    if settings.drill is not None and region == drill_region(settings, settings.drill):
        vaults[names.drill(settings)] = _vault(None)
    tests = {
        names.restore_testing_plan(settings, plan): dict[str, Any]()
        for plan in settings.restore_testing
        if region in settings.testing_regions(plan)
    }
    frameworks = {
        names.framework(settings, name): dict[str, Any]()
        for name in settings.frameworks
        if region in framework_regions(settings, name)
    }
    return dict(zip(PARTS, (vaults, plans, tests, frameworks), strict=True))


def _vault(lock: Lock | None) -> Mapping[str, Any]:
    return {
        "locked": lock is not None,
        "min_retention_days": lock.min_retention_days if lock else None,
        "max_retention_days": lock.max_retention_days if lock else None,
    }


def _air_gapped(vault: AirGappedVault) -> Mapping[str, Any]:
    return {
        "locked": True,
        "min_retention_days": vault.min_retention_days,
        "max_retention_days": vault.max_retention_days,
    }


def _vaults(place: DeployedPlace) -> Mapping[str, Mapping[str, Any]]:
    return {
        name: {
            "locked": vault.get("Locked", False),
            "min_retention_days": vault.get("MinRetentionDays"),
            "max_retention_days": vault.get("MaxRetentionDays"),
        }
        for name, vault in place.found.get("vaults", {}).items()
        if not name.startswith(_AWS_OWN)
    }


def _rule(settings: Settings, plan: str, rule: str, region: str) -> Mapping[str, Any]:
    def arn_of(target: CopyTarget) -> str:
        return names.vault_arn(settings, target.account, target.region, target.vault)

    where = PlanInRegion(settings=settings, plan=plan, region=region, arn_of=arn_of)
    wanted = asdict(backup_rule(where, rule, settings.rules_of(plan)[rule]))
    copies = [[copy["vault_arn"], copy["delete_after_days"]] for copy in wanted["copies"]]
    facts = {fact: wanted[fact] for fact in _RULE_FACTS}
    facts |= {"vault": settings.vault_of(plan), "copies": sorted(copies)}
    return {f"rule {rule} {fact}": value for fact, value in facts.items()}


_RULE_FACTS = (
    "schedule",
    "timezone",
    "delete_after_days",
    "move_to_cold_storage_after_days",
    "continuous",
)


def _plans(place: DeployedPlace) -> Mapping[str, Mapping[str, Any]]:
    return {
        name.rpartition(" ")[0]: {
            f"rule {rule['RuleName']} {fact}": value
            for rule in plan["BackupPlan"]["Rules"]
            for fact, value in _deployed_rule(rule).items()
        }
        for name, plan in place.found.get("plans", {}).items()
        if not name.startswith(_AWS_OWN)
    }


def _deployed_rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    lifecycle = rule.get("Lifecycle", {})
    copies = [
        [copy["DestinationBackupVaultArn"], copy.get("Lifecycle", {}).get("DeleteAfterDays")]
        for copy in rule.get("CopyActions", ())
    ]
    return {
        "schedule": rule.get("ScheduleExpression"),
        "timezone": rule.get("ScheduleExpressionTimezone", "Etc/UTC"),
        "delete_after_days": lifecycle.get("DeleteAfterDays"),
        "move_to_cold_storage_after_days": lifecycle.get("MoveToColdStorageAfterDays"),
        "continuous": rule.get("EnableContinuousBackup", False),
        "vault": rule.get("TargetBackupVaultName"),
        "copies": sorted(copies),
    }
