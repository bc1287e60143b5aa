"""What is deployed beside what settings say, and what settings accept knowingly."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from fleet.evidence.deployed import DeployedPlace
from fleet.evidence.deviations import deviations_of, exceptions_of
from fleet.evidence.differences import differences
from stacks import load
from tests.support.examples import ROOT
from tests.unit.fleet.evidence.conftest import NOW

STACK, REGION = "hooli-member-trading", "eu-central-1"
SETTINGS = load.from_files(STACK, ROOT)
LOCK = {"Locked": True, "MinRetentionDays": 7}
VAULTS: dict[str, Any] = {
    "standard": {**LOCK, "MaxRetentionDays": 3650},
    "isolated": {**LOCK, "MaxRetentionDays": 90},
    "hooli-backup-drill": {"Locked": False},
}


def place(found: dict[str, Any], *not_read: str) -> DeployedPlace:
    return DeployedPlace(
        stack=STACK,
        account=SETTINGS.account,
        region=REGION,
        read_at=NOW,
        found=found,
        not_read=dict.fromkeys(not_read, "AccessDenied"),
    )


def told(vaults: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    here = place({"vaults": vaults}, "plans", "restore_testing_plans", "frameworks")
    return {each.about: (each.settings, each.deployed) for each in differences(SETTINGS, here)}


def test_an_account_that_has_what_settings_say_differs_in_nothing() -> None:
    assert told(VAULTS) == {}


@pytest.mark.parametrize(
    ("vault", "fact", "deployed", "about", "wanted"),
    [
        ("standard", "MinRetentionDays", 1, "vaults standard min_retention_days", 7),
        ("isolated", "Locked", False, "vaults isolated locked", True),
    ],
)
def test_a_lock_that_differs_is_told_with_both_sides(
    vault: str, fact: str, deployed: Any, about: str, wanted: Any
) -> None:
    changed = {**VAULTS, vault: {**VAULTS[vault], fact: deployed}}
    assert told(changed) == {about: (wanted, deployed)}


def test_a_vault_of_one_side_alone_is_told_but_for_awss_own() -> None:
    others = ("theirs", "Default", "aws/efs/automatic-backup-vault")
    found = told({**VAULTS, **{name: dict[str, Any]() for name in others}})
    assert [(about, ours) for about, (ours, _) in found.items()] == [("vaults theirs", None)]
    missing = {name: vault for name, vault in VAULTS.items() if name != "isolated"}
    assert [(about, theirs) for about, (_, theirs) in told(missing).items()] == [
        ("vaults isolated", None)
    ]


def test_a_rule_that_differs_is_told_by_its_field() -> None:
    rule = {
        "RuleName": "daily",
        "ScheduleExpression": "cron(0 0 ? * * *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "Lifecycle": {"DeleteAfterDays": 3},
        "TargetBackupVaultName": "standard",
    }
    plans = {"isolated some-id": {"BackupPlan": {"Rules": [rule]}}}
    here = place({"plans": plans}, "vaults", "restore_testing_plans", "frameworks")
    found = {each.about: each for each in differences(SETTINGS, here)}
    kept = found.pop("plans isolated rule daily delete_after_days")
    assert (kept.settings, kept.deployed) == (35, 3)
    assert list(found) == ["plans regulated"]


def test_what_could_not_be_read_is_no_difference() -> None:
    here = place({}, "vaults", "plans", "restore_testing_plans", "frameworks")
    assert list(differences(SETTINGS, here)) == []


def test_exceptions_are_told_once_with_their_stacks_and_when_expired() -> None:
    accepted = {
        "vaults.standard.lock": {"reason": "agreed with the works council", "until": "2026-10-31"},
        "frameworks": {"reason": "AWS Config follows in spring", "until": "2027-03-31"},
    }
    given = {"extends": "acme", "role": "management", "exceptions": accepted}
    settings = load.parse("acme-management", given, ROOT)
    found = list(exceptions_of({"a": settings, "b": settings}, datetime.date(2026, 11, 1)))
    assert [(each.about, each.stacks, each.expired) for each in found] == [
        ("frameworks", ("a", "b"), False),
        ("vaults.standard.lock", ("a", "b"), True),
    ]


def test_exceptions_of_policies_are_told_where_they_count() -> None:
    accepted = {"reason": "is emptied by the summer", "until": "2027-06-30"}
    exceptions = [
        {"name": "legacy", **accepted},
        {"name": "old", "stack": "acme-audit", **accepted},
    ]
    rules = {"vault_is_locked": {"exceptions": exceptions, "level": "disabled"}}
    given = {"extends": "acme", "role": "management", "policy": {"rules": rules}}
    settings = load.parse("acme-management", given, ROOT)
    (told,) = exceptions_of({"acme-management": settings}, datetime.date(2027, 7, 1))
    assert (told.about, told.expired) == ("policy.rules.vault_is_locked: legacy", True)
    deviations = {each.about for each in deviations_of("acme-management", settings)}
    assert "policy.rules.vault_is_locked.level" in deviations


def test_settings_that_weaken_protection_are_known_deviations() -> None:
    given = {
        "extends": "acme",
        "role": "member",
        "name": "web",
        "account": "444444444444",
        "regions": ["eu-central-1"],
        "policy": {"rules": {"vault_has_its_own_key": {"level": "advisory"}}},
        "vaults": {
            "open": {"deny_deletion": False, "key": "aws_managed", "force_destroy": True},
            "loose": {"lock": {"mode": "governance", "min_retention_days": 7}},
        },
        "plans": {"standard": {"vault": "open"}},
    }
    settings = load.parse("acme-member-web", given, ROOT)
    found = {each.about for each in deviations_of("acme-member-web", settings)} - {"warning"}
    assert found == {
        "vaults.open.deny_deletion",
        "vaults.open.lock",
        "vaults.open.key",
        "vaults.open.force_destroy",
        "vaults.loose.lock.mode",
        "restore_testing",
        "frameworks",
        "plans",
    }
