"""The pump's own life: what it takes over, what it gives back, and what a defect leaves."""

import moto.awslambda.models
import moto.sns.models
import moto.sqs.models
import pytest
from moto.events.models import EventsBackend
from moto.s3 import notifications

from aws_sandbox.control import ControlApi
from aws_sandbox.events.pump import Pump
from aws_sandbox.events.work import PumpCrashedError
from aws_sandbox.functions.runner import Functions
from sandbox.tests.deployed_aws import DeployedAws, consumes

TAKEN = [
    (moto.sqs.models, "Queue"),
    (moto.sns.models, "Topic"),
    (moto.awslambda.models, "LambdaFunction"),
    (EventsBackend, "put_targets"),
    (notifications, "send_event"),
]


def test_what_is_taken_over_from_moto_is_given_back(aws: DeployedAws) -> None:
    during = [getattr(owner, name) for owner, name in TAKEN]
    aws.close()
    before = [getattr(owner, name) for owner, name in TAKEN]
    assert not any(one is other for one, other in zip(before, during, strict=True))
    aws.open()
    aws.close()
    assert [getattr(owner, name) for owner, name in TAKEN] == before
    aws.open()


def test_the_control_calls_are_offered(aws: DeployedAws) -> None:
    class Names(ControlApi):
        names: list[str] = []  # noqa: RUF012 - of this test

        def add(self, name: str, handler: object, *, reads_only: bool = False) -> None:
            self.names.append(name)

    aws.pump.register(Names())
    assert Names.names == [
        "settle",
        "events.emit",
        "events.fire_schedule",
        "alarms.evaluate",
        "functions.logs",
    ]


def test_a_defect_loses_no_message_and_is_told(
    aws: DeployedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = aws.queue()
    function = aws.function("def handler(event, context): pass", consumes(queue))
    mapping = aws.consume(queue, function)

    def crash(_self: Functions, function_arn: str, event: bytes) -> None:
        aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
        raise KeyError(function_arn)

    monkeypatch.setattr(Functions, "invoke", crash)
    aws.send(queue, "kept")
    with pytest.raises(PumpCrashedError) as told:
        aws.settle()
    assert isinstance(told.value.__cause__, KeyError)
    aws.close()
    aws.open()
    answer = aws.client("sqs").receive_message(QueueUrl=aws.url(queue), WaitTimeSeconds=5)
    assert [message["Body"] for message in answer["Messages"]] == ["kept"]


def test_a_pump_needs_a_sensible_time_scale(aws: DeployedAws) -> None:
    with pytest.raises(ValueError, match="time_scale"):
        Pump(
            journal=aws.journal,
            functions=aws.functions,
            access=aws.server.services.access,
            time_scale=-1,
        )
