"""The steps of the drill, and of what removes all that it made.

Whatever fails once something was made, the steps follow that remove it, and the runbook still ends
as Failed. A cancellation leaves two minutes: then a runbook of its own is started that removes it,
and so it is where something is left behind.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from components.recovery.restore_metadata import RESTORES
from components.script_step import script_inputs

_STEPS = Path(__file__).parent / "steps"
_START_RESTORE = Path(__file__).parents[1] / "recovery" / "steps" / "start_restore.py"
DRILL_TAG = "backup-org:drill"
"""Of all that a drill makes in EC2: the id of its execution."""
_THIS = "{{automation:EXECUTION_ID}}"
_CALL_SECONDS = 60
_SCRIPT_SECONDS = 600
"""The longest that Automation lets a script run."""
_START_MINUTES, _COMPLETE_MINUTES = 60, 120
"""The shortest start window that AWS Backup takes, and more than a small instance needs."""
_BACKUP_SECONDS = (_START_MINUTES + _COMPLETE_MINUTES) * 60
_RESTORE_SECONDS = 2 * 3600
_INSTANCE_SECONDS = 1200
"""For an instance to run, and then to pass its status checks: each takes minutes."""
_KEEP_DAYS = 1
"""The last guard: what nothing else removes AWS Backup does."""
_BACKUP_ENDED = ("COMPLETED", "ABORTED", "EXPIRED", "FAILED", "PARTIAL")
_TOLD_WITHIN = "PT10M"
"""AWS Backup tells its events every five minutes."""

OUTPUTS = ("ListLeftBehind.LeftBehind",)
CLEAN_UP_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "DrillId": {
        "type": "String",
        "description": "The id of the drill's execution",
        "allowedPattern": "^[0-9a-f-]{36}$",
    }
}


@dataclass(frozen=True, kw_only=True)
class DrillPlan:
    """Where a drill takes place, and with what."""

    account: str
    region: str
    partition: str
    runbook: str
    clean_up_runbook: str
    """Names of the documents; the second one starts with the first."""
    vault_name: pulumi.Input[str]
    backup_role_arn: pulumi.Input[str]
    """The role in which AWS Backup works."""
    image_parameter: str
    """Systems Manager's public parameter that names the newest image."""
    instance_type: str
    subnet: str | None
    security_groups: Sequence[str]


def drill_steps(plan: DrillPlan) -> list[Mapping[str, Any]]:
    """In their order, as a runbook has them."""
    acts = [
        _find_image(plan),
        *_make_instance(plan),
        *_back_up("Backup", plan),
        *_restore(plan),
        *_cancel_a_backup(plan),
    ]
    guarded = {"onFailure": "step:EndJobs", "onCancel": "step:StartCleanUp"}
    removes = clean_up_steps(plan, _THIS)
    for step in removes[-2:]:
        step["onFailure"] = "step:StartCleanUp"
    return [
        _check_alone(plan, [_THIS]),
        *(step | guarded for step in acts),
        *(step | {"onCancel": "step:StartCleanUp"} for step in removes),
        _start_clean_up(plan),
    ]


def clean_up_steps(plan: DrillPlan, drill: str) -> list[dict[str, Any]]:
    """`drill` is the id of the drill's execution. What one step cannot remove does not keep the
    next one from removing what it can."""
    tasks = {
        "EndJobs": ("end_jobs", "Stops its backups, and waits for its restores", 6),
        "BackUpOnceMore": (
            "back_up_once_more",
            "So that the incident of the backup that was cancelled is resolved",
            12,
        ),
        "RemoveRecoveryPoints": ("remove_recovery_points", "With their images and snapshots", 3),
        "TerminateInstances": ("terminate_instances", "With their volumes", 3),
        "ListLeftBehind": ("list_left_behind", "What could not be removed", 3),
    }
    names = [*tasks, "CheckNothingIsLeft"]
    others = {task for task, _, _ in tasks.values()}
    steps = [
        _clean_up_step(name, description, _drill(plan, drill) | {"Task": task}, others - {task})
        | {"maxAttempts": attempts, "onFailure": f"step:{names[names.index(name) + 1]}"}
        for name, (task, description, attempts) in tasks.items()
    ]
    by_name = {step["name"]: step for step in steps}
    by_name["BackUpOnceMore"]["outputs"] = [_payload("BackupJobId")]
    by_name["ListLeftBehind"]["outputs"] = [_payload("LeftBehind", "StringList")]
    del steps[-1]["onFailure"]
    check = _script(
        "CheckNothingIsLeft",
        "Fails where anything is",
        _STEPS / "check_nothing_is_left.py",
        {"LeftBehind": "{{ListLeftBehind.LeftBehind}}"},
    )
    return [*steps, check | {"isEnd": True}]


def _clean_up_step(
    name: str, description: str, payload: Mapping[str, Any], others: AbstractSet[str]
) -> dict[str, Any]:
    """Without the functions of the other tasks: a document may have 64 KB."""
    script = _STEPS / "clean_up.py"
    step = _script(name, description, script, payload)
    text = script.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef) and node.name in others:
            del lines[node.lineno - 1 : node.end_lineno]
    step["inputs"] = {**step["inputs"], "Script": re.sub(r"\n{4,}", "\n\n\n", "".join(lines))}
    return step


def clean_up_runbook_steps(plan: DrillPlan) -> list[Mapping[str, Any]]:
    """Of the runbook that removes what a drill left."""
    drill = "{{DrillId}}"
    return [_check_alone(plan, [_THIS, drill]), *clean_up_steps(plan, drill)]


def _check_alone(plan: DrillPlan, but: Sequence[str]) -> dict[str, Any]:
    return _script(
        "CheckAlone",
        "No other drill is under way here",
        _STEPS / "check_alone.py",
        {"Runbook": plan.runbook, "But": but},
    )


def _find_image(plan: DrillPlan) -> dict[str, Any]:
    return _call(
        "FindImage",
        "The newest Amazon Linux 2023",
        ("ssm", "GetParameter"),
        {"Name": plan.image_parameter},
        {"ImageId": "$.Parameter.Value"},
    )


def _make_instance(plan: DrillPlan) -> list[dict[str, Any]]:
    tags = [{"Key": DRILL_TAG, "Value": _THIS}, {"Key": "Name", "Value": plan.runbook}]
    request: dict[str, Any] = {
        "ClientToken": _THIS,
        "ImageId": "{{FindImage.ImageId}}",
        "InstanceType": plan.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "MetadataOptions": {"HttpTokens": "required"},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
        ],
    }
    if plan.subnet is not None:
        request["SubnetId"] = plan.subnet
    if plan.security_groups:
        request["SecurityGroupIds"] = list(plan.security_groups)
    return [
        _call(
            "CreateInstance",
            "Temporary, with no role of its own",
            ("ec2", "RunInstances"),
            request,
            {"InstanceId": "$.Instances[0].InstanceId"},
        ),
        _wait(
            "WaitUntilRunning",
            _INSTANCE_SECONDS,
            ("ec2", "DescribeInstances", {"InstanceIds": ["{{CreateInstance.InstanceId}}"]}),
            "$.Reservations[0].Instances[0].State.Name",
            ["running"],
        ),
    ]


def _back_up(name: str, plan: DrillPlan) -> list[dict[str, Any]]:
    """Starts a backup, waits for it and checks it."""
    return [
        _start_backup(f"Start{name}", "On demand, into the drill's own vault", plan),
        _wait_for_backup(f"WaitFor{name}", f"Start{name}", _BACKUP_SECONDS, _BACKUP_ENDED),
        _check_backup(f"Check{name}", f"Start{name}", "COMPLETED"),
    ]


def _restore(plan: DrillPlan) -> list[dict[str, Any]]:
    keeps = RESTORES["EC2"].keeps
    job = "{{StartRestore.RestoreJobId}}"
    start = _script(
        "StartRestore",
        "As a new instance beside the first",
        _START_RESTORE,
        {
            "BackupVaultName": plan.vault_name,
            "RecoveryPointArn": "{{CheckBackup.RecoveryPointArn}}",
            "IamRoleArn": plan.backup_role_arn,
            "ExecutionId": _THIS,
            "Metadata": {"RequireIMDSv2": "true"},
            "Restores": {"EC2": {"Keeps": keeps, "Sets": {}, "Needs": [], "Tags": True}},
        },
        "RestoreJobId",
    )
    check = _script(
        "CheckRestore",
        "It is an instance with the same volumes",
        _STEPS / "check_restore.py",
        {"RestoreJobId": job, "InstanceId": "{{CreateInstance.InstanceId}}"},
        *("InstanceId", "Volumes", "Seconds"),
    )
    return [
        start,
        _wait(
            "WaitForRestore",
            _RESTORE_SECONDS,
            ("backup", "DescribeRestoreJob", {"RestoreJobId": job}),
            "$.Status",
            ["COMPLETED", "ABORTED", "FAILED"],
        ),
        check,
        _wait(
            "WaitForStatusChecks",
            _INSTANCE_SECONDS,
            ("ec2", "DescribeInstanceStatus", {"InstanceIds": ["{{CheckRestore.InstanceId}}"]}),
            "$.InstanceStatuses[0].InstanceStatus.Status",
            ["ok"],
        ),
    ]


def _cancel_a_backup(plan: DrillPlan) -> list[dict[str, Any]]:
    start, job = "StartBackupToCancel", "{{StartBackupToCancel.BackupJobId}}"
    return [
        _start_backup(start, "Another one, to be cancelled", plan),
        _wait_for_backup("WaitUntilItRuns", start, _BACKUP_SECONDS, ("RUNNING", *_BACKUP_ENDED)),
        _call("CancelBackup", "Midway", ("backup", "StopBackupJob"), {"BackupJobId": job}),
        _wait_for_backup("WaitUntilCancelled", start, 3600, _BACKUP_ENDED),
        _check_backup("CheckCancelled", start, "ABORTED"),
        {
            "name": "WaitForTheIncident",
            "description": "AWS Backup tells of a job's end within minutes: before the next one",
            "action": "aws:sleep",
            "isCritical": True,
            "inputs": {"Duration": _TOLD_WITHIN},
        },
    ]


def _start_clean_up(plan: DrillPlan) -> dict[str, Any]:
    step = _call(
        "StartCleanUp",
        "Removes what a cancelled drill made, or what is still there",
        ("ssm", "StartAutomationExecution"),
        {"DocumentName": plan.clean_up_runbook, "Parameters": {"DrillId": [_THIS]}},
        {"ExecutionId": "$.AutomationExecutionId"},
    )
    return step | {"isEnd": True}


def _drill(plan: DrillPlan, drill: str) -> dict[str, Any]:
    """What the tasks of the clean-up are told."""
    return {
        "DrillId": drill,
        "TagKey": DRILL_TAG,
        "Account": plan.account,
        "Region": plan.region,
        "Partition": plan.partition,
        "BackupVaultName": plan.vault_name,
        "IamRoleArn": plan.backup_role_arn,
    }


def _start_backup(name: str, description: str, plan: DrillPlan) -> dict[str, Any]:
    resource = f"arn:{plan.partition}:ec2:{plan.region}:{plan.account}:instance"
    return _call(
        name,
        description,
        ("backup", "StartBackupJob"),
        {
            "BackupVaultName": plan.vault_name,
            "ResourceArn": resource + "/{{CreateInstance.InstanceId}}",
            "IamRoleArn": plan.backup_role_arn,
            "IdempotencyToken": f"{_THIS}-{name}",
            "StartWindowMinutes": _START_MINUTES,
            "CompleteWindowMinutes": _COMPLETE_MINUTES,
            "Lifecycle": {"DeleteAfterDays": _KEEP_DAYS},
            "RecoveryPointTags": {DRILL_TAG: _THIS},
        },
        {"BackupJobId": "$.BackupJobId"},
    )


def _wait_for_backup(
    name: str, started: str, seconds: int, states: Sequence[str]
) -> dict[str, Any]:
    job = f"{{{{{started}.BackupJobId}}}}"
    call = ("backup", "DescribeBackupJob", {"BackupJobId": job})
    return _wait(name, seconds, call, "$.State", states)


def _check_backup(name: str, started: str, state: str) -> dict[str, Any]:
    job = f"{{{{{started}.BackupJobId}}}}"
    payload = {"BackupJobId": job, "State": state}
    description = "It was cancelled" if state == "ABORTED" else "It ended well"
    return _script(
        name, description, _STEPS / "check_backup.py", payload, *("RecoveryPointArn", "Seconds")
    )


def _call(
    name: str,
    description: str,
    operation: tuple[str, str],
    request: Mapping[str, Any],
    outputs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A call that may be made again: a token, or its nature, keeps it one."""
    service, api = operation
    return {
        "name": name,
        "description": description,
        "action": "aws:executeAwsApi",
        "maxAttempts": 3,
        "timeoutSeconds": _CALL_SECONDS,
        "isCritical": True,
        "inputs": {"Service": service, "Api": api, **request},
        "outputs": [
            {"Name": output, "Selector": selector, "Type": "String"}
            for output, selector in (outputs or {}).items()
        ],
    }


def _wait(
    name: str,
    seconds: int,
    call: tuple[str, str, Mapping[str, Any]],
    selector: str,
    values: Sequence[str],
) -> dict[str, Any]:
    service, api, request = call
    return {
        "name": name,
        "action": "aws:waitForAwsResourceProperty",
        "timeoutSeconds": seconds,
        "isCritical": True,
        "inputs": {
            "Service": service,
            "Api": api,
            **request,
            "PropertySelector": selector,
            "DesiredValues": list(values),
        },
    }


def _script(
    name: str, description: str, script: Path, payload: Mapping[str, Any], *outputs: str
) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "action": "aws:executeScript",
        "timeoutSeconds": _SCRIPT_SECONDS,
        "isCritical": True,
        "inputs": script_inputs(script, payload),
        "outputs": [_payload(output) for output in outputs],
    }


def _payload(name: str, type_: str = "String") -> Mapping[str, str]:
    """An output of a script."""
    return {"Name": name, "Selector": f"$.Payload.{name}", "Type": type_}
