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
    assert found == [
        "stacks/customers/Pulumi.acme-member-shop.yaml: name: customer, name, role make this stack "
        "acme-member-web, not acme-member-shop; rename either"
    ]


def test_two_stacks_of_a_customer_are_not_in_one_account(root: Path) -> None:
    for name in ("shop", "web"):
        settings = {"config": {load.KEY: {**MEMBER, "name": name}}}
        file = root / load.CUSTOMERS / f"Pulumi.acme-member-{name}.yaml"
        file.write_text(json.dumps(settings))
    for name, other in (("shop", "web"), ("web", "shop")):
        with pytest.raises(SettingsError) as caught:
            load.from_files(f"acme-member-{name}", root)
        assert caught.value.problems == [
            f"stacks/customers/Pulumi.acme-member-{name}.yaml: account: is that of "
            f"stacks/customers/Pulumi.acme-member-{other}.yaml too; write each its own"
        ]


def test_another_customers_stack_may_be_in_the_account(root: Path) -> None:
    other = {"config": {load.KEY: {**MEMBER, "extends": "acme-labs"}}}
    (root / load.CUSTOMERS / "Pulumi.acme-labs-member-web.yaml").write_text(json.dumps(other))
    assert load.parse("acme-member-web", MEMBER, root).account == MEMBER["account"]


@pytest.mark.parametrize("extends", [None, ["acme"], 5])
def test_what_is_extended_is_a_customers_name(extends: object, root: Path) -> None:
    (found,) = problems("acme-member-web", {**MEMBER, "extends": extends}, root)
    assert f"extends: is {extends!r}; write the customer's name" in found


def test_extending_a_customer_without_a_file_is_refused(root: Path) -> None:
    found = problems("acme-member-web", {**MEMBER, "extends": "acne"}, root)
    assert found == [
        "stacks/customers/Pulumi.acme-member-web.yaml: extends: there is no "
        "stacks/customers/acne.yaml"
    ]


def test_a_stack_without_settings_is_refused(root: Path) -> None:
    with pytest.raises(SettingsError, match="config holds no object backup-org:settings"):
        load.parse("acme-member-web", None, root)


@pytest.mark.parametrize("text", ["", "config:", "config: []", "config:\n  backup-org:settings:"])
def test_a_file_without_settings_is_refused(text: str, root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-audit.yaml").write_text(text)
    with pytest.raises(SettingsError, match="config holds no object backup-org:settings"):
        load.from_files("acme-audit", root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"customer: acme\nregion: [eu-central-1\ntags: {}\n", "line 3: expected ',' or ']'"),
        (b"customer: acme: x\n", "line 1: mapping values are not allowed here"),
        (b"customer: acme\n\tregion: x\n", "line 2: "),
        (b"customer: *acme\n", "line 1: found undefined alias 'acme'"),
        ("customer: ü\nregion: \x07\n".encode(), "line 2: special characters are not allowed"),
        ("customer: acme\nregion: ü\n".encode("latin-1"), "line 2: is no UTF-8"),
        (b"customer: 2026-02-30\n", "day is out of range for month"),
        (b"- customer\n", "is no object"),
        (b"tags:\n  a: x\n  b: y\n  a: z\n", "line 4: 'a' stands there twice"),
        (b"region: x\ntags: {}\nregion: y\n", "line 3: 'region' stands there twice"),
    ],
)
@pytest.mark.parametrize("name", ["acme", "Pulumi.acme-member-web"])
def test_a_file_that_is_no_yaml_is_named_with_line_and_cure(
    text: bytes, said: str, name: str, root: Path
) -> None:
    folder = root / load.CUSTOMERS
    (folder / "Pulumi.acme-member-web.yaml").write_text(json.dumps({"config": {load.KEY: MEMBER}}))
    (folder / f"{name}.yaml").write_bytes(text)
    with pytest.raises(SettingsError) as caught:
        load.from_files("acme-member-web", root)
    (found,) = caught.value.problems
    assert found.startswith(f"stacks/customers/{name}.yaml: {said}")
    assert "YAML in UTF-8" in found or said == "is no object"


def test_a_stack_without_a_file_names_those_that_there_are(root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-audit.yaml").write_text("config: {}")
    with pytest.raises(SettingsError, match=r"there are: acme-audit$"):
        load.from_files("acme-management", root)


def scheduled(schedule: object) -> Mapping[str, Any]:
    rules = {"daily": {"schedule": schedule, "delete_after_days": 5}}
    return {"plans": {"daily": {"vault": "standard", "selection": {"value": "x"}, "rules": rules}}}


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("rate(1 day)", "is no cron expression"),
        ("cron(0 5 ? * *)", "has 5 fields"),
        ("cron(0 5 * * * *)", "exactly one of day of month and day of week"),
        ("cron(0 5 ? * ? *)", "exactly one of day of month and day of week"),
        ("cron(five 5 ? * * *)", "'five' is no minutes"),
        ("cron(60 5 ? * * *)", "'60' is no minutes (0-59)"),
        ("cron(\u0665 5 ? * * *)", "is no minutes"),
        ("cron(0 24 ? * * *)", "'24' is no hours (0-23)"),
        ("cron(99 99 ? * * *)", "'99' is no minutes"),
        ("cron(0/60 5 ? * * *)", "'0/60' is no minutes"),
        ("cron(0 */0 ? * * *)", "'*/0' is no hours"),
        ("cron(0 1-2-3 ? * * *)", "'1-2-3' is no hours"),
        ("cron(0 1, ? * * *)", "'1,' is no hours"),
        ("cron(0 ? ? * * *)", "'?' is no hours"),
        ("cron(0 5 0 * ? *)", "'0' is no day of month (1-31)"),
        ("cron(0 5 32 * ? *)", "'32' is no day of month"),
        ("cron(0 5 32W * ? *)", "'32W' is no day of month"),
        ("cron(0 5 MON * ? *)", "'MON' is no day of month"),
        ("cron(0 5 1,? * ? *)", "'1,?' is no day of month"),
        ("cron(0 5 ? 13 * *)", "'13' is no month (1-12 or JAN-DEC)"),
        ("cron(0 5 ? ABC * *)", "'ABC' is no month"),
        ("cron(0 5 ? * 8 *)", "'8' is no day of week (1-7 or SUN-SAT)"),
        ("cron(0 5 ? * 0 *)", "'0' is no day of week"),
        ("cron(0 5 ? * JAN *)", "'JAN' is no day of week"),
        ("cron(0 5 ? * MON#6 *)", "'MON#6' is no day of week"),
        ("cron(0 5 ? * 9L *)", "'9L' is no day of week"),
        ("cron(0 5 ? * * 1969)", "'1969' is no year (1970-2199)"),
        ("cron(0 5 ? * * 2026-2200)", "'2026-2200' is no year"),
        (["x"], "is no cron expression"),
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused(
    schedule: object, said: str, root: Path
) -> None:
    assert said in problem(scheduled(schedule), root)


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 5 ? * * *)",
        "cron(59 23 31 12 ? 2199)",
        "cron(0,30 0/6 ? * * *)",
        "cron(0 */12 ? * * *)",
        "cron(0 8-18/2 ? * MON-FRI *)",
        "cron(/30 5 ? * * *)",
        "cron(0 22-2 ? * * *)",
        "cron(0 5 L * ? *)",
        "cron(0 5 LW * ? *)",
        "cron(0 5 L-3 * ? *)",
        "cron(0 5 15W * ? *)",
        "cron(0 5 1,15 JAN-JUN,12 ? 2026-2030)",
        "cron(0 5 1 1/3 ? *)",
        "cron(0 5 ? * L *)",
        "cron(0 5 ? * FRIL *)",
        "cron(0 5 ? * 3#2 *)",
        "cron(0 5 ? * SUN,3,7 *)",
    ],
)
def test_a_schedule_that_aws_takes_is_taken(schedule: str, root: Path) -> None:
    settings = load.parse("acme-member-web", {**MEMBER, **scheduled(schedule)}, root)
    assert isinstance(settings, MemberSettings)
    assert settings.plans["daily"].rules["daily"].schedule == schedule


@pytest.mark.parametrize("timezone", ["Berlin", "", ["Europe/Berlin"], {"a": 1}, 5])
def test_a_time_zone_that_there_is_not_is_refused(timezone: object, root: Path) -> None:
    rule = {"schedule": "cron(0 5 ? * * *)", "delete_after_days": 5, "timezone": timezone}
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    found = problem({"plans": {"daily": plan}}, root)
    assert "plans.daily.rules.daily.timezone: " in found
    assert "is no time zone" in found


@pytest.mark.parametrize(
    "account", ["\u0663" * 12, "\uff13" * 12, "33333333333", "3333 3333333", "x" * 12]
)
def test_an_account_is_twelve_plain_digits(account: str, root: Path) -> None:
    assert "an account id is 12 digits" in problem({"account": account}, root)


def test_letters_of_other_scripts_are_none_in_a_role(root: Path) -> None:
    assert "a role's name" in problem({"deploy_role": "Größe"}, root)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"aws:cost": "x"}, "tags.aws:cost: 'aws:cost' does not fit; a tag's key"),
        ({"AWS:cost": "x"}, "which AWS keeps for itself"),
        ({"": "x"}, "1 to 128 characters"),
        ({"k" * 129: "x"}, "1 to 128 characters"),
        ({"k": "v" * 257}, "a tag's value has 256 characters at most"),
        ({"k": 5}, "5 is a number to YAML: put it in quotes"),
        ({"k": "a;b"}, "letters, digits, spaces and _ . : / = + - @"),
        ({"k": "a\x01"}, "letters, digits, spaces and _ . : / = + - @"),
        ({"a{b}": "x"}, "characters are letters, digits, spaces and _ . : / = + - @"),
    ],
)
def test_a_tag_that_aws_would_refuse_is_refused(
    tags: Mapping[str, Any], said: str, root: Path
) -> None:
    assert said in problem({"tags": tags}, root)


def test_a_wrong_key_is_blamed_on_the_file_that_has_it(root: Path) -> None:
    tagged = {**ACME, "tags": {"aws:cost": "x"}}
    (root / load.CUSTOMERS / "acme.yaml").write_text(json.dumps(tagged))
    (found,) = problems("acme-member-web", MEMBER, root)
    assert found.startswith("stacks/customers/acme.yaml: tags.aws:cost: ")


def test_the_longest_tag_is_taken(root: Path) -> None:
    tags = {"k" * 128: "v" * 256, "Straße": "größer", "awsome": ""}
    assert load.parse("acme-member-web", {**MEMBER, "tags": tags}, root).tags == tags


def test_keys_that_a_merge_brings_may_be_overridden(root: Path) -> None:
    own = json.dumps({**MEMBER, "tags": None}).removesuffix('"tags": null}')
    text = "config:\n  base: &a {b: x, c: y}\n  more: &d {<<: *a, b: z}\n"
    text += f"  {load.KEY}: {own} tags: {{<<: *d, c: w}}}}\n"
    (root / load.CUSTOMERS / "Pulumi.acme-member-web.yaml").write_text(text)
    assert load.from_files("acme-member-web", root).tags == {"b": "z", "c": "w"}


@pytest.mark.parametrize("minutes", ["60", 61.0, True])
def test_a_number_is_written_as_one(minutes: object, root: Path) -> None:
    rule = {"schedule": "cron(0 5 ? * * *)", "delete_after_days": 7}
    plan = {
        "vault": "standard",
        "selection": {"value": "x"},
        "rules": {"daily": {**rule, "start_window_minutes": minutes}},
    }
    found = problem({"plans": {"standard": plan}}, root)
    assert "start_window_minutes: input should be a valid integer" in found


def windows(start: int, completion: int) -> Mapping[str, Any]:
    rule = {
        "schedule": "cron(0 5 ? * * *)",
        "delete_after_days": 7,
        "start_window_minutes": start,
        "completion_window_minutes": completion,
    }
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    return {"plans": {"daily": plan}}


@pytest.mark.parametrize(
    ("start", "completion", "said"),
    [
        (59, 240, "start_window_minutes: input should be greater than or equal to 60"),
        (60, 119, "completion_window_minutes: must exceed start_window_minutes by 60"),
        (480, 539, "completion_window_minutes: must exceed start_window_minutes by 60"),
        (60, -1, "completion_window_minutes: must exceed start_window_minutes by 60"),
    ],
)
def test_windows_that_aws_would_refuse_are_refused(
    start: int, completion: int, said: str, root: Path
) -> None:
    assert f"plans.daily.rules.daily.{said}" in problem(windows(start, completion), root)


def test_the_shortest_windows_are_taken(root: Path) -> None:
    taken = load.parse("acme-member-web", {**MEMBER, **windows(60, 120)}, root)
    assert isinstance(taken, MemberSettings)
    assert taken.plans["daily"].rules["daily"].completion_window_minutes == 120


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
