"""Settings: every problem at once, each with its file, its path and its cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from tests.unit.stacks.conftest import MEMBER, problem, problems


def test_five_mistakes_are_listed_all_five(root: Path) -> None:
    wrong: dict[str, Any] = {
        **MEMBER,
        "account": 333333333333,
        "regions": ["Frankfurt"],
        "vaults": {"standard": {"key": "mine"}},
        "plans": {"daily": {"vault": "standard", "selection": {"value": 5}, "rules": {}}},
        "retension": 5,
    }
    found = problems("acme-member-web", wrong, root)
    paths = [line.split(": ")[1] for line in found]
    assert paths == [
        "regions[0]",
        "vaults.standard.key",
        "plans.daily.rules",
        "plans.daily.selection.value",
        "account",
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
        "regions[1]",
        "plans.daily.vault",
        "account",
    ]


def test_an_account_that_yaml_read_as_a_number_is_told_to_take_quotes(root: Path) -> None:
    assert "put it in quotes" in problem({"account": 333333333333}, root)


def test_an_unknown_key_is_told_which_one_was_meant(root: Path) -> None:
    assert problem({"valts": {}}, root).endswith("valts: is unknown; did you mean vaults?")


def test_an_unknown_nested_key_is_told_what_there_is(root: Path) -> None:
    found = problem({"vaults": {"standard": {"look": True}}}, root)
    assert found.endswith("vaults.standard.look: is unknown; did you mean lock?")


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


def test_the_longest_tag_is_taken(root: Path) -> None:
    tags = {"k" * 128: "v" * 256, "Straße": "größer", "awsome": ""}
    assert load.parse("acme-member-web", {**MEMBER, "tags": tags}, root).tags == tags


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


def test_a_region_that_does_not_exist_is_refused_with_those_like_it(root: Path) -> None:
    said = problem({"regions": ["us-esat-1"]}, root)
    assert "regions[0]: 'us-esat-1' is no Region that this version of boto3 knows" in said
    assert "us-east-1" in said.partition("like it are ")[2]
    assert "there are: af-south-1" in problem({"regions": ["xy-zzzz-9"]}, root)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"Customer": "x"}, "tags.Customer: differs in case only from customer, this program's"),
        ({"Owner": "x", "OWNER": "y"}, "tags.OWNER: differs in case only from Owner, another key"),
    ],
)
def test_keys_of_tags_that_differ_in_case_alone_are_refused(
    tags: Mapping[str, str], said: str, root: Path
) -> None:
    assert said in problem({"tags": tags}, root)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"iam": {"role_path": "backup"}}, "iam.role_path: 'backup' does not fit; a path begins"),
        ({"iam": {"role_path": "/backup"}}, "begins and ends with a slash"),
        ({"iam": {"permissions_boundary": "a boundary"}}, "named as in its ARN after policy/"),
        (
            {"iam": {"permissions_boundary": "arn:aws:iam::999999999999:policy/x"}},
            "iam.permissions_boundary: stands in another account than 333333333333; write its name",
        ),
        ({"deploy_role_external_id": "x"}, "an external id has 2 to 1,224 letters"),
    ],
)
def test_how_roles_are_made_is_written_as_iam_takes_it(
    own: Mapping[str, Any], said: str, root: Path
) -> None:
    assert said in problem(own, root)


RULE = {"schedule": "cron(30 0 ? * * *)", "delete_after_days": 14}
ALONE: Mapping[str, Any] = {
    "customer": "umbrella",
    "role": "member",
    "name": "shop",
    "account": "333333333333",
    "region": "eu-central-1",
    "regions": ["eu-central-1"],
    "alerts_in": "member",
    "vaults": {"standard": {}},
}


def test_a_customer_without_organization_has_members_alone(root: Path) -> None:
    settings = load.parse("umbrella-member-shop", ALONE, root)
    assert settings.organization.accounts == {}


@pytest.mark.parametrize(
    ("change", "place", "cure"),
    [
        ({"alerts_in": "audit"}, "alerts_in", "or write alerts_in: member"),
        ({"reports_mail_in": "management"}, "reports_mail_in", "set either"),
        (
            {"organization": {"management_account": "111111111111"}},
            "alerts_in",
            "write management or audit",
        ),
        (
            {"organization": {"cross_account_backup": True}},
            "organization.cross_account_backup",
            "leave it out",
        ),
        (
            {"vaults": {"standard": {"copies_from": "organization"}}},
            "vaults.standard.copies_from",
            "leave it out",
        ),
        (
            {"plans": {"gold": {"rules": {"daily": {**RULE, "copies": [{"account": "central"}]}}}}},
            "plans.gold.rules.daily.copies[0]",
            "which organization does not name",
        ),
        ({"recovery": {"from_account": "central"}}, "recovery.from_account", "write the id"),
        ({"evidence": {}}, "evidence", "in the stack of a central account"),
        ({"reports": {"scope": "organization"}}, "reports.scope", "account"),
    ],
)
def test_what_needs_an_organization_says_so_where_there_is_none(
    change: Mapping[str, Any], place: str, cure: str, root: Path
) -> None:
    found = [p for p in problems("umbrella-member-shop", {**ALONE, **change}, root) if place in p]
    assert found
    assert cure in found[0]


@pytest.mark.parametrize("role", ["management", "audit"])
def test_a_central_stack_needs_its_account(role: str, root: Path) -> None:
    own = {"customer": "umbrella", "role": role, "region": "eu-central-1", "alerts_in": role}
    found = problems(f"umbrella-{role}", own, root)
    place = f"organization.{role}_account: is required by a stack in the role {role}"
    assert any(place in each for each in found)
