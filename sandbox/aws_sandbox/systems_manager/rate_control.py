"""One automation for each target of many: so many at once, and none more after so many errors."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.systems_manager.execution import Execution
from aws_sandbox.systems_manager.instances import tags_of
from aws_sandbox.systems_manager.records import ENDED, Environment, Status, StepRecord, StopKind
from aws_sandbox.systems_manager.runbooks import Runbook

TARGET_TYPE = "/AWS::EC2::Instance"
"""Of the document: whose tags are looked for."""
_GONE = ("shutting-down", "terminated")
_LOOK_SECONDS = 0.02


def tagged_instances(
    account: str, region: str, targets: Sequence[Mapping[str, Any]]
) -> Sequence[str]:
    """The instances that a target's tag names; the API takes one target."""
    if len(targets) != 1 or not str(targets[0]["Key"]).startswith("tag:"):
        raise not_carried_out("Targets but one by the key tag:<key>")
    key, values = str(targets[0]["Key"]).removeprefix("tag:"), targets[0]["Values"]
    found = get_backend("ec2")[account][region].all_instances()
    return [
        instance.id
        for instance in found
        if instance.state not in _GONE and tags_of(account, region, instance.id).get(key) in values
    ]


def limit(text: str, targets: int) -> int:
    """`10` or `10%` of the targets, rounded up."""
    if text.endswith("%"):
        return math.ceil(targets * int(text.removesuffix("%")) / 100)
    return int(text)


class RateControl:
    """The parent of the automations of the targets; it has no steps of its own."""

    def __init__(
        self,
        *,
        execution_id: str,
        account: str,
        region: str,
        runbook: Runbook,
        role_arn: str,
        targets: Sequence[str],
        at_once: int,
        most_errors: int,
        environment: Environment,
        start_child: Callable[[str, str], Execution],
    ) -> None:
        """`start_child` takes this one's id and a target. No more than `most_errors` may fail."""
        self.id, self.account, self.region = execution_id, account, region
        self.runbook, self.role_arn, self.targets = runbook, role_arn, targets
        self.status: Status = "Pending"
        self.failure = self.current = ""
        self.started = environment.services.clock()
        self.ended: datetime | None = None
        self.records: Mapping[str, StepRecord] = {}
        self.children: list[Execution] = []
        self.done = threading.Event()
        self._environment = environment
        self._at_once, self._most_errors = max(1, at_once), most_errors
        self._start_child = start_child
        self._stop: StopKind | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"automation-{execution_id}", daemon=True
        )

    @property
    def on_its_way(self) -> bool:
        """Whether there is more to do than to wait for the children."""
        return not self.done.is_set() and not any(
            not child.done.is_set() and not child.on_its_way for child in self.children
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self, kind: StopKind) -> None:
        """No target more; the automations that run are stopped too."""
        self._stop = kind
        if kind == "Cancel" and self.status not in ENDED:
            self.status = "Cancelling"
        for child in self.children:
            if child.status not in ENDED:
                child.stop(kind)

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def outputs(self) -> Mapping[str, Any]:
        return {}

    def _run(self) -> None:
        self._set("InProgress")
        waiting = list(self.targets)
        while True:
            running = [child for child in self.children if not child.done.is_set()]
            while waiting and len(running) < self._at_once and not self._over():
                running.append(self._start_child(self.id, waiting.pop(0)))
                self.children.append(running[-1])
            if not running:
                break
            running[0].done.wait(_LOOK_SECONDS)
        if self._stop != "Shutdown":
            self._set(self._end())
        self.done.set()
        self._environment.work.touch()

    def _over(self) -> bool:
        return self._stop is not None or self._errors() > self._most_errors

    def _errors(self) -> int:
        return sum(child.status in ("Failed", "TimedOut") for child in self.children)

    def _end(self) -> Status:
        if self._stop == "Cancel":
            return "Cancelled"
        if self._errors() > self._most_errors:
            self.failure = f"{self._errors()} of {len(self.targets)} automations failed."
            return "Failed"
        return "Success"

    def _set(self, status: Status) -> None:
        self.status = status
        if status in ENDED:
            self.ended = self._environment.services.clock()
        self._environment.changed(self, None)
