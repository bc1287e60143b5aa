"""The events of Automation, as the User Guide's "event examples for Systems Manager" has them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_sandbox.systems_manager.records import AnyExecution, StepRecord


def execution_changed(
    execution: AnyExecution, document: str, version: str, executed_by: str
) -> Mapping[str, Any]:
    """EC2 Automation Execution Status-change Notification."""
    detail = {
        **_detail(execution, document, version, execution.status),
        **_times(execution.started, execution.ended),
        "ExecutedBy": executed_by,
    }
    return _event("EC2 Automation Execution Status-change Notification", execution, detail)


def step_changed(
    execution: AnyExecution, record: StepRecord, document: str, version: str
) -> Mapping[str, Any]:
    """EC2 Automation Step Status-change Notification."""
    detail = {
        **_detail(execution, document, version, record.status),
        **_times(record.started, record.ended),
        "StepName": record.step.name,
        "Action": record.step.action,
    }
    return _event("EC2 Automation Step Status-change Notification", execution, detail)


def _detail(execution: AnyExecution, document: str, version: str, status: str) -> dict[str, Any]:
    return {
        "ExecutionId": execution.id,
        "Definition": document,
        "DefinitionVersion": float(version),
        "Status": status,
    }


def _times(started: datetime | None, ended: datetime | None) -> dict[str, Any]:
    """What has ended says when and after how many milliseconds."""
    times: dict[str, Any] = {"StartTime": _written(started)} if started else {}
    if started and ended:
        times["EndTime"] = _written(ended)
        times["Time"] = round((ended - started).total_seconds() * 1000, 1)
    return times


def _written(moment: datetime) -> str:
    """`Nov 29, 2024 7:43:25 PM`."""
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _event(kind: str, execution: AnyExecution, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    where = f"arn:aws:ssm:{execution.region}:{execution.account}"
    definition = f"{detail['Definition']}:{detail['DefinitionVersion']:.0f}"
    return {
        "detail-type": kind,
        "source": "aws.ssm",
        "resources": [
            f"{where}:automation-execution/{execution.id}",
            f"{where}:automation-definition/{definition}",
        ],
        "detail": detail,
    }
