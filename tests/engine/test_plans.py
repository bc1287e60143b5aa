"""A member's plans with all that settings allow, through the genuine engine, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleet.deploy.deployment import Deployment, Outcome
from fleet.sandbox.stage import Stage
from tests.support.plan_variants import MEMBER, MONTHLY, REGION, with_plans

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
ACCOUNT = "333333333333"


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def everything(values: dict[str, Any]) -> None:
    values.update(with_plans().own)


def plan_id(stage: Stage) -> str:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    plans = backup.list_backup_plans()["BackupPlansList"]
    (found,) = [plan for plan in plans if plan.get("BackupPlanName") == "everything"]
    return found.get("BackupPlanId", "")


def test_plans_come_up_with_all_that_is_theirs_and_a_second_up_changes_nothing(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    Deployment(stage.engine, "acme-audit").update()
    member = change_settings(MEMBER, everything)
    assert changed(member.up()).keys() == {"create"}
    assert changed(member.up()) == {}
    assert changed(member.refresh()) == {}


def test_another_retention_updates_the_plan_in_place(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    before = plan_id(stage)

    def longer(values: dict[str, Any]) -> None:
        everything(values)
        rules = {
            **values["plans"]["everything"]["rules"],
            "monthly": {**MONTHLY, "delete_after_days": 730},
        }
        values["plans"] = {
            **values["plans"],
            "everything": {**values["plans"]["everything"], "rules": rules},
        }

    assert changed(change_settings(MEMBER, longer).up()) == {"update": 1}
    assert plan_id(stage) == before
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    rules = backup.get_backup_plan(BackupPlanId=before).get("BackupPlan", {}).get("Rules", [])
    kept = {rule["RuleName"]: rule.get("Lifecycle", {}).get("DeleteAfterDays") for rule in rules}
    assert kept == {"monthly": 730, "continuous": 35}
