"""Settings of vaults: each limit of AWS refused with its path, its numbers and its cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks import load
from stacks.load import SettingsError
from tests.unit.stacks.conftest import MEMBER, problem

KEY = "arn:aws:kms:{}:333333333333:key/1111"
TOPIC = "arn:aws:sns:{}:{}:events"
FINAL = {"mode": "compliance", "changeable_for_days": 3, "final": "standard"}
DAILY = {"daily": {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 10}}


def vault(**values: Any) -> dict[str, Any]:
    return {"vaults": {"standard": values}}


def lock(**values: Any) -> dict[str, Any]:
    return vault(lock=values)


def isolated(**values: Any) -> dict[str, Any]:
    return {"air_gapped_vaults": {"isolated": {"max_retention_days": 30, **values}}}


def topics(region: str, arn: str) -> dict[str, Any]:
    told = {"events": ["COPY_JOB_FAILED"], "topics": {region: arn}}
    return vault(notifications=told)


@pytest.mark.parametrize(
    ("wrong", "path", "said"),
    [
        (lock(mode="compliance", final="standard"), "lock.changeable_for_days", "3 or more"),
        (
            lock(mode="compliance", changeable_for_days=3),
            "lock.final",
            "must be standard, the vault's name once more: once its days of grace are over, nobody",
        ),
        (lock(**{**FINAL, "final": "other"}), "lock.final", "must be standard"),
        (lock(**{**FINAL, "changeable_for_days": 2}), "lock.changeable_for_days", "3"),
        (lock(mode="governance", final="standard"), "lock.final", "belongs to mode: compliance"),
        (
            lock(mode="governance", changeable_for_days=3),
            "lock.changeable_for_days",
            "would make the lock final",
        ),
        (
            lock(mode="governance", min_retention_days=9, max_retention_days=8),
            "lock.min_retention_days",
            "is 9, more than max_retention_days, 8",
        ),
        (vault(lock=FINAL, force_destroy=True), "force_destroy", "nobody deletes"),
        (vault(force_destroy=True, leave_on_destroy=True), "leave_on_destroy", "the contrary"),
        (vault(regions=["eu-west-1"]), "regions[0]", "none of the stack's Regions: eu-central-1"),
        (vault(key={"eu-west-1": KEY.format("eu-west-1")}), "key.eu-west-1", "does not stand in"),
        (vault(key={"eu-central-1": KEY.format("eu-west-1")}), "key.eu-central-1", "eu-west-1; a"),
        (
            topics("eu-central-1", TOPIC.format("eu-west-1", "333333333333")),
            "notifications.topics.eu-central-1",
            "is in eu-west-1; a vault tells a topic of its own Region",
        ),
        (
            topics("eu-central-1", TOPIC.format("eu-central-1", "111111111111")),
            "notifications.topics.eu-central-1",
            "is of the account 111111111111; AWS Backup publishes to topics of the vault's own",
        ),
        (
            vault(break_glass_roles=["arn:aws:iam::111111111111:role/ops"]),
            "break_glass_roles[0]",
            "is of the account 111111111111",
        ),
        (vault(break_glass_roles=["*"]), "break_glass_roles[0]", "is written by its name"),
    ],
)
def test_what_a_vault_cannot_be_is_refused(
    wrong: dict[str, Any], path: str, said: str, root: Path
) -> None:
    found = [line for line in _problems(wrong, root) if said in line]
    assert len(found) == 1
    assert f": vaults.standard.{path}: " in found[0]


def _problems(change: dict[str, Any], root: Path) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        load.parse("acme-member-web", {**MEMBER, **change}, root)
    return caught.value.problems


@pytest.mark.parametrize(
    ("wrong", "path", "said"),
    [
        (isolated(min_retention_days=6), "min_retention_days", "7"),
        (isolated(min_retention_days=31), "min_retention_days", "is 31, more than"),
        (isolated(key_arns={"eu-west-1": KEY.format("eu-west-1")}), "key_arns.eu-west-1", "stand"),
        (isolated(share_with=["333333333333"]), "share_with[0]", "the vault's own account"),
        (isolated(share_with=["111111111111"] * 2), "share_with[1]", "is named twice"),
        (isolated(destroy_empty=True, leave_on_destroy=True), "leave_on_destroy", "the contrary"),
    ],
)
def test_what_an_air_gapped_vault_cannot_be_is_refused(
    wrong: dict[str, Any], path: str, said: str, root: Path
) -> None:
    found = problem(wrong, root)
    assert f": air_gapped_vaults.isolated.{path}: " in found
    assert said in found


def test_a_vaults_name_is_used_once(root: Path) -> None:
    wrong = {"air_gapped_vaults": {"standard": {"max_retention_days": 30}}}
    assert "has the name of another vault here" in problem(wrong, root)
    assert "leave it in one place" in problem({"retained_vaults": {"standard": {}}}, root)


def test_keys_that_are_brought_are_for_every_region_of_the_vault(root: Path) -> None:
    keys = {"eu-central-1": KEY.format("eu-central-1")}
    wrong = {**vault(key=keys), "regions": ["eu-central-1", "eu-west-1"]}
    assert "has none for eu-west-1, where the vault stands too" in problem(wrong, root)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"min_retention_days": 11}, "is 10 days, but the lock of the vault standard takes 11 or"),
        ({"max_retention_days": 9}, "is 10 days, but the lock of the vault standard takes 9 at"),
    ],
)
def test_a_rule_keeps_no_shorter_and_no_longer_than_its_vaults_lock_takes(
    bounds: dict[str, int], said: str, root: Path
) -> None:
    locked = lock(mode="governance", **bounds)
    found = problem({**locked, "plans": {"web": {"rules": DAILY}}}, root)
    assert ": plans.web.rules.daily: delete_after_days of the rule daily" in found
    assert said in found


def test_the_rules_of_a_tier_are_held_to_a_lock_as_well(root: Path) -> None:
    locked = lock(mode="governance", max_retention_days=100)
    found = problem({**locked, "plans": {"standard": {}}}, root)
    assert ": plans.standard: delete_after_days of the rule monthly is 365 days" in found


def test_copies_and_primary_backups_fit_the_air_gapped_vault(root: Path) -> None:
    rule = {**DAILY["daily"], "copies": [{"vault": "isolated", "delete_after_days": 40}]}
    copied = {**isolated(), "plans": {"web": {"rules": {"daily": rule}}}}
    assert "of a copy by the rule daily is 40 days, but the air-gapped vault" in problem(
        copied, root
    )
    primary = {"web": {"rules": DAILY, "air_gapped_vault": "isolated"}}
    found = problem({**isolated(min_retention_days=14), "plans": primary}, root)
    assert "is 10 days, but the air-gapped vault isolated takes 14 or more" in found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # is read
@given(
    bounds=st.tuples(st.integers(1, 400), st.integers(1, 400)).map(sorted),
    days=st.integers(1, 500),
)
def test_a_rule_is_taken_just_where_its_days_lie_within_the_lock(
    bounds: list[int], days: int, root: Path
) -> None:
    least, most = bounds
    change = {
        **lock(mode="governance", min_retention_days=least, max_retention_days=most),
        "plans": {"one": {"rules": {"daily": {**DAILY["daily"], "delete_after_days": days}}}},
    }
    try:
        load.parse("acme-member-web", {**MEMBER, **change}, root)
        told = ""
    except SettingsError as refused:
        (told,) = refused.problems
    wanted = f"{least} or more" if days < least else f"{most} at most" if days > most else ""
    assert bool(told) == bool(wanted)
    assert wanted in told
