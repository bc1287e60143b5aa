"""From queues to functions: Lambda's event-source mappings for SQS.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import base64
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import EventSourceMapping
from moto.backends import get_backend
from moto.sqs.models import Message

from aws_sandbox.aws.access import Access
from aws_sandbox.events.invocations import Invocations
from aws_sandbox.events.work import Work
from aws_sandbox.functions.definition import InvokeError
from aws_sandbox.functions.runner import InvocationResult
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes.sqs import DeployedQueue, find_queue

_CONCURRENCY = min(5, max(2, os.cpu_count() or 2))
"""Batches at once of one mapping: Lambda begins with five; a small machine gains nothing by more
processes than it has processors."""
_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_LOOK_AGAIN_SECONDS = 1.0
"""For what nobody announces, such as a role that may receive by now."""
_CLOCK_SECONDS = 0.002


class Mappings:
    """Receives for every enabled mapping, and deletes what its function has dealt with.

    A received message stays invisible while its function runs, however much time is scaled; its
    visibility timeout counts from the receive, as on SQS.
    """

    def __init__(
        self, *, invocations: Invocations, access: Access, journal: Journal, work: Work
    ) -> None:
        self._invocations = invocations
        self._access = access
        self._journal = journal
        self._work = work
        self._changed = threading.Condition()
        self._poked = False
        self._stopped = False
        self._busy: Counter[str] = Counter()
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
            and (queue := find_queue(mapping.event_source_arn))
            and queue.count()
        ]

    def _serve_all(self) -> None:
        try:
            while not self._stopped:
                self._poked = False
                times = [self._serve(mapping) for mapping in event_source_mappings()]
                now = time.time()
                wait = min([now + _LOOK_AGAIN_SECONDS, *filter(None, times)]) - now
                with self._changed:
                    self._changed.wait_for(lambda: self._poked or self._stopped, max(wait, 0))
        except BaseException as error:
            self._work.crash("the event-source mappings", error)
            raise

    def _serve(self, mapping: EventSourceMapping) -> float | None:
        """Starts what batches it can; tells when (seconds since 1970) to look again."""
        queue = find_queue(mapping.event_source_arn)
        if not mapping.enabled or queue is None:
            return None
        while queue.has_message():
            if not self._may_consume(mapping) or self._busy[mapping.uuid] >= _at_once(mapping):
                return None
            batch = queue.hold(mapping.batch_size)
            if batch:
                self._submit(mapping, queue, batch)
        change = queue.next_change()
        return None if change is None else change + _CLOCK_SECONDS

    def _may_consume(self, mapping: EventSourceMapping) -> bool:
        """Whether the function is there and its role may receive; the journal has why not."""
        reason = self._refusal(mapping)
        if not reason:
            self._refusals.pop(mapping.uuid, None)
        elif self._refusals.get(mapping.uuid) != reason:
            self._refusals[mapping.uuid] = reason
            self._journal.record(
                JournalEntry(
                    source=mapping.event_source_arn,
                    target=mapping.function_arn,
                    outcome="refused",
                    reason=reason,
                )
            )
        return not reason

    def _refusal(self, mapping: EventSourceMapping) -> str:
        backend = get_backend("lambda")[mapping.account_id][mapping.region]
        try:
            role = backend.get_function(mapping.function_arn).role
        except UnknownFunctionException as error:
            return str(error)
        source = mapping.event_source_arn
        decisions = (self._access.check_role(role, action, source) for action in _ACTIONS)
        return next((decision.reason for decision in decisions if not decision.allowed), "")

    def _submit(
        self, mapping: EventSourceMapping, queue: DeployedQueue, batch: Sequence[Message]
    ) -> None:
        received_at = time.time()

        def run() -> None:
            failed: frozenset[str] = frozenset(message.id for message in batch)
            try:
                failed = self._run(mapping, batch)
            finally:
                for message in batch:
                    if message.id in failed:
                        queue.let_go(message, received_at)
                    else:
                        queue.discard(message)
                self._occupy(mapping, -1)
                self.poke()

        self._occupy(mapping, 1)
        label = f"{len(batch)} messages of {queue.queue_arn} for {mapping.function_arn}"
        self._work.submit(label, run)

    def _occupy(self, mapping: EventSourceMapping, change: int) -> None:
        with self._changed:
            self._busy[mapping.uuid] += change

    def _run(self, mapping: EventSourceMapping, batch: Sequence[Message]) -> frozenset[str]:
        """Invokes the function; the ids of the messages that it did not deal with."""
        ids = [message.id for message in batch]
        records = [_record(message, mapping.event_source_arn, mapping.region) for message in batch]
        event = json.dumps({"Records": records}).encode()
        try:
            result = self._invocations.now(mapping.function_arn, event)
        except (InvokeError, UnknownFunctionException) as error:
            failed, reason = frozenset(ids), str(error)
        else:
            failed, reason = _outcome(mapping, result, ids)
        self._journal.record(
            JournalEntry(
                source=mapping.event_source_arn,
                target=mapping.function_arn,
                outcome="failed" if failed else "carried",
                reason=reason,
                detail={"messages": ids, "failed": sorted(failed)},
            )
        )
        return failed


def event_source_mappings() -> Sequence[EventSourceMapping]:
    """Of every account and Region."""
    return [
        mapping
        for account in list(get_backend("lambda").values())
        for backend in list(account.values())
        for mapping in backend.list_event_source_mappings("", "")
    ]


def _at_once(mapping: EventSourceMapping) -> int:
    wanted: Mapping[str, int] = mapping.scaling_config or {}
    return min(_CONCURRENCY, wanted.get("MaximumConcurrency", _CONCURRENCY))


def _outcome(
    mapping: EventSourceMapping, result: InvocationResult, ids: Sequence[str]
) -> tuple[frozenset[str], str]:
    """The ids of the messages that failed, and why."""
    if result.error:
        return frozenset(ids), result.reason
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return frozenset(), ""
    failed = _reported(result.content, frozenset(ids))
    return failed, "the function reports them as failed" if failed else ""


def _reported(response: Any, ids: frozenset[str]) -> frozenset[str]:
    """The messages that a function reports as failed (ReportBatchItemFailures).

    Nothing reported is success. What is not of the documented form, or names a message that is not
    in the batch, makes all of them failed.
    """
    try:
        content: Mapping[str, Any] = response or {}
        failures: Sequence[Mapping[str, str]] = content.get("batchItemFailures") or ()
        named = frozenset(failure["itemIdentifier"] for failure in failures)
    except (AttributeError, KeyError, TypeError):
        return ids
    return ids if named - ids else named


def _record(message: Message, queue_arn: str, region: str) -> Mapping[str, Any]:
    """One element of `Records`."""
    record: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {
            name: _attribute(attribute) for name, attribute in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record


def _attribute(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    record: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute["DataType"],
    }
    if "BinaryValue" in attribute:
        value = cast("bytes", attribute["BinaryValue"])
        record["binaryValue"] = base64.b64encode(value).decode()
    else:
        record["stringValue"] = attribute["StringValue"]
    return record
