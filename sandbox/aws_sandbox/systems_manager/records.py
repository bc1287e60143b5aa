"""What is known of automations and of their steps, and what all of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from aws_sandbox.aws.context import Services
from aws_sandbox.events.work import Work
from aws_sandbox.systems_manager.runbooks import Runbook, Step
from aws_sandbox.systems_manager.shells import Shells

Status = Literal[
    "Pending", "InProgress", "Success", "TimedOut", "Cancelled", "Failed", "Cancelling"
]
StopKind = Literal["Cancel", "Complete", "Shutdown"]
ENDED = frozenset({"Success", "TimedOut", "Cancelled", "Failed"})


@dataclass(kw_only=True)
class StepRecord:
    """What is known of a step."""

    step: Step
    id: str
    status: Status = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failure: str = ""
    failure_kind: str = ""


class AnyExecution(Protocol):
    """An automation: one of a runbook's steps, or one that has others for its targets."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def runbook(self) -> Runbook: ...
    @property
    def role_arn(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def failure(self) -> str: ...
    @property
    def current(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...
    @property
    def records(self) -> Mapping[str, StepRecord]: ...
    @property
    def on_its_way(self) -> bool: ...
    def outputs(self) -> Mapping[str, Any]: ...
    def start(self) -> None: ...
    def stop(self, kind: StopKind) -> None: ...
    def join(self, seconds: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What all automations share."""

    services: Services
    endpoint: Callable[[], str]
    work: Work
    shells: Shells
    changed: Callable[[AnyExecution, StepRecord | None], None]
    """Told of each change of status: of a step, or of the whole."""
