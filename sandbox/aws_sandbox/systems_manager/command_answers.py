"""What Run Command's API answers of a command and of its invocations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aws_sandbox.systems_manager.api import SsmError
from aws_sandbox.systems_manager.invocations import (
    ENDED,
    NOT_STARTED,
    Command,
    Invocation,
    PluginResult,
)

_OUTPUT_LIMIT = 24_000
_ERRORS_LIMIT = 8_000
_PLUGIN_LIMIT = 2_500
"""Characters of output that GetCommandInvocation and ListCommandInvocations give."""
_TRUNCATED = "---Output truncated---"
_ERROR_MARK = "\n----------ERROR-------\n"


def command_document(command: Command) -> Mapping[str, Any]:
    """A Command, with what its invocations have come to together."""
    invocations = command.invocations
    status, details = _together(invocations)
    return {
        "CommandId": command.id,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "Comment": command.comment,
        "ExpiresAfter": _time(command.expires),
        "RequestedDateTime": _time(command.requested),
        "Parameters": {name: list(given) for name, given in command.parameters.items()},
        "InstanceIds": [each.instance.id for each in invocations],
        "Targets": [],
        "Status": status,
        "StatusDetails": details,
        "OutputS3BucketName": command.bucket,
        "OutputS3KeyPrefix": command.prefix,
        "MaxConcurrency": "50",
        "MaxErrors": "0",
        "TargetCount": len(invocations),
        "CompletedCount": sum(each.status in ENDED for each in invocations),
        "ErrorCount": sum(
            each.status == "Failed" or each.details == "ExecutionTimedOut" for each in invocations
        ),
        "DeliveryTimedOutCount": sum(each.details == "DeliveryTimedOut" for each in invocations),
        "CloudWatchOutputConfig": dict(command.logs),
        "TimeoutSeconds": command.timeout_seconds,
    }


def _together(invocations: Sequence[Invocation]) -> tuple[str, str]:
    running = [each for each in invocations if each.status not in ENDED]
    if running:
        started = any(each.status != "Pending" for each in invocations)
        return ("InProgress", "InProgress") if started else ("Pending", "Pending")
    bad = next((each for each in invocations if each.status != "Success"), None)
    return ("Success", "Success") if bad is None else (bad.status, bad.details)


def invocation_document(
    command: Command, invocation: Invocation, *, details: bool
) -> Mapping[str, Any]:
    """A CommandInvocation; its plugins are told of where details are asked for."""
    plugins = [_plugin(command, invocation, result) for result in invocation.results]
    return {
        "CommandId": command.id,
        "InstanceId": invocation.instance.id,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "RequestedDateTime": _time(command.requested),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "CommandPlugins": plugins if details else [],
        "CloudWatchOutputConfig": dict(command.logs),
    }


def _plugin(command: Command, invocation: Invocation, result: PluginResult) -> Mapping[str, Any]:
    text = result.output + (_ERROR_MARK + result.errors if result.errors else "")
    times = {
        "ResponseStartDateTime": _time(result.started),
        "ResponseFinishDateTime": _time(result.ended),
    }
    return {
        "Name": result.plugin.name,
        "Status": _plugin_status(invocation, result),
        "StatusDetails": result.details,
        "ResponseCode": result.code,
        "Output": _cut(text, _PLUGIN_LIMIT),
        "OutputS3BucketName": command.bucket,
        "OutputS3KeyPrefix": command.prefix,
        **{name: moment for name, moment in times.items() if moment is not None},
    }


def _plugin_status(invocation: Invocation, result: PluginResult) -> str:
    """What was never delivered ends as its invocation does."""
    return invocation.status if result.status == "Pending" else result.status


def invocation_answer(
    command: Command, invocation: Invocation, plugin: str | None
) -> Mapping[str, Any]:
    """GetCommandInvocation's answer: of the step that is named, or of all together."""
    results = [each for each in invocation.results if plugin in (None, each.plugin.name)]
    if not results:
        raise SsmError("InvalidPluginName", f"The document has no step {plugin}.")
    started = next((each.started for each in results if each.started), None)
    ended = next((each.ended for each in reversed(results) if each.ended), None)
    codes = [each.code for each in results]
    seconds = (ended - started).total_seconds() if started and ended else 0.0
    return {
        "CommandId": command.id,
        "InstanceId": invocation.instance.id,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "PluginName": results[0].plugin.name if len(results) == 1 else "",
        "ResponseCode": next((code for code in codes if code), 0) if started else NOT_STARTED,
        "ExecutionStartDateTime": _text(started),
        "ExecutionElapsedTime": f"PT{seconds:.3f}S" if started and ended else "",
        "ExecutionEndDateTime": _text(ended),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "StandardOutputContent": _cut("".join(each.output for each in results), _OUTPUT_LIMIT),
        "StandardOutputUrl": "",
        "StandardErrorContent": _cut("".join(each.errors for each in results), _ERRORS_LIMIT),
        "StandardErrorUrl": "",
        "CloudWatchOutputConfig": dict(command.logs),
    }


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - len(_TRUNCATED) - 1] + "\n" + _TRUNCATED


def _time(moment: datetime | None) -> datetime | None:
    """Naive UTC, as moto's serializers want it."""
    return moment.replace(tzinfo=None) if moment is not None else None


def _text(moment: datetime | None) -> str:
    """`2026-11-27T03:50:12.345Z`, "" for what has not happened."""
    return f"{_time(moment):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z" if moment else ""
