"""Messages of a queue on their way to a function, to be tried again, and to rest."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.work import UnsettledError
from sandbox.tests.deployed_aws import DeployedAws, allow, consumes, dead_letters

# Fails for every message that says so; with partial answers it names the ones that failed.
WORKER = """
import os

def handler(event, context):
    failed = []
    print("batch of", len(event["Records"]))
    for record in event["Records"]:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        print("got", record["body"])
        if record["body"].startswith("bad") or record["body"] == "late" and attempt < 3:
            failed.append({"itemIdentifier": record["messageId"]})
    if failed and os.environ.get("PARTIAL") != "yes":
        raise ValueError("a bad message")
    return {"batchItemFailures": failed}
"""
PARTIAL = {"Variables": {"PARTIAL": "yes"}}


def printed(aws: DeployedAws, function_arn: str, start: str) -> Counter[str]:
    """What the function printed after this start, and how often."""
    lines = aws.functions.logs.answer({"function": function_arn})["lines"]
    return Counter(line.removeprefix(start) for line in lines if line.startswith(start))


def test_messages_that_the_function_takes_are_deleted(aws: DeployedAws) -> None:
    queue = aws.queue()
    function = aws.function(WORKER, consumes())
    aws.send(queue, "before the mapping")
    aws.consume(queue, function)
    aws.send(queue, "one", "two")
    aws.settle()
    assert printed(aws, function, "got ") == {"before the mapping": 1, "one": 1, "two": 1}
    assert aws.messages(queue) == []


def test_a_message_that_always_fails_rests_in_the_dead_letter_queue(aws: DeployedAws) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes=dead_letters(dead, limit=3))
    function = aws.function(WORKER, consumes())
    aws.consume(queue, function, BatchSize=1)
    aws.send(queue, "bad", "good")
    aws.settle()
    assert printed(aws, function, "got ") == {"bad": 3, "good": 1}
    assert aws.bodies(dead) == ["bad"]
    assert aws.messages(queue) == []
    failed = [entry for entry in aws.entries(queue, function) if entry.outcome == "failed"]
    assert [entry.reason for entry in failed] == ["ValueError: a bad message"] * 3
    assert [entry.outcome for entry in aws.entries(queue, dead)] == ["carried"]


def test_with_partial_answers_only_the_failed_messages_come_again(aws: DeployedAws) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes=dead_letters(dead, limit=4))
    function = aws.function(WORKER, consumes(), Environment=PARTIAL)
    aws.consume(queue, function, FunctionResponseTypes=["ReportBatchItemFailures"])
    aws.send(queue, "good", "bad", "late")
    aws.settle()
    assert printed(aws, function, "got ") == {"good": 1, "bad": 4, "late": 3}
    assert aws.bodies(dead) == ["bad"]


def test_a_role_that_may_not_receive_leaves_the_messages_where_they_are(aws: DeployedAws) -> None:
    queue = aws.queue()
    function = aws.function(
        WORKER, allow("sqs:ReceiveMessage", "sqs:DeleteMessage", resource=queue)
    )
    mapping = aws.consume(queue, function)
    aws.send(queue, "one")
    aws.settle()
    refused = aws.entries(queue, function)
    assert [entry.outcome for entry in refused] == ["refused"]
    assert "sqs:GetQueueAttributes" in refused[0].reason
    assert aws.bodies(queue) == ["one"]
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_disabled_mapping_consumes_nothing_until_it_is_enabled(aws: DeployedAws) -> None:
    queue = aws.queue()
    function = aws.function(WORKER, consumes())
    mapping = aws.consume(queue, function, Enabled=False)
    aws.send(queue, "one")
    aws.settle()
    assert printed(aws, function, "got ") == {}
    aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    aws.settle()
    assert printed(aws, function, "got ") == {"one": 1}


def test_a_message_that_can_never_rest_keeps_the_pump_from_settling(aws: DeployedAws) -> None:
    queue = aws.queue()
    function = aws.function(WORKER, consumes())
    mapping = aws.consume(queue, function)
    aws.send(queue, "bad")
    with pytest.raises(UnsettledError, match=queue):
        aws.pump.settle(0.2)
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)
    aws.settle()


def test_a_function_that_may_run_longer_than_messages_stay_hidden_is_refused(
    aws: DeployedAws,
) -> None:
    queue = aws.queue(attributes={"VisibilityTimeout": "10"})
    function = aws.function(WORKER, consumes(), Timeout=11)
    with pytest.raises(ClientError, match="visibility timeout: 10 seconds is less than Function"):
        aws.consume(queue, function)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"MaximumBatchingWindowInSeconds": 5}, "MaximumBatchingWindowInSeconds"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "FilterCriteria"),
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
    ],
)
def test_a_mapping_with_what_is_not_carried_out_is_refused(
    aws: DeployedAws, settings: Any, says: str
) -> None:
    function = aws.function(WORKER, consumes())
    with pytest.raises(ClientError, match=says):
        aws.consume(aws.queue(), function, **settings)
    mapping = aws.consume(aws.queue(), function)
    with pytest.raises(ClientError, match=says):
        aws.client("lambda").update_event_source_mapping(UUID=mapping, **settings)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, 0),
        ({}, 0),
        ({"batchItemFailures": None}, 0),
        ("done", 2),
        ({"batchItemFailures": [{"itemIdentifier": "of no message"}]}, 2),
        ({"batchItemFailures": [{"id": "x"}]}, 2),
        ({"batchItemFailures": 5}, 2),
    ],
)
def test_an_answer_that_names_no_message_of_the_batch_makes_all_of_them_failed(
    aws: DeployedAws, answer: Any, failed: int
) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes=dead_letters(dead, limit=1))
    function = aws.function(f"def handler(event, context): return {answer!r}", consumes())
    aws.send(queue, "one", "two")
    aws.consume(queue, function, FunctionResponseTypes=["ReportBatchItemFailures"])
    aws.settle()
    assert len(aws.messages(dead)) == failed
