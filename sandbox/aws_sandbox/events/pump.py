"""The event pump: carries events through the deployed resources, as AWS would.

It takes over from moto what moto delivers itself, for as long as it runs. The way of a message is
read from module to module: `objects` (S3), `eventbridge`, `topics` (SNS), `mappings` (queues to
functions), `invocations`; `endpoints` asks the policies of each delivery.
"""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.access import Access
from aws_sandbox.control import ControlApi
from aws_sandbox.events.alarms import Alarms
from aws_sandbox.events.endpoints import Endpoints
from aws_sandbox.events.eventbridge import EventBridge
from aws_sandbox.events.invocations import Invocations
from aws_sandbox.events.mappings import Mappings
from aws_sandbox.events.objects import Objects
from aws_sandbox.events.schedules import Schedules
from aws_sandbox.events.topics import Topics
from aws_sandbox.events.work import UnsettledError, Work
from aws_sandbox.functions.runner import Functions, InvocationResult
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes import events, lambda_, s3, sns, sqs
from aws_sandbox.moto_changes.replacements import Replacements

_SETTLE_SECONDS = 60.0


class FunctionsNotStartedError(ValueError):
    """Events met functions that could not start; the message names them and the reasons."""


class Pump:
    """Started before anything is deployed; stopped once, with the functions that it runs."""

    def __init__(
        self, *, journal: Journal, functions: Functions, access: Access, time_scale: float = 1.0
    ) -> None:
        """`time_scale` divides visibility timeouts, delays and the waits before retries."""
        self._journal = journal
        self._functions = functions
        self._replacements = Replacements()
        self.work = work = Work(time_scale=time_scale)
        self._invocations = Invocations(functions=functions, journal=journal, work=work)
        endpoints = Endpoints(access=access, journal=journal, invoke_later=self._invocations.later)
        self.eventbridge = EventBridge(endpoints=endpoints, journal=journal, work=work)
        self.alarms = Alarms(endpoints=endpoints, accept=self.eventbridge.accept)
        self.schedules = Schedules(
            access=access,
            endpoints=endpoints,
            journal=journal,
            work=work,
            endpoint=functions.endpoint,
        )
        self._topics = Topics(endpoints=endpoints, journal=journal, work=work)
        self._objects = Objects(
            access=access, journal=journal, work=work, accept=self.eventbridge.accept
        )
        self._mappings = Mappings(
            invocations=self._invocations, access=access, journal=journal, work=work
        )

    def start(self) -> None:
        sqs.install(self._replacements, self, self.work.time_scale)
        sns.install(self._replacements, self._topics)
        events.install(self._replacements, self.eventbridge.put)
        s3.install(self._replacements, self._objects)
        lambda_.install(self._replacements, self)
        self.work.start()
        self._mappings.start()

    def stop(self) -> None:
        """What is on its way stays where it is: in its queue, or nowhere."""
        self._mappings.stop()
        self._functions.stop()
        self.work.stop()
        self._replacements.undo()

    def register(self, control: ControlApi) -> None:
        """Offers `settle`, `events.…`, `alarms.evaluate` and `functions.logs` by HTTP."""
        control.add("settle", self._settle)
        control.add("events.emit", self._emit)
        control.add("events.fire_schedule", self._fire)
        control.add("alarms.evaluate", self.alarms.evaluate)
        control.add("functions.logs", self._functions.logs.answer, reads_only=True)

    def settle(self, timeout_seconds: float = _SETTLE_SECONDS) -> None:
        """Waits until nothing is on its way any more.

        A message in a queue that a function consumes is on its way, also while it waits to be
        tried again; one in a queue without a consumer, such as a dead-letter queue, has arrived.
        Raises FunctionsNotStartedError where functions could not start since the last call,
        UnsettledError (a TimeoutError) saying what is left, PumpCrashedError for a defect.
        """
        unsettled: UnsettledError | None = None
        try:
            self.work.settle(timeout_seconds)
        except UnsettledError as error:
            unsettled = error
        if found := self._invocations.take_not_started():
            told = "; ".join(f"{function}: {reason}" for function, reason in found.items())
            raise FunctionsNotStartedError(f"functions that could not start: {told}") from unsettled
        if unsettled is not None:
            raise unsettled

    # What moto's queues and functions call.

    def arrived(self) -> None:
        self._mappings.poke()

    def buried(self, queue: sqs.DeployedQueue, target_arn: str, obstacle: str) -> None:
        self._journal.record(
            JournalEntry(
                source=queue.queue_arn,
                target=target_arn,
                outcome="refused" if obstacle else "carried",
                reason=obstacle or "received as often as its redrive policy allows",
            )
        )

    def mappings_changed(self) -> None:
        self._mappings.poke()

    def invoke(self, function_arn: str, event: bytes) -> InvocationResult:
        return self._functions.invoke(function_arn, event)

    # The control calls.

    def _settle(self, request: Mapping[str, Any]) -> Mapping[str, bool]:
        self.settle(float(request.get("timeout_seconds", _SETTLE_SECONDS)))
        return {"settled": True}

    def _emit(self, request: Mapping[str, Any]) -> None:
        wrong = sorted({"account", "region", "event"} ^ set(request))
        if wrong:
            raise ValueError(f"events.emit takes account, region and event: {', '.join(wrong)}")
        self.eventbridge.emit(request["account"], request["region"], request["event"])

    def _fire(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """A rule with a schedule, or a schedule of EventBridge Scheduler."""
        fire = self.schedules.fire if "schedule" in request else self.eventbridge.fire_schedule
        return fire(request)
