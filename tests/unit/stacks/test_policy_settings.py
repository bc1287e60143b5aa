"""Settings of the policy pack: which rules count how, and what the program tells the pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.policies import demands_of, level_of
from tests.unit.stacks.conftest import MEMBER, problem

KEY = "arn:aws:kms:eu-central-1:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNTIL = {"reason": "moved away by the summer", "until": "2027-06-30"}
OWN_KEY = "vault_has_its_own_key"


def rules(**chosen: Any) -> dict[str, Any]:
    return {"policy": {"rules": chosen}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            rules(vault_is_encryptd={"level": "advisory"}),
            "policy.rules.vault_is_encryptd: is unknown; did you mean vault_is_encrypted?",
        ),
        (
            rules(vault_has_its_own_key={"known_kees": []}),
            "policy.rules.vault_has_its_own_key.known_kees: is unknown; did you mean known_keys?",
        ),
        (
            rules(vault_has_its_own_key={"known_keys": KEY}),
            f"policy.rules.vault_has_its_own_key.known_keys: '{KEY}' is not of type 'array'; it "
            "is: ARNs of the customer's own keys",
        ),
        (
            rules(vault_is_encrypted={"level": "strict"}),
            "policy.rules.vault_is_encrypted.level: write disabled, advisory or mandatory",
        ),
        (
            rules(vault_is_encrypted={"exceptions": [{**UNTIL, "name": "a", "reason": "x"}]}),
            "policy.rules.vault_is_encrypted.exceptions[0].reason: should have 10 characters",
        ),
        (
            rules(vault_is_encrypted={"exceptions": [{"name": "a", "reason": "no end to it"}]}),
            "policy.rules.vault_is_encrypted.exceptions[0].until: is required",
        ),
        ({"policy": {"bundel": "regulated"}}, "policy.bundel: is unknown; did you mean bundle?"),
        (
            {"policy": {"vault_key": "customer_managed"}},
            "policy.vault_key: is not set here: for customer_managed write rules: "
            "{vault_has_its_own_key: {level: mandatory}}",
        ),
    ],
)
def test_what_no_rule_knows_is_refused_with_the_cure(
    change: dict[str, Any], said: str, root: Path
) -> None:
    assert said in problem(change, root)


def test_what_the_customer_chooses_and_what_the_program_knows_are_told(root: Path) -> None:
    policy = {"known_keys": [KEY], "rules": {OWN_KEY: {"level": "mandatory"}}}
    settings = load.parse("acme-member-web", {**MEMBER, "policy": policy}, root)
    told = demands_of(settings, root)
    assert told["bundle"] == "baseline"
    assert told["rules"][OWN_KEY] == {"level": "mandatory", "known_keys": [KEY]}


def test_what_is_known_of_one_rule_adds_to_what_the_program_knows(root: Path) -> None:
    other = KEY.replace("key/1", "key/2")
    policy = {"known_keys": [KEY], "rules": {OWN_KEY: {"known_keys": [other]}}}
    settings = load.parse("acme-member-web", {**MEMBER, "policy": policy}, root)
    assert demands_of(settings, root)["rules"][OWN_KEY] == {"known_keys": [KEY, other]}


def test_an_exception_for_another_stack_is_not_told(root: Path) -> None:
    exceptions = [
        {**UNTIL, "name": "everywhere"},
        {**UNTIL, "name": "here", "stack": "acme-member-web"},
        {**UNTIL, "name": "elsewhere", "stack": "acme-audit"},
    ]
    chosen = rules(vault_is_encrypted={"exceptions": exceptions})
    settings = load.parse("acme-member-web", {**MEMBER, **chosen}, root)
    told = demands_of(settings, root)["rules"]["vault_is_encrypted"]["exceptions"]
    assert told == [{**UNTIL, "name": "everywhere"}, {**UNTIL, "name": "here"}]


@pytest.mark.parametrize(
    ("policy", "level"),
    [
        ({}, "advisory"),
        ({"bundle": "regulated"}, "mandatory"),
        ({"bundle": "regulated", "rules": {OWN_KEY: {"level": "disabled"}}}, "disabled"),
    ],
)
def test_a_rule_has_the_level_that_is_chosen_else_its_bundles(
    policy: dict[str, Any], level: str, root: Path
) -> None:
    settings = load.parse("acme-member-web", {**MEMBER, "policy": policy}, root)
    assert level_of(OWN_KEY, settings) == level


def test_an_account_that_settings_let_in_is_a_stranger_if_it_has_no_stack(root: Path) -> None:
    days = {"min_retention_days": 7, "max_retention_days": 30}
    shared = {"isolated": {**days, "share_with": ["999999999999"]}}
    settings = load.parse("acme-member-web", {**MEMBER, "air_gapped_vaults": shared}, root)
    known = demands_of(settings, root)["rules"]["resource_policy_lets_no_stranger_in"]
    assert settings.account in known["known_accounts"]
    assert "999999999999" not in known["known_accounts"]
