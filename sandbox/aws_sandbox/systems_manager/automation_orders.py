"""What StartAutomationExecution asks for: the runbook, its parameters and its targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.systems_manager.api import SsmCall, SsmError
from aws_sandbox.systems_manager.documents import find_document, name_of
from aws_sandbox.systems_manager.parameters import ParameterError, values_of
from aws_sandbox.systems_manager.rate_control import TARGET_TYPE, limit, tagged_instances
from aws_sandbox.systems_manager.runbooks import Runbook, read_runbook

_AT_ONCE, _ERRORS = "10", "0"


def invalid_parameters(message: str) -> SsmError:
    return SsmError("InvalidAutomationExecutionParametersException", message)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request, read and checked."""

    document: str
    version: str
    runbook: Runbook
    parameters: Mapping[str, Sequence[str]]
    values: Mapping[str, Any]
    target_parameter: str = ""
    targets: Sequence[Mapping[str, Any]] = ()
    resolved_targets: Sequence[str] = ()
    at_once: int = 1
    most_errors: int = 0

    @property
    def role_arn(self) -> str:
        return self.runbook.role_of(self.values)

    def for_target(self, target: str) -> "Order":
        """The order of one target alone."""
        parameters = {**self.parameters, self.target_parameter: [target]}
        values = values_of(self.runbook.parameters, parameters)
        return replace(self, parameters=parameters, values=values)


def read_order(call: SsmCall) -> Order:
    """Raises SsmError as Systems Manager refuses a request."""
    name = name_of(str(call.params["DocumentName"]))
    document = find_document(call, name, str(call.params.get("DocumentVersion") or ""))
    if document is None or document.document_type != "Automation":
        raise SsmError(
            "AutomationDefinitionNotFoundException", f"There is no Automation document {name}."
        )
    runbook = read_runbook(document.content_json)
    given: Mapping[str, Sequence[str]] = call.params.get("Parameters") or {}
    target_parameter = str(call.params.get("TargetParameterName") or "")
    targets: Sequence[Mapping[str, Any]] = call.params.get("Targets") or ()
    if bool(targets) != bool(target_parameter):
        raise invalid_parameters("Targets and TargetParameterName go together.")
    if target_parameter and target_parameter not in runbook.parameters:
        raise invalid_parameters(f"The document has no parameter {target_parameter}.")
    if targets and document.target_type != TARGET_TYPE:
        raise not_carried_out(f"Targets of documents but those of the TargetType {TARGET_TYPE}")
    found = tagged_instances(call.account, call.region, targets) if targets else ()
    # With targets, each one's own value is checked when its automation is started.
    needed = {
        each: parameter
        for each, parameter in runbook.parameters.items()
        if each != target_parameter
    }
    try:
        values = values_of(needed, given)
    except ParameterError as error:
        raise invalid_parameters(str(error)) from error
    return Order(
        document=name,
        version=document.document_version,
        runbook=runbook,
        parameters=given,
        values=values,
        target_parameter=target_parameter,
        targets=targets,
        resolved_targets=found,
        at_once=limit(str(call.params.get("MaxConcurrency") or _AT_ONCE), len(found)),
        most_errors=_most_errors(str(call.params.get("MaxErrors") or _ERRORS), len(found)),
    )


def _most_errors(text: str, targets: int) -> int:
    """`3` stops at the fourth error, a percentage when that share of the targets has failed."""
    return limit(text, targets) - (1 if text.endswith("%") else 0)
