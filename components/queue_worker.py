"""A function that works off a queue, with what fails resting in a dead-letter queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.function import Function, FunctionArgs
from components.iam import Statement, policy_document

Senders = Callable[[pulumi.Output[str]], Sequence[Statement]]
"""Who may send to a queue, given its ARN."""

_TIMEOUTS_A_MESSAGE_STAYS_HIDDEN = 6  # what AWS advises for a queue that a function reads
_FOURTEEN_DAYS = 14 * 24 * 3600  # SQS's longest retention


@dataclass(frozen=True, kw_only=True)
class QueueWorkerArgs:
    function: FunctionArgs
    senders: Senders
    dead_letter_senders: Senders | None = None
    """Who else puts what it could not deliver into the dead-letter queue."""
    batch_size: int = 10
    batching_window_seconds: int = 0
    tries: int = 5
    """How often a message is tried before it rests in the dead-letter queue."""
    key_arn: pulumi.Input[str] | None = None
    """Encrypts both queues; its policy must let the senders use it. None: SQS's own key does."""
    alarm_topics: Sequence[pulumi.Input[str]] = ()
    """ARNs of the topics that hear of the first dead letter."""
    parks: bool = False
    """Whether the function itself puts messages that it can do nothing with into the dead-letter
    queue; it then finds the queue's URL in DEAD_LETTERS_URL."""


class QueueWorker(pulumi.ComponentResource):
    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letters_arn: pulumi.Output[str]
    dead_letters_url: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: QueueWorkerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:QueueWorker", name, None, opts)
        dead_letters = self._queue(f"{name}-dead-letters", args, retention=_FOURTEEN_DAYS)
        queue = self._queue(
            name,
            args,
            retention=_FOURTEEN_DAYS,
            visibility=args.function.timeout_seconds * _TIMEOUTS_A_MESSAGE_STAYS_HIDDEN,
            redrive=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": args.tries}
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            name,
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._let_send(name, queue, args.senders)
        if args.dead_letter_senders:
            self._let_send(f"{name}-dead-letters", dead_letters, args.dead_letter_senders)
        function = Function(
            name,
            _with_queues(args, queue, dead_letters),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=queue.arn,
            function_name=function.name,
            batch_size=args.batch_size,
            maximum_batching_window_in_seconds=args.batching_window_seconds,
            function_response_types=["ReportBatchItemFailures"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        Alarm(
            f"{name}-dead-letters",
            AlarmArgs(
                description=f"Messages that {name} could not work off rest in its dead letters.",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": dead_letters.name},
                statistic="Maximum",
                topics=args.alarm_topics,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.queue_arn, self.queue_url = queue.arn, queue.url
        self.dead_letters_arn, self.dead_letters_url = dead_letters.arn, dead_letters.url
        self.function_name = function.name
        self.register_outputs(
            {
                "queue_arn": self.queue_arn,
                "queue_url": self.queue_url,
                "dead_letters_arn": self.dead_letters_arn,
                "dead_letters_url": self.dead_letters_url,
                "function_name": self.function_name,
            }
        )

    def _queue(
        self,
        name: str,
        args: QueueWorkerArgs,
        *,
        retention: int,
        visibility: int | None = None,
        redrive: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        return aws.sqs.Queue(
            name,
            name=name,
            message_retention_seconds=retention,
            visibility_timeout_seconds=visibility,
            redrive_policy=redrive,
            kms_master_key_id=args.key_arn,
            sqs_managed_sse_enabled=None if args.key_arn is not None else True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _let_send(self, name: str, queue: aws.sqs.Queue, senders: Senders) -> None:
        aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy_document(*senders(queue.arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _with_queues(
    args: QueueWorkerArgs, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue
) -> FunctionArgs:
    permissions = [
        *args.function.permissions,
        Statement(
            sid="WorkOffItsQueue",
            actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            resources=[queue.arn],
        ),
    ]
    environment = dict(args.function.environment)
    if args.parks:
        environment["DEAD_LETTERS_URL"] = dead_letters.url
        permissions.append(
            Statement(sid="ParkMessages", actions=["sqs:SendMessage"], resources=[dead_letters.arn])
        )
    if args.key_arn is not None:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"] if args.parks else ["kms:Decrypt"]
        permissions.append(
            Statement(sid="UseItsQueuesKey", actions=actions, resources=[args.key_arn])
        )
    return replace(args.function, environment=environment, permissions=permissions)
