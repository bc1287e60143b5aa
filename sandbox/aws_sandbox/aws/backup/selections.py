"""Which resources a backup plan protects."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.errors import already_exists, invalid, not_found, over_limit
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.plans import current_plan
from aws_sandbox.aws.backup.scope import Operation, Params, Scope

SELECTIONS_PER_PLAN = 100
_ARNS_PER_SELECTION = 500
_CONDITIONS_PER_SELECTION = 30
_TAG_KEY = "aws:ResourceTag/"


def check_role(scope: Scope, role_arn: str) -> None:
    """AWS Backup refuses a role that it may not assume."""
    try:
        arn = Arn.parse(role_arn)
    except ValueError as error:
        raise invalid(f"IamRoleArn: {error}") from error
    decision = scope.services.access.check_trust(role_arn, "backup.amazonaws.com")
    if arn.account != scope.account or not decision.allowed:
        raise invalid(
            f"IAM Role {role_arn} cannot be assumed by AWS Backup in account {scope.account}: "
            f"{decision.reason}."
        )


def create_selection(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = current_plan(scope, params["BackupPlanId"])
    content = params["BackupSelection"]
    problems = list(_problems(content))
    if problems:
        raise invalid("; ".join(problems))
    check_role(scope, content["IamRoleArn"])
    selections = scope.backend.selections.setdefault(plan["BackupPlanId"], {})
    if any(existing["BackupSelection"] == content for existing in selections.values()):
        raise already_exists(f"The plan has the same selection {content['SelectionName']} already.")
    if len(selections) >= SELECTIONS_PER_PLAN:
        raise over_limit(f"The plan has {SELECTIONS_PER_PLAN} selections already.")
    selection_id = scope.uuid()
    selections[selection_id] = {
        "SelectionId": selection_id,
        "SelectionName": content["SelectionName"],
        "BackupPlanId": plan["BackupPlanId"],
        "IamRoleArn": content["IamRoleArn"],
        "CreationDate": scope.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
        "BackupSelection": content,
    }
    return selections[selection_id]


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    conditions: Mapping[str, list[Mapping[str, Any]]] = content.get("Conditions") or {}
    tags: list[Mapping[str, Any]] = content.get("ListOfTags") or []
    resources: list[str] = content.get("Resources") or []
    if not resources and not tags:
        yield "a selection needs Resources or ListOfTags; Conditions narrow Resources"
    if len(resources) > _ARNS_PER_SELECTION:
        yield f"a selection takes {_ARNS_PER_SELECTION} ARNs, not {len(resources)}"
    entries = [entry for listed in conditions.values() for entry in listed]
    if len(entries) + len(tags) > _CONDITIONS_PER_SELECTION:
        yield f"a selection takes {_CONDITIONS_PER_SELECTION} conditions on tags"
    for entry in entries:
        if not str(entry.get("ConditionKey", "")).startswith(_TAG_KEY):
            yield f"Conditions: key {entry.get('ConditionKey')!r} must begin with {_TAG_KEY}"
    excluded: list[str] = content.get("NotResources") or []
    for resource in (*resources, *excluded):
        if resource != "*" and not resource.startswith("arn:"):
            yield f"{resource!r} is neither an ARN nor *"


def get_selection(scope: Scope, params: Params) -> Mapping[str, Any]:
    selections = scope.backend.selections.get(params["BackupPlanId"], {})
    if params["SelectionId"] not in selections:
        raise not_found(
            f"Cannot find backup selection {params['SelectionId']} of plan {params['BackupPlanId']}"
        )
    return selections[params["SelectionId"]]


def delete_selection(scope: Scope, params: Params) -> None:
    get_selection(scope, params)
    del scope.backend.selections[params["BackupPlanId"]][params["SelectionId"]]


def list_selections(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = current_plan(scope, params["BackupPlanId"])
    selections = scope.backend.selections.get(plan["BackupPlanId"], {})
    return page(params, "BackupSelectionsList", list(selections.values()))


OPERATIONS: Mapping[str, Operation] = {
    "CreateBackupSelection": create_selection,
    "GetBackupSelection": get_selection,
    "DeleteBackupSelection": delete_selection,
    "ListBackupSelections": list_selections,
}
