"""What Automation's API answers of an automation and of its steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_sandbox.systems_manager.records import AnyExecution, StepRecord
from aws_sandbox.systems_manager.references import as_text
from aws_sandbox.systems_manager.runbooks import STEP

_NO_OUTPUT = "No output available yet because the step is not successfully executed"


@dataclass(frozen=True, kw_only=True)
class Started:
    """An automation with what its starter said."""

    execution: AnyExecution
    document: str
    version: str
    parameters: Mapping[str, Sequence[str]]
    by: str
    """The ARN of who started it."""
    token: str = ""
    target_parameter: str = ""
    """Of one with targets: the runbook's parameter that takes each."""
    targets: Sequence[Mapping[str, Any]] = ()
    resolved_targets: Sequence[str] = ()
    parent: str = ""
    """Of one target's: the id of the automation that started it."""
    target: str = ""


def execution_document(started: Started) -> dict[str, Any]:
    """An AutomationExecution without its steps."""
    execution = started.execution
    outputs = execution.outputs()
    document: dict[str, Any] = {
        "AutomationExecutionId": execution.id,
        "AutomationExecutionStatus": execution.status,
        "DocumentName": started.document,
        "DocumentVersion": started.version,
        "ExecutedBy": started.by,
        "ExecutionStartTime": _time(execution.started),
        "ExecutionEndTime": _time(execution.ended),
        "Mode": "Auto",
        "Outputs": {
            name: _texts(outputs[name]) if outputs.get(name) is not None else [_NO_OUTPUT]
            for name in execution.runbook.outputs
        },
        "Parameters": {name: list(given) for name, given in started.parameters.items()},
        "FailureMessage": execution.failure or None,
        "CurrentStepName": execution.current or None,
        "CurrentAction": _action(execution),
        "TargetParameterName": started.target_parameter or None,
        "Targets": list(started.targets),
        "ResolvedTargets": {"ParameterValues": list(started.resolved_targets), "Truncated": False},
        "ParentAutomationExecutionId": started.parent or None,
        "Target": started.target or None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _action(execution: AnyExecution) -> str | None:
    return execution.records[execution.current].step.action if execution.current else None


def step_document(record: StepRecord) -> dict[str, Any]:
    """A StepExecution."""
    step = record.step
    failed = record.status in ("Failed", "TimedOut")
    document: dict[str, Any] = {
        "StepName": step.name,
        "StepExecutionId": record.id,
        "Action": step.action,
        "StepStatus": record.status,
        "ExecutionStartTime": _time(record.started),
        "ExecutionEndTime": _time(record.ended),
        "Inputs": {name: json.dumps(value) for name, value in record.inputs.items()},
        "Outputs": {
            name: _texts(value) for name, value in record.outputs.items() if value is not None
        },
        "FailureMessage": record.failure or None,
        "FailureDetails": (
            {
                "FailureStage": "Execution",
                "FailureType": record.failure_kind,
                "Details": {"ErrorMessage": [record.failure]},
            }
            if failed
            else None
        ),
        "IsCritical": step.is_critical,
        "IsEnd": step.is_end,
        "MaxAttempts": step.max_attempts,
        "NextStep": step.next_step or None,
        "OnFailure": step.on_failure,
        "TimeoutSeconds": step.timeout_seconds,
        "ValidNextSteps": _next_steps(record),
        "OverriddenParameters": {},
    }
    return {name: value for name, value in document.items() if value is not None}


def _next_steps(record: StepRecord) -> list[str]:
    step = record.step
    ways = [step.next_step, step.on_failure.removeprefix(STEP)]
    return [way for way in ways if way and way not in ("Abort", "Continue")]


def _texts(value: Any) -> list[str]:
    """An output as the API gives it: a list of texts."""
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [as_text(each) for each in listed]


def _time(moment: Any) -> Any:
    """Naive UTC, as moto's serializers want it."""
    return moment.replace(tzinfo=None) if moment is not None else None
