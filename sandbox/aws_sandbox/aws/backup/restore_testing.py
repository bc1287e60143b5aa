"""Restore testing plans and what they test."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import already_exists, invalid, not_found, over_limit, refused
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.selections import check_role

PLANS_PER_REGION = 100
SELECTIONS_PER_PLAN = 30
_NAME = re.compile(r"[a-zA-Z0-9_]{1,50}")
_ARNS_PER_SELECTION = 30


def _within(name: str, value: int | None, least: int, most: int) -> Iterator[str]:
    if value is not None and not least <= value <= most:
        yield f"{name} must be between {least} and {most}, not {value}"


def _refuse(problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise invalid("; ".join(found))


def find_testing_plan(scope: Scope, name: str) -> Document:
    """The plan of that name; ResourceNotFoundException when there is none."""
    plan = scope.backend.restore_testing_plans.get(name)
    if plan is None:
        raise not_found(f"Restore testing plan {name} does not exist.")
    return plan


def create_testing_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    backend, given = scope.backend, params["RestoreTestingPlan"]
    name = given["RestoreTestingPlanName"]
    if name in backend.restore_testing_plans:
        raise already_exists(f"Restore testing plan {name} already exists.")
    if len(backend.restore_testing_plans) >= PLANS_PER_REGION:
        raise over_limit(f"There are {PLANS_PER_REGION} restore testing plans already.")
    _refuse(_plan_problems({**given, "RestoreTestingPlanName": name}))
    plan: Document = {
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowHours": 24,
        **given,
        "RecoveryPointSelection": _selection(given["RecoveryPointSelection"]),
        "RestoreTestingPlanArn": backend.arn("restore-testing-plan", f"{name}-{scope.uuid()}"),
        "CreationTime": scope.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
    }
    backend.restore_testing_plans[name] = plan
    backend.restore_testing_selections[name] = {}
    backend.tag_resource(plan["RestoreTestingPlanArn"], params.get("Tags") or {})
    return plan


def _selection(given: Mapping[str, Any]) -> Document:
    return {"SelectionWindowDays": 30, "ExcludeVaults": [], **given}


def _plan_problems(plan: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(plan["RestoreTestingPlanName"]):
        yield f"RestoreTestingPlanName {plan['RestoreTestingPlanName']!r} is not {_NAME.pattern}"
    yield from _within("StartWindowHours", plan.get("StartWindowHours"), 1, 168)
    selection: Mapping[str, Any] = plan["RecoveryPointSelection"]
    yield from _within("SelectionWindowDays", selection.get("SelectionWindowDays"), 1, 365)
    for member in ("Algorithm", "RecoveryPointTypes", "IncludeVaults"):
        if not selection.get(member):
            yield f"RecoveryPointSelection needs {member}"
    vaults: list[str] = selection.get("IncludeVaults") or []
    if "*" in vaults and len(vaults) > 1:
        yield "IncludeVaults is either * or ARNs of vaults"


def get_testing_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"RestoreTestingPlan": find_testing_plan(scope, params["RestoreTestingPlanName"])}


def update_testing_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = find_testing_plan(scope, params["RestoreTestingPlanName"])
    given = params["RestoreTestingPlan"]
    changed = {**plan, **given}
    changed["RecoveryPointSelection"] = {
        **plan["RecoveryPointSelection"],
        **(given.get("RecoveryPointSelection") or {}),
    }
    _refuse(_plan_problems(changed))
    plan.update(changed, LastUpdateTime=scope.now())
    return {**plan, "UpdateTime": plan["LastUpdateTime"]}


def delete_testing_plan(scope: Scope, params: Params) -> None:
    name = params["RestoreTestingPlanName"]
    plan = find_testing_plan(scope, name)
    if scope.backend.restore_testing_selections[name]:
        raise refused(f"Restore testing plan {name} still has selections; delete them first.")
    del scope.backend.restore_testing_plans[name]
    scope.backend.tagger.delete_all_tags_for_resource(plan["RestoreTestingPlanArn"])


def list_testing_plans(scope: Scope, params: Params) -> Mapping[str, Any]:
    return page(params, "RestoreTestingPlans", list(scope.backend.restore_testing_plans.values()))


def create_testing_selection(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = find_testing_plan(scope, params["RestoreTestingPlanName"])
    selections = scope.backend.restore_testing_selections[params["RestoreTestingPlanName"]]
    given = params["RestoreTestingSelection"]
    name = given["RestoreTestingSelectionName"]
    if name in selections:
        raise already_exists(f"Restore testing selection {name} already exists.")
    if len(selections) >= SELECTIONS_PER_PLAN:
        raise over_limit(f"The plan has {SELECTIONS_PER_PLAN} restore testing selections already.")
    _check_selection(scope, given)
    selections[name] = {
        "ValidationWindowHours": 0,
        **given,
        "RestoreTestingPlanArn": plan["RestoreTestingPlanArn"],
        "RestoreTestingPlanName": plan["RestoreTestingPlanName"],
        "CreationTime": scope.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
    }
    return selections[name]


def _check_selection(scope: Scope, selection: Mapping[str, Any]) -> None:
    _refuse(_selection_problems(selection))
    check_role(scope, selection["IamRoleArn"])


def _selection_problems(selection: Mapping[str, Any]) -> Iterator[str]:
    name = selection["RestoreTestingSelectionName"]
    if not _NAME.fullmatch(name):
        yield f"RestoreTestingSelectionName {name!r} is not {_NAME.pattern}"
    yield from _within("ValidationWindowHours", selection.get("ValidationWindowHours"), 0, 168)
    arns: list[str] = selection.get("ProtectedResourceArns") or []
    if not arns and not selection.get("ProtectedResourceConditions"):
        yield "a selection needs ProtectedResourceArns or ProtectedResourceConditions"
    if "*" in arns and len(arns) > 1:
        yield "ProtectedResourceArns is either * or ARNs"
    if len(arns) > _ARNS_PER_SELECTION:
        yield f"ProtectedResourceArns takes {_ARNS_PER_SELECTION} ARNs, not {len(arns)}"
    if arns and "*" not in arns and selection.get("ProtectedResourceConditions"):
        yield "ProtectedResourceConditions narrow ProtectedResourceArns * alone"


def find_testing_selection(scope: Scope, params: Params) -> Document:
    plan, name = params["RestoreTestingPlanName"], params["RestoreTestingSelectionName"]
    find_testing_plan(scope, plan)
    selection = scope.backend.restore_testing_selections[plan].get(name)
    if selection is None:
        raise not_found(f"Restore testing selection {name} of plan {plan} does not exist.")
    return selection


def get_testing_selection(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"RestoreTestingSelection": find_testing_selection(scope, params)}


def update_testing_selection(scope: Scope, params: Params) -> Mapping[str, Any]:
    selection = find_testing_selection(scope, params)
    changed = {**selection, **params["RestoreTestingSelection"]}
    _check_selection(scope, changed)
    selection.update(changed)
    return {**selection, "UpdateTime": scope.now()}


def delete_testing_selection(scope: Scope, params: Params) -> None:
    find_testing_selection(scope, params)
    selections = scope.backend.restore_testing_selections[params["RestoreTestingPlanName"]]
    del selections[params["RestoreTestingSelectionName"]]


def list_testing_selections(scope: Scope, params: Params) -> Mapping[str, Any]:
    find_testing_plan(scope, params["RestoreTestingPlanName"])
    selections = scope.backend.restore_testing_selections[params["RestoreTestingPlanName"]]
    return page(params, "RestoreTestingSelections", list(selections.values()))


OPERATIONS: Mapping[str, Operation] = {
    "CreateRestoreTestingPlan": create_testing_plan,
    "GetRestoreTestingPlan": get_testing_plan,
    "UpdateRestoreTestingPlan": update_testing_plan,
    "DeleteRestoreTestingPlan": delete_testing_plan,
    "ListRestoreTestingPlans": list_testing_plans,
    "CreateRestoreTestingSelection": create_testing_selection,
    "GetRestoreTestingSelection": get_testing_selection,
    "UpdateRestoreTestingSelection": update_testing_selection,
    "DeleteRestoreTestingSelection": delete_testing_selection,
    "ListRestoreTestingSelections": list_testing_selections,
}
