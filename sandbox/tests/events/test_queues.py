"""Queues as clients of the API meet them, where moto alone would differ from SQS."""

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import Workbench, dead_letters, sends


def attributes(bench: Workbench, queue: str) -> dict[str, str]:
    client = bench.client("sqs")
    return client.get_queue_attributes(QueueUrl=bench.url(queue), AttributeNames=["All"])[
        "Attributes"
    ]


def test_a_policy_outlives_the_change_of_another_attribute(bench: Workbench) -> None:
    queue = bench.queue(sends("sns.amazonaws.com"))
    before = attributes(bench, queue)["Policy"]
    bench.client("sqs").set_queue_attributes(
        QueueUrl=bench.url(queue), Attributes={"VisibilityTimeout": "90"}
    )
    after = attributes(bench, queue)
    assert (after["Policy"], after["VisibilityTimeout"]) == (before, "90")


def test_a_client_that_receives_too_often_moves_the_message_as_well(bench: Workbench) -> None:
    dead = bench.queue()
    queue = bench.queue(attributes={**dead_letters(dead, limit=1), "VisibilityTimeout": "0"})
    bench.send(queue, "one")
    assert bench.bodies(queue) == ["one"]
    assert bench.bodies(queue) == []
    assert bench.bodies(dead) == ["one"]


def test_a_dead_letter_queue_made_anew_is_the_one_that_is_used(bench: Workbench) -> None:
    dead = bench.queue()
    queue = bench.queue(attributes={**dead_letters(dead, limit=1), "VisibilityTimeout": "0"})
    client = bench.client("sqs")
    client.delete_queue(QueueUrl=bench.url(dead))
    bench.send(queue, "one")
    assert bench.bodies(queue) == ["one"]
    client.create_queue(QueueName=dead.rpartition(":")[2])
    assert bench.bodies(queue) == []
    assert bench.bodies(dead) == ["one"]


@pytest.mark.parametrize("permission", ["denyAll", "byQueue"])
def test_a_dead_letter_queue_takes_none_that_it_does_not_admit(
    bench: Workbench, permission: str
) -> None:
    allowed: dict[str, Any] = {"redrivePermission": permission}
    if permission == "byQueue":
        allowed["sourceQueueArns"] = [bench.queue()]
    dead = bench.queue(attributes={"RedriveAllowPolicy": json.dumps(allowed)})
    assert json.loads(attributes(bench, dead)["RedriveAllowPolicy"]) == allowed
    with pytest.raises(ClientError, match="does not admit"):
        bench.queue(attributes=dead_letters(dead))


def test_a_message_sent_straight_to_a_dead_letter_queue_has_no_way_back(bench: Workbench) -> None:
    dead = bench.queue()
    bench.queue(attributes=dead_letters(dead))
    other = bench.queue()
    client = bench.client("sqs")
    bench.send(dead, "lost")
    client.start_message_move_task(SourceArn=dead)
    task = client.list_message_move_tasks(SourceArn=dead)["Results"][0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    client.start_message_move_task(SourceArn=dead, DestinationArn=other)
    assert bench.bodies(other) == ["lost"]
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        client.start_message_move_task(SourceArn=other)


def test_a_long_poll_gets_what_arrives_meanwhile(bench: Workbench) -> None:
    queue = bench.queue()
    timer = threading.Timer(0.05, bench.send, [queue, "late"])
    timer.start()
    answer = bench.client("sqs").receive_message(QueueUrl=bench.url(queue), WaitTimeSeconds=10)
    timer.join()
    assert [message["Body"] for message in answer["Messages"]] == ["late"]


def test_a_delayed_message_waits_for_its_scaled_delay(bench: Workbench) -> None:
    queue = bench.queue(attributes={"DelaySeconds": "100"})
    bench.send(queue, "delayed")
    assert bench.messages(queue) == []
    answer = bench.client("sqs").receive_message(QueueUrl=bench.url(queue), WaitTimeSeconds=5)
    assert [message["Body"] for message in answer["Messages"]] == ["delayed"]


def test_nothing_is_lost_between_many_senders_and_receivers(bench: Workbench) -> None:
    queue = bench.queue()
    client, url = bench.client("sqs"), bench.url(queue)
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
