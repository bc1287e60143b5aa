"""An execution of a runbook, followed step by step to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.errors import ToldError
from fleet.terminal import console

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_POLL_SECONDS = 2.0
_ENDED = {"Success", "Failed", "TimedOut", "Cancelled", "CompletedWithFailure"}


class RunFailed(ToldError):
    """The runbook did not come through: its step and the reason."""


def followed(ssm: SSMClient, execution: str) -> Mapping[str, Any]:
    """An execution once it has ended; tells each step when it has."""
    told: set[str] = set()
    while True:
        answer = ssm.get_automation_execution(AutomationExecutionId=execution)
        now = answer["AutomationExecution"]
        for step in now.get("StepExecutions", []):
            name, status = step.get("StepName", ""), step.get("StepStatus", "")
            if status in _ENDED and name not in told:
                told.add(name)
                console.print(f"  {name}: {status}")
        if now.get("AutomationExecutionStatus") in _ENDED:
            return now
        time.sleep(_POLL_SECONDS)


def succeeded(ssm: SSMClient, execution: str) -> Mapping[str, Any]:
    """An execution that came through, followed to its end. Raises RunFailed for another."""
    ended = followed(ssm, execution)
    status = ended["AutomationExecutionStatus"]
    if status != "Success":
        reason = ended.get("FailureMessage") or "it says no reason"
        raise RunFailed(f"the runbook's execution {execution} is {status}: {reason}")
    return ended
