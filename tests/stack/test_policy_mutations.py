"""Breaking any one protected property of the example stacks makes just the expected rules tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from policies.resources import Stack
from policies.rules import RULES
from tests.stack.policy_mutations.backup import BACKUP_MUTATIONS
from tests.stack.policy_mutations.platform import PLATFORM_MUTATIONS
from tests.support.examples import recordings
from tests.support.policies import policies_see
from tests.support.policy_mutations import Mutation, Told, newly_told, told

MUTATIONS = [*BACKUP_MUTATIONS, *PLATFORM_MUTATIONS]


@cache
def stacks() -> Mapping[str, tuple[Stack, Told]]:
    """The example stacks as the pack sees them, and what it says of them as they are."""
    seen = {name: policies_see(recording) for name, recording in recordings().items()}
    return {name: (stack, told(stack)) for name, stack in seen.items()}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_what_is_broken_is_told_by_the_rules_that_protect_it(mutation: Mutation) -> None:
    wrong: dict[str, frozenset[str]] = {}
    broken = 0
    for stack, before in stacks().values():
        for resource, now in mutation.over(stack):
            broken += 1
            tell = newly_told(before, stack, resource, now)
            if tell != mutation.fails:
                wrong[resource.urn] = tell
    assert wrong == {}
    assert broken, "no example stack has what it breaks"


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_protects_something_that_an_example_stack_has(rule: str) -> None:
    assert any(rule in mutation.fails for mutation in MUTATIONS)
