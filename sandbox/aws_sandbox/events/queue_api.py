"""moto's SQS operations under the queues' lock, with StartMessageMoveTask, which moto lacks."""

import copy
import time
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, SQSBackend
from moto.sqs.responses import SQSResponse

from aws_sandbox.events.queues import ARRIVALS, LOCK, DeployedQueue, find_queue
from aws_sandbox.moto_changes.replacements import Replacements

_LOCKED = ("send_message", "delete_message", "change_message_visibility", "purge_queue")
_LOOK_AGAIN_SECONDS = 0.25

_receive_without_waiting = SQSBackend.receive_message


def install(replacements: Replacements) -> None:
    for name in _LOCKED:
        replacements.replace(SQSBackend, name, _locked(getattr(SQSBackend, name)))
    replacements.replace(SQSBackend, "receive_message", _receive)
    replacements.add(SQSResponse, "start_message_move_task", MoveTasks.start_message_move_task)
    replacements.add(SQSResponse, "list_message_move_tasks", MoveTasks.list_message_move_tasks)
    MoveTasks.tasks = []


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    def under_lock(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            result = operation(*args, **kwargs)
        DeployedQueue.listener.arrived()
        return result

    return under_lock


def _receive(
    self: SQSBackend, queue_name: str, count: int, wait_seconds: int, *more: Any
) -> list[Message]:
    """ReceiveMessage, waiting without the lock."""
    deadline = time.monotonic() + wait_seconds
    while True:
        with LOCK:
            queue = self.get_queue(queue_name)
            if isinstance(queue, DeployedQueue):
                queue.bury()
            received = _receive_without_waiting(self, queue_name, count, 0, *more)
            remaining = deadline - time.monotonic()
            if received or remaining <= 0:
                return received
            ARRIVALS.wait(min(remaining, _LOOK_AGAIN_SECONDS))


class MoveTasks(SQSResponse):
    """The redrive of dead letters, done at once: a task is over when its call returns."""

    tasks: ClassVar[list[dict[str, Any]]] = []
    """Of the whole process, the newest first."""

    def start_message_move_task(self) -> ActionResult:
        """To DestinationArn, or back to the queue that each message was in before."""
        source_arn = self._get_param("SourceArn")
        destination_arn = self._get_param("DestinationArn")
        with LOCK:
            source = _existing(source_arn)
            if not _has_sources(self.sqs_backend, source_arn):
                raise SQSException(
                    "InvalidParameterValue",
                    "Source queue must be configured as a Dead Letter Queue.",
                )
            task: dict[str, Any] = {
                "TaskHandle": str(uuid.uuid4()),
                "Status": "COMPLETED",
                "SourceArn": source_arn,
                "ApproximateNumberOfMessagesMoved": 0,
                "ApproximateNumberOfMessagesToMove": source.count(),
                "StartedTimestamp": int(time.time() * 1000),
            }
            if destination_arn:
                task["DestinationArn"] = destination_arn
            MoveTasks.tasks.insert(0, task)
            for message in source.messages:
                target = destination_arn or message.system_attributes.get(
                    "DeadLetterQueueSourceArn"
                )
                if not target:
                    task["Status"] = "FAILED"
                    task["FailureReason"] = "CouldNotDetermineMessageSource"
                    break
                _move(message, source, _existing(target))
                task["ApproximateNumberOfMessagesMoved"] += 1
        return ActionResult({"TaskHandle": task["TaskHandle"]})

    def list_message_move_tasks(self) -> ActionResult:
        source_arn = self._get_param("SourceArn")
        limit = self._get_param("MaxResults", 1)
        found = [task for task in MoveTasks.tasks if task["SourceArn"] == source_arn]
        return ActionResult({"Results": found[:limit]})


def _existing(queue_arn: str) -> DeployedQueue:
    queue = find_queue(queue_arn)
    if not isinstance(queue, DeployedQueue):
        raise SQSException("ResourceNotFoundException", f"There is no queue {queue_arn}.")
    return queue


def _has_sources(backend: SQSBackend, queue_arn: str) -> bool:
    return any(
        isinstance(queue, DeployedQueue)
        and (queue.redrive_policy or {}).get("deadLetterTargetArn") == queue_arn
        for queue in backend.queues.values()
    )


def _move(message: Message, source: DeployedQueue, target: DeployedQueue) -> None:
    """As a new message, with an id and a receive count of its own, as SQS documents."""
    source.discard(message)
    moved = copy.copy(message)
    moved.id = str(uuid.uuid4())
    moved.approximate_receive_count = 0
    moved.approximate_first_receive_timestamp = None
    moved.mark_sent()
    target.add_message(moved)
