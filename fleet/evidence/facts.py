"""The period's figures, in sentences that say what is known, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fleet.evidence.deployed import DeployedPlace
from fleet.evidence.deviations import AcceptedException
from fleet.evidence.differences import Difference
from fleet.evidence.policies import PolicyResult
from fleet.evidence.records import Drills
from reports.digest.figures import Figures, Share
from reports.digest.wording import counted, percent
from stacks.settings import Settings

_NO_REPORT = "Not known: the period's report could not be made."
_AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was gathered."""

    stacks: Mapping[str, Settings]
    figures: Figures | None
    drills: Drills
    places: Sequence[DeployedPlace]
    differences: Sequence[Difference]
    policies: Sequence[PolicyResult] | None
    """None: left out on request."""
    exceptions: Sequence[AcceptedException]


def facts(found: Found) -> Mapping[str, str]:
    """Sentences, by the names that controls.yaml uses."""
    return {
        **_of_figures(found.figures),
        **_of_vaults(found.places),
        **_of_plans(found.places),
        "drills": _drills(found.drills),
        "recovery": _recovery(found.stacks),
        "policies": _policies(found.policies),
        "differences": _differences(found),
        "exceptions": _exceptions(found.exceptions),
    }


def _of_figures(figures: Figures | None) -> Mapping[str, str]:
    if figures is None:
        names = ("jobs", "protected", "service_level", "three_two_one", "restore_tests")
        return dict.fromkeys(names, _NO_REPORT)
    head = figures.headline
    unprotected = "not known how many" if head.unprotected is None else f"{head.unprotected:,}"
    unknown = head.three_two_one_unknown
    return {
        "jobs": _share(head.success_rate, "jobs that ended in the period", "ended well"),
        "protected": f"{counted(head.protected, 'resource')} known to be protected; "
        f"{unprotected} unprotected.",
        "service_level": _share(
            head.sla, "resources with a rule", "had a backup as recent as their rule demands"
        ),
        "three_two_one": _share(
            head.three_two_one,
            "resources whose copies can be told",
            "have three copies in two Regions, one in another account, one immutable",
        )
        + (f" Of {unknown:,} not all is known." if unknown else ""),
        "restore_tests": _restore_tests(figures),
    }


def _restore_tests(figures: Figures) -> str:
    verdicts = Counter(test.validation_status or "not judged" for test in figures.restore_tests)
    if not verdicts:
        return "No restore test is known in the period: nothing here proves that one succeeded."
    said = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items()))
    return f"{counted(verdicts.total(), 'restore test')} in the period: {said}."


def _of_vaults(places: Sequence[DeployedPlace]) -> Mapping[str, str]:
    vaults = [vault for place in places for vault in place.found.get("vaults", {}).values()]
    locked = [vault for vault in vaults if vault.get("Locked")]
    fixed = [vault for vault in locked if _is_past(vault.get("LockDate"))]
    gapped = [vault for vault in vaults if vault.get("VaultType") == _AIR_GAPPED]
    keyed = [vault for vault in vaults if vault.get("EncryptionKeyArn")]
    guarded = [vault for vault in vaults if _denies_deletion(vault.get("AccessPolicy"))]
    unread = sum("vaults" in place.not_read for place in places)
    besides = f" In {unread:,} of {len(places):,} places they could not be read." if unread else ""
    of = f"of {counted(len(vaults), 'vault')}"
    return {
        "vaults": f"{counted(len(vaults), 'vault')} in {counted(len(places), 'place')} "
        f"(an account's Region each) as AWS tells.{besides}",
        "locks": f"{len(locked):,} {of} locked, {len(fixed):,} of these past the days in which "
        f"the lock could be lifted.{besides}",
        "air_gapped": f"{len(gapped):,} {of} logically air-gapped.{besides}",
        "encryption": f"{len(keyed):,} {of} name the AWS KMS key that encrypts; whether it is the "
        f"customer's own, settings tell.{besides}",
        "vault_policies": f"The access policies of {len(guarded):,} {of} deny deletion of recovery "
        f"points, but for the roles that they except.{besides}",
    }


def _is_past(moment: Any) -> bool:
    return isinstance(moment, datetime) and moment <= datetime.now(UTC)


def _denies_deletion(policy: Any) -> bool:
    document: Mapping[str, Any] = policy or {}
    statements: Sequence[Mapping[str, Any]] = document.get("Statement", ())
    return any(
        statement.get("Effect") == "Deny"
        and "backup:DeleteRecoveryPoint" in _listed(statement.get("Action"))
        for statement in statements
    )


def _listed(value: Any) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value or ()


def _of_plans(places: Sequence[DeployedPlace]) -> Mapping[str, str]:
    plans = [
        (place, plan["BackupPlan"])
        for place in places
        for plan in place.found.get("plans", {}).values()
    ]
    rules = [(place, rule) for place, plan in plans for rule in plan.get("Rules", ())]
    days = [rule.get("Lifecycle", {}).get("DeleteAfterDays") for _, rule in rules]
    kept = [day for day in days if day is not None]
    span = f", kept for {min(kept):,} to {max(kept):,} days" if kept else ""
    targets = [
        (place, copy["DestinationBackupVaultArn"].split(":"))
        for place, rule in rules
        for copy in rule.get("CopyActions", ())
    ]
    regions = sum(arn[3] != place.region for place, arn in targets)
    accounts = sum(arn[4] != place.account for place, arn in targets)
    tests = [
        test for place in places for test in place.found.get("restore_testing_plans", {}).values()
    ]
    selections = sum(len(test.get("Selections", ())) for test in tests)
    unread = sum("plans" in place.not_read for place in places)
    besides = f" In {unread:,} of {len(places):,} places they could not be read." if unread else ""
    return {
        "plans": f"{counted(len(plans), 'backup plan')} with {counted(len(rules), 'rule')} as AWS "
        f"tells{span}.{besides}",
        "copies": f"{counted(len(targets), 'copy action')} in the rules: {regions:,} to another "
        f"Region, {accounts:,} to another account.{besides}",
        "restore_testing_plans": f"{counted(len(tests), 'restore testing plan')} with "
        f"{counted(selections, 'selection')} as AWS tells.",
    }


def _drills(drills: Drills) -> str:
    outcomes = Counter(record.outcome for record in drills.records)
    unread = " Not all that is recorded could be read." if drills.not_read else ""
    if not outcomes:
        return f"No drill is known in the period.{unread}"
    said = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    return f"{counted(outcomes.total(), 'drill')} in the period: {said}.{unread}"


def _recovery(stacks: Mapping[str, Settings]) -> str:
    having = [stack for stack, settings in stacks.items() if settings.recovery is not None]
    if not having:
        return "No stack has runbooks to bring recovery points back from another account."
    return f"Runbooks to bring recovery points back from another account: {', '.join(having)}."


def _policies(results: Sequence[PolicyResult] | None) -> str:
    if results is None:
        return "Policies were left out on request: nothing is known of them."
    said = Counter(result.result for result in results)
    changing = sum(bool(result.changes) for result in results)
    return (
        f"Of {counted(len(results), 'stack')}, {said['passed']:,} passed the policy pack, "
        f"{said['violated']:,} violated it, {said['not previewed']:,} could not be previewed; a "
        f"deployment would change {changing:,} of those that passed."
    )


def _differences(found: Found) -> str:
    unread = sum(bool(place.not_read) for place in found.places)
    besides = f"; {unread:,} could not be read whole" if unread else ""
    return (
        f"{counted(len(found.differences), 'difference')} between settings and AWS in "
        f"{counted(len(found.places), 'place')}{besides}."
    )


def _exceptions(exceptions: Sequence[AcceptedException]) -> str:
    expired = sum(one.expired for one in exceptions)
    return f"{counted(len(exceptions), 'exception')} accepted with a reason, {expired:,} expired."


def _share(share: Share, what: str, did: str) -> str:
    if share.percent is None:
        return f"No {what} are known."
    return f"{share.met:,} of {share.of:,} {what} ({percent(share.percent)}) {did}."
