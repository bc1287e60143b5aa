"""Works off a batch of queue messages; those that fail are tried again, the others are done."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType] - a bare Callable in it
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext


def work_off(event: dict[str, Any], context: LambdaContext, handle: Callable[[str], None]) -> Any:
    """Hands each message's body over, and answers which messages failed.

    What `handle` raises is logged by Powertools and fails that message alone; where every message
    fails, the whole invocation does.
    """
    return work_off_records(event, context, lambda record: handle(record.body))


def work_off_with_tries(
    event: dict[str, Any], context: LambdaContext, handle: Callable[[str, int], None]
) -> Any:
    """As `work_off`, with how often each message has been received, this time included."""

    def handle_record(record: SQSRecord) -> None:
        handle(record.body, int(record.attributes.approximate_receive_count))

    return work_off_records(event, context, handle_record)


def work_off_records(
    event: dict[str, Any], context: LambdaContext, handle: Callable[[SQSRecord], None]
) -> Any:
    """As `work_off`, with all that SQS tells of each message."""
    return process_partial_response(
        event=event,
        record_handler=handle,
        processor=BatchProcessor(event_type=EventType.SQS),
        context=context,
    )
