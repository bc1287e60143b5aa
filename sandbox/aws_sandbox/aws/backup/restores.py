"""Restore jobs with the verdicts of restore tests, and the plans of these tests."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.api import (
    BackupApi,
    Operation,
    Params,
    already_exists,
    invalid,
    matching,
    not_found,
    over_limit,
    page,
    recent,
    refused,
)
from aws_sandbox.aws.backup.images import (
    image_of,
    refused_metadata,
    restore_image,
    unknown_metadata,
)
from aws_sandbox.aws.backup.plans import check_role
from aws_sandbox.aws.backup.selections import meets
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import all_recovery_points

STATES = ("CREATED", "PENDING", "RUNNING")
FINAL_STATES = ("COMPLETED", "FAILED", "ABORTED")
_FILTERS: Mapping[str, str] = {
    "ByAccountId": "AccountId",
    "ByResourceType": "ResourceType",
    "ByCreatedBefore": "CreationDate",
    "ByCreatedAfter": "CreationDate",
    "ByStatus": "Status",
    "ByCompleteBefore": "CompletionDate",
    "ByCompleteAfter": "CompletionDate",
    "ByRestoreTestingPlanArn": "CreatedBy.RestoreTestingPlanArn",
    "ByParentJobId": "ParentJobId",
    "ByRecoveryPointCreationDateAfter": "RecoveryPointCreationDate",
    "ByRecoveryPointCreationDateBefore": "RecoveryPointCreationDate",
}


def create_restore_job(
    api: BackupApi,
    point: Mapping[str, Any],
    *,
    role_arn: str,
    restore_testing_plan_arn: str = "",
) -> Document:
    """A job in the status CREATED for a recovery point, said on the bus."""
    job: Document = {
        "AccountId": api.account,
        "RestoreJobId": api.uuid(),
        "RecoveryPointArn": point["RecoveryPointArn"],
        "RecoveryPointCreationDate": point["CreationDate"],
        "SourceResourceArn": point["ResourceArn"],
        "BackupVaultArn": point["BackupVaultArn"],
        "ResourceType": point["ResourceType"],
        "CreationDate": api.now(),
        "Status": "CREATED",
        "PercentDone": "0.00%",
        "BackupSizeInBytes": point["BackupSizeInBytes"],
        "IamRoleArn": role_arn,
        "IsParent": False,
    }
    if restore_testing_plan_arn:
        job["CreatedBy"] = {"RestoreTestingPlanArn": restore_testing_plan_arn}
    api.backend.restore_jobs[job["RestoreJobId"]] = job
    events.restore_job_changed(api, job)
    return job


def move_restore_job(
    api: BackupApi, job: Document, status: str, message: str = "", created_resource_arn: str = ""
) -> None:
    """Brings a job into a status; COMPLETED names what was restored."""
    if job["Status"] in FINAL_STATES:
        raise refused(f"Restore job {job['RestoreJobId']} is {job['Status']} already.")
    if status not in (*STATES, *FINAL_STATES):
        raise invalid(f"a restore job has no status {status!r}")
    job["Status"] = status
    job["StatusMessage"] = message or None
    if status in FINAL_STATES:
        job["CompletionDate"] = api.now()
    if status == "COMPLETED":
        restored = f"{job['SourceResourceArn']}-restored-{job['RestoreJobId'][:8]}"
        job["CreatedResourceArn"] = created_resource_arn or restored
        job["PercentDone"] = "100.00%"
    events.restore_job_changed(api, job)


def start_restore_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    arn = params["RecoveryPointArn"]
    point = next((p for p in all_recovery_points(api) if p["RecoveryPointArn"] == arn), None)
    if point is None:
        raise not_found(f"Recovery point {arn} does not exist.")
    token = params.get("IdempotencyToken")
    for job in api.backend.restore_jobs.values():
        if token and job.get("IdempotencyToken") == token:
            return job
    image = image_of(api, arn)
    unknown = unknown_metadata(params["Metadata"]) if image else []
    if unknown:
        raise invalid(f"Invalid restore metadata. You cannot include {', '.join(unknown)}.")
    role_arn = params.get("IamRoleArn") or point["IamRoleArn"]
    check_role(api, role_arn)
    job = create_restore_job(api, point, role_arn=role_arn)
    job["IdempotencyToken"], job["Metadata"] = token, params["Metadata"]
    if image is not None:
        job["CopiesTags"] = params.get("CopySourceTagsToRestoredResource")
        problem = refused_metadata(params["Metadata"])
        move_restore_job(api, job, "FAILED" if problem else "RUNNING", problem)
    return job


def find_restore_job(api: BackupApi, job_id: str) -> Document:
    job = api.backend.restore_jobs.get(job_id)
    if job is None:
        raise not_found(f"Restore job {job_id} does not exist.")
    return job


def describe_restore_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """The restore of an image that was asked for has come to its end at the second look."""
    job = find_restore_job(api, params["RestoreJobId"])
    image = image_of(api, job["RecoveryPointArn"])
    held = api.backend.held_at(job["SourceResourceArn"])
    if image is not None and "CopiesTags" in job and job["Status"] == "RUNNING" and not held:
        if job.get("Seen"):
            tags = api.backend.tags(job["RecoveryPointArn"]) if job["CopiesTags"] else {}
            arn = restore_image(api, image, job["Metadata"], tags)
            move_restore_job(api, job, "COMPLETED", created_resource_arn=arn)
        job["Seen"] = True
    return job


def list_restore_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    jobs = matching(recent(api, api.backend.restore_jobs), params, _FILTERS)
    return page(params, "RestoreJobs", jobs)


def put_validation_result(api: BackupApi, params: Params) -> None:
    """The verdict of a restore test; once given it cannot be changed."""
    job = find_restore_job(api, params["RestoreJobId"])
    if not job.get("CreatedBy"):
        raise refused(f"Restore job {job['RestoreJobId']} was not started by restore testing.")
    if job["Status"] != "COMPLETED":
        raise refused(f"Restore job {job['RestoreJobId']} is {job['Status']}, not COMPLETED.")
    if job.get("ValidationStatus") not in (None, "VALIDATING"):
        raise refused(f"Restore job {job['RestoreJobId']} is {job['ValidationStatus']} already.")
    job["ValidationStatus"] = params["ValidationStatus"]
    job["ValidationStatusMessage"] = params.get("ValidationStatusMessage")


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


def find_testing_plan(api: BackupApi, name: str) -> Document:
    """The plan of that name; ResourceNotFoundException when there is none."""
    plan = api.backend.restore_testing_plans.get(name)
    if plan is None:
        raise not_found(f"Restore testing plan {name} does not exist.")
    return plan


def create_testing_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    backend, given = api.backend, params["RestoreTestingPlan"]
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
        "RecoveryPointSelection": _with_defaults(given["RecoveryPointSelection"]),
        "RestoreTestingPlanArn": backend.arn("restore-testing-plan", f"{name}-{api.uuid()}"),
        "CreationTime": api.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
    }
    backend.restore_testing_plans[name] = plan
    backend.restore_testing_selections[name] = {}
    backend.tag_resource(plan["RestoreTestingPlanArn"], params.get("Tags") or {})
    return plan


def _with_defaults(given: Mapping[str, Any]) -> Document:
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


def get_testing_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"RestoreTestingPlan": find_testing_plan(api, params["RestoreTestingPlanName"])}


def list_testing_plans(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return page(params, "RestoreTestingPlans", list(api.backend.restore_testing_plans.values()))


def update_testing_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = find_testing_plan(api, params["RestoreTestingPlanName"])
    given = params["RestoreTestingPlan"]
    changed = {**plan, **given}
    changed["RecoveryPointSelection"] = {
        **plan["RecoveryPointSelection"],
        **(given.get("RecoveryPointSelection") or {}),
    }
    _refuse(_plan_problems(changed))
    plan.update(changed, LastUpdateTime=api.now())
    return {**plan, "UpdateTime": plan["LastUpdateTime"]}


def delete_testing_plan(api: BackupApi, params: Params) -> None:
    name = params["RestoreTestingPlanName"]
    plan = find_testing_plan(api, name)
    if api.backend.restore_testing_selections[name]:
        raise refused(f"Restore testing plan {name} still has selections; delete them first.")
    del api.backend.restore_testing_plans[name]
    api.backend.tagger.delete_all_tags_for_resource(plan["RestoreTestingPlanArn"])


def create_testing_selection(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = find_testing_plan(api, params["RestoreTestingPlanName"])
    selections = api.backend.restore_testing_selections[params["RestoreTestingPlanName"]]
    given = params["RestoreTestingSelection"]
    name = given["RestoreTestingSelectionName"]
    if name in selections:
        raise already_exists(f"Restore testing selection {name} already exists.")
    if len(selections) >= SELECTIONS_PER_PLAN:
        raise over_limit(f"The plan has {SELECTIONS_PER_PLAN} restore testing selections already.")
    _check_selection(api, given)
    selections[name] = {
        "ValidationWindowHours": 0,
        **given,
        "RestoreTestingPlanArn": plan["RestoreTestingPlanArn"],
        "RestoreTestingPlanName": plan["RestoreTestingPlanName"],
        "CreationTime": api.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
    }
    return selections[name]


def _check_selection(api: BackupApi, selection: Mapping[str, Any]) -> None:
    _refuse(_selection_problems(selection))
    check_role(api, selection["IamRoleArn"])


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


def list_testing_selections(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = params["RestoreTestingPlanName"]
    find_testing_plan(api, plan)
    found = list(api.backend.restore_testing_selections[plan].values())
    return page(params, "RestoreTestingSelections", found)


def find_testing_selection(api: BackupApi, params: Params) -> Document:
    plan, name = params["RestoreTestingPlanName"], params["RestoreTestingSelectionName"]
    find_testing_plan(api, plan)
    selection = api.backend.restore_testing_selections[plan].get(name)
    if selection is None:
        raise not_found(f"Restore testing selection {name} of plan {plan} does not exist.")
    return selection


def get_testing_selection(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"RestoreTestingSelection": find_testing_selection(api, params)}


def update_testing_selection(api: BackupApi, params: Params) -> Mapping[str, Any]:
    selection = find_testing_selection(api, params)
    changed = {**selection, **params["RestoreTestingSelection"]}
    _check_selection(api, changed)
    selection.update(changed)
    return {**selection, "UpdateTime": api.now()}


def delete_testing_selection(api: BackupApi, params: Params) -> None:
    find_testing_selection(api, params)
    selections = api.backend.restore_testing_selections[params["RestoreTestingPlanName"]]
    del selections[params["RestoreTestingSelectionName"]]


MISSED_START = (
    "Restore job was unable to start within the specified start window. "
    "Try increasing your start window."
)
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html"""


def run_testing_plan(api: BackupApi, name: str) -> list[Document]:
    """The jobs of a restore testing plan whose time has come: of each resource that one of its
    selections means, a recovery point that its plan takes.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
    """
    plan = find_testing_plan(api, name)
    jobs: list[Document] = []
    for selection in api.backend.restore_testing_selections[name].values():
        check_role(api, selection["IamRoleArn"])
        for points in _tested(api, plan, selection):
            job = create_restore_job(
                api,
                _chosen(api, plan, points),
                role_arn=selection["IamRoleArn"],
                restore_testing_plan_arn=plan["RestoreTestingPlanArn"],
            )
            job["Metadata"] = selection.get("RestoreMetadataOverrides") or {}
            jobs.append(job)
    return jobs


def _chosen(api: BackupApi, plan: Document, points: Sequence[Document]) -> Document:
    """Of a resource's recovery points, the oldest first."""
    if plan["RecoveryPointSelection"]["Algorithm"] == "LATEST_WITHIN_WINDOW":
        return points[-1]
    return points[int(api.uuid()[:8], 16) % len(points)]


def _tested(api: BackupApi, plan: Document, selection: Document) -> Iterator[Sequence[Document]]:
    """The eligible recovery points of each resource that the selection means, the oldest first."""
    arns: Sequence[str] = selection.get("ProtectedResourceArns") or ["*"]
    given: Mapping[str, Any] = selection.get("ProtectedResourceConditions") or {}
    conditions = {
        operator: [{"ConditionKey": e["Key"], "ConditionValue": e["Value"]} for e in entries]
        for operator, entries in given.items()
    }
    by_resource: dict[str, list[Document]] = {}
    for point in sorted(all_recovery_points(api), key=lambda point: point["CreationDate"]):
        if point["ResourceType"] == selection["ProtectedResourceType"]:
            by_resource.setdefault(point["ResourceArn"], []).append(point)
    for resource, points in by_resource.items():
        named = "*" in arns or resource in arns
        # AWS looks at the latest recovery point's tags, not at the resource's.
        if named and meets(conditions, api.backend.tags(points[-1]["RecoveryPointArn"])):
            eligible = [point for point in points if _is_eligible(api, plan, point)]
            if eligible:
                yield eligible


def _is_eligible(api: BackupApi, plan: Document, point: Document) -> bool:
    chosen: Mapping[str, Any] = plan["RecoveryPointSelection"]
    vault, since = point["BackupVaultArn"], timedelta(days=chosen["SelectionWindowDays"])
    kind = "CONTINUOUS" if point["Status"] == "AVAILABLE" else "SNAPSHOT"
    return (
        kind in chosen["RecoveryPointTypes"]
        and ("*" in chosen["IncludeVaults"] or vault in chosen["IncludeVaults"])
        and vault not in chosen["ExcludeVaults"]
        and point["CreationDate"] >= api.now() - since
    )


OPERATIONS: Mapping[str, Operation] = {
    "StartRestoreJob": start_restore_job,
    "DescribeRestoreJob": describe_restore_job,
    "ListRestoreJobs": list_restore_jobs,
    "PutRestoreValidationResult": put_validation_result,
    "CreateRestoreTestingPlan": create_testing_plan,
    "GetRestoreTestingPlan": get_testing_plan,
    "ListRestoreTestingPlans": list_testing_plans,
    "UpdateRestoreTestingPlan": update_testing_plan,
    "DeleteRestoreTestingPlan": delete_testing_plan,
    "CreateRestoreTestingSelection": create_testing_selection,
    "GetRestoreTestingSelection": get_testing_selection,
    "ListRestoreTestingSelections": list_testing_selections,
    "UpdateRestoreTestingSelection": update_testing_selection,
    "DeleteRestoreTestingSelection": delete_testing_selection,
}
