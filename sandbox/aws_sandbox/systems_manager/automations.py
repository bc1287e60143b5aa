"""Automation's API: automations started, told of and stopped."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.context import Services
from aws_sandbox.events.work import Work
from aws_sandbox.systems_manager.api import Operation, SsmCall, SsmError, page
from aws_sandbox.systems_manager.attempts import execution_arn
from aws_sandbox.systems_manager.automation_answers import (
    Started,
    execution_document,
    step_document,
)
from aws_sandbox.systems_manager.automation_events import execution_changed, step_changed
from aws_sandbox.systems_manager.automation_orders import Order, invalid_parameters, read_order
from aws_sandbox.systems_manager.execution import Execution
from aws_sandbox.systems_manager.rate_control import RateControl
from aws_sandbox.systems_manager.records import ENDED, AnyExecution, Environment, StepRecord
from aws_sandbox.systems_manager.shells import Shells

_STOP_SECONDS = 2.0
_TAKEN = (
    *("ClientToken", "DocumentName", "DocumentVersion", "MaxConcurrency", "MaxErrors", "Mode"),
    *("Parameters", "TargetParameterName", "Targets"),
)


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

    def _changed(self, execution: AnyExecution, record: StepRecord | None) -> None:
        started = self._started[execution.id]
        event = (
            execution_changed(execution, started.document, started.version, started.by)
            if record is None
            else step_changed(execution, record, started.document, started.version)
        )
        self._services.emit(execution.account, execution.region, event)

    def _start(self, call: SsmCall) -> Mapping[str, Any]:
        call.know(*_TAKEN)
        if call.params.get("Mode") not in (None, "Auto"):
            raise not_carried_out("automations in Interactive mode")
        token = str(call.params.get("ClientToken") or "")
        for each in self._all():
            if token and each.token == token and each.execution.account == call.account:
                return {"AutomationExecutionId": each.execution.id}
        order = read_order(call)
        self._check_role(order, call)
        start = self._start_many if order.targets else self._start_one
        started = start(call, order, token)
        return {"AutomationExecutionId": started.execution.id}

    def _start_one(
        self, call: SsmCall, order: Order, token: str = "", parent: str = "", target: str = ""
    ) -> Started:
        execution = Execution(
            execution_id=call.services.ids.uuid(),
            account=call.account,
            region=call.region,
            runbook=order.runbook,
            values=order.values,
            environment=self._environment,
        )
        return self._keep(
            Started(
                execution=execution,
                document=order.document,
                version=order.version,
                parameters=order.parameters,
                by=call.caller_arn,
                token=token,
                parent=parent,
                target=target,
            )
        )

    def _start_many(self, call: SsmCall, order: Order, token: str) -> Started:
        """The parent; each target's automation has that for its parameter."""

        def start_child(parent: str, target: str) -> Execution:
            one = order.for_target(target)
            child = self._start_one(call, one, parent=parent, target=target).execution
            assert isinstance(child, Execution)
            return child

        execution = RateControl(
            execution_id=call.services.ids.uuid(),
            account=call.account,
            region=call.region,
            runbook=order.runbook,
            role_arn=order.role_arn,
            targets=order.resolved_targets,
            at_once=order.at_once,
            most_errors=order.most_errors,
            environment=self._environment,
            start_child=start_child,
        )
        return self._keep(
            Started(
                execution=execution,
                document=order.document,
                version=order.version,
                parameters=order.parameters,
                by=call.caller_arn,
                token=token,
                target_parameter=order.target_parameter,
                targets=order.targets,
                resolved_targets=order.resolved_targets,
            )
        )

    def _keep(self, started: Started) -> Started:
        with self._lock:
            self._started[started.execution.id] = started
        started.execution.start()
        return started

    def _check_role(self, order: Order, call: SsmCall) -> None:
        if not order.role_arn:
            raise not_carried_out("automations in their starter's own permissions: set assumeRole")
        access = self._services.access
        trust = access.check_trust(
            order.role_arn,
            "ssm.amazonaws.com",
            source_arn=execution_arn(call.account, call.region, "to-be-started"),
            source_account=call.account,
        )
        if not trust.allowed:
            raise invalid_parameters("The defined assume role is unable to be assumed.")
        finds = access.check_role(order.role_arn, "tag:GetResources", "*")
        if order.targets and not finds.allowed:
            raise invalid_parameters(f"Targets cannot be resolved: {finds.reason}")

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
    "ParentExecutionId": lambda started: started.parent,
}


def _passes(started: Started, wanted: Mapping[str, Any]) -> bool:
    key = str(wanted["Key"])
    if key not in _FILTERS:
        raise not_carried_out(f"the filter {key} of DescribeAutomationExecutions")
    found = _FILTERS[key](started)
    if key == "DocumentNamePrefix":
        return any(found.startswith(value) for value in wanted["Values"])
    return found in wanted["Values"]
