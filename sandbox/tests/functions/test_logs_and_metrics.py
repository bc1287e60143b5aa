"""What a function prints, in its log group and among its metrics."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sandbox.functions.metrics import EmbeddedMetricError, embedded_metrics
from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, allow

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


def run(aws: DeployedAws, function: str, *lines: str, fail: bool = False) -> str:
    aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps({"print": lines, "fail": fail})
    )
    return function.rpartition(":")[2]


def logged(aws: DeployedAws, group: str) -> list[str]:
    answer = aws.client("logs").filter_log_events(logGroupName=group)
    return [event["message"] for event in answer["events"]]


def metric(aws: DeployedAws, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_what_is_printed_stands_in_the_log_group(aws: DeployedAws) -> None:
    name = run(aws, aws.function(PRINTER), "one", "two")
    assert logged(aws, f"/aws/lambda/{name}") == ["starting", "one", "two"]
    assert aws.functions.logs.answer({"function": name})["lines"] == ["starting", "one", "two"]


def test_an_error_is_one_event_with_all_its_lines(aws: DeployedAws) -> None:
    name = run(aws, aws.function(PRINTER), fail=True)
    [error] = [line for line in logged(aws, f"/aws/lambda/{name}") if "[ERROR]" in line]
    assert error.startswith("[ERROR] ValueError: bad\nTraceback (most recent call last):\n")
    assert "raise ValueError" in error


def test_json_logging_goes_to_the_group_that_is_named(aws: DeployedAws) -> None:
    group = aws.name("/elsewhere/")
    config = {"LogFormat": "JSON", "LogGroup": group, "ApplicationLogLevel": "INFO"}
    function = aws.function(
        "import logging\ndef handler(event, context): logging.getLogger().info('told')",
        LoggingConfig=config,
    )
    run(aws, function)
    [line] = [json.loads(line) for line in logged(aws, group)]
    assert (line["message"], line["level"]) == ("told", "INFO")
    kept = aws.client("lambda").get_function_configuration(FunctionName=function)
    assert kept["LoggingConfig"] == config


def test_a_role_that_may_not_write_logs_leaves_none(aws: DeployedAws) -> None:
    role = aws.role("lambda.amazonaws.com", allow("logs:CreateLogStream", resource="*"))
    function = aws.function(PRINTER, Role=role)
    name = run(aws, function, "one")
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")
    assert groups["logGroups"] == []
    [refused] = aws.entries(function, "log group")
    assert refused.outcome == "refused"
    assert "logs:CreateLogGroup" in refused.reason
    assert "one" in aws.functions.logs.answer({"function": name})["lines"]


def test_errors_are_counted(aws: DeployedAws) -> None:
    function = aws.function(PRINTER)
    run(aws, function)
    name = run(aws, function, fail=True)
    own = {"FunctionName": name}
    assert metric(aws, "AWS/Lambda", "Errors", own) == 1


def test_embedded_metrics_become_metrics(aws: DeployedAws) -> None:
    service = aws.name("service")
    run(aws, aws.function(PRINTER), embedded(service=service), embedded(service=service))
    assert metric(aws, "BackupOrg", "Partitions", {"service": service}) == 10


def test_a_malformed_embedded_metric_stays_a_line_and_the_journal_says_why(
    aws: DeployedAws,
) -> None:
    function = aws.function(PRINTER)
    line = embedded(Partitions="three")
    name = run(aws, function, line)
    assert line in logged(aws, f"/aws/lambda/{name}")
    [failed] = aws.entries(function, "log group")
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


def test_the_control_call_for_logs_needs_a_name(aws: DeployedAws) -> None:
    with pytest.raises(ValueError, match="takes"):
        aws.functions.logs.answer({})
    assert aws.functions.logs.answer({"function": f"{AUDIT}{REGION}"})["lines"] == []
