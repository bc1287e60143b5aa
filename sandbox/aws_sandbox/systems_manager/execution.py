"""One automation as it runs: step after step, by the rules of failure, time and cancellation."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from aws_sandbox.systems_manager.actions import ActionError, CommandFailedError, Result, act
from aws_sandbox.systems_manager.attempts import OverError, RunningAttempt
from aws_sandbox.systems_manager.records import ENDED, Environment, Status, StepRecord, StopKind
from aws_sandbox.systems_manager.references import resolved
from aws_sandbox.systems_manager.runbooks import ABORT, ACTIONS, CONTINUE, STEP, Runbook, Step

CANCELLATION_SECONDS = 120.0
"""How long what `onCancel` goes to may take."""

log = logging.getLogger(__name__)


class Execution:
    """One automation of one runbook, in a thread of its own once it is started."""

    def __init__(
        self,
        *,
        execution_id: str,
        account: str,
        region: str,
        runbook: Runbook,
        values: Mapping[str, Any],
        environment: Environment,
    ) -> None:
        self.id, self.account, self.region = execution_id, account, region
        self.runbook, self.values = runbook, values
        self.role_arn = runbook.role_of(values)
        self.status: Status = "Pending"
        self.failure = ""
        self.current = ""
        """The step that runs, or ran last."""
        self.started = environment.services.clock()
        self.ended: datetime | None = None
        new_id = environment.services.ids.uuid
        self.records = {name: StepRecord(step=s, id=new_id()) for name, s in runbook.steps.items()}
        self.done = threading.Event()
        self._environment = environment
        self._changed = threading.Condition()
        self._stop: StopKind | None = None
        self._still: int | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"automation-{execution_id}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self, kind: StopKind) -> None:
        """Cancels the step that runs, or lets it be the last one."""
        with self._changed:
            self._stop = kind
            if kind == "Cancel" and self.status not in ENDED:
                self.status = "Cancelling"
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    @property
    def on_its_way(self) -> bool:
        """Whether it does anything but wait for a change that nothing on its way will bring."""
        if self.done.is_set():  # which comes after the event that tells of the end
            return False
        return self._still is None or self._still != self._environment.work.moment

    def outputs(self) -> Mapping[str, Any]:
        """Every output of every step so far, as `Step.Output`."""
        return {
            f"{name}.{output}": value
            for name, record in list(self.records.items())
            for output, value in record.outputs.items()
        }

    def _run(self) -> None:
        try:
            self._set(self.status if self.status != "Pending" else "InProgress")
            end = self._steps(next(iter(self.runbook.steps.values())), None)
            if self._stop != "Shutdown":
                self._set(end)
        except Exception as error:
            log.exception("the automation %s", self.id)
            self.failure = f"the sandbox's Automation failed: {error}"
            self._set("Failed")
            self._environment.work.crash(f"the automation {self.id}", error)
        finally:
            self.done.set()

    def _set(self, status: Status) -> None:
        self.status = status
        if status in ENDED:
            self.ended = self._environment.services.clock()
        self._environment.changed(self, None)

    def _steps(self, first: Step, deadline: float | None) -> Status:
        """Runs the steps from this one on; gives how the automation ends.

        With a deadline it is what follows a cancellation, which ends as Cancelled.
        """
        step: Step | None = first
        end: Status = "Success" if deadline is None else "Cancelled"
        while step is not None:
            record = self._step(step, deadline)
            if record.status == "Cancelled":
                return self._cancelled(step) if deadline is None else "Cancelled"
            if record.status != "Success" and step.is_critical and end == "Success":
                end = record.status
                self.failure = f"Step {step.name} is in status {record.status}: {record.failure}"
            if self._stop == "Complete":
                return end
            step = self._next(step, record)
        return end

    def _cancelled(self, step: Step) -> Status:
        if step.on_cancel != ABORT and self._stop == "Cancel":
            target = self.runbook.steps[step.on_cancel.removeprefix(STEP)]
            self._steps(target, time.monotonic() + CANCELLATION_SECONDS)
        return "Cancelled"

    def _next(self, step: Step, record: StepRecord) -> Step | None:
        if record.status == "Success":
            return self.runbook.after(step)
        if step.on_failure.startswith(STEP):
            return self.runbook.steps[step.on_failure.removeprefix(STEP)]
        return self.runbook.after(step) if step.on_failure == CONTINUE else None

    def _step(self, step: Step, deadline: float | None) -> StepRecord:
        """A step with all its attempts."""
        record = self.records[step.name]
        self.current = step.name
        record.status, record.failure, record.outputs = "InProgress", "", {}
        record.started, record.ended = self._environment.services.clock(), None
        self._environment.changed(self, record)
        status: Status = "Cancelled"
        for _ in range(step.max_attempts):
            if self._interrupted(cancelling=deadline is not None):
                break
            status = self._attempt(record, deadline)
            if status in ("Success", "Cancelled"):
                break
        record.ended = self._environment.services.clock()
        record.status = status
        self._environment.work.touch()
        self._environment.changed(self, record)
        return record

    def _attempt(self, record: StepRecord, deadline: float | None) -> Status:
        step = record.step
        try:
            record.inputs = resolved(step.inputs, self._value)
        except ActionError as error:
            record.failure, record.failure_kind = str(error), error.kind
            return "Failed"
        scale = self._environment.work.time_scale if ACTIONS[step.action].waits else 1.0
        limit = time.monotonic() + step.limit_seconds / scale
        attempt = RunningAttempt(self, self._environment, min(limit, deadline or limit))
        outcome = attempt.start(step, record.inputs, act)
        cancelling = deadline is not None
        with self._changed:
            self._changed.wait_for(
                lambda: outcome.done() or self._interrupted(cancelling=cancelling),
                attempt.ends - time.monotonic(),
            )
            attempt.over.set()
            self._still = None
            self._changed.notify_all()
        if outcome.done():
            return self._judge(record, outcome)
        if self._interrupted(cancelling=cancelling) or attempt.ends == deadline:
            return "Cancelled"
        record.failure = f"Step timed out after {step.limit_seconds} seconds."
        record.failure_kind = "TimeOut"
        return "TimedOut"

    def _interrupted(self, *, cancelling: bool) -> bool:
        return self._stop == "Shutdown" or (self._stop == "Cancel" and not cancelling)

    def _judge(self, record: StepRecord, outcome: "Future[Result]") -> Status:
        error = outcome.exception()
        if isinstance(error, OverError):
            return "TimedOut"
        if isinstance(error, ActionError):
            record.failure, record.failure_kind = str(error), error.kind
            if isinstance(error, CommandFailedError):
                record.outputs = error.outputs
            return "Failed"
        record.outputs = outcome.result().outputs
        return "Success"

    def _value(self, name: str) -> Any:
        """What a reference stands for now; ActionError for an output that is not there."""
        if name in self.values:
            return self.values[name]
        step, dot, output = name.partition(".")
        if dot:
            outputs = self.records[step].outputs
            if outputs.get(output) is None:
                raise ActionError(
                    f"The output {name} is not there: the step {step} is in status "
                    f"{self.records[step].status}.",
                    "Verification",
                )
            return outputs[output]
        now = self._environment.services.clock()
        return {
            "automation:EXECUTION_ID": self.id,
            "global:ACCOUNT_ID": self.account,
            "global:AWS_PARTITION": "aws",
            "global:DATE": f"{now:%Y-%m-%d}",
            "global:DATE_TIME": f"{now:%Y-%m-%d_%H.%M.%S}",
            "global:REGION": self.region,
        }[name]

    def wait_until(self, over: Callable[[], bool], seconds: float) -> bool:
        """Waits for a change; whether `over` holds."""
        with self._changed:
            return self._changed.wait_for(over, seconds)

    def still(self, moment: int | None) -> None:
        """It has seen no change as of this moment of the work, or goes on (None)."""
        self._still = moment

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()
