"""Settings: every problem at once, each with its file, its path and its cure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.load import SettingsError
from stacks.settings import AuditSettings, ManagementSettings, MemberSettings

ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": "111111111111", "audit_account": "222222222222"},
    "region": "eu-central-1",
}
MEMBER: Mapping[str, Any] = {
    "extends": "acme",
    "role": "member",
    "name": "web",
    "account": "333333333333",
    "regions": ["eu-central-1"],
    "vaults": {"standard": {}},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    (folder / "acme.yaml").write_text(json.dumps(ACME))
    return tmp_path


def problems(stack: str, values: Mapping[str, Any], root: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load.parse(stack, values, root)
    return caught.value.problems


def problem(change: Mapping[str, Any], root: Path) -> str:
    found = problems("acme-member-web", {**MEMBER, **change}, root)
    assert len(found) == 1, found
    return found[0]


def test_five_mistakes_are_listed_all_five(root: Path) -> None:
    wrong: dict[str, Any] = {
        **MEMBER,
        "account": 333333333333,
        "regions": ["Frankfurt"],
        "vaults": {"standard": {"key": "mine"}},
        "plans": {"daily": {"vault": "standard", "selection": {}, "rules": {}}},
        "retension": 5,
    }
    found = problems("acme-member-web", wrong, root)
    paths = [line.split(": ")[1] for line in found]
    assert paths == [
        "account",
        "regions[0]",
        "vaults.standard.key",
        "plans.daily.selection.value",
        "plans.daily.rules",
        "retension",
    ]
    assert all(line.startswith("stacks/customers/Pulumi.acme-member-web.yaml: ") for line in found)


def test_mistakes_across_fields_are_listed_together_with_those_in_fields(root: Path) -> None:
    wrong = {
        **MEMBER,
        "account": "222222222222",
        "regions": ["eu-central-1", "eu-central-1"],
        "functions": {"runtime": "python2.7"},
        "plans": {"daily": {"vault": "gold", "selection": {"value": "x"}}},
    }
    found = problems("acme-member-web", wrong, root)
    assert [line.split(": ")[1] for line in found] == [
        "functions.runtime",
        "account",
        "regions[1]",
        "plans.daily.vault",
    ]


def test_what_was_inherited_is_blamed_on_the_customers_file(root: Path) -> None:
    (root / load.CUSTOMERS / "acme.yaml").write_text(json.dumps({**ACME, "region": "Frankfurt"}))
    (found,) = problems("acme-member-web", MEMBER, root)
    assert found.startswith("stacks/customers/acme.yaml: region: 'Frankfurt' does not fit")


def test_a_stacks_own_values_win_and_objects_merge(root: Path) -> None:
    own = {
        "extends": "acme",
        "role": "management",
        "organization": {"audit_account": None},
        "alerts_in": "management",
        "region": "us-east-1",
    }
    settings = load.parse("acme-management", own, root)
    assert isinstance(settings, ManagementSettings)
    assert settings.region == "us-east-1"
    assert settings.organization.management_account == "111111111111"
    assert settings.organization.audit_account is None


def test_an_account_that_yaml_read_as_a_number_is_told_to_take_quotes(root: Path) -> None:
    assert "put it in quotes" in problem({"account": 333333333333}, root)


def test_an_unknown_key_is_told_which_one_was_meant(root: Path) -> None:
    assert problem({"valts": {}}, root).endswith("valts: is unknown; did you mean vaults?")


def test_an_unknown_nested_key_is_told_what_there_is(root: Path) -> None:
    found = problem({"vaults": {"standard": {"lock": True}}}, root)
    assert found.endswith("vaults.standard.lock: is unknown; there are: key, force_destroy")


@pytest.mark.parametrize("role", ["members", None, 5])
def test_a_role_that_is_none_says_which_there_are(role: object, root: Path) -> None:
    found = problems("acme-member-web", {**MEMBER, "role": role}, root)
    assert len(found) == 1
    assert "management, audit, member" in found[0]


def test_a_stack_whose_name_does_not_follow_from_its_settings_is_refused(root: Path) -> None:
    found = problems("acme-member-shop", MEMBER, root)
    assert len(found) == 1
    assert "makes this stack acme-member-web" in found[0]


def test_extending_a_customer_without_a_file_is_refused(root: Path) -> None:
    found = problems("acme-member-web", {**MEMBER, "extends": "acne"}, root)
    assert found == [
        "stacks/customers/Pulumi.acme-member-web.yaml: extends: there is no "
        "stacks/customers/acne.yaml"
    ]


def test_a_stack_without_settings_is_refused(root: Path) -> None:
    with pytest.raises(SettingsError, match="config holds no object backup-org:settings"):
        load.parse("acme-member-web", None, root)


def test_a_stack_without_a_file_names_those_that_there_are(root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-audit.yaml").write_text("config: {}")
    with pytest.raises(SettingsError, match=r"there are: acme-audit$"):
        load.from_files("acme-management", root)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("rate(1 day)", "is no cron expression"),
        ("cron(0 5 ? * *)", "has 5 fields"),
        ("cron(0 5 * * * *)", "exactly one of day of month and day of week"),
        ("cron(0 5 ? * ? *)", "exactly one of day of month and day of week"),
        ("cron(five 5 ? * * *)", "'five' is no minutes"),
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused(schedule: str, said: str, root: Path) -> None:
    rules = {"daily": {"schedule": schedule, "delete_after_days": 5}}
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": rules}
    assert said in problem({"plans": {"daily": plan}}, root)


def test_what_leaves_cold_storage_before_90_days_is_refused(root: Path) -> None:
    rule = {
        "schedule": "cron(0 5 ? * * *)",
        "move_to_cold_storage_after_days": 30,
        "delete_after_days": 100,
    }
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    found = problem({"plans": {"daily": plan}}, root)
    assert "plans.daily.rules.daily.delete_after_days" in found
    assert "120 or more" in found


def test_alerts_need_an_account_to_stand_in(root: Path) -> None:
    found = problem({"organization": {"audit_account": None}}, root)
    assert "alerts_in" in found


def test_ticketing_stands_where_the_alert_bus_does(root: Path) -> None:
    own = {
        "extends": "acme",
        "role": "management",
        "ticketing": {"url": "https://acme.service-now.com", "secret": "backup-org/servicenow"},
    }
    assert "in the audit stack" in problems("acme-management", own, root)[0]


def test_a_topic_in_a_region_without_alarms_would_hear_nothing(root: Path) -> None:
    topics = [f"arn:aws:sns:{region}:333333333333:pager" for region in ("eu-west-1", "us-east-1")]
    found = problem({"regions": ["eu-west-1", "eu-west-3"], "alarm_topics": topics}, root)
    assert "alarm_topics[1]: is in us-east-1, where this stack has no alarms; name one in" in found
    assert found.endswith("eu-west-1 or eu-west-3")
    own = {"extends": "acme", "role": "audit", "alarm_topics": topics[:1]}
    assert "name one in eu-central-1" in problems("acme-audit", own, root)[0]


@pytest.mark.parametrize("url", ["http://acme.service-now.com", "https://a.com/nav", "acme"])
def test_credentials_travel_over_tls_only(url: str, root: Path) -> None:
    own = {"extends": "acme", "role": "audit", "ticketing": {"url": url, "secret": "s"}}
    assert "ticketing.url" in problems("acme-audit", own, root)[0]


def test_every_example_stack_is_valid() -> None:
    root = Path(__file__).resolve().parents[3]
    roles = {type(load.from_files(stack, root)) for stack in load.stacks_in(root)}
    assert roles == {ManagementSettings, AuditSettings, MemberSettings}
