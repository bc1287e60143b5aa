"""Automation documents (runbooks, schema 0.3), read and checked as CreateDocument does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

from aws_sandbox.systems_manager.parameters import (
    DocumentError,
    Parameter,
    UnsupportedError,
    read_parameters,
)
from aws_sandbox.systems_manager.references import names_in, resolved

SCHEMA = "0.3"
SYSTEM_VARIABLES = frozenset(
    {"automation:EXECUTION_ID", "global:ACCOUNT_ID", "global:AWS_PARTITION"}
    | {"global:DATE", "global:DATE_TIME", "global:REGION"}
)
ABORT, CONTINUE, STEP = "Abort", "Continue", "step:"
_HOUR, _WEEK = 3600, 604_800


@dataclass(frozen=True, kw_only=True)
class Action:
    """What an action of Automation takes and gives."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    open: bool = False
    """Whether it takes further inputs: those of the API operation that it calls."""
    outputs: frozenset[str] = frozenset()
    selects: bool = False
    """Whether a step can declare outputs of its own, by selectors."""
    timeout_seconds: int = _HOUR
    """How long it takes at most where the step says nothing."""
    longest_seconds: int | None = None
    """How long it takes at most whatever the step says."""
    waits: bool = False
    """Whether it does nothing but wait, so that its time passes by the sandbox's scale."""


_CALL = frozenset({"Service", "Api"})

ACTIONS: Mapping[str, Action] = {
    "aws:executeAwsApi": Action(required=_CALL, open=True, selects=True),
    "aws:executeScript": Action(
        required=frozenset({"Handler", "Runtime", "Script"}),
        optional=frozenset({"InputPayload"}),
        selects=True,
        timeout_seconds=600,
        longest_seconds=600,
    ),
    "aws:invokeLambdaFunction": Action(
        required=frozenset({"FunctionName"}),
        optional=frozenset({"InvocationType", "InputPayload", "Payload"}),
        outputs=frozenset({"StatusCode", "FunctionError", "LogResult", "Payload"}),
        timeout_seconds=300,
        longest_seconds=300,
    ),
    "aws:runCommand": Action(
        required=frozenset({"DocumentName"}),
        optional=frozenset(
            {"CloudWatchOutputConfig", "Comment", "DocumentVersion", "InstanceIds"}
            | {"OutputS3BucketName", "OutputS3KeyPrefix", "Parameters", "TimeoutSeconds"}
        ),
        outputs=frozenset({"CommandId", "Status", "ResponseCode", "Output"}),
    ),
    "aws:sleep": Action(required=frozenset({"Duration"}), waits=True, timeout_seconds=_WEEK),
    "aws:waitForAwsResourceProperty": Action(
        required=_CALL | {"PropertySelector", "DesiredValues"}, open=True, waits=True
    ),
}
"""The actions that are carried out; another one of AWS's is refused when a document is created."""

SCRIPT_RUNTIMES = frozenset({"python3.11"})
"""Of `aws:executeScript`; the Python that runs is this machine's."""
_OTHER_ACTIONS = frozenset(
    f"aws:{name}"
    for name in (
        *("approve", "assertAwsResourceProperty", "branch", "changeInstanceState", "copyImage"),
        *("createImage", "createStack", "createTags", "deleteImage", "deleteStack"),
        *("executeAutomation", "executeStateMachine", "invokeWebhook", "loop", "pause"),
        *("runInstances", "updateVariable"),
    )
)
_OUTPUT_TYPES = frozenset({"String", "StringList", "Integer", "Boolean", "StringMap", "MapList"})
_DOCUMENT_KEYS = frozenset(
    {"schemaVersion", "description", "assumeRole", "parameters", "mainSteps", "outputs"}
)
_OTHER_DOCUMENT_KEYS = frozenset({"variables", "files"})
_STEP_KEYS = frozenset(
    {"name", "action", "description", "inputs", "outputs", "nextStep", "isEnd", "isCritical"}
    | {"onFailure", "onCancel", "maxAttempts", "timeoutSeconds"}
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output that a step selects from what its call answered."""

    name: str
    selector: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step, with what it leaves out as Automation takes it."""

    name: str
    action: str
    inputs: Mapping[str, Any]
    outputs: Sequence[Output] = ()
    next_step: str = ""
    is_end: bool = False
    on_failure: str = ABORT
    on_cancel: str = ABORT
    is_critical: bool = True
    max_attempts: int = 1
    timeout_seconds: int | None = None

    @property
    def limit_seconds(self) -> int:
        """How long one attempt takes at most."""
        action = ACTIONS[self.action]
        limit = self.timeout_seconds or action.timeout_seconds
        return min(limit, action.longest_seconds or limit)

    @property
    def output_names(self) -> frozenset[str]:
        return ACTIONS[self.action].outputs | {output.name for output in self.outputs}


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """An Automation document."""

    steps: Mapping[str, Step]
    """By name, in their order."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    assume_role: str = ""
    outputs: Sequence[str] = ()
    """References to steps' outputs: `FindVaults.Payload`."""

    def role_of(self, values: Mapping[str, Any]) -> str:
        """The role that the automation acts in, with these parameters; "" for its starter's."""
        return str(resolved(self.assume_role, lambda name: values[name]))

    def after(self, step: Step) -> Step | None:
        """The step that follows a successful one."""
        if step.is_end:
            return None
        if step.next_step:
            return self.steps[step.next_step]
        names = list(self.steps)
        following = names[names.index(step.name) + 1 :]
        return self.steps[following[0]] if following else None


def read_runbook(content: Any) -> Runbook:
    """Raises DocumentError for what AWS refuses, UnsupportedError for what the sandbox does."""
    if not isinstance(content, Mapping):
        raise DocumentError("the content is no object")
    given = cast("Mapping[str, Any]", content)
    if str(given.get("schemaVersion")) != SCHEMA:
        raise DocumentError(
            f"an Automation document has the schemaVersion {SCHEMA}, not "
            f"{given.get('schemaVersion')!r}"
        )
    _check_keys("the document", given, _DOCUMENT_KEYS, _OTHER_DOCUMENT_KEYS)
    listed = given.get("mainSteps")
    if not isinstance(listed, list) or not listed:
        raise DocumentError("mainSteps needs at least one step")
    steps: dict[str, Step] = {}
    for entry in cast("list[Any]", listed):
        step = _step(entry)
        if step.name in steps:
            raise DocumentError(f"two steps have the name {step.name}")
        steps[step.name] = step
    runbook = Runbook(
        steps=steps,
        parameters=read_parameters(given.get("parameters") or {}),
        assume_role=str(given.get("assumeRole") or ""),
        outputs=_document_outputs(given.get("outputs") or []),
    )
    _check_whole(runbook)
    return runbook


def _check_keys(
    place: str, given: Mapping[str, Any], known: frozenset[str], unsupported: frozenset[str]
) -> None:
    if unknown := sorted(given.keys() - known - unsupported):
        raise DocumentError(f"{place} has unknown {', '.join(unknown)}")
    if other := sorted(given.keys() & unsupported):
        raise UnsupportedError(f"{', '.join(other)} of {place}")


def _step(entry: Any) -> Step:
    if not isinstance(entry, Mapping):
        raise DocumentError("a step is no object")
    given = cast("Mapping[str, Any]", entry)
    name, action = str(given.get("name") or ""), str(given.get("action") or "")
    if not re.fullmatch(r"[a-zA-Z0-9_]{1,128}", name):
        raise DocumentError(f"{name!r} is no name of a step")
    place = f"the step {name}"
    _check_keys(place, given, _STEP_KEYS, frozenset())
    if action in _OTHER_ACTIONS:
        raise UnsupportedError(f"the action {action} of {place}")
    if action not in ACTIONS:
        raise DocumentError(f"{place} has the unknown action {action!r}")
    on_failure = _way(place, given, "onFailure", (ABORT, CONTINUE))
    step = Step(
        name=name,
        action=action,
        inputs=_inputs(place, action, given.get("inputs") or {}),
        outputs=[_output(place, each) for each in given.get("outputs") or ()],
        next_step=str(given.get("nextStep") or ""),
        is_end=_flag(place, given, "isEnd", default=False),
        on_failure=on_failure,
        on_cancel=_way(place, given, "onCancel", (ABORT,)),
        is_critical=_flag(place, given, "isCritical", default=on_failure != CONTINUE),
        max_attempts=_count(place, given, "maxAttempts") or 1,
        timeout_seconds=_count(place, given, "timeoutSeconds"),
    )
    if step.outputs and not ACTIONS[action].selects:
        raise DocumentError(f"{place}: {action} has outputs of its own, and takes none")
    return step


def _way(place: str, given: Mapping[str, Any], key: str, words: Sequence[str]) -> str:
    text = str(given.get(key) or ABORT)
    if text.startswith(STEP) and text != STEP:
        return text
    for word in words:
        if text.lower() == word.lower():
            return word
    raise DocumentError(f"{place}: {key} is {', '.join(words)} or step:<name>, not {text!r}")


def _flag(place: str, given: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = given.get(key, default)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise DocumentError(f"{place}: {key} is true or false, not {value!r}")
    return value


def _count(place: str, given: Mapping[str, Any], key: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]*", str(value)):
        raise DocumentError(f"{place}: {key} is a whole number from 1 on, not {value!r}")
    return int(value)


def _inputs(place: str, action: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise DocumentError(f"{place}: inputs is no object")
    inputs, shape = cast("Mapping[str, Any]", given), ACTIONS[action]
    if missing := sorted(shape.required - inputs.keys()):
        raise DocumentError(f"{place}: {action} needs the inputs {', '.join(missing)}")
    unknown = sorted(inputs.keys() - shape.required - shape.optional)
    if unknown and not shape.open:
        raise UnsupportedError(f"{', '.join(unknown)} of {action}: {place}")
    if "PropertySelector" in shape.required:
        check_selector(place, inputs["PropertySelector"])
    if action == "aws:executeScript" and inputs["Runtime"] not in SCRIPT_RUNTIMES:
        raise UnsupportedError(f"the runtime {inputs['Runtime']!r} of {action}: {place}")
    return inputs


def _output(place: str, given: Any) -> Output:
    entry: Mapping[str, Any] = {}
    if isinstance(given, Mapping):
        entry = cast("Mapping[str, Any]", given)
    if entry.keys() != {"Name", "Selector", "Type"} or entry["Type"] not in _OUTPUT_TYPES:
        raise DocumentError(
            f"{place}: an output has Name, Selector and Type, one of "
            f"{', '.join(sorted(_OUTPUT_TYPES))}; not {given!r}"
        )
    check_selector(place, entry["Selector"])
    return Output(name=entry["Name"], selector=entry["Selector"], type=entry["Type"])


def check_selector(place: str, selector: Any) -> None:
    """DocumentError for what is no JSONPath."""
    try:
        parse(str(selector))
    except JSONPathError as error:
        raise DocumentError(f"{place}: {selector!r} is no JSONPath: {error}") from error


def _document_outputs(given: Any) -> Sequence[str]:
    if not isinstance(given, list):
        raise DocumentError("outputs is no list")
    listed = cast("list[Any]", given)
    return [next(iter(names_in(each)), str(each)) for each in listed]


def _check_whole(runbook: Runbook) -> None:
    """What one part says of another."""
    for step in runbook.steps.values():
        for target in _targets(step):
            if target not in runbook.steps:
                raise DocumentError(f"the step {step.name} goes to {target}, which is no step")
        for name in names_in(step.inputs):
            _check_reference(runbook, f"the step {step.name}", name)
    for name in names_in(runbook.assume_role):
        if name not in runbook.parameters:
            raise DocumentError(f"assumeRole names {name}, which is no parameter")
    for name in runbook.outputs:
        _check_reference(runbook, "outputs", name)


def _targets(step: Step) -> Iterator[str]:
    for way in (step.on_failure, step.on_cancel):
        if way.startswith(STEP):
            yield way.removeprefix(STEP)
    if step.next_step:
        yield step.next_step


def _check_reference(runbook: Runbook, place: str, name: str) -> None:
    step, dot, output = name.partition(".")
    if dot:
        known = step in runbook.steps and output in runbook.steps[step].output_names
    else:
        known = name in runbook.parameters or name in SYSTEM_VARIABLES
    if not known:
        raise DocumentError(
            f"{place} names {{{{ {name} }}}}, which is neither a parameter, an "
            "output of a step nor a variable of Automation"
        )
