"""The pump's own life: what it takes over, what it gives back, and what a defect leaves."""

import moto.awslambda.models
import moto.sns.models
import moto.sqs.models
import pytest
from moto.events.models import EventsBackend
from moto.s3 import notifications

from aws_sandbox.control import ControlApi
from aws_sandbox.events import Pump, PumpCrashedError
from aws_sandbox.events.workbench import Workbench, consumes
from aws_sandbox.functions import Functions

TAKEN = [
    (moto.sqs.models, "Queue"),
    (moto.sns.models, "Topic"),
    (moto.awslambda.models, "LambdaFunction"),
    (EventsBackend, "put_events"),
    (notifications, "send_event"),
]


def test_what_is_taken_over_from_moto_is_given_back(bench: Workbench) -> None:
    during = [getattr(owner, name) for owner, name in TAKEN]
    bench.close()
    before = [getattr(owner, name) for owner, name in TAKEN]
    assert not any(one is other for one, other in zip(before, during, strict=True))
    bench.open()
    bench.close()
    assert [getattr(owner, name) for owner, name in TAKEN] == before
    bench.open()


def test_the_control_calls_are_offered(bench: Workbench) -> None:
    class Names(ControlApi):
        names: list[str] = []  # noqa: RUF012 - of this test

        def add(self, name: str, handler: object, *, reads_only: bool = False) -> None:
            self.names.append(name)

    bench.pump.register(Names())
    assert Names.names == [
        "settle",
        "events.emit",
        "events.fire_schedule",
        "events.fail_next",
        "alarms.evaluate",
        "functions.logs",
    ]


def test_a_defect_loses_no_message_and_is_told(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = bench.queue()
    function = bench.function("def handler(event, context): pass", consumes(queue))
    mapping = bench.consume(queue, function)

    def crash(_self: Functions, function_arn: str, event: bytes) -> None:
        bench.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
        raise KeyError(function_arn)

    monkeypatch.setattr(Functions, "invoke", crash)
    bench.send(queue, "kept")
    with pytest.raises(PumpCrashedError) as told:
        bench.settle()
    assert isinstance(told.value.__cause__, KeyError)
    bench.close()
    bench.open()
    answer = bench.client("sqs").receive_message(QueueUrl=bench.url(queue), WaitTimeSeconds=5)
    assert [message["Body"] for message in answer["Messages"]] == ["kept"]


def test_a_pump_needs_a_sensible_time_scale(bench: Workbench) -> None:
    with pytest.raises(ValueError, match="time_scale"):
        Pump(
            journal=bench.journal,
            functions=bench.functions,
            access=bench.server.services.access,
            time_scale=-1,
        )
