"""What a test or a demonstration tells AWS Backup here: how a job went.

`backup.job` makes a job that has come to its end already, `backup.finish` ends one that was
started through the API; `backup.run_rule` runs a rule of a deployed plan, as if its time had come,
with its copies, and `backup.run_restore_testing_plan` starts the restores of a restore testing
plan, or misses their start. `backup.hold` keeps backups of a resource from beginning, or from
ending, by themselves, as AWS Backup takes its time. Each change is said on the account's bus as AWS
says it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup.api import BackupApi, BackupError
from aws_sandbox.aws.backup.copies import create_copy_job, move_copy_job
from aws_sandbox.aws.backup.jobs import create_backup_job, move_backup_job, run_rule
from aws_sandbox.aws.backup.plans import created_by, current_plan, live_plans
from aws_sandbox.aws.backup.restores import (
    MISSED_START,
    create_restore_job,
    find_testing_plan,
    move_restore_job,
    run_testing_plan,
)
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import all_recovery_points
from aws_sandbox.aws.context import Services
from aws_sandbox.control import ControlApi

_JOB_FIELDS = frozenset(
    {"kind", "account", "region", "state", "message", "resource_arn", "vault", "role_arn"}
    | {"size_bytes", "plan_id", "delete_after_days"}
    | {"destination_vault_arn", "restore_testing_plan", "created_resource_arn"}
)
_FINISH_FIELDS = frozenset(
    {"account", "region", "job_id", "state", "message", "message_category", "created_resource_arn"}
)
_RUN_FIELDS = frozenset({"account", "region", "plan", "rule"})
_TEST_FIELDS = frozenset({"account", "region", "plan", "missed"})
_HOLD_FIELDS = frozenset({"account", "region", "resource_arn", "state", "held"})
_HELD_AT = ("CREATED", "RUNNING")
_ROLE = "arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"


class _Fields:
    """A request's fields, each asked for by name; ValueError names a missing or unknown one."""

    def __init__(self, given: Mapping[str, Any], known: frozenset[str]) -> None:
        unknown = sorted(set(given) - known)
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        self._given = given

    def text(self, name: str, default: str | None = None) -> str:
        value = self._given.get(name, default)
        if value is None:
            raise ValueError(f"{name} is missing")
        return str(value)

    def number(self, name: str) -> int | None:
        value = self._given.get(name)
        return None if value is None else int(value)


def add_backup_controls(control: ControlApi, services: Services) -> None:
    """Offers `backup.hold`, `backup.job`, `backup.run_rule`, `backup.run_restore_testing_plan` and
    `backup.finish`."""
    control.add("backup.job", lambda given: _job(services, given))
    control.add("backup.run_rule", lambda given: _run_rule(services, given))
    control.add("backup.run_restore_testing_plan", lambda given: _test_restores(services, given))
    control.add("backup.hold", lambda given: _hold(services, given))
    control.add("backup.finish", lambda given: _finish(services, given))


def _api(services: Services, fields: _Fields) -> BackupApi:
    return BackupApi(
        account=fields.text("account"), region=fields.text("region"), services=services
    )


def _hold(services: Services, given: Mapping[str, Any]) -> None:
    fields = _Fields(given, _HOLD_FIELDS)
    held, resource = _api(services, fields).backend.held_resources, fields.text("resource_arn")
    state = fields.text("state", _HELD_AT[0])
    if state not in _HELD_AT:
        raise ValueError(f"state is one of {', '.join(_HELD_AT)}, not {state!r}")
    if given.get("held", True):
        held[resource] = state
    else:
        held.pop(resource, None)


def _job(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = _Fields(given, _JOB_FIELDS)
    kind = fields.text("kind")
    if kind not in _MAKERS:
        raise ValueError(f"kind is one of {', '.join(_MAKERS)}, not {kind!r}")
    try:
        return _MAKERS[kind](_api(services, fields), fields)
    except BackupError as error:
        raise ValueError(str(error)) from error


def _backup(api: BackupApi, fields: _Fields) -> Document:
    plan_id = fields.text("plan_id", "")
    days = fields.number("delete_after_days")
    job = create_backup_job(
        api,
        vault_name=fields.text("vault"),
        resource_arn=fields.text("resource_arn"),
        role_arn=_role(api, fields),
        lifecycle={"DeleteAfterDays": days} if days else None,
        created_by=_by_first_rule(api, plan_id) if plan_id else None,
        size_bytes=fields.number("size_bytes") or 0,
    )
    move_backup_job(api, job, fields.text("state"), fields.text("message", ""))
    return job


def _copy(api: BackupApi, fields: _Fields) -> Document:
    days = fields.number("delete_after_days")
    job = create_copy_job(
        api,
        _latest_point(api, fields.text("resource_arn")),
        destination_vault_arn=fields.text("destination_vault_arn"),
        role_arn=_role(api, fields),
        lifecycle={"DeleteAfterDays": days} if days else None,
    )
    move_copy_job(api, job, fields.text("state"), fields.text("message", ""))
    return job


def _restore(api: BackupApi, fields: _Fields) -> Document:
    plan = fields.text("restore_testing_plan", "")
    job = create_restore_job(
        api,
        _latest_point(api, fields.text("resource_arn")),
        role_arn=_role(api, fields),
        restore_testing_plan_arn=(
            find_testing_plan(api, plan)["RestoreTestingPlanArn"] if plan else ""
        ),
    )
    message, created = fields.text("message", ""), fields.text("created_resource_arn", "")
    move_restore_job(api, job, fields.text("state"), message, created)
    return job


_MAKERS: Mapping[str, Callable[[BackupApi, _Fields], Document]] = {
    "backup": _backup,
    "copy": _copy,
    "restore": _restore,
}


def _by_first_rule(api: BackupApi, plan_id: str) -> Document:
    plan = current_plan(api, plan_id)
    return created_by(plan, plan["BackupPlan"]["Rules"][0])


def _run_rule(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = _Fields(given, _RUN_FIELDS)
    api, rule_name = _api(services, fields), fields.text("rule")
    plan = _named(live_plans(api), "BackupPlanName", fields.text("plan"))
    rule = _named(plan["BackupPlan"]["Rules"], "RuleName", rule_name)
    try:
        jobs = run_rule(api, plan, rule)
    except BackupError as error:
        raise ValueError(str(error)) from error
    ids = {job["BackupJobId"] for job in jobs}
    copies = list(api.backend.copy_jobs.values())
    return {
        "backup_jobs": jobs,
        "copy_jobs": [job for job in copies if job.get("CreatedByBackupJobId") in ids],
    }


def _test_restores(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The restore jobs, begun and not ended; `missed`: none of them began in its start window."""
    fields = _Fields(given, _TEST_FIELDS)
    api = _api(services, fields)
    try:
        jobs = run_testing_plan(api, fields.text("plan"))
    except BackupError as error:
        raise ValueError(str(error)) from error
    for job in jobs:
        if given.get("missed", False):
            move_restore_job(api, job, "FAILED", MISSED_START)
    return {"restore_jobs": jobs}


def _named(items: Sequence[Document], member: str, name: str) -> Document:
    for item in items:
        if item[member] == name:
            return item
    raise ValueError(f"no {member} {name}; there are: {[item[member] for item in items]}")


def _role(api: BackupApi, fields: _Fields) -> str:
    return fields.text("role_arn", _ROLE.format(account=api.account))


def _latest_point(api: BackupApi, resource_arn: str) -> Document:
    points = [p for p in all_recovery_points(api) if p["ResourceArn"] == resource_arn]
    if not points:
        raise ValueError(
            f"{resource_arn} has no recovery point in {api.account} {api.region}: "
            "finish a backup of it first"
        )
    return max(points, key=lambda point: point["CompletionDate"])


def _finish(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = _Fields(given, _FINISH_FIELDS)
    api, job_id = _api(services, fields), fields.text("job_id")
    state, message = fields.text("state"), fields.text("message", "")
    backend = api.backend
    try:
        if job_id in backend.backup_jobs:
            category = fields.text("message_category", "")
            move_backup_job(api, backend.backup_jobs[job_id], state, message, category)
            return backend.backup_jobs[job_id]
        if job_id in backend.copy_jobs:
            move_copy_job(api, backend.copy_jobs[job_id], state, message)
            return backend.copy_jobs[job_id]
        if job_id in backend.restore_jobs:
            created = fields.text("created_resource_arn", "")
            move_restore_job(api, backend.restore_jobs[job_id], state, message, created)
            return backend.restore_jobs[job_id]
    except BackupError as error:
        raise ValueError(str(error)) from error
    raise ValueError(f"there is no job {job_id} in {api.account} {api.region}")
