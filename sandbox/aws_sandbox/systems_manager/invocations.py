"""A command on one instance: delivered, its steps run in a shell, and its output kept."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from botocore.config import Config
from botocore.exceptions import ClientError

from aws_sandbox.aws.access import AccessDeniedError
from aws_sandbox.aws.context import Services
from aws_sandbox.boto import boto_session
from aws_sandbox.events.work import Work
from aws_sandbox.journal import JournalEntry
from aws_sandbox.systems_manager.command_documents import Plugin
from aws_sandbox.systems_manager.instances import Instance
from aws_sandbox.systems_manager.shells import Ran, Shells, find_program, interpreter

log = logging.getLogger(__name__)

Status = Literal["Pending", "InProgress", "Success", "Cancelled", "TimedOut", "Failed"]
ENDED = frozenset({"Success", "Cancelled", "TimedOut", "Failed"})
_WORST_FIRST: Sequence[Status] = ("Cancelled", "TimedOut", "Failed", "Success")
NOT_STARTED = -1
"""The response code of what has not started, or was not delivered."""


@dataclass(kw_only=True)
class PluginResult:
    """What became of a step of the document on an instance."""

    plugin: Plugin
    status: Status = "Pending"
    details: str = "Pending"
    code: int = NOT_STARTED
    output: str = ""
    errors: str = ""
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(kw_only=True)
class Invocation:
    """A command on one instance."""

    instance: Instance
    status: Status = "Pending"
    details: str = "Pending"
    results: list[PluginResult] = field(default_factory=list[PluginResult])

    def end(self, status: Status, details: str = "") -> None:
        self.details = details or status
        self.status = status


@dataclass(kw_only=True)
class Command:
    """What SendCommand was asked for."""

    id: str
    account: str
    region: str
    document: str
    version: str
    plugins: Sequence[Plugin]
    values: Mapping[str, Any]
    parameters: Mapping[str, Sequence[str]]
    comment: str
    timeout_seconds: int
    """Within which it must be delivered."""
    requested: datetime
    expires: datetime
    bucket: str
    prefix: str
    logs: Mapping[str, Any]
    """CloudWatchOutputConfig."""
    invocations: list[Invocation] = field(default_factory=list[Invocation])
    cancelled: threading.Event = field(default_factory=threading.Event)


class _NoProfileError(Exception):
    """An instance without a role cannot keep output anywhere."""


class Runner:
    """Runs commands, each on each instance in a thread of its own."""

    def __init__(
        self, *, services: Services, endpoint: Callable[[], str], work: Work, shells: Shells
    ) -> None:
        self._services = services
        self._endpoint = endpoint
        self._work = work
        self._shells = shells

    def start(self, command: Command, invocation: Invocation) -> None:
        invocation.results = [PluginResult(plugin=plugin) for plugin in command.plugins]
        threading.Thread(
            target=self._run, args=(command, invocation), name=f"command-{command.id}", daemon=True
        ).start()

    def _run(self, command: Command, invocation: Invocation) -> None:
        try:
            self._deliver(command, invocation)
        except Exception as error:
            log.exception("the command %s", command.id)
            invocation.end("Failed")
            self._work.crash(f"the command {command.id}", error)
        self._work.touch()

    def _deliver(self, command: Command, invocation: Invocation) -> None:
        if not invocation.instance.online:
            if command.cancelled.wait(command.timeout_seconds / self._work.time_scale):
                invocation.end("Cancelled")
            else:
                invocation.end("TimedOut", "DeliveryTimedOut")
            return
        invocation.status = invocation.details = "InProgress"
        for result in invocation.results:
            self._plugin(command, invocation, result)
        worst = min(invocation.results, key=lambda result: _WORST_FIRST.index(result.status))
        invocation.end(worst.status, worst.details)

    def _plugin(self, command: Command, invocation: Invocation, result: PluginResult) -> None:
        instance, plugin = invocation.instance, result.plugin
        result.started = self._services.clock()
        result.status = result.details = "InProgress"
        ran = self._ran(command, instance, plugin)
        result.code, result.output, result.errors = ran.code, ran.output, ran.errors
        if ran.code and not (ran.timed_out or ran.cancelled):
            result.errors += f"failed to run commands: exit status {ran.code}"
        result.ended = self._services.clock()
        self._keep_output(command, instance, result)
        if ran.cancelled:
            result.status, result.details = "Cancelled", "Cancelled"
        elif ran.timed_out:
            result.status, result.details = "TimedOut", "ExecutionTimedOut"
        else:
            result.status = result.details = "Failed" if ran.code else "Success"

    def _ran(self, command: Command, instance: Instance, plugin: Plugin) -> Ran:
        if command.cancelled.is_set():
            return Ran(code=NOT_STARTED, output="", errors="", cancelled=True)
        if plugin.platform and plugin.platform != instance.platform:
            told = (
                "Step execution skipped due to unsatisfied preconditions: "
                f"'\"StringEquals\": [platformType, {plugin.platform}]'. Step name: {plugin.name}"
            )
            return Ran(code=0, output=told, errors="")
        script = plugin.script(command.values)
        arguments = _arguments(plugin, instance, script.text)
        if isinstance(arguments, str):
            return Ran(code=1, output="", errors=arguments)
        folder = instance.folder / "tmp" / command.id / plugin.name
        folder.mkdir(parents=True)
        windows = plugin.action == "aws:runPowerShellScript"
        file = folder / ("_script.ps1" if windows else "_script.sh")
        file.write_text(script.text, encoding="utf-8")
        file.chmod(0o700)
        return self._shells.run(
            [*arguments, str(file)],
            directory=Path(script.directory) if script.directory else folder,
            environment=instance.environment,
            timeout_seconds=script.timeout_seconds,
            cancelled=command.cancelled,
        )

    def _keep_output(self, command: Command, instance: Instance, result: PluginResult) -> None:
        """In S3 and CloudWatch, as the role of the instance may; else the journal says why not."""
        streams = {"stdout": result.output, "stderr": result.errors}
        written = {name: text for name, text in streams.items() if text}
        kind = result.plugin.action.replace("aws:", "aws")
        keep: list[tuple[str, Callable[[Any], None]]] = []
        if command.bucket:
            folder = "/".join(
                filter(None, (command.prefix, command.id, instance.id, kind, result.plugin.name))
            )
            keep.append(("s3", lambda s3: _put_objects(s3, command.bucket, folder, written)))
        if command.logs.get("CloudWatchOutputEnabled"):
            group = command.logs.get("CloudWatchLogGroupName") or f"/aws/ssm/{command.document}"
            stream = f"{command.id}/{instance.id}/{kind.replace('aws', 'aws-', 1)}"
            now = int(time.time() * 1000)
            keep.append(("logs", lambda logs: _put_events(logs, str(group), stream, written, now)))
        for service, put in keep:
            try:
                with closing(self._client(instance, service)) as client:
                    put(client)
            except (AccessDeniedError, ClientError, _NoProfileError) as error:
                self._services.journal.record(
                    JournalEntry(
                        source=f"arn:aws:ec2:{instance.region}:{instance.account}:instance/"
                        f"{instance.id}",
                        target=f"{service}: the output of {command.id}",
                        outcome="refused",
                        reason=str(error),
                    )
                )

    def _client(self, instance: Instance, service: str) -> Any:
        """A client in the role of the instance's profile."""
        if not instance.role_arn:
            raise _NoProfileError(f"{instance.id} has no instance profile")
        session = self._services.access.assume_for_service(
            instance.role_arn, "ec2.amazonaws.com", instance.id
        )
        made: Any = boto_session(
            self._endpoint(),
            instance.region,
            access_key_id=session.access_key_id,
            secret_access_key=session.secret_access_key,
            session_token=session.session_token,
        )
        return made.client(service, config=Config(retries={"total_max_attempts": 1}))


def _arguments(plugin: Plugin, instance: Instance, text: str) -> list[str] | str:
    """What runs a script before its file's name; a text is why nothing does."""
    if plugin.action == "aws:runShellScript":
        if instance.platform == "Windows":
            return f"Plugin with name {plugin.action} is not supported in current platform!"
        return interpreter(text)
    program = find_program(("pwsh", "powershell"), instance.folder / "bin")
    if program is None:
        return f"there is neither pwsh nor powershell in {instance.folder / 'bin'}"
    return [program, "-NonInteractive", "-NoProfile", "-File"]


def _put_objects(s3: Any, bucket: str, folder: str, streams: Mapping[str, str]) -> None:
    for name, text in streams.items():
        s3.put_object(Bucket=bucket, Key=f"{folder}/{name}", Body=text.encode())


def _put_events(logs: Any, group: str, stream: str, streams: Mapping[str, str], now: int) -> None:
    """As the agent does, which looks whether the group is there before it makes it."""
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if group not in [each["logGroupName"] for each in groups]:
        logs.create_log_group(logGroupName=group)
    for name, text in streams.items():
        logs.create_log_stream(logGroupName=group, logStreamName=f"{stream}/{name}")
        events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
        logs.put_log_events(logGroupName=group, logStreamName=f"{stream}/{name}", logEvents=events)
