"""The steps of a runbook that backs up one instance with a script before and after.

Whatever fails or is cancelled once the script before has begun, a step follows that runs the one
after. What the one before began also ends by itself, on the instance, which is the last guard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pulumi

from components.backup_plan import BackupRule
from components.script_step import script_inputs
from components.scripts.script_document import AGREED_TAG

_STEPS = Path(__file__).parent / "steps"
_DELIVERY_SECONDS = 30
"""Within which an instance must take a command up; Systems Manager takes no less."""
_SLACK_SECONDS = 60
"""For Systems Manager itself, beside the time that a command or a job may take."""
_EXECUTION = "{{automation:EXECUTION_ID}}"
_INSTANCE = "{{InstanceId}}"
_JOB = "{{StartBackup.BackupJobId}}"

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "InstanceId": {
        "type": "String",
        "description": "The instance that is backed up, such as i-0123456789abcdef0",
        "allowedPattern": "^i-[0-9a-f]{8,17}$",
    }
}
OUTPUTS = ("RecordResult.RecoveryPointArn", "RecordResult.Consistency")


@dataclass(frozen=True, kw_only=True)
class ScriptRun:
    """How the scripts' document is run."""

    document: pulumi.Input[str]
    parameters: Mapping[str, str]
    """Beside the command."""
    timeout_seconds: int
    retries: int


@dataclass(frozen=True, kw_only=True)
class ScriptedBackup:
    script: str
    """Its name in settings."""
    run: ScriptRun | None
    """None: Windows takes care itself, by VSS."""
    platform: Literal["linux", "windows"]
    windows_vss: bool
    when_pre_fails: Literal["skip", "crash_consistent"]
    post_after: Literal["snapshots", "completed"]
    freeze_seconds: int
    rule: BackupRule
    vault_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """The role in which AWS Backup works."""
    log_group: pulumi.Input[str]
    output_bucket: str | None
    output_prefix: str


def backup_steps(backup: ScriptedBackup) -> list[Mapping[str, Any]]:
    """In their order, as a runbook has them."""
    start, wait, record = _start_backup(backup), _wait_for_backup(backup), _record_result(backup)
    run = backup.run
    if run is None:
        return [_check_instance(backup), start, wait, record, *_copies(backup)]
    guarded = {"onCancel": "step:SendPostScript"}
    before = _script_step("RunPreScript", "pre-script", backup, run) | guarded
    before["onFailure"] = (
        "step:RunPostScriptAfterFailure" if backup.when_pre_fails == "skip" else "step:StartBackup"
    )
    start |= guarded | {"onFailure": "step:RunPostScriptAfterFailure"}
    after = _script_step("RunPostScript", "post-script", backup, run) | guarded
    if backup.post_after == "snapshots":
        waits = _wait_for_snapshots(backup) | guarded
        after["onFailure"] = "step:WaitForBackup"
        in_between = [waits, after, wait]
    else:
        wait |= guarded | {"onFailure": "step:RunPostScript"}
        after["onFailure"] = "step:RecordResult"
        in_between = [wait, after]
    last_resort = _script_step("RunPostScriptAfterFailure", "post-script", backup, run) | guarded
    return [
        _check_instance(backup),
        before,
        start,
        *in_between,
        record,
        *_copies(backup),
        last_resort | {"isEnd": True},
        _send_post_script(backup, run),
    ]


def _check_instance(backup: ScriptedBackup) -> dict[str, Any]:
    key, value = AGREED_TAG
    step: dict[str, Any] = {
        "name": "CheckInstance",
        "description": "Systems Manager reaches the instance, and the document may be run",
        "action": "aws:executeScript",
        "timeoutSeconds": _SLACK_SECONDS,
        "isCritical": True,
        "inputs": script_inputs(
            _STEPS / "check_instance.py",
            {
                "InstanceId": _INSTANCE,
                "Platform": backup.platform.title(),
                "Document": backup.run.document if backup.run else "",
                "TagKey": key,
                "TagValue": value,
            },
        ),
    }
    if backup.when_pre_fails == "crash_consistent":
        step["onFailure"] = "step:StartBackup"
    return step


def _command(
    command: Literal["pre-script", "post-script"], backup: ScriptedBackup, run: ScriptRun
) -> dict[str, Any]:
    """A request of Run Command."""
    parameters = {"command": command, "executionId": _EXECUTION, **run.parameters}
    request: dict[str, Any] = {
        "DocumentName": run.document,
        "InstanceIds": [_INSTANCE],
        "Parameters": {name: [value] for name, value in parameters.items()},
        "TimeoutSeconds": _DELIVERY_SECONDS,
        "CloudWatchOutputConfig": {
            "CloudWatchLogGroupName": backup.log_group,
            "CloudWatchOutputEnabled": True,
        },
    }
    if backup.output_bucket is not None:
        request["OutputS3BucketName"] = backup.output_bucket
        request["OutputS3KeyPrefix"] = backup.output_prefix
    return request


def _script_step(
    name: str,
    command: Literal["pre-script", "post-script"],
    backup: ScriptedBackup,
    run: ScriptRun,
) -> dict[str, Any]:
    return {
        "name": name,
        "action": "aws:runCommand",
        "timeoutSeconds": run.timeout_seconds + _DELIVERY_SECONDS + _SLACK_SECONDS,
        "maxAttempts": run.retries + 1,
        "isCritical": True,
        "inputs": _command(command, backup, run),
    }


def _send_post_script(backup: ScriptedBackup, run: ScriptRun) -> dict[str, Any]:
    return {
        "name": "SendPostScript",
        "description": "Of a cancelled runbook: sent, and not waited for",
        "action": "aws:executeAwsApi",
        "isEnd": True,
        "inputs": {
            "Service": "ssm",
            "Api": "SendCommand",
            **_command("post-script", backup, run),
        },
    }


def _start_backup(backup: ScriptedBackup) -> dict[str, Any]:
    rule = backup.rule
    request: dict[str, Any] = {
        "BackupVaultName": backup.vault_name,
        "ResourceArn": (
            "arn:{{global:AWS_PARTITION}}:ec2:{{global:REGION}}:{{global:ACCOUNT_ID}}"
            f":instance/{_INSTANCE}"
        ),
        "IamRoleArn": backup.role_arn,
        "IdempotencyToken": _EXECUTION,
        "StartWindowMinutes": rule.start_window_minutes,
        "CompleteWindowMinutes": rule.completion_window_minutes,
        "Lifecycle": _lifecycle(rule.delete_after_days, rule.move_to_cold_storage_after_days),
        "RecoveryPointTags": {**rule.recovery_point_tags, "backup-org:script": backup.script},
    }
    if backup.windows_vss:
        request["BackupOptions"] = {"WindowsVSS": "enabled"}
    return {
        "name": "StartBackup",
        "description": f"As the plan's rule {rule.name} says",
        "action": "aws:executeAwsApi",
        "maxAttempts": 3,  # the token keeps it one job
        "timeoutSeconds": _SLACK_SECONDS,
        "isCritical": True,
        "inputs": {"Service": "backup", "Api": "StartBackupJob", **request},
        "outputs": [{"Name": "BackupJobId", "Selector": "$.BackupJobId", "Type": "String"}],
    }


def _lifecycle(delete_after_days: int, cold_after_days: int | None) -> Mapping[str, int]:
    cold = {} if cold_after_days is None else {"MoveToColdStorageAfterDays": cold_after_days}
    return {**cold, "DeleteAfterDays": delete_after_days}


def _wait_for_snapshots(backup: ScriptedBackup) -> dict[str, Any]:
    return {
        "name": "WaitForSnapshots",
        "description": "Pending is enough; without them the script after runs all the same",
        "action": "aws:executeScript",
        "timeoutSeconds": backup.freeze_seconds + _SLACK_SECONDS,
        "onFailure": "step:RunPostScript",
        "isCritical": False,  # the backup goes on, and is recorded as crash-consistent
        "inputs": script_inputs(
            _STEPS / "wait_for_snapshots.py",
            {"InstanceId": _INSTANCE, "BackupJobId": _JOB, "Seconds": backup.freeze_seconds},
        ),
    }


def _wait_for_backup(backup: ScriptedBackup) -> dict[str, Any]:
    return {
        "name": "WaitForBackup",
        "action": "aws:waitForAwsResourceProperty",
        "timeoutSeconds": backup.rule.completion_window_minutes * 60 + _SLACK_SECONDS,
        "isCritical": True,
        "inputs": {
            "Service": "backup",
            "Api": "DescribeBackupJob",
            "BackupJobId": _JOB,
            "PropertySelector": "$.State",
            "DesiredValues": ["COMPLETED", "ABORTED", "EXPIRED", "FAILED", "PARTIAL"],
        },
    }


def _record_result(backup: ScriptedBackup) -> dict[str, Any]:
    step: dict[str, Any] = {
        "name": "RecordResult",
        "description": "Tags of the recovery point say how the scripts went",
        "action": "aws:executeScript",
        "timeoutSeconds": _SLACK_SECONDS,
        "isCritical": True,
        "inputs": script_inputs(
            _STEPS / "record_result.py",
            {
                "InstanceId": _INSTANCE,
                "BackupJobId": _JOB,
                "ExecutionId": _EXECUTION,
                "Script": backup.script,
                "Document": backup.run.document if backup.run else "",
                "Steps": {"pre-script": "RunPreScript", "post-script": "RunPostScript"},
                "FreezeSeconds": backup.freeze_seconds,
                "WindowsVss": backup.windows_vss,
            },
        ),
        "outputs": [
            {"Name": name, "Selector": f"$.Payload.{name}", "Type": "String"}
            for name in ("RecoveryPointArn", "Consistency")
        ],
    }
    return step if backup.rule.copies else step | {"isEnd": True}


def _copies(backup: ScriptedBackup) -> list[Mapping[str, Any]]:
    """AWS Backup copies by itself what a plan made; what was started by hand is copied so."""
    steps: list[Mapping[str, Any]] = [
        {
            "name": f"CopyRecoveryPoint{number}",
            "action": "aws:executeAwsApi",
            "maxAttempts": 3,
            "isCritical": True,
            "isEnd": number == len(backup.rule.copies),
            "inputs": {
                "Service": "backup",
                "Api": "StartCopyJob",
                "RecoveryPointArn": "{{RecordResult.RecoveryPointArn}}",
                "SourceBackupVaultName": backup.vault_name,
                "DestinationBackupVaultArn": copy.vault_arn,
                "IamRoleArn": backup.role_arn,
                "IdempotencyToken": f"{_EXECUTION}-{number}",
                "Lifecycle": _lifecycle(
                    copy.delete_after_days, copy.move_to_cold_storage_after_days
                ),
            },
        }
        for number, copy in enumerate(backup.rule.copies, start=1)
    ]
    return steps
