"""A drill's execution, as Systems Manager tells of it: steps, facts, and what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fleet.drill.record import Step
from fleet.errors import ToldError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_FACTS: Mapping[str, tuple[str, str]] = {
    "Image": ("FindImage", "ImageId"),
    "Instance": ("CreateInstance", "InstanceId"),
    "Backup job": ("StartBackup", "BackupJobId"),
    "Recovery point": ("CheckBackup", "RecoveryPointArn"),
    "Seconds of the backup": ("CheckBackup", "Seconds"),
    "Restore job": ("StartRestore", "RestoreJobId"),
    "Restored instance": ("CheckRestore", "InstanceId"),
    "Volumes restored": ("CheckRestore", "Volumes"),
    "Seconds of the restore": ("CheckRestore", "Seconds"),
    "Backup job that was cancelled": ("StartBackupToCancel", "BackupJobId"),
    "Backup job after it": ("BackUpOnceMore", "BackupJobId"),
}
"""By what they are called: the step and its output."""
NOT_KNOWN = "not known: what is left could not be looked up"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One that has ended."""

    id: str
    status: str
    document: str
    version: str
    by: str
    """The ARN of who started it."""
    started_at: datetime
    ended_at: datetime
    steps: tuple[Step, ...]
    outputs: Mapping[str, Mapping[str, Sequence[str]]]
    """By step, then by name."""

    def output(self, step: str, name: str) -> str:
        """Empty where there is none."""
        return next(iter(self.outputs.get(step, {}).get(name, ())), "")

    @property
    def clean_up(self) -> str:
        """The id of the execution that was started to remove what this one left."""
        return self.output("StartCleanUp", "ExecutionId")

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Nothing, where nothing was made; of a clean-up that could not look it is not known."""
        listed = self.outputs.get("ListLeftBehind", {}).get("LeftBehind")
        if listed is not None:
            return tuple(listed)
        is_drill = any(step.name == "FindImage" for step in self.steps)
        return () if is_drill and not self.outputs.get("FindImage") else (NOT_KNOWN,)

    @property
    def failure(self) -> str:
        """The first step that did not succeed, and why; "" where each did."""
        for step in self.steps:
            if step.status not in ("Success", "Pending"):
                why = step.message.strip().splitlines()
                return f"{step.name} is {step.status}" + (f": {why[-1]}" if why else "")
        return "" if self.status == "Success" else f"the execution is {self.status}"

    def facts(self) -> Iterator[tuple[str, str]]:
        for name, (step, output) in _FACTS.items():
            if value := self.output(step, output):
                yield name, value
        yield "Runbook", f"{self.document}, version {self.version}"
        yield "Execution", self.id
        yield "Started by", self.by


def execution_of(ssm: SSMClient, execution: str, document: str) -> Execution:
    """Raises ToldError where there is no such execution of the document, or it has not ended."""
    try:
        answer: Any = ssm.get_automation_execution(AutomationExecutionId=execution)
    except ssm.exceptions.AutomationExecutionNotFoundException as error:
        raise ToldError(f"there is no execution {execution} of {document}") from error
    told = answer["AutomationExecution"]
    if told["DocumentName"] != document:
        raise ToldError(f"{execution} is one of {told['DocumentName']}, not of {document}")
    if "ExecutionEndTime" not in told:
        raise ToldError(f"{execution} has not ended: it is {told['AutomationExecutionStatus']}")
    pages: Any = ssm.get_paginator("describe_automation_step_executions")
    listed: list[Any] = [
        step
        for page in pages.paginate(AutomationExecutionId=execution)
        for step in page["StepExecutions"]
    ]
    said = _descriptions(ssm, document, told["DocumentVersion"])
    return Execution(
        id=execution,
        status=told["AutomationExecutionStatus"],
        document=document,
        version=told["DocumentVersion"],
        by=told.get("ExecutedBy", ""),
        started_at=told["ExecutionStartTime"].astimezone(UTC),
        ended_at=told["ExecutionEndTime"].astimezone(UTC),
        steps=tuple(_step(step, said.get(step["StepName"], "")) for step in listed),
        outputs={step["StepName"]: step.get("Outputs", {}) for step in listed},
    )


def _step(told: Mapping[str, Any], description: str) -> Step:
    started, ended = (told.get(f"Execution{which}Time") for which in ("Start", "End"))
    return Step(
        name=told["StepName"],
        description=description,
        status=told["StepStatus"],
        started_at=started.astimezone(UTC) if started else None,
        ended_at=ended.astimezone(UTC) if ended else None,
        message=told.get("FailureMessage", ""),
    )


def _descriptions(ssm: SSMClient, document: str, version: str) -> Mapping[str, str]:
    """What each step is for, as the version that ran says it."""
    content = ssm.get_document(Name=document, DocumentVersion=version, DocumentFormat="JSON")
    steps: Sequence[Mapping[str, Any]] = json.loads(content.get("Content", "{}"))["mainSteps"]
    return {step["name"]: step.get("description", "") for step in steps}
