"""The event pump: carries events through the deployed resources, as AWS would.

It takes over from moto what moto delivers itself, for as long as it runs. The way of a message is
read from module to module: `buses` and `deliveries` (rules), `targets`, `topics`, `queues`,
`mappings`, `asynchronous`; `endpoints` asks the policies of each hop. `replication` copies objects.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import moto.sqs.models

from aws_sandbox.aws.access import Access
from aws_sandbox.control import ControlApi
from aws_sandbox.events import bucket_api, bus_api, queue_api, replication_api, topic_api
from aws_sandbox.events.alarms import Alarms
from aws_sandbox.events.asynchronous import Asynchronous
from aws_sandbox.events.batches import Batches
from aws_sandbox.events.buses import Buses, Entry
from aws_sandbox.events.deliveries import Deliveries
from aws_sandbox.events.destinations import Destinations
from aws_sandbox.events.endpoints import Endpoints
from aws_sandbox.events.event import Event
from aws_sandbox.events.mappings import Mappings
from aws_sandbox.events.queues import DeployedQueue
from aws_sandbox.events.replication import Replication
from aws_sandbox.events.s3_events import S3Events
from aws_sandbox.events.schedules import Schedules
from aws_sandbox.events.targets import Targets
from aws_sandbox.events.topics import Topics
from aws_sandbox.events.work import Work
from aws_sandbox.functions import function_api
from aws_sandbox.functions.invocation import Invocation
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Hop, Journal
from aws_sandbox.moto_changes.replacements import Replacements

_SETTLE_SECONDS = 60.0


class Pump:
    """Started before anything is deployed; stopped once, with the functions that it runs."""

    def __init__(
        self, *, journal: Journal, functions: Functions, access: Access, time_scale: float = 1.0
    ) -> None:
        """`time_scale` divides visibility timeouts, delays and the waits before retries."""
        self._access = access
        self._journal = journal
        self._functions = functions
        self._replacements = Replacements()
        self._work = work = Work(time_scale=time_scale)
        self._endpoints = endpoints = Endpoints(
            access=access, journal=journal, invoke_later=self._invoke_later, accept=self._accept
        )
        self._asynchronous = Asynchronous(
            functions=functions, destinations=Destinations(endpoints), journal=journal, work=work
        )
        self.targets = Targets(endpoints)
        self._deliveries = Deliveries(
            targets=self.targets, endpoints=endpoints, journal=journal, work=work
        )
        self._buses = Buses(deliveries=self._deliveries, journal=journal)
        self._mappings = Mappings(
            batches=Batches(functions=functions, journal=journal),
            access=access,
            journal=journal,
            work=work,
        )

    def start(self) -> None:
        replacements, endpoints, work = self._replacements, self._endpoints, self._work
        DeployedQueue.listener = self
        DeployedQueue.time_scale = work.time_scale
        replacements.replace(moto.sqs.models, "Queue", DeployedQueue)
        queue_api.install(replacements)
        topic_api.install(
            replacements, Topics(endpoints=endpoints, journal=self._journal, work=work)
        )
        bus_api.install(replacements, self._buses)
        s3_events = S3Events(endpoints=endpoints, accept=self._accept, work=work)
        replication = Replication(
            access=self._access, journal=self._journal, work=work, tell=s3_events.tell
        )
        follow = replication_api.install(replacements, replication)
        bucket_api.install(replacements, s3_events, follow)
        function_api.install(replacements, self)
        work.start()
        self._mappings.start()

    def stop(self) -> None:
        """What is on its way stays where it is: in its queue, or nowhere."""
        self._mappings.stop()
        self._functions.stop()
        self._work.stop()
        self._replacements.undo()

    def register(self, control: ControlApi) -> None:
        """Offers `settle`, `events.…`, `alarms.evaluate` and `functions.logs` by HTTP."""
        control.add("settle", self._settle)
        control.add("events.emit", self._emit)
        control.add("events.fire_schedule", self.fire_schedule)
        control.add("events.fail_next", self.fail_next)
        control.add("alarms.evaluate", self.evaluate_alarms)
        control.add("functions.logs", self._functions.logs, reads_only=True)

    def put_events(self, account: str, region: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """PutEvents: the results, one an entry. Raises EntriesError (a ValueError) for too many."""
        return self._buses.put_events(account, region, entries)

    def emit(self, account: str, region: str, event: Mapping[str, Any]) -> None:
        """An AWS service's own event, on the default bus of an account and Region.

        `source`, `detail-type` and `detail` as EventBridge shows them; `resources` and `time`
        (ISO 8601) if there are any. Raises ValueError for anything else.
        """
        required, optional = {"source", "detail-type", "detail"}, {"resources", "time"}
        if not required <= set(event) <= required | optional:
            raise ValueError(
                f"an event has {', '.join(sorted(required))} and may have "
                f"{', '.join(sorted(optional))}; this one has {', '.join(sorted(event))}"
            )
        new = Event.new(
            source=event["source"],
            detail_type=event["detail-type"],
            detail=event["detail"],
            account=account,
            region=region,
            resources=event.get("resources", ()),
            time=datetime.fromisoformat(event["time"]) if "time" in event else None,
        )
        self._buses.accept(f"arn:aws:events:{region}:{account}:event-bus/default", new)

    def settle(self, timeout_seconds: float = _SETTLE_SECONDS) -> None:
        """Waits until nothing is on its way any more.

        A message in a queue that a function consumes is on its way, also while it waits to be
        tried again; one in a queue without a consumer, such as a dead-letter queue, has arrived.
        Raises UnsettledError (a TimeoutError) saying what is left, PumpCrashedError for a defect.
        """
        self._work.settle(timeout_seconds)

    def fire_schedule(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """`{"account": …, "region": …, "rule": name}`: see `schedules`."""
        return Schedules(self._buses).fire(request)

    def fail_next(self, request: Mapping[str, Any]) -> Mapping[str, int]:
        """`{"target": arn, "times": 2, "code": "THROTTLING"}`: see `deliveries`."""
        return self._deliveries.fail_next(request)

    def evaluate_alarms(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{}`, or `{"at": time}`: see `alarms`."""
        return Alarms(endpoints=self._endpoints, accept=self._accept).evaluate(request)

    # What moto's queues and functions call.

    def arrived(self) -> None:
        self._mappings.poke()

    def buried(self, queue: DeployedQueue, target_arn: str, obstacle: str) -> None:
        self._journal.record(
            Hop(
                source=queue.queue_arn,
                target=target_arn,
                outcome="refused" if obstacle else "carried",
                reason=obstacle or "received as often as its redrive policy allows",
            )
        )

    def mappings_changed(self) -> None:
        self._mappings.poke()

    def invoke(self, function_arn: str, event: bytes) -> Invocation:
        return self._functions.invoke(function_arn, event)

    def invoke_later(self, function_arn: str, event: bytes) -> None:
        self._invoke_later(function_arn, event, "Invoke")

    # What the endpoints call.

    def _invoke_later(self, function_arn: str, event: bytes, source: str) -> None:
        self._asynchronous.invoke_later(function_arn, event, source)

    def _accept(self, bus_arn: str, event: Event) -> None:
        self._buses.accept(bus_arn, event)

    # The control calls.

    def _settle(self, request: Mapping[str, Any]) -> Mapping[str, bool]:
        self.settle(float(request.get("timeout_seconds", _SETTLE_SECONDS)))
        return {"settled": True}

    def _emit(self, request: Mapping[str, Any]) -> None:
        wrong = sorted({"account", "region", "event"} ^ set(request))
        if wrong:
            raise ValueError(f"events.emit takes account, region and event: {', '.join(wrong)}")
        self.emit(request["account"], request["region"], request["event"])
