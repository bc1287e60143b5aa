"""The other example customers, each through the genuine engine from nothing to what may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.order import in_order
from fleet.sandbox.stage import Stage
from tests.support.standing import resources_in


@pytest.fixture(scope="module", params=["initech", "globex", "hooli"])
def example(request: pytest.FixtureRequest, stage_of: Callable[[str], Stage]) -> Stage:
    return stage_of(request.param)


def changed(outcome: Outcome) -> Mapping[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def standing(example: Stage) -> Mapping[str, Mapping[str, list[str]]]:
    return {s.account: resources_in(example, s.account) for s in example.stacks.values()}


def test_all_stacks_of_an_example_come_up(example: Stage) -> None:
    outcomes = in_order(example.deployments(), Deployment.up)
    assert {outcome.stack for outcome in outcomes} == set(example.stacks)
    assert all(changed(outcome).keys() == {"create"} for outcome in outcomes)


def test_a_second_up_of_an_example_changes_nothing(example: Stage) -> None:
    outcomes = in_order(example.deployments(), Deployment.up)
    assert [changed(outcome) for outcome in outcomes] == [{}] * len(example.stacks)


def test_refresh_of_an_example_shows_no_drift(example: Stage) -> None:
    outcomes = in_order(example.deployments(), Deployment.refresh)
    assert [changed(outcome) for outcome in outcomes] == [{}] * len(example.stacks)


def test_what_protects_data_is_not_destroyed_by_a_word_and_the_ways_out_are_told(
    example: Stage,
) -> None:
    before = standing(example)
    for stack in keeping(example):
        with pytest.raises(StackFailed) as caught:
            Deployment(example.engine, stack).destroy()
        assert "is protected, and so not deleted or replaced" in str(caught.value)
        assert "write it under retained_vaults as it was" in str(caught.value)
    assert standing(example) == before


def keeping(example: Stage) -> list[str]:
    """The stacks with vaults that are to stay."""
    return [
        stack
        for stack, settings in example.stacks.items()
        if any(not vault.force_destroy for vault in settings.vaults.values())
    ]


def test_destroy_leaves_what_it_says_and_nothing_else(example: Stage) -> None:
    kept = keeping(example)
    stacks = [d for d in example.deployments() if d.stack not in kept]
    outcomes = in_order(stacks, Deployment.destroy, backwards=True)
    told = sorted(line for outcome in outcomes for line in outcome.left)
    left = {d.settings.account: resources_in(example, d.settings.account) for d in stacks}
    there = [(kind, name) for found in left.values() for kind in found for name in found[kind]]
    assert {kind.rpartition(" ")[2] for kind, _ in there} <= {"keys"}
    assert sorted(name for _, name in there) == sorted(line.split()[-1] for line in told)
    assert all(line.startswith("aws:kms/key:Key ") for line in told)
