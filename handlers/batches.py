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

    def handle_record(record: SQSRecord) -> None:
        handle(record.body)

    return process_partial_response(
        event=event,
        record_handler=handle_record,
        processor=BatchProcessor(event_type=EventType.SQS),
        context=context,
    )
