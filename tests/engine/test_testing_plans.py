"""A member's restore testing plans and frameworks, through the genuine engine, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleet.deploy.deployment import Deployment, Outcome
from fleet.sandbox.stage import Stage
from tests.support.proof_variants import FRAMEWORKS, RESTORE_TESTING, VOLUME

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MEMBER, ACCOUNT, REGION = "acme-member-web", "444444444444", "eu-central-1"
WEEKLY: Mapping[str, Any] = RESTORE_TESTING["weekly"]
ANOTHER = VOLUME.replace("0123", "4567")


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def with_selections(**changes: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    """The variant's plan in one Region, with selections that differ."""
    selections = {key: {**own, **changes.get(key, {})} for key, own in WEEKLY["selections"].items()}

    def change(values: dict[str, Any]) -> None:
        weekly = {**WEEKLY, "regions": [REGION], "selections": selections}
        values["restore_testing"] = {"weekly": weekly}
        values["frameworks"] = {
            name: {**own, "regions": [REGION]} for name, own in FRAMEWORKS.items()
        }

    return change


def live(stage: Stage, selection: str) -> Mapping[str, Any]:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    found = backup.get_restore_testing_selection(
        RestoreTestingPlanName="acme_weekly", RestoreTestingSelectionName=selection
    )
    return dict(found["RestoreTestingSelection"])


def test_they_come_up_and_a_second_up_changes_nothing(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    Deployment(stage.engine, "acme-audit").up()
    member = change_settings(MEMBER, with_selections())
    assert changed(member.up()).keys() == {"create"}
    assert changed(member.up()) == {}
    assert changed(member.refresh()) == {}


def test_a_selection_whose_arns_change_or_whose_metadata_goes_is_made_anew(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    """The official provider would pass over both (terraform-provider-aws#48316)."""
    arns = with_selections(named={"arns": [ANOTHER]})
    assert changed(change_settings(MEMBER, arns).up()) == {"replace": 1}
    assert live(stage, "named")["ProtectedResourceArns"] == [ANOTHER]
    bare = with_selections(named={"arns": [ANOTHER]}, tagged={"metadata": {}})
    assert changed(change_settings(MEMBER, bare).up()) == {"replace": 1}
    assert not live(stage, "tagged").get("RestoreMetadataOverrides")


def test_another_window_changes_a_selection_in_place(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    named = {"arns": [ANOTHER], "validation_window_hours": 4}
    longer = with_selections(named=named, tagged={"metadata": {}})
    assert changed(change_settings(MEMBER, longer).up()).keys() == {"update"}
    assert live(stage, "named")["ValidationWindowHours"] == 4


def test_they_go_with_their_settings(stage: Stage, change_settings: ChangeSettings) -> None:
    def none(values: dict[str, Any]) -> None:
        values.update(restore_testing={}, frameworks={})

    changes = changed(change_settings(MEMBER, none).up())
    assert changes.keys() == {"delete", "update"}
    assert changes["update"] == 1  # the Regions that policies are told of
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    assert backup.list_restore_testing_plans()["RestoreTestingPlans"] == []
