"""From queues to functions: Lambda's event-source mappings for SQS."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import EventSourceMapping, LambdaFunction
from moto.backends import get_backend
from moto.sqs.models import Message

from aws_sandbox.aws.access import Access
from aws_sandbox.events.batches import Batches
from aws_sandbox.events.lanes import PROCESSES
from aws_sandbox.events.queues import DeployedQueue, find_queue
from aws_sandbox.events.work import Work
from aws_sandbox.journal import Hop, Journal

_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_BYTES_LIMIT = 5_500_000
"""Of a batch's message bodies, so that the event stays under Lambda's 6 MB."""
_LOOK_AGAIN_SECONDS = 1.0
"""For what nobody announces, such as a role that may receive by now."""
_CLOCK_SECONDS = 0.002


class Mappings:
    """Receives for every enabled mapping, and deletes what its function has dealt with.

    A received message stays invisible while its function runs, however much time is scaled; its
    visibility timeout counts from the receive, as on SQS.
    """

    def __init__(self, *, batches: Batches, access: Access, journal: Journal, work: Work) -> None:
        self._batches = batches
        self._access = access
        self._journal = journal
        self._work = work
        self._changed = threading.Condition()
        self._poked = False
        self._stopped = False
        self._busy: Counter[str] = Counter()
        self._windows: dict[str, float] = {}
        self._refusals: dict[str, str] = {}
        self._thread = threading.Thread(target=self._serve_all, name="pump-mappings", daemon=True)
        work.watch(self._on_their_way)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()

    def poke(self) -> None:
        """Something about a queue has changed."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()

    def _on_their_way(self) -> Sequence[str]:
        """The queues with messages and a consumer; one that may not consume is none."""
        return [
            f"{queue.count()} messages in {queue.queue_arn} for {mapping.function_arn}"
            for mapping in event_source_mappings()
            if mapping.uuid not in self._refusals
            and mapping.enabled
            and isinstance(queue := find_queue(mapping.event_source_arn), DeployedQueue)
            and queue.count()
        ]

    def _serve_all(self) -> None:
        try:
            while not self._stopped:
                self._poked = False
                now = time.time()
                times = [self._serve(mapping, now) for mapping in event_source_mappings()]
                wait = min([now + _LOOK_AGAIN_SECONDS, *filter(None, times)]) - time.time()
                with self._changed:
                    self._changed.wait_for(lambda: self._poked or self._stopped, max(wait, 0))
        except BaseException as error:
            self._work.crash("the event-source mappings", error)
            raise

    def _serve(self, mapping: EventSourceMapping, now: float) -> float | None:
        """Starts what batches it can; tells when (seconds since 1970) to look again."""
        queue = find_queue(mapping.event_source_arn)
        if not mapping.enabled or not isinstance(queue, DeployedQueue):
            return None
        while queue.has(1):
            window_ends = self._window_ends(mapping, queue, now)
            if window_ends > now:
                return window_ends
            function = self._function(mapping, queue)
            if function is None or self._busy[mapping.uuid] >= _concurrency(mapping, function):
                return None
            batch = queue.hold(mapping.batch_size, _BYTES_LIMIT)
            self._windows.pop(mapping.uuid, None)
            if batch:
                self._submit(mapping, queue, batch)
        change = queue.next_change()
        return None if change is None else change + _CLOCK_SECONDS

    def _window_ends(self, mapping: EventSourceMapping, queue: DeployedQueue, now: float) -> float:
        """When the batch has waited long enough for more messages; now if it is full."""
        window = mapping.max_batch_window or 0
        if not window or queue.has(mapping.batch_size):
            return now
        return self._windows.setdefault(mapping.uuid, now) + window / self._work.time_scale

    def _function(self, mapping: EventSourceMapping, queue: DeployedQueue) -> LambdaFunction | None:
        """The mapping's function; None, with the reason in the journal, when it may not work."""
        backend = get_backend("lambda")[mapping.account_id][mapping.region]
        try:
            function = backend.get_function(mapping.function_arn)
        except UnknownFunctionException as error:
            function, reason = None, str(error)
        else:
            reason = self._refusal(queue, function)
        if not reason:
            self._refusals.pop(mapping.uuid, None)
            return function
        if self._refusals.get(mapping.uuid) != reason:
            self._refusals[mapping.uuid] = reason
            self._journal.record(
                Hop(
                    source=mapping.event_source_arn,
                    target=mapping.function_arn,
                    outcome="refused",
                    reason=reason,
                )
            )
        return None

    def _refusal(self, queue: DeployedQueue, function: LambdaFunction) -> str:
        if queue.queue_arn.endswith(".fifo"):
            return "the sandbox carries nothing from FIFO queues"
        decisions = (
            self._access.check_role(function.role, action, queue.queue_arn) for action in _ACTIONS
        )
        return next((decision.reason for decision in decisions if not decision.allowed), "")

    def _submit(
        self, mapping: EventSourceMapping, queue: DeployedQueue, batch: Sequence[Message]
    ) -> None:
        received_at = time.time()

        def run() -> None:
            done: Sequence[Message] = ()
            try:
                done = self._batches.run(mapping, batch)
            finally:
                for message in batch:
                    if message in done:
                        queue.discard(message)
                    else:
                        queue.let_go(message, received_at)
                self._occupy(mapping, -1)
                self.poke()

        self._occupy(mapping, 1)
        label = f"{len(batch)} messages of {queue.queue_arn} for {mapping.function_arn}"
        self._work.submit(label, run)

    def _occupy(self, mapping: EventSourceMapping, change: int) -> None:
        with self._changed:
            self._busy[mapping.uuid] += change


def event_source_mappings() -> Sequence[EventSourceMapping]:
    """Of every account and Region, for queues."""
    return [
        mapping
        for account in list(get_backend("lambda").values())
        for backend in list(account.values())
        for mapping in backend.list_event_source_mappings("", "")
        if mapping.event_source_arn.split(":")[2] == "sqs"
    ]


def _concurrency(mapping: EventSourceMapping, function: LambdaFunction) -> int:
    """Batches at once: as the mapping's scaling says, and no more than the function may run."""
    scaling: Mapping[str, int] = mapping.scaling_config or {}
    limit = scaling.get("MaximumConcurrency", PROCESSES)
    reserved = function.reserved_concurrency
    return limit if reserved is None else min(limit, int(reserved))
