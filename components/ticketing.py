"""From the alert bus to ServiceNow: rule → topic → queue → handlers/open_ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.encryption_key import (
    EncryptionKey,
    EncryptionKeyArgs,
    rules_may_use_key,
    service_may_use_key,
)
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement, policy_document, rule_may_send
from components.work_queue import WorkQueue, WorkQueueArgs
from reports.aws_partition import aws_partition
from reports.ticket_ledger import LISTED

_FUNCTION_TIMEOUT_SECONDS = 90
_TOO_LONG_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class TicketingArgs:
    account: str
    region: str
    alert_bus_name: pulumi.Input[str]
    service_now_url: str
    service_now_secret: str
    """Name of the secret with ServiceNow's credentials, in this account and Region."""
    settings: str
    """Of handlers/open_ticket, as JSON."""
    maximum_concurrency: int
    event_patterns: Mapping[str, str]
    """Which events become incidents: a rule each, by what is added to its name."""
    function_name: str
    organization_accounts: pulumi.Input[str] | None
    """ARN, with a wildcard, of the accounts that alerts come from, where this account may ask the
    organization of them; None: nobody is asked."""
    job_reader_role_arn: str
    """Of the role in each account that tells of its jobs, with `*` for the account."""
    home: FunctionHome
    alarm_topics: Sequence[pulumi.Input[str]] = ()


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The table of what incidents are open."""

    name: pulumi.Input[str]
    index_arn: pulumi.Input[str]
    """Of what its few items that are listed are found by."""
    key_arn: pulumi.Input[str]


class Ticketing(pulumi.ComponentResource):
    topic_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letters_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    ledger: Ledger

    def __init__(
        self, name: str, args: TicketingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Ticketing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = EncryptionKey(
            name,
            EncryptionKeyArgs(
                account=args.account,
                partition=aws_partition(args.region),
                description="Job events on their way to ServiceNow",
                grants=[
                    rules_may_use_key(
                        f"arn:{aws_partition(args.region)}:sns:{args.region}:{args.account}:{name}"
                    ),
                    # To the queue, and to its dead letters.
                    service_may_use_key("events.amazonaws.com", args.account),
                    service_may_use_key("sns.amazonaws.com", args.account),
                ],
            ),
            child,
        )
        rules = {
            f"{name}{suffix}": aws.cloudwatch.EventRule(
                f"{name}{suffix}",
                name=f"{name}{suffix}",
                description="Takes what concerns an operator to ServiceNow",
                event_bus_name=args.alert_bus_name,
                event_pattern=pattern,
                opts=child,
            )
            for suffix, pattern in args.event_patterns.items()
        }
        topic = aws.sns.Topic(name, name=name, kms_master_key_id=key.arn, opts=child)
        published = aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=policy_document(_rules_publish(topic.arn)),
            opts=child,
        )
        ledger = self._ledger(name, key.arn)
        queue = WorkQueue(
            name,
            WorkQueueArgs(
                senders=lambda queue: [_topic_may_send(queue, topic.arn)],
                dead_letter_senders=lambda queue: [
                    rule_may_send([rule.arn for rule in rules.values()], queue),
                    _topic_may_send(queue, topic.arn),
                ],
                function_timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
                key_arn=key.arn,
            ),
            child,
        )
        function = Function(args.function_name, _function(args, ledger, key.arn, queue), child)
        Alarm(f"{name}-dead-letters", queue.alarm(args.alarm_topics), child)
        stuck = queue.alarm_of_age(_TOO_LONG_SECONDS, args.alarm_topics)
        Alarm(f"{name}-not-worked-off", stuck, child)
        Alarm(f"{name}-wait", _of_waiting(args.alarm_topics), child)
        for rule_name, rule in rules.items():
            aws.cloudwatch.EventTarget(
                rule_name,
                rule=rule.name,
                event_bus_name=args.alert_bus_name,
                target_id="topic",
                arn=topic.arn,
                dead_letter_config={"arn": queue.dead_letters_arn},
                # The topic, or else the dead letters, takes the first event.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[published, queue]),
            )
        aws.sns.TopicSubscription(
            name,
            topic=topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            # Raw, so that a dead letter is the event itself wherever it got stuck, and is replayed
            # to the queue as it lies.
            raw_message_delivery=True,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": queue.dead_letters_arn}
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue]),
        )
        self.ledger = Ledger(name=ledger.name, index_arn=_index_of(ledger), key_arn=key.arn)
        self.topic_arn = topic.arn
        self.queue_url = queue.url
        self.dead_letters_url = queue.dead_letters_url
        self.function_name = function.name
        self.register_outputs(
            {
                "topic_arn": self.topic_arn,
                "queue_url": self.queue_url,
                "dead_letters_url": self.dead_letters_url,
                "function_name": self.function_name,
            }
        )

    def _ledger(self, name: str, key_arn: pulumi.Input[str]) -> aws.dynamodb.Table:
        return aws.dynamodb.Table(
            name,
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="correlation_id",
            attributes=[{"name": name, "type": "S"} for name in ("correlation_id", LISTED)],
            global_secondary_indexes=[
                {
                    "name": LISTED,
                    "key_schemas": [{"attribute_name": LISTED, "key_type": "HASH"}],
                    "projection_type": "ALL",
                },
            ],
            ttl={"attribute_name": "forget_at", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": key_arn},
            point_in_time_recovery={"enabled": True},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _index_of(ledger: aws.dynamodb.Table) -> pulumi.Output[str]:
    return pulumi.Output.concat(ledger.arn, "/index/", LISTED)


def _of_waiting(topics: Sequence[pulumi.Input[str]]) -> AlarmArgs:
    """What waits goes back to the queue as a new message: by its age there it is young."""
    return AlarmArgs(
        description="Alerts wait for ServiceNow for more than an hour: it does not answer, or "
        "limits the rate of requests. They are told when it answers; the function's log has what "
        "it said.",
        namespace="BackupOrg",
        metric="WaitSeconds",
        dimensions={"service": "open_ticket"},
        statistic="Maximum",
        threshold=_TOO_LONG_SECONDS,
        # Whoever waits comes back within 15 minutes.
        period_seconds=1800,
        topics=topics,
    )


def _rules_publish(topic_arn: pulumi.Input[str]) -> Statement:
    """Without a condition on the rule: EventBridge's guide says that a topic's policy can have
    none for it."""
    return Statement(
        sid="EventsSends",
        actions=["sns:Publish"],
        resources=[topic_arn],
        principal={"Service": "events.amazonaws.com"},
    )


def _topic_may_send(queue: pulumi.Input[str], topic: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="SnsSends",
        actions=["sqs:SendMessage"],
        resources=[queue],
        principal={"Service": "sns.amazonaws.com"},
        conditions={"ArnEquals": {"aws:SourceArn": topic}},
    )


def _function(
    args: TicketingArgs,
    ledger: aws.dynamodb.Table,
    key_arn: pulumi.Input[str],
    queue: WorkQueue,
) -> FunctionArgs:
    here = f"{aws_partition(args.region)}:secretsmanager:{args.region}:{args.account}"
    secret = f"arn:{here}:secret:{args.service_now_secret}"
    return FunctionArgs(
        handler="open_ticket",
        description="Turns AWS Backup's job events into ServiceNow incidents",
        environment={
            "SERVICE_NOW_URL": args.service_now_url,
            "SERVICE_NOW_SECRET": args.service_now_secret,
            "LEDGER_TABLE": ledger.name,
            # Longer than the function may run: whoever holds a lease beyond that is dead.
            "LEASE_SECONDS": str(_FUNCTION_TIMEOUT_SECONDS + 15),
            "QUEUE_URL": queue.url,
            "DEAD_LETTERS_URL": queue.dead_letters_url,
            "JOB_READER_ROLE": args.job_reader_role_arn.partition(":role/")[2],
            **({"ASKS_ORGANIZATION": "yes"} if args.organization_accounts is not None else {}),
        },
        permissions=[
            Statement(
                sid="ReadItsSecret",
                actions=["secretsmanager:GetSecretValue"],
                # Secrets Manager adds six characters to a secret's ARN.
                resources=[f"{secret}-??????"],
            ),
            Statement(
                sid="KeepItsLedger",
                # A transaction needs the right to each thing that it does.
                actions=["dynamodb:GetItem", "dynamodb:UpdateItem"],
                resources=[ledger.arn],
            ),
            Statement(
                sid="LookWhoIsSilent",
                actions=["dynamodb:Query"],
                resources=[_index_of(ledger)],
            ),
            Statement(
                sid="AskAccountsOfTheirJobs",
                actions=["sts:AssumeRole"],
                resources=[args.job_reader_role_arn],
            ),
            *(
                [
                    Statement(
                        sid="AskWhoseAnAccountIs",
                        actions=["organizations:DescribeAccount"],
                        resources=[args.organization_accounts],
                    )
                ]
                if args.organization_accounts is not None
                else []
            ),
            Statement(sid="ReadItsLedger", actions=["kms:Decrypt"], resources=[key_arn]),
            *queue.permissions(parks=True, puts_back=True),
        ],
        settings=args.settings,
        queue_arn=queue.arn,
        # What one message waits for is no other's time.
        batch_size=1,
        maximum_concurrency=args.maximum_concurrency,
        home=args.home,
        timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
    )
