"""Rules about what lies in queues, topics, tables and logs: encrypted, and kept for a time."""

from collections.abc import Iterator

from policies.citations import aws_guide, config_rule, nist, security_hub
from policies.resource_types import LOG_GROUP, QUEUE, TABLE, TOPIC
from policies.resources import Resource
from policies.rule import Config, Setting, over_resource


@over_resource(
    QUEUE,
    severity="medium",
    cites=[security_hub("SQS.1"), nist("SC-28(1)")],
)
def queue_is_encrypted(queue: Resource, _: Config) -> Iterator[str]:
    """A queue's messages are encrypted at rest, with a key of SQS or of KMS.

    SQS encrypts new queues that say nothing with a key of its own; one that has switched that off
    holds what failed in plain text.
    """
    if queue.get("sqsManagedSseEnabled") is False and not queue.get("kmsMasterKeyId"):
        yield "sqsManagedSseEnabled is off; set it, or kmsMasterKeyId"


@over_resource(
    TOPIC,
    severity="medium",
    cites=[security_hub("SNS.1"), nist("SC-28(1)"), config_rule("sns-encrypted-kms")],
)
def topic_is_encrypted(topic: Resource, _: Config) -> Iterator[str]:
    """A topic's messages are encrypted at rest, with a key of KMS.

    SNS encrypts nothing that says nothing.
    """
    if not topic.get("kmsMasterKeyId"):
        yield "it has no kmsMasterKeyId; give it a key"


@over_resource(
    TABLE,
    severity="medium",
    cites=[
        nist("SC-28(1)"),
        config_rule("dynamodb-table-encryption-enabled"),
        config_rule("dynamodb-table-encrypted-kms"),
    ],
    baseline="advisory",
)
def table_has_a_key_of_its_account(table: Resource, _: Config) -> Iterator[str]:
    """A DynamoDB table is encrypted with a key of its account.

    DynamoDB encrypts one that says nothing with a key that is AWS's, of whose use nothing is logged
    and which nobody can withdraw.
    """
    if table.get("serverSideEncryption", "enabled") is not True:
        yield "DynamoDB's own key encrypts it; set serverSideEncryption, with kmsKeyArn"


@over_resource(
    LOG_GROUP,
    severity="medium",
    cites=[
        security_hub("CloudWatch.16"),
        nist("AU-11"),
        nist("SI-12"),
        config_rule("cw-loggroup-retention-period-check"),
    ],
    settings={
        "days": Setting(
            what="How many days it keeps them at least",
            schema={"type": "integer", "minimum": 1},
            default=1,
            regulated=365,
        )
    },
)
def log_group_keeps_logs_for_a_time(group: Resource, config: Config) -> Iterator[str]:
    """A log group keeps its logs for a time that somebody chose, and not for too short a one.

    One that says nothing keeps them for ever, at a price that grows, and whatever is in them.
    """
    days = group.get("retentionInDays")
    if not days:
        yield "it keeps its logs for ever; set retentionInDays"
    elif days < config["days"]:
        yield f"it keeps its logs for {days:g} days; at least {config['days']} are asked for"


@over_resource(
    LOG_GROUP,
    severity="low",
    cites=[
        nist("AU-9(3)"),
        config_rule("cloudwatch-log-group-encrypted"),
        aws_guide(
            "Encrypt log data with AWS KMS",
            "AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
        ),
    ],
    baseline="disabled",
    regulated="advisory",
)
def log_group_has_its_own_key(group: Resource, _: Config) -> Iterator[str]:
    """A log group is encrypted with a key of its account.

    CloudWatch Logs encrypts every group, one that says nothing with a key of its own: the account
    can neither withdraw that nor see who used it.
    """
    if not group.get("kmsKeyId"):
        yield "CloudWatch's own key encrypts it; set kmsKeyId"
