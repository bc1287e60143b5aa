"""The pack: rules as Pulumi's policies see resources."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

from policies.choice import BUNDLES, Bundle
from policies.pack import policies_of_all_rules
from policies.resources import UNKNOWN, NotYet, Resource, those
from policies.rules import RULES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("bundle", BUNDLES)
def test_every_rule_is_a_policy_of_its_level_in_the_bundle(bundle: Bundle) -> None:
    policies = policies_of_all_rules(bundle=bundle)
    levels = {policy.name: cast(Any, policy.enforcement_level).value for policy in policies}
    assert levels == {name: rule.levels[bundle] for name, rule in RULES.items()}


def test_rules_keep_their_scope() -> None:
    scopes = {
        policy.name: "resource" if isinstance(policy, ResourceValidationPolicy) else "stack"
        for policy in policies_of_all_rules()
    }
    assert scopes == {name: rule.scope for name, rule in RULES.items()}
    assert any(isinstance(policy, StackValidationPolicy) for policy in policies_of_all_rules())


def test_looking_at_an_unknown_value_stops_the_rule_and_nothing_else_does() -> None:
    resource = Resource(
        type="t", name="n", urn="u", props={"known": {"list": [5]}, "unknown": UNKNOWN}
    )
    assert resource.get("known", "list", 0) == 5
    assert resource.get("known", "list", 1) is None
    assert resource.get("nothing", "here") is None
    with pytest.raises(NotYet):
        resource.get("unknown", "below")


def test_of_several_an_unknown_one_matters_only_where_no_other_is_known_to_pass() -> None:
    resources = [
        Resource(type="t", name=str(position), urn=str(position), props={"value": value})
        for position, value in enumerate((UNKNOWN, 5, 6))
    ]
    assert [r.name for r in those(resources, lambda r: r.get("value") == 5)] == ["1"]
    assert those(resources[1:], lambda r: r.get("value") == 7) == []
    with pytest.raises(NotYet):
        those(resources, lambda r: r.get("value") == 7)


def test_rules_are_functions_with_the_names_of_their_policies() -> None:
    for name, rule in RULES.items():
        assert name == rule.name
        assert inspect.cleandoc(rule.description) == rule.description


def test_no_module_beside_the_pack_hides_one_of_python() -> None:
    """The engine runs the pack in its folder, which is then the first to be looked in."""
    beside = {path.stem for path in (ROOT / "policies").iterdir()}
    assert "pack" in beside
    assert beside & sys.stdlib_module_names == set()
