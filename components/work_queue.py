"""A queue that a function works off, with what fails resting in a dead-letter queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import AlarmArgs
from components.iam import Statement, policy_document

Senders = Callable[[pulumi.Output[str]], Sequence[Statement]]
"""Who may send to a queue, given its ARN."""

_TIMEOUTS_A_MESSAGE_STAYS_HIDDEN = 6  # what AWS advises for a queue that a function reads
_FOURTEEN_DAYS = 14 * 24 * 3600  # SQS's longest retention
TRIES = 5
"""How often a message is handed out before it is a dead letter."""


@dataclass(frozen=True, kw_only=True)
class WorkQueueArgs:
    senders: Senders
    dead_letter_senders: Senders
    """Who else puts what it could not deliver into the dead-letter queue; may be nobody."""
    function_timeout_seconds: int
    """How long the function that works it off may run."""
    key_arn: pulumi.Input[str] | None = None
    """Encrypts both queues; its policy must let the senders use it. None: SQS's own key does."""
    region: str | None = None
    """None: the provider's."""

    @property
    def visibility_seconds(self) -> int:
        """After which a message that failed is handed out again."""
        return self.function_timeout_seconds * _TIMEOUTS_A_MESSAGE_STAYS_HIDDEN


class WorkQueue(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    dead_letters_arn: pulumi.Output[str]
    dead_letters_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: WorkQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:WorkQueue", name, None, opts)
        self._key_arn, self._region = args.key_arn, args.region
        dead_letters = self._queue(f"{name}-dead-letters")
        queue = self._queue(
            name,
            visibility=args.visibility_seconds,
            redrive=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": TRIES}
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            name,
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._let_send(name, queue, args.senders)
        self._let_send(f"{name}-dead-letters", dead_letters, args.dead_letter_senders)
        self._name = name
        self._own_name, self._dead_letters_name = queue.name, dead_letters.name
        self.arn, self.url = queue.arn, queue.url
        self.dead_letters_arn, self.dead_letters_url = dead_letters.arn, dead_letters.url
        self.register_outputs(
            {
                "arn": self.arn,
                "url": self.url,
                "dead_letters_arn": self.dead_letters_arn,
                "dead_letters_url": self.dead_letters_url,
            }
        )

    def permissions(self, *, parks: bool = False, puts_back: bool = False) -> list[Statement]:
        """What the function needs; `parks`: it puts what it can do nothing with into the
        dead-letter queue itself; `puts_back`: what it is to look at later into the queue."""
        statements = [
            Statement(
                sid="WorkOffItsQueue",
                actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                resources=[self.arn],
            )
        ]
        if parks:
            statements.append(
                Statement(
                    sid="ParkMessages",
                    actions=["sqs:SendMessage"],
                    resources=[self.dead_letters_arn],
                )
            )
        if puts_back:
            statements.append(
                Statement(sid="PutMessagesBack", actions=["sqs:SendMessage"], resources=[self.arn])
            )
        if self._key_arn is not None:
            sends = parks or puts_back
            actions = ["kms:Decrypt", "kms:GenerateDataKey"] if sends else ["kms:Decrypt"]
            statements.append(
                Statement(sid="UseItsQueuesKey", actions=actions, resources=[self._key_arn])
            )
        return statements

    def alarm(self, topics: Sequence[pulumi.Input[str]]) -> AlarmArgs:
        """Of the first dead letter."""
        return AlarmArgs(
            description=f"Messages that {self._name} could not work off rest in its dead letters.",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": self._dead_letters_name},
            statistic="Maximum",
            topics=topics,
            region=self._region,
        )

    def alarm_of_age(
        self, threshold_seconds: int, topics: Sequence[pulumi.Input[str]]
    ) -> AlarmArgs:
        """Of a message that lies for so long: nobody works the queue off."""
        return AlarmArgs(
            description=f"Nobody works {self._name} off: the oldest message lies there for more "
            f"than {threshold_seconds} seconds. Look whether the function's event-source mapping "
            "is enabled, and whether the function may use the queue's key.",
            namespace="AWS/SQS",
            metric="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": self._own_name},
            statistic="Maximum",
            threshold=threshold_seconds,
            # SQS measures nothing of a queue that nobody has used for six hours.
            without_data="ignore",
            topics=topics,
            region=self._region,
        )

    def _queue(
        self,
        name: str,
        *,
        visibility: int | None = None,
        redrive: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        return aws.sqs.Queue(
            name,
            name=name,
            message_retention_seconds=_FOURTEEN_DAYS,
            visibility_timeout_seconds=visibility,
            redrive_policy=redrive,
            kms_master_key_id=self._key_arn,
            sqs_managed_sse_enabled=None if self._key_arn is not None else True,
            region=self._region,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _let_send(self, name: str, queue: aws.sqs.Queue, senders: Senders) -> None:
        statements = senders(queue.arn)
        if not statements:
            return
        aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy_document(*statements),
            region=self._region,
            opts=pulumi.ResourceOptions(parent=self),
        )
