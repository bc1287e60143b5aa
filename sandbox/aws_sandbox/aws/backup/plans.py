"""Backup plans and their versions."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import already_exists, not_found, over_limit, refused
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.plan_rules import complete_plan
from aws_sandbox.aws.backup.scope import Operation, Params, Scope

PLANS_PER_REGION = 300


def current_plan(scope: Scope, plan_id: str) -> Document:
    """The current version of a plan that is not deleted; ResourceNotFoundException otherwise."""
    versions = scope.backend.plan_versions.get(plan_id)
    if not versions or "DeletionDate" in versions[-1]:
        raise not_found(f"Cannot find Backup plan with ID {plan_id}")
    return versions[-1]


def create_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    live = _live(scope)
    given = params["BackupPlan"]
    for existing in live:
        if existing["Given"] == given:
            raise already_exists(
                f"Backup plan with the same plan document already exists: "
                f"{existing['BackupPlanId']}"
            )
    if len(live) >= PLANS_PER_REGION:
        raise over_limit(f"There are {PLANS_PER_REGION} backup plans in this Region already.")
    plan_id = scope.uuid()
    plan = _version(
        scope, plan_id, given, complete_plan(scope, given), params.get("CreatorRequestId")
    )
    scope.backend.plan_versions[plan_id] = [plan]
    scope.backend.tag_resource(plan["BackupPlanArn"], params.get("BackupPlanTags") or {})
    events.plan_changed(scope, plan, "CREATED")
    return plan


def update_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    """Adds a version, which becomes the current one."""
    previous = current_plan(scope, params["BackupPlanId"])
    given = params["BackupPlan"]
    completed = complete_plan(scope, given, previous["BackupPlan"]["Rules"])
    plan = _version(scope, previous["BackupPlanId"], given, completed, previous["CreatorRequestId"])
    scope.backend.plan_versions[previous["BackupPlanId"]].append(plan)
    events.plan_changed(scope, plan, "MODIFIED")
    return plan


def _version(
    scope: Scope, plan_id: str, given: Any, completed: Document, creator_request_id: str | None
) -> Document:
    return {
        "BackupPlanId": plan_id,
        "BackupPlanArn": scope.backend.arn("backup-plan", plan_id),
        "BackupPlanName": completed["BackupPlanName"],
        "VersionId": scope.version_id(),
        "CreationDate": scope.now(),
        "CreatorRequestId": creator_request_id,
        "AdvancedBackupSettings": completed.get("AdvancedBackupSettings"),
        "ScanSettings": completed.get("ScanSettings"),
        "BackupPlan": completed,
        "Given": given,
    }


def get_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    """Any version of a plan, a deleted one too, which has a DeletionDate."""
    versions = scope.backend.plan_versions.get(params["BackupPlanId"], [])
    wanted = params.get("VersionId")
    for version in reversed(versions):
        if wanted in (None, version["VersionId"]):
            return version
    raise not_found(
        f"Failed reading Backup plan with provided version: {params['BackupPlanId']} {wanted or ''}"
    )


def delete_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = current_plan(scope, params["BackupPlanId"])
    if scope.backend.selections.get(plan["BackupPlanId"]):
        raise refused(
            "Related backup plan selections must be deleted prior to backup plan deletion."
        )
    plan["DeletionDate"] = scope.now()
    scope.backend.tagger.delete_all_tags_for_resource(plan["BackupPlanArn"])
    events.plan_changed(scope, plan, "DELETED")
    return plan


def list_plans(scope: Scope, params: Params) -> Mapping[str, Any]:
    versions = scope.backend.plan_versions.values()
    plans = [listed[-1] for listed in versions] if params.get("IncludeDeleted") else _live(scope)
    return page(params, "BackupPlansList", plans)


def list_versions(scope: Scope, params: Params) -> Mapping[str, Any]:
    current_plan(scope, params["BackupPlanId"])
    versions = scope.backend.plan_versions[params["BackupPlanId"]]
    return page(params, "BackupPlanVersionsList", versions)


def _live(scope: Scope) -> Sequence[Document]:
    current = [versions[-1] for versions in scope.backend.plan_versions.values()]
    return [plan for plan in current if "DeletionDate" not in plan]


OPERATIONS: Mapping[str, Operation] = {
    "CreateBackupPlan": create_plan,
    "UpdateBackupPlan": update_plan,
    "GetBackupPlan": get_plan,
    "DeleteBackupPlan": delete_plan,
    "ListBackupPlans": list_plans,
    "ListBackupPlanVersions": list_versions,
}
