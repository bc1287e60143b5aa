"""Messages of a topic on their way to its subscribers."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import AUDIT, MEMBER, Workbench, allow, policy, sends

ECHO = """
import json

def handler(event, context):
    print("got", json.dumps(event["Records"][0]["Sns"], sort_keys=True))
"""


def topic(bench: Workbench, *statements: Any, **attributes: str) -> str:
    client = bench.client("sns")
    arn = client.create_topic(Name=bench.name("topic"), Attributes=attributes)["TopicArn"]
    if statements:
        scoped = [{**statement, "Resource": arn} for statement in statements]
        client.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy(*scoped)
        )
    return arn


def subscribe(bench: Workbench, topic_arn: str, queue_arn: str, **attributes: str) -> None:
    client = bench.client("sns", queue_arn.split(":")[4])
    client.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)


def key(bench: Workbench, *services: str) -> str:
    """A KMS key that these services may use; gives its id."""
    statements = [
        allow("kms:*", resource="*", principal={"AWS": f"arn:aws:iam::{AUDIT}:root"}),
        *(
            allow("kms:GenerateDataKey", "kms:Decrypt", resource="*", service=service)
            for service in services
        ),
    ]
    answer = bench.client("kms").create_key(Policy=policy(*statements))
    return answer["KeyMetadata"]["KeyId"]


def test_a_queue_gets_the_message_in_its_envelope_once(bench: Workbench) -> None:
    arn = topic(bench)
    queue = bench.queue(sends("sns.amazonaws.com", arn))
    subscribe(bench, arn, queue)
    published = bench.client("sns").publish(
        TopicArn=arn,
        Subject="hello",
        Message="text",
        MessageAttributes={"state": {"DataType": "String", "StringValue": "FAILED"}},
    )
    bench.settle()
    [message] = bench.messages(queue)
    envelope = json.loads(message["Body"])
    assert envelope["MessageId"] == published["MessageId"]
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", arn)
    assert (envelope["Subject"], envelope["Message"]) == ("hello", "text")
    assert envelope["MessageAttributes"] == {"state": {"Type": "String", "Value": "FAILED"}}
    assert "MessageAttributes" not in message


def test_a_raw_subscription_gets_the_message_itself_with_its_attributes(bench: Workbench) -> None:
    arn = topic(bench)
    queue = bench.queue(sends("sns.amazonaws.com", arn))
    subscribe(bench, arn, queue, RawMessageDelivery="true")
    bench.client("sns").publish(
        TopicArn=arn,
        Message="text",
        MessageAttributes={
            "state": {"DataType": "String", "StringValue": "FAILED"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    bench.settle()
    [message] = bench.messages(queue)
    assert message["Body"] == "text"
    assert message["MessageAttributes"]["state"]["StringValue"] == "FAILED"
    assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"


def test_a_filter_policy_lets_through_what_it_names(bench: Workbench) -> None:
    arn = topic(bench)
    queue = bench.queue(sends("sns.amazonaws.com", arn))
    subscribe(
        bench,
        arn,
        queue,
        RawMessageDelivery="true",
        FilterPolicy='{"detail": {"state": ["FAILED"]}}',
        FilterPolicyScope="MessageBody",
    )
    for state in ("FAILED", "COMPLETED"):
        message = json.dumps({"detail": {"state": state}})
        bench.client("sns").publish(TopicArn=arn, Message=message)
    bench.settle()
    assert bench.bodies(queue) == ['{"detail": {"state": "FAILED"}}']


def test_a_queue_that_does_not_admit_the_topic_leaves_a_dead_letter(bench: Workbench) -> None:
    arn, other = topic(bench), topic(bench)
    queue = bench.queue(sends("sns.amazonaws.com", other))
    dead = bench.queue(sends("sns.amazonaws.com", arn))
    subscribe(bench, arn, queue, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    bench.client("sns").publish(TopicArn=arn, Message="text")
    bench.settle()
    assert bench.messages(queue) == []
    assert [json.loads(body)["Message"] for body in bench.bodies(dead)] == ["text"]
    assert [hop.outcome for hop in bench.hops(arn, queue)] == ["refused"]


def test_without_a_dead_letter_queue_the_journal_says_that_it_is_dropped(bench: Workbench) -> None:
    arn = topic(bench)
    queue = bench.queue()
    subscribe(bench, arn, queue)
    bench.client("sns").publish(TopicArn=arn, Message="text")
    bench.settle()
    refused, dropped = bench.hops(arn, queue)
    assert (refused.outcome, dropped.reason) == ("refused", "dropped: no dead-letter queue")


@pytest.mark.parametrize("admitted", [True, False])
def test_an_encrypted_queue_needs_its_key_to_admit_the_topic(
    bench: Workbench, admitted: bool
) -> None:
    arn = topic(bench)
    services = ["sns.amazonaws.com"] if admitted else []
    queue = bench.queue(
        sends("sns.amazonaws.com", arn), attributes={"KmsMasterKeyId": key(bench, *services)}
    )
    subscribe(bench, arn, queue)
    bench.client("sns").publish(TopicArn=arn, Message="text")
    bench.settle()
    assert bench.hops(arn, queue)[0].outcome == ("carried" if admitted else "refused")
    assert len(bench.messages(queue)) == int(admitted)


@pytest.mark.parametrize(
    ("key_services", "policy_service", "outcome"),
    [
        (["events.amazonaws.com"], "events.amazonaws.com", "carried"),
        ([], "events.amazonaws.com", "refused"),
        (["events.amazonaws.com"], "cloudwatch.amazonaws.com", "refused"),
    ],
)
def test_a_rule_needs_the_topics_policy_and_its_key(
    bench: Workbench, key_services: list[str], policy_service: str, outcome: str
) -> None:
    arn = topic(
        bench,
        allow("sns:Publish", service=policy_service),
        KmsMasterKeyId=key(bench, *key_services),
    )
    client, name = bench.client("events"), bench.name("rule")
    pattern = json.dumps({"source": [f"app.{name}"]})
    rule_arn = client.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": arn}])
    client.put_events(Entries=[{"Source": f"app.{name}", "DetailType": "t", "Detail": "{}"}])
    bench.settle()
    assert bench.hops(rule_arn, arn)[0].outcome == outcome


def test_the_default_policy_of_a_topic_does_not_admit_rules(bench: Workbench) -> None:
    arn = topic(bench)
    client, name = bench.client("events"), bench.name("rule")
    rule_arn = client.put_rule(Name=name, EventPattern=json.dumps({"source": [f"app.{name}"]}))[
        "RuleArn"
    ]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": arn}])
    client.put_events(Entries=[{"Source": f"app.{name}", "DetailType": "t", "Detail": "{}"}])
    bench.settle()
    assert bench.hops(rule_arn, arn)[0].outcome == "refused"


def test_a_queue_in_another_account_can_subscribe(bench: Workbench) -> None:
    subscribes = allow("sns:Subscribe", principal={"AWS": MEMBER})
    arn = topic(bench, subscribes)
    queue = bench.queue(sends("sns.amazonaws.com", arn), account=MEMBER)
    subscribe(bench, arn, queue)
    bench.client("sns").publish(TopicArn=arn, Message="text")
    bench.settle()
    assert [json.loads(body)["Message"] for body in bench.bodies(queue)] == ["text"]


def test_a_function_is_invoked_when_its_policy_admits_the_topic(bench: Workbench) -> None:
    arn = topic(bench)
    function = bench.function(ECHO)
    bench.client("sns").subscribe(TopicArn=arn, Protocol="lambda", Endpoint=function)
    bench.client("sns").publish(TopicArn=arn, Message="first")
    bench.settle()
    assert bench.hops(arn, function)[0].outcome == "refused"
    bench.client("lambda").add_permission(
        FunctionName=function,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=arn,
    )
    bench.client("sns").publish(TopicArn=arn, Message="second")
    bench.settle()
    lines = bench.functions.logs({"function": function})["lines"]
    [got] = [json.loads(line.removeprefix("got ")) for line in lines if line.startswith("got ")]
    assert (got["Message"], got["TopicArn"], got["Subject"]) == ("second", arn, None)


def test_a_subscription_of_an_unknown_protocol_is_refused_loudly(bench: Workbench) -> None:
    arn = topic(bench)
    bench.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint="someone@example.com")
    bench.client("sns").publish(TopicArn=arn, Message="text")
    bench.settle()
    refused = bench.hops(arn, "someone@example.com")[0]
    assert refused.outcome == "refused"
    assert "subscriptions of protocol email" in refused.reason


def test_a_message_by_protocol_gives_each_subscriber_its_own(bench: Workbench) -> None:
    arn = topic(bench)
    queue = bench.queue(sends("sns.amazonaws.com", arn))
    subscribe(bench, arn, queue, RawMessageDelivery="true")
    client = bench.client("sns")
    message = json.dumps({"default": "for all", "sqs": "for queues"})
    client.publish(TopicArn=arn, Message=message, MessageStructure="json")
    bench.settle()
    assert bench.bodies(queue) == ["for queues"]
    with pytest.raises(ClientError, match="No default entry"):
        client.publish(TopicArn=arn, Message='{"sqs": "x"}', MessageStructure="json")
