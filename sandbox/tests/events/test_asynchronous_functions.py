"""Functions that nobody waits for: tried again, and their ends told."""

import json
import time
from typing import Any

import pytest

from aws_sandbox.events.workbench import AUDIT, REGION, Workbench, allow, sends

# Fails as often as the event says; the process stays the same, so it can count.
FLAKY = """
attempts = {}

def handler(event, context):
    name = event["name"]
    attempts[name] = attempts.get(name, 0) + 1
    print("attempt", name, attempts[name])
    if attempts[name] <= event["failures"]:
        raise RuntimeError("not yet")
    return {"attempts": attempts[name]}
"""


def invoke(bench: Workbench, function: str, event: Any) -> None:
    answer = bench.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event)
    )
    assert answer["StatusCode"] == 202


def outcomes(bench: Workbench, function: str) -> list[str]:
    return [hop.outcome for hop in bench.hops("Invoke", function)]


def test_an_event_is_tried_again_until_the_function_takes_it(bench: Workbench) -> None:
    function = bench.function(FLAKY)
    invoke(bench, function, {"name": "a", "failures": 2})
    bench.settle()
    assert outcomes(bench, function) == ["failed", "failed", "carried"]


def test_what_fails_three_times_is_a_dead_letter(bench: Workbench) -> None:
    dead = bench.queue()
    function = bench.function(
        FLAKY, allow("sqs:SendMessage", resource=dead), DeadLetterConfig={"TargetArn": dead}
    )
    event = {"name": "a", "failures": 9}
    invoke(bench, function, event)
    bench.settle()
    assert outcomes(bench, function) == ["failed"] * 3
    [message] = bench.messages(dead)
    assert json.loads(message["Body"]) == event
    attributes = message["MessageAttributes"]
    assert attributes["ErrorMessage"]["StringValue"] == "not yet"
    assert attributes["ErrorCode"] == {"StringValue": "200", "DataType": "Number"}
    kept = bench.client("lambda").get_function_configuration(FunctionName=function)
    assert kept["DeadLetterConfig"] == {"TargetArn": dead}


def test_a_dead_letter_that_the_role_may_not_send_is_counted(bench: Workbench) -> None:
    dead = bench.queue()
    function = bench.function(FLAKY, DeadLetterConfig={"TargetArn": dead})
    invoke(bench, function, {"name": "a", "failures": 9})
    bench.settle()
    assert [hop.outcome for hop in bench.hops(function, dead)] == ["refused"]
    metrics = bench.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", MetricName="DeadLetterErrors"
    )["Metrics"]
    name = function.rpartition(":")[2]
    assert [{"Name": "FunctionName", "Value": name}] in [found["Dimensions"] for found in metrics]


@pytest.mark.parametrize(
    ("failures", "condition", "count"), [(0, "Success", 1), (9, "RetriesExhausted", 2)]
)
def test_the_end_is_told_to_a_destination(
    bench: Workbench, failures: int, condition: str, count: int
) -> None:
    queue = bench.queue()
    function = bench.function(FLAKY, allow("sqs:SendMessage", resource=queue))
    bench.client("lambda").put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=1,
        DestinationConfig={
            "OnSuccess": {"Destination": queue},
            "OnFailure": {"Destination": queue},
        },
    )
    event = {"name": "a", "failures": failures}
    invoke(bench, function, event)
    bench.settle()
    [message] = bench.messages(queue)
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == count
    assert record["requestContext"]["functionArn"] == f"{function}:$LATEST"
    assert record["requestPayload"] == event
    assert ("functionError" in record["responseContext"]) is (failures > 0)


def test_the_end_can_be_an_event_on_a_bus(bench: Workbench) -> None:
    bus = f"arn:aws:events:{REGION}:{AUDIT}:event-bus/default"
    function = bench.function(FLAKY, allow("events:PutEvents", resource=bus))
    bench.client("lambda").put_function_event_invoke_config(
        FunctionName=function, DestinationConfig={"OnSuccess": {"Destination": bus}}
    )
    queue = bench.queue(sends("events.amazonaws.com"))
    client, name = bench.client("events"), bench.name("rule")
    pattern = {"source": ["lambda"], "resources": [f"{function}:$LATEST"]}
    client.put_rule(Name=name, EventPattern=json.dumps(pattern))
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
    invoke(bench, function, {"name": "a", "failures": 0})
    bench.settle()
    [message] = bench.messages(queue)
    assert json.loads(message["Body"])["detail-type"].endswith("Result - Success")


def test_an_event_that_would_wait_too_long_is_given_up(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function(FLAKY, allow("sqs:SendMessage", resource=queue))
    client = bench.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName=function,
        MaximumEventAgeInSeconds=100,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    invoke(bench, function, {"name": "a", "failures": 9})
    bench.settle()
    assert outcomes(bench, function) == ["failed", "failed"]
    [record] = [json.loads(body) for body in bench.bodies(queue)]
    assert record["requestContext"]["condition"] == "EventAgeExceeded"


def test_a_throttled_event_is_taken_once_there_is_room(bench: Workbench) -> None:
    function = bench.function(FLAKY)
    client = bench.client("lambda")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    invoke(bench, function, {"name": "a", "failures": 0})
    deadline = time.monotonic() + 10
    while "failed" not in outcomes(bench, function) and time.monotonic() < deadline:
        time.sleep(0.005)
    client.delete_function_concurrency(FunctionName=function)
    bench.settle()
    *throttled, last = outcomes(bench, function)
    assert (set(throttled), last) == ({"failed"}, "carried")


def test_the_second_configuration_of_retries_replaces_the_first(bench: Workbench) -> None:
    function = bench.function(FLAKY)
    client = bench.client("lambda")
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=2)
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    client.update_function_event_invoke_config(FunctionName=function, MaximumEventAgeInSeconds=600)
    kept = client.get_function_event_invoke_config(FunctionName=function)
    assert (kept["MaximumRetryAttempts"], kept["MaximumEventAgeInSeconds"]) == (0, 600)
    invoke(bench, function, {"name": "a", "failures": 9})
    bench.settle()
    assert outcomes(bench, function) == ["failed"]
