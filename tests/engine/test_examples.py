"""The other example customers, each through the genuine engine from nothing to what may go."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.order import in_order
from fleet.evidence.archive import read
from fleet.evidence.deployed import regions_of
from fleet.evidence.making import make_archive, maker_for
from fleet.evidence.scope import Scope, scope_of
from fleet.evidence.verification import NotVerified, verified
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


@pytest.fixture
def scope(example: Stage, monkeypatch: pytest.MonkeyPatch) -> Scope:
    """Of evidence about yesterday."""
    for name, value in example.engine.environment.items():
        monkeypatch.setenv(name, value)
    return scope_of(example.customer, "daily", example.workspace.project, datetime.now(UTC))


def test_evidence_of_an_example_is_verified_and_with_one_changed_byte_is_not(
    example: Stage, scope: Scope, tmp_path: Path
) -> None:
    path = tmp_path / "evidence.zip"
    manifest = make_archive(scope, maker_for(scope, example.engine, print), path)
    assert verified(path).manifest == manifest
    assert not [text for text in manifest.missing if "could not be" in text]
    entries, held = read(path, dict.fromkeys(("policies.json", "differences.json"), 1 << 20))
    results = json.loads(held["policies.json"])
    assert {result["stack"]: result["result"] for result in results} == dict.fromkeys(
        example.stacks, "passed"
    )
    assert [result["changes"] for result in results] == [[]] * len(results)
    assert json.loads(held["differences.json"]) == []
    deployed = {e.name for e in entries if e.name.startswith("deployed/")}
    assert deployed == {
        f"deployed/{settings.account}/{region}.json"
        for settings in example.stacks.values()
        for region in regions_of(settings)
    }
    whole = path.read_bytes()
    for entry in entries:
        changed = bytearray(whole)
        changed[entry.offset + len(entry.name) + 30] ^= 1
        path.write_bytes(changed)
        with pytest.raises(NotVerified, match=entry.name):
            verified(path)


def test_evidence_tells_the_account_that_it_could_not_read(
    example: Stage, scope: Scope, tmp_path: Path
) -> None:
    stack = next(
        name
        for name, s in example.stacks.items()
        if s.account != scope.central.account or len(example.stacks) == 1
    )
    closed = example.stacks[stack].model_copy(update={"deploy_role": "nobody"})
    scope = replace(scope, stacks={**scope.stacks, stack: closed})
    path = tmp_path / "evidence.zip"
    manifest = make_archive(scope, maker_for(scope, None, print), path)
    assert verified(path).manifest == manifest
    told = [text for text in manifest.missing if text.startswith(f"{stack}, {closed.account} in ")]
    assert told
    assert all("role/nobody cannot be assumed" in text for text in told)
    assert any("Policies were left out on request" in text for text in manifest.missing)


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
    keys = [re.fullmatch(r"aws:kms/key:Key .+:key/(\S+) \(\d{12}, \S+\)", line) for line in told]
    assert sorted(name for _, name in there) == sorted(key[1] for key in keys if key)
    assert all(keys)
