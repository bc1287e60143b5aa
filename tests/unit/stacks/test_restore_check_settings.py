"""Restore tests that their judge could not be told of, and what it is told of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.check_restore.core import Selection
from stacks import load
from stacks.recovery_settings import RestoreTestingPlan
from tests.unit.stacks.conftest import MEMBER, problem, problems

OWN: dict[str, Any] = {"type": "EBS", "check": "own"}


def plan(**selections: dict[str, Any]) -> dict[str, Any]:
    return {"selections": selections}


@pytest.mark.parametrize("other", [{"type": "EBS"}, {"type": "EBS", "check": "another"}])
def test_two_checks_of_one_type_in_one_plan_are_refused(root: Path, other: dict[str, Any]) -> None:
    said = problem({"restore_testing": {"weekly": plan(one=OWN, two=other)}}, root)
    assert "restore_testing.weekly.selections.two.check: is another than that of one" in said
    assert "move one to another plan" in said


def test_checks_may_differ_by_type_and_by_plan(root: Path) -> None:
    plans = {
        "weekly": plan(one=OWN, same=OWN, tables={"type": "DynamoDB"}),
        "daily": plan(one={"type": "EBS", "check": "another"}),
    }
    load.parse("acme-member-web", {**MEMBER, "restore_testing": plans}, root)


def test_a_judge_is_told_of_each_type_with_its_shortest_window_and_its_check() -> None:
    given = plan(
        one={**OWN, "validation_window_hours": 8},
        two={**OWN, "validation_window_hours": 3},
        tables={"type": "DynamoDB"},
    )
    told = RestoreTestingPlan.model_validate(given).judged
    assert told == {
        "EBS": {"validation_window_hours": 3, "check": "own"},
        "DynamoDB": {"validation_window_hours": 8},
    }
    found = {type_: Selection(**json.loads(json.dumps(entry))) for type_, entry in told.items()}
    assert found["EBS"] == Selection(validation_window_hours=3, check="own")


@pytest.mark.parametrize(
    "plans",
    [
        {f"plan_{number:02}": plan(one={"type": "EBS"}) for number in range(20)},
        {
            f"plan_{number}": plan(
                **{
                    f"s{at}": {"type": type_, "check": f"{'c' * 60}{number}{at}"}
                    for at, type_ in enumerate(("EBS", "EC2", "EFS", "FSx", "RDS", "S3", "Aurora"))
                }
            )
            for number in range(5)
        },
    ],
    ids=["many plans", "long names"],
)
def test_more_tests_than_one_function_can_be_told_of_are_refused(
    root: Path, plans: dict[str, Any]
) -> None:
    (said,) = problems("acme-member-web", {**MEMBER, "restore_testing": plans}, root)
    assert "than its one function can be told of" in said
