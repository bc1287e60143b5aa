"""Rules about what a stack chooses of the rules."""

from __future__ import annotations

from typing import Any

from policies.resource_types import DEMANDS, VAULT
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

EXCEPTION = {"name": "standard", "reason": "moved away by the summer", "until": "2027-03-31"}


def demands(bundle: str = "regulated", **rules: Any) -> Resource:
    return resource(DEMANDS, "policies", demands={"bundle": bundle, "rules": rules})


def excepting(**exception: Any) -> Resource:
    return demands(vault_is_encrypted={"exceptions": [{**EXCEPTION, **exception}]})


STANDARD = resource(VAULT, "standard")
UNKNOWN_DEMANDS = resource(DEMANDS, "policies", demands=UNKNOWN)

CASES = [
    Case(
        rule="policy_choice_is_valid",
        what="a level, a list, and an exception",
        resources=[
            demands(
                vault_has_its_own_key={"level": "advisory", "known_keys": ["arn"]},
                vault_is_encrypted={"exceptions": [EXCEPTION]},
            )
        ],
    ),
    Case(
        rule="policy_choice_is_valid",
        what="a rule that there is not",
        resources=[demands(vault_is_encryptd={})],
        says="demands.rules.vault_is_encryptd: is unknown; did you mean vault_is_encrypted?",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="a setting that the rule has not",
        resources=[demands(vault_has_its_own_key={"known_kees": []})],
        says="known_kees: is unknown; did you mean known_keys?",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="a value that does not fit",
        resources=[demands(vault_has_its_own_key={"known_keys": "arn"})],
        says="rules.vault_has_its_own_key.known_keys: 'arn' is not of type 'array'",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="a bundle that there is not",
        resources=[demands("strict")],
        says="demands.bundle: 'strict' is not one of ['baseline', 'regulated']",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="an exception for ever",
        resources=[excepting(until="for ever")],
        says="exceptions.0.until: 'for ever' is not a 'date'",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="an exception without a word",
        resources=[excepting(reason="x")],
        says="exceptions.0.reason: 'x' is too short",
    ),
    Case(
        rule="policy_choice_is_valid",
        what="a choice that is not known yet",
        resources=[UNKNOWN_DEMANDS],
    ),
    Case(
        rule="policy_exceptions_name_resources",
        what="an exception for a vault of the stack",
        resources=[excepting(), STANDARD],
    ),
    Case(
        rule="policy_exceptions_name_resources",
        what="an exception for a vault that there is not",
        resources=[excepting(name="standart"), STANDARD],
        says="standart, which is none of the resources that it is about: standard",
    ),
    Case(
        rule="policy_exceptions_name_resources",
        what="a choice that is not valid, which the other rule tells",
        resources=[excepting(name="standart", until="for ever"), STANDARD],
    ),
    Case(
        rule="policy_exceptions_name_resources",
        what="a choice that is not known yet",
        resources=[UNKNOWN_DEMANDS, STANDARD],
    ),
]
