"""Settings of scripts before and after a backup."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.settings import MemberSettings
from tests.unit.stacks.conftest import MEMBER, problem

PLANS: Mapping[str, Any] = {
    "standard": {"vault": "standard", "selection": {"value": "standard"}},
    "hourly": {"vault": "standard", "selection": {"value": "standard-other"}},
    "elsewhere": {"vault": "standard", "selection": {"tag": "other", "value": "standard-files"}},
}
SCRIPT: Mapping[str, Any] = {"plan": "standard", "document": "filesystem_freeze"}


def with_script(**change: Any) -> Mapping[str, Any]:
    return {"plans": PLANS, "scripts": {"files": {**SCRIPT, **change}}}


def member(values: Mapping[str, Any], root: Path) -> MemberSettings:
    found = load.parse("acme-member-web", {**MEMBER, **values}, root)
    assert isinstance(found, MemberSettings)
    return found


def test_a_scripts_instances_have_a_tag_of_their_own_and_go_by_all_rules_of_the_plan(
    root: Path,
) -> None:
    found = member(with_script(), root)
    assert found.scripted_tag_of("files") == ("backup-plan", "standard-files")
    assert found.scripted_rules_of(found.scripts["files"]) == found.rules_of("standard")


def test_one_rule_may_have_a_schedule_of_its_own(root: Path) -> None:
    own = "cron(30 4 ? * * *)"
    found = member(with_script(rules=["daily"], schedule=own), root)
    daily = found.rules_of("standard")["daily"]
    assert found.scripted_rules_of(found.scripts["files"]) == {
        "daily": daily.model_copy(update={"schedule": own})
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plan": "weekly"}, "plan: 'weekly' is none of the plans: elsewhere, hourly, standard"),
        ({"rules": ["daily", "yearly"]}, "rules[1]: 'yearly' is none of the rules of standard"),
        ({"schedule": "cron(0 1 ? * * *)"}, "schedule: would be that of several rules"),
        ({"value": "standard"}, "value: 'standard' is what the plan standard selects by backup-"),
        ({"value": "standard-other"}, "is what the plan hourly selects by backup-plan"),
        ({"document": None}, "document: is required: filesystem_freeze, postgresql"),
        ({"document": "oracle"}, "write filesystem_freeze or postgresql, or the name of a .yaml"),
        ({"document": "../x.yaml"}, "write filesystem_freeze or postgresql, or the name of a .y"),
        ({"document": "oracle.yaml"}, "document: there is no stacks/customers/acme/scripts/oracl"),
        ({"windows_vss": True}, "windows_vss: is for Windows alone"),
        ({"platform": "windows"}, "document: filesystem_freeze is for Linux"),
        ({"post_after": "completed"}, "a filesystem must not be frozen as long"),
        ({"freeze_seconds": 301}, "freeze_seconds: is 301; a filesystem is frozen 300 at most"),
        ({"document": "postgresql", "freeze_seconds": 541}, "waits 540 at most for snapshots"),
        ({"timeout_seconds": 9}, "timeout_seconds: should be 10 or more"),
        ({"timeout_seconds": 121}, "timeout_seconds: should be 120 or less"),
        ({"retries": 4}, "retries: should be 3 or less"),
        ({"parameters": {"mount": "/x"}}, "'mount' is none of those of filesystem_freeze.yaml to"),
        ({"parameters": {"command": "x"}}, "'command' is none of those of filesystem_freeze.yaml"),
    ],
)
def test_what_a_script_cannot_be_is_refused(
    change: Mapping[str, Any], said: str, root: Path
) -> None:
    found = problem(with_script(**change), root)
    assert "scripts.files" in found
    assert said in found


def test_a_value_that_another_tag_selects_is_taken(root: Path) -> None:
    found = member(with_script(value="standard-files"), root)
    assert found.scripted_tag_of("files")[1] == "standard-files"


def test_two_scripts_of_one_value_are_refused(root: Path) -> None:
    scripts = {"one": {**SCRIPT, "value": "same"}, "two": {**SCRIPT, "value": "same"}}
    found = load_problems({"plans": PLANS, "scripts": scripts}, root)
    assert [line.partition(": ")[2] for line in found] == [
        f"scripts.{name}.value: 'same' is another script's too; write each its own"
        for name in ("one", "two")
    ]


def load_problems(values: Mapping[str, Any], root: Path) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        member(values, root)
    return caught.value.problems


def test_a_postgresql_may_stay_in_backup_mode_until_the_backup_has_ended(root: Path) -> None:
    wanted = with_script(document="postgresql", post_after="completed", freeze_seconds=86_400)
    assert member(wanted, root).scripts["files"].freeze_seconds == 86_400


def test_windows_needs_no_document(root: Path) -> None:
    wanted = with_script(document=None, platform="windows", windows_vss=True)
    assert member(wanted, root).scripts["files"].document is None


def test_a_schedule_whose_name_would_be_too_long_is_refused(root: Path) -> None:
    rule = "r" * 40
    rules = {rule: {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 5}}
    plans = {"standard": {**PLANS["standard"], "rules": rules}}
    found = problem({"plans": plans, "scripts": {"files-of-a-server": SCRIPT}}, root)
    assert f"makes a schedule acme-backup-files-of-a-server-{rule}, of more than 64" in found


OWN = """
schemaVersion: '2.2'
parameters:
  command: {type: String, default: dry-run, allowedValues: [pre-script, post-script, dry-run]}
  executionId: {type: String, default: by-hand}
  database: {type: String, default: all}
mainSteps:
  - {name: Quiesce, action: aws:runShellScript, inputs: {runCommand: [echo]}}
"""


def own_document(text: str, root: Path) -> None:
    folder = root / load.CUSTOMERS / "acme" / "scripts"
    folder.mkdir(parents=True)
    (folder / "oracle.yaml").write_text(text)


def test_a_customers_own_document_is_taken(root: Path) -> None:
    own_document(OWN, root)
    wanted = with_script(document="oracle.yaml", parameters={"database": "orders"})
    assert member(wanted, root).scripts["files"].parameters == {"database": "orders"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schemaVersion: '2.2'", "{", "oracle.yaml is no YAML"),
        ("'2.2'", "'0.3'", "is no SSM Command document; write schemaVersion: '2.2'"),
        ("default: dry-run", "default: pre-script", "must take a parameter command with default"),
        (", dry-run]", "]", "allowedValues: [pre-script, post-script, dry-run]"),
        ("executionId", "execution", "must take a parameter executionId with type: String"),
        ("ShellScript", "PowerShellScript", "has no step for linux"),
        ("{runCommand", f"{{x: {'y' * 64_000}, runCommand", "characters; Systems Manager takes"),
    ],
)
def test_what_an_own_document_lacks_is_told(old: str, new: str, said: str, root: Path) -> None:
    own_document(OWN.replace(old, new, 1), root)
    found = problem(with_script(document="oracle.yaml"), root)
    assert "scripts.files.document: oracle.yaml " in found
    assert said in found


def endpoints(**change: Any) -> Mapping[str, Any]:
    one = {
        "region": "eu-central-1",
        "vpc": "vpc-0123456789abcdef0",
        "subnets": ["subnet-0123456789abcdef0"],
        "security_groups": ["sg-0123456789abcdef0"],
    }
    return {"systems_manager": {"vpc_endpoints": [one, {**one, **change}]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "[1].vpc: vpc-0123456789abcdef0 has its endpoints already"),
        ({"vpc": "vpc-99999999", "region": "eu-south-2"}, "[1].region: eu-south-2 is none of the"),
        ({"vpc": "production"}, "[1].vpc: 'production' does not fit; write an id such as vpc-01"),
    ],
)
def test_endpoints_that_could_not_stand_are_refused(
    change: Mapping[str, Any], said: str, root: Path
) -> None:
    assert f"systems_manager.vpc_endpoints{said}" in problem(endpoints(**change), root)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"air_gapped_vault": "isolated"}, "standard fills an air-gapped vault itself"),
        (
            {
                "malware_scan": {},
                "rules": {
                    "daily": {
                        "schedule": "cron(0 1 ? * * *)",
                        "delete_after_days": 35,
                        "scan": "full",
                    }
                },
            },
            "the rule daily of standard scans for malware",
        ),
    ],
)
def test_what_a_backup_with_scripts_does_not_do_is_refused(
    plan: dict[str, Any], said: str, root: Path
) -> None:
    values = {
        **with_script(),
        "plans": {"standard": {"vault": "standard", **plan}},
        "air_gapped_vaults": {"isolated": {"max_retention_days": 365}},
    }
    assert f"scripts.files.plan: {said}" in problem(values, root)
