"""What a function prints, in its log group and among its metrics."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sandbox.events.workbench import AUDIT, REGION, Workbench, allow
from aws_sandbox.functions.emf import EmbeddedMetricError, embedded_metrics

PRINTER = """
print("starting")

def handler(event, context):
    for line in event["print"]:
        print(line)
    if event.get("fail"):
        raise ValueError("bad")
"""


def embedded(**changes: Any) -> str:
    """A line as Powertools prints it."""
    directive = {
        "Namespace": "BackupOrg",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Partitions", "Unit": "Count"}],
    }
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps(
        {"_aws": metadata, "service": "partition", "Partitions": [3.0, 2.0], **changes}
    )


def run(bench: Workbench, function: str, *lines: str, fail: bool = False) -> str:
    bench.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps({"print": lines, "fail": fail})
    )
    return function.rpartition(":")[2]


def logged(bench: Workbench, group: str) -> list[str]:
    answer = bench.client("logs").filter_log_events(logGroupName=group)
    return [event["message"] for event in answer["events"]]


def metric(bench: Workbench, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    now = datetime.now(UTC)
    points = bench.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_what_is_printed_stands_in_the_log_group_between_the_platforms_lines(
    bench: Workbench,
) -> None:
    function = bench.function(PRINTER)
    name = run(bench, function, "one", "two")
    starting, start, one, two, end, report = logged(bench, f"/aws/lambda/{name}")
    assert (starting, one, two) == ("starting", "one", "two")
    assert start.startswith("START RequestId: ")
    assert end.startswith("END RequestId: ")
    for part in ("Duration: ", "Billed Duration: ", "Memory Size: 128 MB", "Init Duration: "):
        assert part in report
    assert bench.functions.logs({"function": name})["lines"] == [
        starting,
        start,
        one,
        two,
        end,
        report,
    ]


def test_an_error_is_one_event_with_all_its_lines(bench: Workbench) -> None:
    name = run(bench, bench.function(PRINTER), fail=True)
    [error] = [line for line in logged(bench, f"/aws/lambda/{name}") if "[ERROR]" in line]
    assert error.startswith("[ERROR] ValueError: bad\nTraceback (most recent call last):\n")
    assert "raise ValueError" in error


def test_json_logging_goes_to_the_group_that_is_named(bench: Workbench) -> None:
    group = bench.name("/elsewhere/")
    config = {"LogFormat": "JSON", "LogGroup": group, "ApplicationLogLevel": "INFO"}
    function = bench.function(
        "import logging\ndef handler(event, context): logging.getLogger().info('told')",
        LoggingConfig=config,
    )
    run(bench, function)
    lines = [json.loads(line) for line in logged(bench, group)]
    assert [line.get("type") for line in lines] == ["platform.start", None, "platform.report"]
    assert (lines[1]["message"], lines[1]["level"]) == ("told", "INFO")
    kept = bench.client("lambda").get_function_configuration(FunctionName=function)
    assert kept["LoggingConfig"] == config


def test_a_role_that_may_not_write_logs_leaves_none(bench: Workbench) -> None:
    role = bench.role("lambda.amazonaws.com", allow("logs:CreateLogStream", resource="*"))
    function = bench.function(PRINTER, Role=role)
    name = run(bench, function, "one")
    groups = bench.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")
    assert groups["logGroups"] == []
    [refused] = bench.hops(function, "log group")
    assert refused.outcome == "refused"
    assert "logs:CreateLogGroup" in refused.reason
    assert "one" in bench.functions.logs({"function": name})["lines"]


def test_invocations_and_errors_are_counted(bench: Workbench) -> None:
    function = bench.function(PRINTER)
    run(bench, function)
    name = run(bench, function, fail=True)
    own = {"FunctionName": name}
    assert metric(bench, "AWS/Lambda", "Invocations", own) == 2
    assert metric(bench, "AWS/Lambda", "Errors", own) == 1


def test_embedded_metrics_become_metrics(bench: Workbench) -> None:
    service = bench.name("service")
    run(bench, bench.function(PRINTER), embedded(service=service), embedded(service=service))
    assert metric(bench, "BackupOrg", "Partitions", {"service": service}) == 10


def test_a_malformed_embedded_metric_stays_a_line_and_the_journal_says_why(
    bench: Workbench,
) -> None:
    function = bench.function(PRINTER)
    line = embedded(Partitions="three")
    name = run(bench, function, line)
    assert line in logged(bench, f"/aws/lambda/{name}")
    [failed] = bench.hops(function, "log group")
    assert "the metric Partitions is a number or several, not 'three'" in failed.reason


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "{not json",
        '{"CloudWatchMetrics": 1}',
        '{"message": "about CloudWatchMetrics"}',
    ],
)
def test_other_lines_hold_no_metrics(line: str) -> None:
    assert embedded_metrics(line) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"service": 5}, "the dimension service is a string"),
        ({"Partitions": []}, "a number or several"),
        ({"_aws": {"CloudWatchMetrics": []}}, "Timestamp"),
        ({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "x"}]}}, "Dimensions"),
    ],
)
def test_a_line_that_is_not_what_it_calls_itself_is_refused(changes: Any, problem: str) -> None:
    with pytest.raises(EmbeddedMetricError, match=problem):
        embedded_metrics(embedded(**changes))


def test_every_value_is_there_once_for_each_set_of_dimensions() -> None:
    directive = {
        "Namespace": "N",
        "Dimensions": [["a"], ["a", "b"], []],
        "Metrics": [{"Name": "m"}],
    }
    line = json.dumps(
        {
            "_aws": {"Timestamp": 1795330800000, "CloudWatchMetrics": [directive]},
            "a": "1",
            "b": "2",
            "m": 5,
        }
    )
    metrics = embedded_metrics(line)
    assert [dict(found.dimensions) for found in metrics] == [{"a": "1"}, {"a": "1", "b": "2"}, {}]
    assert {(tuple(found.values), found.unit) for found in metrics} == {((5.0,), "None")}
    assert metrics[0].time == datetime.fromtimestamp(1795330800, UTC)


def test_the_control_call_for_logs_needs_a_name(bench: Workbench) -> None:
    with pytest.raises(ValueError, match="takes"):
        bench.functions.logs({})
    assert bench.functions.logs({"function": f"{AUDIT}{REGION}"})["lines"] == []
