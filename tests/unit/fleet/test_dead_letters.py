"""Dead letters are seen and sent back, each once, and none stays hidden."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.errors import ToldError
from fleet.interrupts import held
from fleet.replay.dead_letters import DeadLetter, ReplayFailed, replay, resting, send_back
from fleet.replay.facts import facts, reason, wanted
from tests.support.aws_in_process import Aws


def rest(aws: Aws, count: int) -> None:
    for number in range(count):
        attributes: Any = {"Reason": {"DataType": "String", "StringValue": f"r{number}"}}
        aws.sqs.send_message(
            QueueUrl=aws.dead_letters, MessageBody=f"m{number}", MessageAttributes=attributes
        )


def visible(aws: Aws, queue: str) -> int:
    """How many messages anybody could receive now."""
    name = "ApproximateNumberOfMessages"
    answer = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(answer["Attributes"][name])


def into(aws: Aws) -> Callable[[DeadLetter], object]:
    return lambda letter: aws.sqs.send_message(QueueUrl=aws.queue, MessageBody=letter.body)


def test_every_dead_letter_is_seen_with_its_attributes_and_stays_for_others_to_see(
    aws: Aws,
) -> None:
    rest(aws, 12)
    before = datetime.now(UTC)
    letters = resting(aws.sqs, aws.dead_letters)
    assert {letter.body: letter.attributes for letter in letters} == {
        f"m{n}": {"Reason": f"r{n}"} for n in range(12)
    }
    assert all(abs((letter.sent_at - before).total_seconds()) < 60 for letter in letters)
    assert visible(aws, aws.dead_letters) == 12


def test_replayed_messages_are_in_their_queue_and_no_longer_in_the_other(aws: Aws) -> None:
    rest(aws, 12)
    assert replay(aws.sqs, aws.dead_letters, aws.queue) == 12
    assert sorted(letter.body for letter in resting(aws.sqs, aws.queue)) == sorted(
        f"m{n}" for n in range(12)
    )
    counted = aws.sqs.get_queue_attributes(QueueUrl=aws.dead_letters, AttributeNames=["All"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert counted["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_what_is_put_right_back_is_not_sent_again(aws: Aws) -> None:
    rest(aws, 3)
    sent: list[str] = []

    def puts_right_back(letter: DeadLetter) -> None:
        sent.append(letter.body)
        aws.sqs.send_message(QueueUrl=aws.dead_letters, MessageBody=letter.body)

    wanted_ones = resting(aws.sqs, aws.dead_letters)
    done = list(send_back(aws.sqs, aws.dead_letters, wanted_ones, puts_right_back, per_minute=600))
    assert sorted(sent) == sorted(letter.body for letter in done) == ["m0", "m1", "m2"]
    assert visible(aws, aws.dead_letters) == 3


def test_only_what_is_wanted_is_sent_and_the_rest_can_be_seen_at_once(aws: Aws) -> None:
    rest(aws, 25)
    some = [each for each in resting(aws.sqs, aws.dead_letters) if each.body in ("m3", "m24")]
    done = list(send_back(aws.sqs, aws.dead_letters, some, into(aws), per_minute=60))
    assert sorted(letter.body for letter in done) == ["m24", "m3"]
    assert visible(aws, aws.queue) == 2
    assert visible(aws, aws.dead_letters) == 23


def test_one_that_somebody_else_took_meanwhile_is_waited_for_no_longer_than_a_look(
    aws: Aws,
) -> None:
    rest(aws, 5)
    letters = resting(aws.sqs, aws.dead_letters)
    aws.sqs.delete_message(QueueUrl=aws.dead_letters, ReceiptHandle=letters[0].receipt)
    done = list(send_back(aws.sqs, aws.dead_letters, letters[:2], into(aws), per_minute=60))
    assert [letter.id for letter in done] == [letters[1].id]
    assert visible(aws, aws.dead_letters) == 3


@pytest.mark.parametrize(
    ("per_minute", "waits"), [(30, [2.0, 2.0]), (60, [1.0, 1.0]), (600, []), (0.5, [120.0, 120.0])]
)
def test_messages_go_at_the_pace_and_none_is_hidden_while_time_passes(
    aws: Aws, per_minute: float, waits: list[float]
) -> None:
    rest(aws, 3)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        assert visible(aws, aws.dead_letters) == 3 - len(waited)

    letters = resting(aws.sqs, aws.dead_letters)
    going = send_back(
        aws.sqs, aws.dead_letters, letters, into(aws), per_minute=per_minute, wait=wait
    )
    assert len(list(going)) == 3
    assert waited == waits


def test_interrupted_between_two_messages_it_leaves_the_others_for_all_to_see(aws: Aws) -> None:
    rest(aws, 12)

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    letters = resting(aws.sqs, aws.dead_letters)
    going = send_back(
        aws.sqs, aws.dead_letters, letters, into(aws), per_minute=600, wait=interrupted
    )
    with pytest.raises(KeyboardInterrupt):
        list(going)
    assert visible(aws, aws.queue) == 10
    assert visible(aws, aws.dead_letters) == 2


class Interrupts:
    """Calls SQS as it is, and is interrupted while the first answer is on its way."""

    def __init__(self, aws: Aws) -> None:
        self._sqs = aws.sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def receive_message(self, **asked: Any) -> Any:
        answer = self._sqs.receive_message(**asked)
        os.kill(os.getpid(), signal.SIGINT)
        return answer


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whatever a command that ran in this process before does at Ctrl-C, or a shell that lets its
    background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_while_an_answer_is_on_its_way_it_hides_nothing(aws: Aws) -> None:
    rest(aws, 12)
    interrupted: Any = Interrupts(aws)
    with pytest.raises(KeyboardInterrupt):
        resting(interrupted, aws.dead_letters)
    assert visible(aws, aws.dead_letters) == 12


@pytest.mark.usefixtures("interruptible")
def test_what_interrupts_a_call_that_must_not_be_lost_does_so_after_it() -> None:
    done: list[str] = []

    def call() -> None:
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the call")

    with pytest.raises(KeyboardInterrupt):
        call()
    assert done == ["the call"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_queue_that_refuses_a_message_leaves_it_and_those_after_it_where_they_are(
    aws: Aws,
) -> None:
    rest(aws, 3)
    sends: Iterator[str] = iter([aws.queue, f"{aws.queue}-gone"])

    def send(letter: DeadLetter) -> None:
        aws.sqs.send_message(QueueUrl=next(sends), MessageBody=letter.body)

    letters = resting(aws.sqs, aws.dead_letters)
    with pytest.raises(ReplayFailed, match=r"was refused: .*; it rests there still"):
        list(send_back(aws.sqs, aws.dead_letters, letters, send, per_minute=600))
    assert visible(aws, aws.queue) == 1
    assert visible(aws, aws.dead_letters) == 2


def letter(body: str, **attributes: str) -> DeadLetter:
    return DeadLetter(
        body=body,
        attributes=attributes,
        id="",
        receipt="",
        sent_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


BACKUP = letter(
    '{"detail-type": "Backup Job State Change", "account": "333333333333", "region": '
    '"eu-central-1", "detail": {"state": "FAILED", "resourceArn": "arn:aws:ec2:eu-central-1:'
    '333333333333:volume/vol-1", "backupVaultName": "standard", "backupJobId": "j"}}',
    ERROR_CODE="NO_PERMISSIONS",
    ERROR_MESSAGE="the bus's policy",
)
ALARM = letter(
    '{"detail-type": "CloudWatch Alarm State Change", "account": "222222222222", "detail": '
    '{"alarmName": "acme-backup-x", "state": {"value": "ALARM", "reason": "1 of 1"}}}'
)
REPORT = letter(
    '{"detail-type": "Object Created", "detail": {"object": {"key": "Backup/a.csv"}}}',
    Reason="column 1",
)


def test_a_dead_letter_tells_what_it_is_about_and_why_it_rests() -> None:
    assert facts(BACKUP.body) == {
        "kind": "backup",
        "account": "333333333333",
        "region": "eu-central-1",
        "state": "FAILED",
        "resource": "arn:aws:ec2:eu-central-1:333333333333:volume/vol-1",
        "vault": "standard",
        "job": "j",
    }
    assert reason(BACKUP) == "NO_PERMISSIONS: the bus's policy"
    assert facts(ALARM.body) == {
        "kind": "alarm",
        "account": "222222222222",
        "resource": "acme-backup-x",
        "state": "ALARM",
        "message": "1 of 1",
    }
    assert (facts(REPORT.body)["resource"], reason(REPORT)) == ("Backup/a.csv", "column 1")
    assert reason(letter("x", ErrorCode="AccessDenied")) == "AccessDenied"
    assert [facts(text) for text in ("no JSON", "[]", "{}", '{"detail": 1}')] == [{}, {}, {}, {}]


@pytest.mark.parametrize(
    ("filters", "fit"),
    [
        ([], [BACKUP, ALARM, REPORT]),
        (["kind=backup"], [BACKUP]),
        (["resource=*vol-1"], [BACKUP]),
        (["account=3*", "state=FAILED"], [BACKUP]),
        (["account=3*", "state=ALARM"], []),
        (["NO_perm"], [BACKUP]),
        (["ACME-backup"], [ALARM]),
        (["COLUMN 1"], [REPORT]),
    ],
)
def test_a_filter_asks_for_a_fact_or_for_a_text(filters: list[str], fit: list[DeadLetter]) -> None:
    assert [each for each in (BACKUP, ALARM, REPORT) if wanted(filters)(each)] == fit


def test_a_filter_by_what_no_event_tells_is_refused_with_what_they_do() -> None:
    with pytest.raises(
        ToldError, match=r"it may ask for kind, account, region, time, .* not for x"
    ):
        wanted(["x=1"])
