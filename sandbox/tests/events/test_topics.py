"""Messages of a topic on their way to the queues that subscribe."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import AUDIT, MEMBER, REGION, DeployedAws, allow, policy, sends


def topic(aws: DeployedAws, *statements: Any, **attributes: str) -> str:
    client = aws.client("sns")
    arn = client.create_topic(Name=aws.name("topic"), Attributes=attributes)["TopicArn"]
    if statements:
        scoped = [{**statement, "Resource": arn} for statement in statements]
        client.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy(*scoped)
        )
    return arn


def subscribe(aws: DeployedAws, topic_arn: str, queue_arn: str, **attributes: str) -> None:
    """Raw, as all that are carried."""
    client = aws.client("sns", queue_arn.split(":")[4])
    client.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=queue_arn,
        Attributes={"RawMessageDelivery": "true", **attributes},
    )


def meets(aws: DeployedAws, topic_arn: str) -> str:
    """Lets an event meet a rule with the topic as its target; the outcome of that."""
    client, name = aws.client("events"), aws.name("rule")
    pattern = json.dumps({"source": [f"app.{name}"]})
    rule_arn = client.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": topic_arn}])
    event: dict[str, Any] = {"source": f"app.{name}", "detail-type": "t", "detail": {}}
    aws.pump.eventbridge.emit(AUDIT, REGION, event)
    aws.settle()
    return aws.entries(rule_arn, topic_arn)[0].outcome


def key(aws: DeployedAws, *services: str) -> str:
    """A KMS key that these services may use; gives its id."""
    statements = [
        allow("kms:*", resource="*", principal={"AWS": f"arn:aws:iam::{AUDIT}:root"}),
        *(
            allow("kms:GenerateDataKey", "kms:Decrypt", resource="*", service=service)
            for service in services
        ),
    ]
    answer = aws.client("kms").create_key(Policy=policy(*statements))
    return answer["KeyMetadata"]["KeyId"]


def test_a_queue_that_does_not_admit_the_topic_leaves_a_dead_letter(aws: DeployedAws) -> None:
    arn, other = topic(aws), topic(aws)
    queue = aws.queue(sends("sns.amazonaws.com", other))
    dead = aws.queue(sends("sns.amazonaws.com", arn))
    subscribe(aws, arn, queue, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    aws.client("sns").publish(TopicArn=arn, Message="text")
    aws.settle()
    assert aws.messages(queue) == []
    assert aws.bodies(dead) == ["text"]
    assert [entry.outcome for entry in aws.entries(arn, queue)] == ["refused"]


def test_without_a_dead_letter_queue_the_journal_says_that_it_is_dropped(aws: DeployedAws) -> None:
    arn = topic(aws)
    queue = aws.queue()
    subscribe(aws, arn, queue)
    aws.client("sns").publish(TopicArn=arn, Message="text")
    aws.settle()
    refused, dropped = aws.entries(arn, queue)
    assert (refused.outcome, dropped.reason) == ("refused", "dropped: no dead-letter queue")


@pytest.mark.parametrize("admitted", [True, False])
def test_an_encrypted_queue_needs_its_key_to_admit_the_topic(
    aws: DeployedAws, admitted: bool
) -> None:
    arn = topic(aws)
    services = ["sns.amazonaws.com"] if admitted else []
    queue = aws.queue(
        sends("sns.amazonaws.com", arn), attributes={"KmsMasterKeyId": key(aws, *services)}
    )
    subscribe(aws, arn, queue)
    aws.client("sns").publish(TopicArn=arn, Message="text")
    aws.settle()
    assert aws.entries(arn, queue)[0].outcome == ("carried" if admitted else "refused")
    assert len(aws.messages(queue)) == int(admitted)


@pytest.mark.parametrize(
    ("key_services", "policy_service", "outcome"),
    [
        (["events.amazonaws.com"], "events.amazonaws.com", "carried"),
        ([], "events.amazonaws.com", "refused"),
        (["events.amazonaws.com"], "cloudwatch.amazonaws.com", "refused"),
    ],
)
def test_a_rule_needs_the_topics_policy_and_its_key(
    aws: DeployedAws, key_services: list[str], policy_service: str, outcome: str
) -> None:
    arn = topic(
        aws,
        allow("sns:Publish", service=policy_service),
        KmsMasterKeyId=key(aws, *key_services),
    )
    assert meets(aws, arn) == outcome


def test_the_default_policy_of_a_topic_does_not_admit_rules(aws: DeployedAws) -> None:
    assert meets(aws, topic(aws)) == "refused"


def test_a_queue_in_another_account_can_subscribe(aws: DeployedAws) -> None:
    subscribes = allow("sns:Subscribe", principal={"AWS": MEMBER})
    arn = topic(aws, subscribes)
    queue = aws.queue(sends("sns.amazonaws.com", arn), account=MEMBER)
    subscribe(aws, arn, queue)
    aws.client("sns").publish(TopicArn=arn, Message="text")
    aws.settle()
    assert aws.bodies(queue) == ["text"]


def test_a_queue_gets_the_message_itself(aws: DeployedAws) -> None:
    arn = topic(aws)
    queue = aws.queue(sends("sns.amazonaws.com", arn))
    subscribe(aws, arn, queue)
    aws.client("sns").publish(TopicArn=arn, Message="text")
    aws.settle()
    [message] = aws.messages(queue)
    assert message["Body"] == "text"
    assert "MessageAttributes" not in message


@pytest.mark.parametrize(
    ("protocol", "attributes", "says"),
    [
        ("email", {}, "subscriptions of protocol email"),
        ("lambda", {}, "subscriptions of protocol lambda"),
        ("sqs", {}, "subscriptions without RawMessageDelivery"),
        ("sqs", {"RawMessageDelivery": "false"}, "subscriptions without RawMessageDelivery"),
        (
            "sqs",
            {"RawMessageDelivery": "true", "FilterPolicy": '{"a": ["b"]}'},
            "subscriptions with FilterPolicy",
        ),
    ],
)
def test_a_subscription_that_is_not_carried_out_is_refused(
    aws: DeployedAws, protocol: str, attributes: dict[str, str], says: str
) -> None:
    arn, client = topic(aws), aws.client("sns")
    with pytest.raises(ClientError, match=says):
        client.subscribe(
            TopicArn=arn, Protocol=protocol, Endpoint=aws.queue(), Attributes=attributes
        )
    assert client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []


@pytest.mark.parametrize(("name", "value"), [("FilterPolicy", "{}"), ("RawMessageDelivery", "no")])
def test_a_subscription_is_not_changed_to_what_is_not_carried_out(
    aws: DeployedAws, name: str, value: str
) -> None:
    arn = topic(aws)
    subscribe(aws, arn, aws.queue())
    client = aws.client("sns")
    [subscribed] = client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    with pytest.raises(ClientError, match=name):
        client.set_subscription_attributes(
            SubscriptionArn=subscribed["SubscriptionArn"], AttributeName=name, AttributeValue=value
        )


@pytest.mark.parametrize(
    "more",
    [
        {"MessageAttributes": {"state": {"DataType": "String", "StringValue": "FAILED"}}},
        {"MessageStructure": "json"},
    ],
)
def test_a_message_that_is_more_than_its_text_is_refused(aws: DeployedAws, more: Any) -> None:
    with pytest.raises(ClientError, match="does not carry out messages with message"):
        aws.client("sns").publish(TopicArn=topic(aws), Message="{}", **more)
