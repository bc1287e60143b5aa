"""Queues as clients of the API meet them, where moto alone would differ from SQS."""

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import DeployedAws, dead_letters, sends


def attributes(aws: DeployedAws, queue: str) -> dict[str, str]:
    client = aws.client("sqs")
    return client.get_queue_attributes(QueueUrl=aws.url(queue), AttributeNames=["All"])[
        "Attributes"
    ]


def test_a_policy_outlives_the_change_of_another_attribute(aws: DeployedAws) -> None:
    queue = aws.queue(sends("sns.amazonaws.com"))
    before = attributes(aws, queue)["Policy"]
    aws.client("sqs").set_queue_attributes(
        QueueUrl=aws.url(queue), Attributes={"VisibilityTimeout": "90"}
    )
    after = attributes(aws, queue)
    assert (after["Policy"], after["VisibilityTimeout"]) == (before, "90")


def test_a_client_that_receives_too_often_moves_the_message_as_well(aws: DeployedAws) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes={**dead_letters(dead, limit=1), "VisibilityTimeout": "0"})
    aws.send(queue, "one")
    assert aws.bodies(queue) == ["one"]
    assert aws.bodies(queue) == []
    assert aws.bodies(dead) == ["one"]


def test_a_dead_letter_queue_made_anew_is_the_one_that_is_used(aws: DeployedAws) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes={**dead_letters(dead, limit=1), "VisibilityTimeout": "0"})
    client = aws.client("sqs")
    client.delete_queue(QueueUrl=aws.url(dead))
    aws.send(queue, "one")
    assert aws.bodies(queue) == ["one"]
    client.create_queue(QueueName=dead.rpartition(":")[2])
    assert aws.bodies(queue) == []
    assert aws.bodies(dead) == ["one"]


@pytest.mark.parametrize("permission", ["denyAll", "byQueue"])
def test_a_dead_letter_queue_takes_none_that_it_does_not_admit(
    aws: DeployedAws, permission: str
) -> None:
    allowed: dict[str, Any] = {"redrivePermission": permission}
    if permission == "byQueue":
        allowed["sourceQueueArns"] = [aws.queue()]
    dead = aws.queue(attributes={"RedriveAllowPolicy": json.dumps(allowed)})
    assert json.loads(attributes(aws, dead)["RedriveAllowPolicy"]) == allowed
    with pytest.raises(ClientError, match="does not admit"):
        aws.queue(attributes=dead_letters(dead))


def test_a_long_poll_gets_what_arrives_meanwhile(aws: DeployedAws) -> None:
    queue = aws.queue()
    timer = threading.Timer(0.05, aws.send, [queue, "late"])
    timer.start()
    answer = aws.client("sqs").receive_message(QueueUrl=aws.url(queue), WaitTimeSeconds=10)
    timer.join()
    assert [message["Body"] for message in answer["Messages"]] == ["late"]


def test_nothing_is_lost_between_many_senders_and_receivers(aws: DeployedAws) -> None:
    queue = aws.queue()
    client, url = aws.client("sqs"), aws.url(queue)
    received: list[str] = []

    def send(start: int) -> None:
        for number in range(start, start + 15):
            client.send_message(QueueUrl=url, MessageBody=str(number))

    def receive() -> None:
        while len(received) < 60:
            answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                received.append(message["Body"])

    threads = [threading.Thread(target=send, args=[start]) for start in range(0, 60, 15)]
    threads += [threading.Thread(target=receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(map(int, received)) == list(range(60))


def test_a_fifo_queue_is_refused(aws: DeployedAws) -> None:
    with pytest.raises(ClientError, match="does not carry out FIFO queues"):
        aws.client("sqs").create_queue(
            QueueName=f"{aws.name('queue')}.fifo", Attributes={"FifoQueue": "true"}
        )
