"""Dead letters are received, released and sent back, each once."""

from __future__ import annotations

from typing import Any

from fleet.replay.dead_letters import received, release, replay
from tests.support.aws_in_process import Aws


def rest(aws: Aws, count: int) -> None:
    for number in range(count):
        attributes: Any = {"Reason": {"DataType": "String", "StringValue": f"r{number}"}}
        aws.sqs.send_message(
            QueueUrl=aws.dead_letters, MessageBody=f"m{number}", MessageAttributes=attributes
        )


def test_every_dead_letter_is_received_with_its_attributes_until_it_is_released(aws: Aws) -> None:
    rest(aws, 12)
    letters = list(received(aws.sqs, aws.dead_letters))
    assert {letter.body: letter.attributes for letter in letters} == {
        f"m{n}": {"Reason": f"r{n}"} for n in range(12)
    }
    assert list(received(aws.sqs, aws.dead_letters)) == []
    release(aws.sqs, aws.dead_letters, letters)
    assert len(list(received(aws.sqs, aws.dead_letters))) == 12


def test_what_is_put_right_back_is_not_sent_again(aws: Aws) -> None:
    rest(aws, 3)
    sent: list[str] = []

    class PutsRightBack:
        def send_message(self, **message: str) -> None:
            sent.append(message["MessageBody"])
            aws.sqs.send_message(QueueUrl=aws.dead_letters, MessageBody=message["MessageBody"])

    through: Any = PutsRightBack()
    assert replay(aws.sqs, aws.dead_letters, aws.queue, through=through) == 3
    assert sorted(sent) == ["m0", "m1", "m2"]
    assert len(received(aws.sqs, aws.dead_letters)) == 3


def test_replayed_messages_are_in_their_queue_and_no_longer_in_the_other(aws: Aws) -> None:
    rest(aws, 12)
    assert replay(aws.sqs, aws.dead_letters, aws.queue) == 12
    assert sorted(letter.body for letter in received(aws.sqs, aws.queue)) == sorted(
        f"m{n}" for n in range(12)
    )
    counted = aws.sqs.get_queue_attributes(QueueUrl=aws.dead_letters, AttributeNames=["All"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert counted["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
