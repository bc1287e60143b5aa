"""Messages of a queue on their way to a function, to be tried again, and to rest."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events import UnsettledError
from aws_sandbox.events.workbench import Workbench, allow, consumes, dead_letters

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
WAITING = """
import os, pathlib, time

def handler(event, context):
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / event["Records"][0]["body"]).touch()
    while not (folder / "go on").exists():
        time.sleep(0.01)
"""
PARTIAL = {"Variables": {"PARTIAL": "yes"}}


def printed(bench: Workbench, function_arn: str, start: str) -> Counter[str]:
    """What the function printed after this start, and how often."""
    lines = bench.functions.logs({"function": function_arn})["lines"]
    return Counter(line.removeprefix(start) for line in lines if line.startswith(start))


def test_messages_that_the_function_takes_are_deleted(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(WORKER, consumes())
    bench.send(queue, "before the mapping")
    bench.consume(queue, function)
    bench.send(queue, "one", "two")
    bench.settle()
    assert printed(bench, function, "got ") == {"before the mapping": 1, "one": 1, "two": 1}
    assert bench.messages(queue) == []


def test_a_message_that_always_fails_rests_in_the_dead_letter_queue(bench: Workbench) -> None:
    dead = bench.queue()
    queue = bench.queue(attributes=dead_letters(dead, limit=3))
    function = bench.function(WORKER, consumes())
    bench.consume(queue, function, BatchSize=1)
    bench.send(queue, "bad", "good")
    bench.settle()
    assert printed(bench, function, "got ") == {"bad": 3, "good": 1}
    assert bench.bodies(dead) == ["bad"]
    assert bench.messages(queue) == []
    failed = [hop for hop in bench.hops(queue, function) if hop.outcome == "failed"]
    assert [hop.reason for hop in failed] == ["ValueError: a bad message"] * 3
    assert [hop.outcome for hop in bench.hops(queue, dead)] == ["carried"]


def test_with_partial_answers_only_the_failed_messages_come_again(bench: Workbench) -> None:
    dead = bench.queue()
    queue = bench.queue(attributes=dead_letters(dead, limit=4))
    function = bench.function(WORKER, consumes(), Environment=PARTIAL)
    bench.consume(queue, function, FunctionResponseTypes=["ReportBatchItemFailures"])
    bench.send(queue, "good", "bad", "late")
    bench.settle()
    assert printed(bench, function, "got ") == {"good": 1, "bad": 4, "late": 3}
    assert bench.bodies(dead) == ["bad"]


def test_a_replayed_dead_letter_reaches_the_function_again(bench: Workbench) -> None:
    dead = bench.queue()
    queue = bench.queue(attributes=dead_letters(dead, limit=1))
    function = bench.function(WORKER, consumes())
    bench.consume(queue, function)
    bench.send(queue, "late")
    bench.settle()
    sqs = bench.client("sqs")
    sqs.start_message_move_task(SourceArn=dead)
    bench.settle()
    assert printed(bench, function, "got ") == {"late": 2}
    assert bench.bodies(dead) == ["late"]
    task = sqs.list_message_move_tasks(SourceArn=dead)["Results"][0]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_a_batching_window_gathers_messages_into_one_batch(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(WORKER, consumes())
    bench.consume(queue, function, BatchSize=50, MaximumBatchingWindowInSeconds=300)
    for start in (0, 10):
        bench.client("sqs").send_message_batch(
            QueueUrl=bench.url(queue),
            Entries=[
                {"Id": str(number), "MessageBody": str(number)}
                for number in range(start, start + 10)
            ],
        )
    bench.settle()
    assert printed(bench, function, "batch of ") == {"20": 1}


def test_no_more_batches_run_at_once_than_the_mapping_allows(
    bench: Workbench, tmp_path: Path
) -> None:
    queue = bench.queue()
    function = bench.function(
        WAITING, consumes(), Environment={"Variables": {"FOLDER": str(tmp_path)}}
    )
    bench.consume(queue, function, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    bench.send(queue, "a", "b", "c")
    deadline = time.monotonic() + 10
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / "go on").touch()
    bench.settle()
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c", "go on"}


def test_filtered_messages_are_deleted_without_an_invocation(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(WORKER, consumes())
    pattern = json.dumps({"body": {"state": ["FAILED"]}})
    bench.consume(queue, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    bench.send(queue, '{"state": "RUNNING"}', '{"state":"FAILED"}')
    bench.settle()
    assert printed(bench, function, "got ") == {'{"state":"FAILED"}': 1}
    assert bench.messages(queue) == []


def test_a_role_that_may_not_receive_leaves_the_messages_where_they_are(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(
        WORKER, allow("sqs:ReceiveMessage", "sqs:DeleteMessage", resource=queue)
    )
    mapping = bench.consume(queue, function)
    bench.send(queue, "one")
    bench.settle()
    refused = bench.hops(queue, function)
    assert [hop.outcome for hop in refused] == ["refused"]
    assert "sqs:GetQueueAttributes" in refused[0].reason
    assert bench.bodies(queue) == ["one"]
    bench.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_disabled_mapping_consumes_nothing_until_it_is_enabled(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(WORKER, consumes())
    mapping = bench.consume(queue, function, Enabled=False)
    bench.send(queue, "one")
    bench.settle()
    assert printed(bench, function, "got ") == {}
    bench.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    bench.settle()
    assert printed(bench, function, "got ") == {"one": 1}


def test_a_message_that_can_never_rest_keeps_the_pump_from_settling(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(WORKER, consumes())
    mapping = bench.consume(queue, function)
    bench.send(queue, "bad")
    with pytest.raises(UnsettledError, match=queue):
        bench.pump.settle(0.2)
    bench.client("lambda").delete_event_source_mapping(UUID=mapping)
    bench.settle()


def test_a_function_that_may_run_longer_than_messages_stay_hidden_is_refused(
    bench: Workbench,
) -> None:
    queue = bench.queue(attributes={"VisibilityTimeout": "10"})
    function = bench.function(WORKER, consumes(), Timeout=11)
    with pytest.raises(ClientError, match="visibility timeout: 10 seconds is less than Function"):
        bench.consume(queue, function)
