"""Says on the recovery point how its scripts went, and whether it is application-consistent: its
snapshots were begun after the script before and while what this began still held."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import boto3

_SHOWN_TO = timedelta(seconds=1)
"""As exactly as the start of a snapshot is told."""


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where there is no recovery point."""
    job: Mapping[str, Any] = boto3.client("backup").describe_backup_job(
        BackupJobId=events["BackupJobId"]
    )
    if job["State"] != "COMPLETED":
        raise RuntimeError(f"the backup job is {job['State']}: {job.get('StatusMessage') or ''}")
    arn: str = job["RecoveryPointArn"]
    image = arn.rpartition("/")[2]
    snapshots = _snapshots(image)
    tags = {"script": events["Script"]}
    if events["Document"]:
        steps = _steps(events["ExecutionId"])
        ran = {name: steps.get(step) for name, step in events["Steps"].items()}
        succeeded = {
            name: (step or {}).get("StepStatus") == "Success" for name, step in ran.items()
        }
        tags |= {name: "SUCCESS" if well else "FAILED" for name, well in succeeded.items()}
        held = all(succeeded.values()) and _held(events, ran, snapshots)
    else:
        held = True
    if events["WindowsVss"] and job.get("MessageCategory", "SUCCESS") != "SUCCESS":
        held = False  # AWS Backup goes on without VSS, and says so
    tags["consistency"] = "application" if held else "crash"
    boto3.client("ec2").create_tags(
        Resources=[image, *(snapshot["SnapshotId"] for snapshot in snapshots)],
        Tags=[{"Key": f"backup-org:{name}", "Value": value} for name, value in tags.items()],
    )
    return {"RecoveryPointArn": arn, "Consistency": tags["consistency"]}


def _snapshots(image: str) -> Sequence[Mapping[str, Any]]:
    ec2: Any = boto3.client("ec2")
    devices = ec2.describe_images(ImageIds=[image])["Images"][0].get("BlockDeviceMappings", [])
    ids = [
        device["Ebs"]["SnapshotId"] for device in devices if "SnapshotId" in device.get("Ebs", {})
    ]
    return ec2.describe_snapshots(SnapshotIds=ids)["Snapshots"]


def _steps(execution: str) -> Mapping[str, Mapping[str, Any]]:
    """Those of the runbook so far, by name."""
    ssm: Any = boto3.client("ssm")
    answer = ssm.get_automation_execution(AutomationExecutionId=execution)
    steps: Sequence[Mapping[str, Any]] = answer["AutomationExecution"].get("StepExecutions", [])
    return {step["StepName"]: step for step in steps}


def _held(
    events: Mapping[str, Any],
    ran: Mapping[str, Mapping[str, Any] | None],
    snapshots: Sequence[Mapping[str, Any]],
) -> bool:
    """Whether all snapshots were begun before the script after, and before what the one before
    began ended by itself."""
    began, ended = (
        _began(events["InstanceId"], ran[name]) for name in ("pre-script", "post-script")
    )
    over = min(began + timedelta(seconds=int(events["FreezeSeconds"])), ended)
    return bool(snapshots) and all(s["StartTime"] + _SHOWN_TO <= over for s in snapshots)


def _began(instance: str, step: Mapping[str, Any] | None) -> datetime:
    """When a step's command began on the instance."""
    assert step is not None
    (command,) = step["Outputs"]["CommandId"]
    invocation = boto3.client("ssm").get_command_invocation(CommandId=command, InstanceId=instance)
    return datetime.fromisoformat(invocation["ExecutionStartDateTime"])
