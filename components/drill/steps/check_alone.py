"""Whether no other drill, and no clean-up after one, is under way in this account and Region."""

from collections.abc import Mapping
from typing import Any

import boto3

_UNDER_WAY = ("Pending", "InProgress", "Waiting")


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError with the executions that are in the way."""
    pages: Any = boto3.client("ssm").get_paginator("describe_automation_executions")
    wanted = {"DocumentNamePrefix": [events["Runbook"]], "ExecutionStatus": list(_UNDER_WAY)}
    others = [
        f"{execution['AutomationExecutionId']} of {execution['DocumentName']}"
        for page in pages.paginate(
            Filters=[{"Key": key, "Values": values} for key, values in wanted.items()]
        )
        for execution in page["AutomationExecutionMetadataList"]
        if execution["AutomationExecutionId"] not in events["But"]
    ]
    if others:
        raise RuntimeError(f"one at a time; under way is {', '.join(others)}")
    return {}
