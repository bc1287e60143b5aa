"""Run Command's API: commands sent to instances, told of and cancelled."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.context import Services
from aws_sandbox.events.work import Work
from aws_sandbox.systems_manager.api import Operation, SsmCall, SsmError, page
from aws_sandbox.systems_manager.command_answers import (
    command_document,
    invocation_answer,
    invocation_document,
)
from aws_sandbox.systems_manager.command_documents import (
    OF_AWS,
    CommandDocument,
    read_command_document,
)
from aws_sandbox.systems_manager.documents import find_document, name_of
from aws_sandbox.systems_manager.instances import Instances
from aws_sandbox.systems_manager.invocations import ENDED, Command, Invocation, Runner
from aws_sandbox.systems_manager.parameters import ParameterError, values_of
from aws_sandbox.systems_manager.shells import Shells

_INSTANCES_LIMIT = 50
_LEAST_TIMEOUT_SECONDS = 30
_DEFAULT_TIMEOUT_SECONDS = 3600
_SENT = (
    *("CloudWatchOutputConfig", "Comment", "DocumentName", "DocumentVersion", "InstanceIds"),
    *("OutputS3BucketName", "OutputS3KeyPrefix", "Parameters", "TimeoutSeconds"),
)


class Commands:
    """Every command of every account and Region."""

    def __init__(
        self,
        *,
        services: Services,
        endpoint: Callable[[], str],
        work: Work,
        instances: Instances,
        shells: Shells,
    ) -> None:
        self._instances = instances
        self._sent: dict[str, Command] = {}
        self._lock = threading.Lock()
        self._runner = Runner(services=services, endpoint=endpoint, work=work, shells=shells)
        work.watch(self._on_their_way)

    def stop(self) -> None:
        for command in self._all():
            command.cancelled.set()

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "SendCommand": self._send,
            "ListCommands": self._list,
            "ListCommandInvocations": self._list_invocations,
            "GetCommandInvocation": self._get_invocation,
            "CancelCommand": self._cancel,
        }

    def _all(self) -> Sequence[Command]:
        with self._lock:
            return list(self._sent.values())

    def _on_their_way(self) -> Sequence[str]:
        return [
            f"the command {command.id} ({command.document}) on {invocation.instance.id}"
            for command in self._all()
            for invocation in command.invocations
            if invocation.status not in ENDED
        ]

    def _send(self, call: SsmCall) -> Mapping[str, Any]:
        call.know(*_SENT)
        name, version, document = _document(call)
        parameters: Mapping[str, Sequence[str]] = call.params.get("Parameters") or {}
        try:
            values = values_of(document.parameters, parameters)
        except ParameterError as error:
            raise SsmError("InvalidParameters", str(error)) from error
        now = call.services.clock()
        timeout = _timeout_seconds(call)
        command = Command(
            id=call.services.ids.uuid(),
            account=call.account,
            region=call.region,
            document=name,
            version=version,
            plugins=document.plugins,
            values=values,
            parameters=parameters,
            comment=str(call.params.get("Comment") or ""),
            timeout_seconds=timeout,
            requested=now,
            expires=now + timedelta(seconds=timeout),
            bucket=str(call.params.get("OutputS3BucketName") or ""),
            prefix=str(call.params.get("OutputS3KeyPrefix") or ""),
            logs=call.params.get("CloudWatchOutputConfig") or {},
        )
        command.invocations = [
            Invocation(instance=self._instances.managed(call.account, call.region)[each])
            for each in self._targets(call)
        ]
        with self._lock:
            self._sent[command.id] = command
        for invocation in command.invocations:
            self._runner.start(command, invocation)
        return {"Command": command_document(command)}

    def _targets(self, call: SsmCall) -> Sequence[str]:
        asked: Sequence[str] = call.params.get("InstanceIds") or ()
        if not 1 <= len(asked) <= _INSTANCES_LIMIT:
            raise SsmError(
                "ValidationException", f"InstanceIds takes 1 to {_INSTANCES_LIMIT} ids here."
            )
        known = self._instances.managed(call.account, call.region)
        if unknown := [each for each in asked if each not in known]:
            raise SsmError(
                "InvalidInstanceId",
                f"Instances [[{', '.join(unknown)}]] not in a valid state for account "
                f"{call.account}",
            )
        return asked

    def _list(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("CommandId", "InstanceId", "MaxResults", "NextToken")
        documents = [command_document(each) for each in self._of(call)]
        return page(call, "Commands", documents)

    def _list_invocations(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("CommandId", "Details", "InstanceId", "MaxResults", "NextToken")
        wanted, details = call.params.get("InstanceId"), bool(call.params.get("Details"))
        documents = [
            invocation_document(command, each, details=details)
            for command in self._of(call)
            for each in command.invocations
            if wanted in (None, each.instance.id)
        ]
        return page(call, "CommandInvocations", documents)

    def _of(self, call: SsmCall) -> Sequence[Command]:
        """The commands that a list is about, the newest first."""
        if call.params.get("CommandId"):
            return [self._find(call)]
        wanted = call.params.get("InstanceId")
        found = [
            command
            for command in self._all()
            if (command.account, command.region) == (call.account, call.region)
            and (wanted is None or wanted in (each.instance.id for each in command.invocations))
        ]
        return sorted(found, key=lambda command: command.requested, reverse=True)

    def _find(self, call: SsmCall) -> Command:
        command = self._sent.get(str(call.params["CommandId"]))
        if command is None or (command.account, command.region) != (call.account, call.region):
            raise SsmError("InvalidCommandId", f"There is no command {call.params['CommandId']}.")
        return command

    def _get_invocation(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("CommandId", "InstanceId", "PluginName")
        command = self._find(call)
        wanted = call.params["InstanceId"]
        for invocation in command.invocations:
            if invocation.instance.id == wanted:
                return invocation_answer(command, invocation, call.params.get("PluginName"))
        raise SsmError("InvocationDoesNotExist", f"The command was not sent to {wanted}.")

    def _cancel(self, call: SsmCall) -> Mapping[str, Any]:
        call.know("CommandId", "InstanceIds")
        if call.params.get("InstanceIds"):
            raise not_carried_out("CancelCommand for some of a command's instances")
        self._find(call).cancelled.set()
        return {}


def _document(call: SsmCall) -> tuple[str, str, CommandDocument]:
    name = name_of(str(call.params["DocumentName"]))
    if name in OF_AWS:
        return name, "1", OF_AWS[name]
    document = find_document(call, name, str(call.params.get("DocumentVersion") or ""))
    if document is None or document.document_type != "Command":
        raise SsmError("InvalidDocument", f"There is no Command document {name}.")
    return name, document.document_version, read_command_document(document.content_json)


def _timeout_seconds(call: SsmCall) -> int:
    seconds = int(call.params.get("TimeoutSeconds") or _DEFAULT_TIMEOUT_SECONDS)
    if seconds < _LEAST_TIMEOUT_SECONDS:
        raise SsmError(
            "ValidationException",
            f"TimeoutSeconds must be at least {_LEAST_TIMEOUT_SECONDS}, not {seconds}.",
        )
    return seconds
