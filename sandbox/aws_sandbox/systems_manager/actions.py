"""The actions of Automation, each carried out by calls to the endpoint in the automation's role."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from jsonpath_ng.ext.parser import parse

from aws_sandbox.systems_manager.runbooks import Step
from aws_sandbox.systems_manager.scripts import ScriptError

_COMMAND_ENDED = frozenset({"Success", "Cancelled", "Failed", "TimedOut"})
_PAYLOAD_LIMIT = 200 * 1024
"""Bytes of a function's answer that become a step's output."""


class ActionError(Exception):
    """A step's attempt failed; `kind` is FailureDetails' FailureType."""

    def __init__(self, message: str, kind: str = "Execution") -> None:
        super().__init__(message)
        self.kind = kind


class Attempt(Protocol):
    """One attempt at a step, as its action sees it."""

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client in the automation's role."""
        ...

    def looks(self) -> None:
        """What it waits for is looked at now; raises when the attempt is over."""
        ...

    def looks_again(self, *, unchanged: bool) -> None:
        """Waits before the next look; what it saw may be the same as the time before."""
        ...

    def waits(self, seconds: float) -> None:
        """Does nothing for as long, in AWS's time."""
        ...

    def run_script(self, inputs: Mapping[str, Any]) -> Any:
        """What the handler of a script answers; ScriptError where it raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a successful attempt gives."""

    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


def act(step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    """Carries a step out with its resolved inputs; raises ActionError when it fails."""
    try:
        return _ACTIONS[step.action](step, inputs, attempt)
    except ClientError as error:
        raise ActionError(str(error)) from error
    except BotoCoreError as error:
        raise ActionError(f"{type(error).__name__}: {error}") from error


def _call(inputs: Mapping[str, Any], attempt: Attempt) -> Any:
    """The answer of the API operation that the inputs name, as JSON has it."""
    own = {"Service", "Api", "PropertySelector", "DesiredValues"}
    service, operation = str(inputs["Service"]), xform_name(str(inputs["Api"]))
    given = {name: value for name, value in inputs.items() if name not in own}
    method = getattr(attempt.client(service), operation, None)
    if method is None:
        raise ActionError(f"{service} has no operation {inputs['Api']}", "Verification")
    answer: dict[str, Any] = method(**given)
    streams = [value for value in answer.values() if isinstance(value, StreamingBody)]
    for stream in streams:
        stream.close()
    if streams:
        raise ActionError(f"{inputs['Api']} is a streaming operation", "Verification")
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=_written))


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _selected(document: Any, selector: str) -> Any:
    """What a selector finds: one value, a list of several, None for nothing."""
    found: list[Any] = [match.value for match in parse(selector).find(document)]
    return found[0] if len(found) == 1 else found or None


def _execute_api(step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    return _with_outputs(step, _call(inputs, attempt))


def _execute_script(step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    try:
        return _with_outputs(step, {"Payload": attempt.run_script(inputs)})
    except ScriptError as error:
        raise ActionError(str(error)) from error


def _with_outputs(step: Step, answer: Any) -> Result:
    """The outputs that a step selects from what was answered."""
    outputs: dict[str, Any] = {}
    for output in step.outputs:
        value = _selected(answer, output.selector)
        if not _fits(value, output.type):
            raise ActionError(
                f"The output {output.name} is no {output.type}: {output.selector} selects "
                f"{value!r}.",
                "Verification",
            )
        outputs[output.name] = value
    return Result(outputs=outputs)


def _fits(value: Any, kind: str) -> bool:
    """Whether a selected value is of an output's type; what is not there fits each."""
    types: Mapping[str, type] = {
        "String": str,
        "Boolean": bool,
        "Integer": int,
        "StringMap": dict,
        "StringList": list,
        "MapList": list,
    }
    if value is None:
        return True
    return isinstance(value, types[kind]) and not (kind == "Integer" and isinstance(value, bool))


def _property(inputs: Mapping[str, Any], attempt: Attempt) -> tuple[str, bool]:
    """A resource's property as a text, and whether it is as desired."""
    value = _selected(_call(inputs, attempt), str(inputs["PropertySelector"]))
    text = value if isinstance(value, str) else str(value)
    desired = inputs["DesiredValues"]
    listed = cast("list[Any]", desired) if isinstance(desired, list) else [desired]
    return text, value is not None and text in map(str, listed)


def _wait_for_property(_step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    before: str | None = None
    while True:
        attempt.looks()
        text, desired = _property(inputs, attempt)
        if desired:
            return Result()
        attempt.looks_again(unchanged=text == before)
        before = text


def _sleep(_step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", str(inputs["Duration"]))
    if found is None:
        raise ActionError(
            f"{inputs['Duration']} is no Duration in hours to seconds", "Verification"
        )
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    attempt.looks()
    attempt.waits((hours * 60 + minutes) * 60 + seconds)
    return Result()


def _invoke_function(_step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    payload: Any = inputs.get("Payload") or ""
    if "InputPayload" in inputs:
        payload = json.dumps(inputs["InputPayload"])
    answer = attempt.client("lambda", read_timeout=900).invoke(
        FunctionName=inputs["FunctionName"],
        InvocationType=inputs.get("InvocationType") or "RequestResponse",
        Payload=payload.encode(),
    )
    text: str = answer["Payload"].read()[:_PAYLOAD_LIMIT].decode(errors="replace")
    if "FunctionError" in answer:
        raise ActionError(
            f"Lambda function returned error. ErrorCode: {answer['FunctionError']}, payload: {text}"
        )
    return Result(outputs={"StatusCode": answer["StatusCode"], "LogResult": "", "Payload": text})


def _run_command(step: Step, inputs: Mapping[str, Any], attempt: Attempt) -> Result:
    ssm = attempt.client("ssm")
    given = {**inputs, "Parameters": _command_parameters(inputs.get("Parameters") or {})}
    command = ssm.send_command(**given)["Command"]["CommandId"]
    while True:
        attempt.looks()
        listed = ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        if listed and all(each["Status"] in _COMMAND_ENDED for each in listed):
            break
        attempt.looks_again(unchanged=False)
    plugins = [plugin for each in listed for plugin in each["CommandPlugins"]]
    outputs = {
        "CommandId": command,
        "Status": next((s for s in (e["Status"] for e in listed) if s != "Success"), "Success"),
        "ResponseCode": next((p["ResponseCode"] for p in plugins if p["ResponseCode"]), 0),
        "Output": "".join(plugin["Output"] for plugin in plugins),
    }
    if outputs["Status"] != "Success":
        raise CommandFailedError(step, outputs)
    return Result(outputs=outputs)


class CommandFailedError(ActionError):
    """A command did not succeed; the step's outputs are there all the same."""

    def __init__(self, step: Step, outputs: Mapping[str, Any]) -> None:
        super().__init__(
            f"Step {step.name} failed: the command {outputs['CommandId']} ended as "
            f"{outputs['Status']} with the response code {outputs['ResponseCode']}. "
            f"{outputs['Output']}".strip()
        )
        self.outputs = outputs


def _command_parameters(given: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """SendCommand takes lists of texts alone; a runbook may leave the list out."""
    listed: dict[str, list[str]] = {}
    for name, value in given.items():
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        listed[name] = [each if isinstance(each, str) else json.dumps(each) for each in values]
    return listed


_ACTIONS: Mapping[str, Callable[[Step, Mapping[str, Any], Attempt], Result]] = {
    "aws:executeAwsApi": _execute_api,
    "aws:executeScript": _execute_script,
    "aws:invokeLambdaFunction": _invoke_function,
    "aws:runCommand": _run_command,
    "aws:sleep": _sleep,
    "aws:waitForAwsResourceProperty": _wait_for_property,
}
