"""Automation's API: automations started, told of and stopped."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.context import Services
from aws_sandbox.events.work import Work
from aws_sandbox.systems_manager.api import Operation, SsmCall, SsmError, page
from aws_sandbox.systems_manager.automation_answers import (
    Started,
    execution_document,
    step_document,
)
from aws_sandbox.systems_manager.automation_events import execution_changed, step_changed
from aws_sandbox.systems_manager.documents import find_document, name_of
from aws_sandbox.systems_manager.execution import ENDED, Environment, Execution, StepRecord
from aws_sandbox.systems_manager.parameters import ParameterError, values_of
from aws_sandbox.systems_manager.runbooks import Runbook, read_runbook
from aws_sandbox.systems_manager.shells import Shells

_STOP_SECONDS = 2.0


def find_runbook(call: SsmCall) -> tuple[str, str, Runbook]:
    """The runbook that StartAutomationExecution names: name, version and content."""
    name = name_of(str(call.params["DocumentName"]))
    document = find_document(call, name, str(call.params.get("DocumentVersion") or ""))
    if document is None or document.document_type != "Automation":
        raise SsmError(
            "AutomationDefinitionNotFoundException", f"There is no Automation document {name}."
        )
    return name, document.document_version, read_runbook(document.content_json)


def _invalid_parameters(message: str) -> SsmError:
    return SsmError("InvalidAutomationExecutionParametersException", message)


class Automations:
    """Every automation of every account and Region."""

    def __init__(
        self, *, services: Services, endpoint: Callable[[], str], work: Work, shells: Shells
    ) -> None:
        self._services = services
        self._started: dict[str, Started] = {}
        self._lock = threading.Lock()
        self._environment = Environment(
            services=services,
            endpoint=endpoint,
            work=work,
            shells=shells,
            changed=self._changed,
        )
        work.watch(self._on_their_way)

    def stop(self) -> None:
        """What runs ends where it is, and says nothing of it."""
        running = [each.execution for each in self._all()]
        for execution in running:
            execution.stop("Shutdown")
        for execution in running:
            execution.join(_STOP_SECONDS)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "StartAutomationExecution": self._start,
            "GetAutomationExecution": self._get,
            "DescribeAutomationExecutions": self._describe,
            "DescribeAutomationStepExecutions": self._describe_steps,
            "StopAutomationExecution": self._stop,
        }

    def _all(self) -> Sequence[Started]:
        with self._lock:
            return list(self._started.values())

    def _on_their_way(self) -> Sequence[str]:
        return [
            f"the automation {each.execution.id} of {each.document}, step {each.execution.current}"
            for each in self._all()
            if each.execution.on_its_way
        ]

    def _changed(self, execution: Execution, record: StepRecord | None) -> None:
        started = self._started[execution.id]
        event = (
            execution_changed(execution, started.document, started.version, started.by)
            if record is None
            else step_changed(execution, record, started.document, started.version)
        )
        self._services.emit(execution.account, execution.region, event)

    def _start(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("DocumentName", "DocumentVersion", "Parameters", "ClientToken", "Mode")
        if call.params.get("Mode") not in (None, "Auto"):
            raise not_carried_out("automations in Interactive mode")
        token = str(call.params.get("ClientToken") or "")
        for each in self._all():
            if token and each.token == token and each.execution.account == call.account:
                return {"AutomationExecutionId": each.execution.id}
        name, version, runbook = find_runbook(call)
        parameters: Mapping[str, Sequence[str]] = call.params.get("Parameters") or {}
        try:
            values = values_of(runbook.parameters, parameters)
        except ParameterError as error:
            raise _invalid_parameters(str(error)) from error
        execution = Execution(
            execution_id=call.services.ids.uuid(),
            account=call.account,
            region=call.region,
            runbook=runbook,
            values=values,
            environment=self._environment,
        )
        self._check_role(execution)
        started = Started(
            execution=execution,
            document=name,
            version=version,
            parameters=parameters,
            by=call.caller_arn,
            token=token,
        )
        with self._lock:
            self._started[execution.id] = started
        execution.start()
        return {"AutomationExecutionId": execution.id}

    def _check_role(self, execution: Execution) -> None:
        if not execution.role_arn:
            raise not_carried_out("automations in their starter's own permissions: set assumeRole")
        trust = self._services.access.check_trust(
            execution.role_arn, "ssm.amazonaws.com", source_account=execution.account
        )
        if not trust.allowed:
            raise _invalid_parameters("The defined assume role is unable to be assumed.")

    def _find(self, call: SsmCall) -> Started:
        started = self._started.get(str(call.params["AutomationExecutionId"]))
        if started is None or (started.execution.account, started.execution.region) != (
            call.account,
            call.region,
        ):
            raise SsmError(
                "AutomationExecutionNotFoundException",
                f"There is no automation {call.params['AutomationExecutionId']}.",
            )
        return started

    def _get(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("AutomationExecutionId")
        started = self._find(call)
        steps = [step_document(each) for each in started.execution.records.values()]
        return {
            "AutomationExecution": {
                **execution_document(started),
                "StepExecutions": steps,
                "StepExecutionsTruncated": False,
            }
        }

    def _describe(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("Filters", "MaxResults", "NextToken")
        own = [
            each
            for each in self._all()
            if (each.execution.account, each.execution.region) == (call.account, call.region)
            and all(_passes(each, one) for one in call.params.get("Filters") or ())
        ]
        newest_first = sorted(own, key=lambda each: each.execution.started, reverse=True)
        documents = [
            {
                name: value
                for name, value in execution_document(each).items()
                if name not in ("ProgressCounters", "Parameters")
            }
            | {"AutomationType": "Local"}
            for each in newest_first
        ]
        return page(call, "AutomationExecutionMetadataList", documents)

    def _describe_steps(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("AutomationExecutionId", "MaxResults", "NextToken")
        records = self._find(call).execution.records.values()
        return page(call, "StepExecutions", [step_document(each) for each in records])

    def _stop(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("AutomationExecutionId", "Type")
        execution = self._find(call).execution
        if execution.status in ENDED:
            raise SsmError(
                "InvalidAutomationStatusUpdateException",
                f"The automation {execution.id} is {execution.status} already.",
            )
        execution.stop("Complete" if call.params.get("Type") == "Complete" else "Cancel")
        return {}


_FILTERS: Mapping[str, Callable[[Started], str]] = {
    "DocumentNamePrefix": lambda started: started.document,
    "ExecutionId": lambda started: started.execution.id,
    "ExecutionStatus": lambda started: started.execution.status,
}


def _passes(started: Started, wanted: Mapping[str, Any]) -> bool:
    key = str(wanted["Key"])
    if key not in _FILTERS:
        raise not_carried_out(f"the filter {key} of DescribeAutomationExecutions")
    found = _FILTERS[key](started)
    if key == "DocumentNamePrefix":
        return any(found.startswith(value) for value in wanted["Values"])
    return found in wanted["Values"]
