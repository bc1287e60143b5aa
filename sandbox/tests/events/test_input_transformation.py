"""What a target receives of an event."""

import json
from typing import Any

import pytest

from aws_sandbox.events.event import Event
from aws_sandbox.events.senders import DeliveryError
from aws_sandbox.events.transform import target_input

RULE = "arn:aws:events:eu-central-1:222222222222:rule/central/failed-jobs"
EVENT = Event.new(
    source="aws.backup",
    detail_type="Backup Job State Change",
    account="333333333333",
    region="eu-central-1",
    resources=["arn:aws:ec2:eu-central-1:333333333333:volume/vol-1", "second"],
    detail={"state": "FAILED", "size": 5, "message": 'a "quoted" word', "list": [{"x": 1}]},
)


def filled(template: str, **paths: str) -> str:
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    return target_input({"InputTransformer": transformer}, EVENT, RULE)


def test_without_anything_said_the_whole_event_is_sent() -> None:
    assert json.loads(target_input({}, EVENT, RULE)) == EVENT.envelope


def test_a_constant_is_sent_as_it_is() -> None:
    assert target_input({"Input": '{"run": true}'}, EVENT, RULE) == '{"run": true}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.detail.state", '"FAILED"'),
        ("$.detail.list[0].x", "1"),
        ("$['detail-type']", '"Backup Job State Change"'),
        ("$.detail-type", '"Backup Job State Change"'),
        ("$.resources[1]", '"second"'),
    ],
)
def test_a_path_selects_a_part(path: str, expected: str) -> None:
    assert target_input({"InputPath": path}, EVENT, RULE) == expected


@pytest.mark.parametrize("path", ["detail", "$.detail.", "$..state", "$.list[*]", "$.a[x]"])
def test_a_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(DeliveryError, match="is no path like") as refused:
        target_input({"InputPath": path}, EVENT, RULE)
    assert refused.value.code == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"job is <state>"', "job is FAILED"),
        ('"said: <message>"', 'said: a "quoted" word'),
        ('{"state": <state>, "size": <size>}', {"state": "FAILED", "size": 5}),
        ('{"state": "<state>", "size": "<size>"}', {"state": "FAILED", "size": "5"}),
        ('{"all": <list>}', {"all": [{"x": 1}]}),
        ('{"rule": <aws.events.rule-name>}', {"rule": "failed-jobs"}),
        ('{"arn": "<aws.events.rule-arn>"}', {"arn": RULE}),
        ('{"event": <aws.events.event.json>}', {"event": EVENT.envelope}),
        ('"<unknown> stays"', "<unknown> stays"),
        ('"nothing: <missing>."', "nothing: ."),
    ],
)
def test_a_template_is_filled_within_quotes_and_without(template: str, expected: Any) -> None:
    text = filled(
        template,
        state="$.detail.state",
        size="$.detail.size",
        message="$.detail.message",
        list="$.detail.list",
        missing="$.detail.nothing",
    )
    assert json.loads(text) == expected


def test_a_template_that_becomes_no_json_is_an_error() -> None:
    with pytest.raises(DeliveryError) as refused:
        filled('{"state": <missing>}', missing="$.detail.nothing")
    assert refused.value.code == "INVALID_JSON"


def test_plain_text_needs_to_be_no_json() -> None:
    assert filled("job <state>", state="$.detail.state") == 'job "FAILED"'
