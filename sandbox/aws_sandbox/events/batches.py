"""One batch of a queue's messages: given to the function, and which of them are dealt with."""

import json
from collections.abc import Collection, Sequence

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import EventSourceMapping
from moto.sqs.models import Message

from aws_sandbox.events.filters import mapping_wants
from aws_sandbox.events.pattern import PatternError
from aws_sandbox.events.records import failed_ids, sqs_record
from aws_sandbox.functions.errors import InvokeError
from aws_sandbox.functions.invocation import Invocation
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Hop, Journal


class Batches:
    """Invokes a mapping's function, and reads its answer as the mapping says."""

    def __init__(self, *, functions: Functions, journal: Journal) -> None:
        self._functions = functions
        self._journal = journal

    def run(self, mapping: EventSourceMapping, batch: Sequence[Message]) -> Sequence[Message]:
        """The messages to delete: taken by the function, or filtered out."""
        try:
            wanted = [
                record
                for message in batch
                if mapping_wants(
                    mapping.filter_criteria,
                    record := sqs_record(message, mapping.event_source_arn, mapping.region),
                )
            ]
        except PatternError as error:
            ids = [message.id for message in batch]
            self._record(mapping, ids, ids, f"its filter criteria: {error}")
            return ()
        if not wanted:
            return batch
        ids = [str(record["messageId"]) for record in wanted]
        event = json.dumps({"Records": wanted}).encode()
        try:
            invocation = self._functions.invoke(mapping.function_arn, event)
        except (InvokeError, UnknownFunctionException) as error:
            failed, reason = frozenset(ids), str(error)
        else:
            failed, reason = _outcome(mapping, invocation, ids)
        self._record(mapping, ids, failed, reason)
        return [message for message in batch if message.id not in failed]

    def _record(
        self,
        mapping: EventSourceMapping,
        ids: Collection[str],
        failed: Collection[str],
        reason: str,
    ) -> None:
        self._journal.record(
            Hop(
                source=mapping.event_source_arn,
                target=mapping.function_arn,
                outcome="failed" if failed else "carried",
                reason=reason,
                detail={"messages": list(ids), "failed": sorted(failed)},
            )
        )


def _outcome(
    mapping: EventSourceMapping, invocation: Invocation, ids: Sequence[str]
) -> tuple[frozenset[str], str]:
    """The ids of the messages that failed, and why."""
    if invocation.error:
        return frozenset(ids), invocation.reason
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return frozenset(), ""
    failed = failed_ids(invocation.content, ids)
    return failed, "the function reports them as failed" if failed else ""
