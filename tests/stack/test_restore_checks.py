"""What judges restore tests, in each Region where a testing plan stands."""

from __future__ import annotations

import json
from functools import cache

import pytest

from components.work_queue import TRIES
from handlers.check_restore.looking import OWN_CHECK_SECONDS
from tests.stack.conftest import statements
from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recorded, Recording

MEMBER, REGIONS = "acme-member-payments", ("eu-central-1", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:333333333333:on-call"


@cache
def recorded() -> Recording:
    """The example member with a plan in both of its Regions."""
    like = example(MEMBER)
    selections = {
        "volumes": {"type": "EBS"},
        "tables": {"type": "DynamoDB", "check": "own-check", "validation_window_hours": 2},
    }
    own = {
        **like.own,
        "vaults": {"standard": {"regions": list(REGIONS), "force_destroy": True}},
        "restore_testing": {"weekly": {"selections": selections}},
        "alarm_topics": [TOPIC],
    }
    return Case(stack=like.stack, own=own).run({n: r.exports for n, r in recordings().items()})


def judge(region: str) -> Recorded:
    (found,) = [
        f
        for f in recorded().all("aws:lambda/function:Function")
        if f.name == f"acme-backup-restore-checks-{region}"
    ]
    return found


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_its_judge_that_knows_the_plan_there(region: str) -> None:
    inputs = judge(region).inputs
    assert (inputs["region"], inputs["handler"]) == (region, "handlers.check_restore.app.handler")
    assert inputs["timeout"] > OWN_CHECK_SECONDS
    told = json.loads(inputs["environment"]["variables"]["SELECTIONS"])
    assert list(told.values()) == [
        {
            "EBS": {"validation_window_hours": 8},
            "DynamoDB": {"validation_window_hours": 2, "check": "own-check"},
        }
    ]
    (rule,) = [
        r
        for r in recorded().all("aws:cloudwatch/eventRule:EventRule")
        if r.name == f"acme-backup-restore-checks-{region}"
    ]
    pattern = json.loads(rule.inputs["eventPattern"])
    assert pattern["detail"] == {"status": ["COMPLETED"], "restoreTestingPlanArn": list(told)}
    assert len(rule.inputs["eventPattern"]) <= 2048
    assert rule.inputs["region"] == region


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_tried_in_vain_rests_with_an_alarm_in_its_region(region: str) -> None:
    name = f"acme-backup-restore-checks-{region}"
    queues = {q.name: q.inputs for q in recorded().all("aws:sqs/queue:Queue")}
    queue, variables = queues[name], judge(region).inputs["environment"]["variables"]
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == TRIES
    assert variables["TRIES_MOST"] == str(TRIES)
    assert int(variables["RETRY_SECONDS"]) == queue["visibilityTimeoutSeconds"]
    (alarm,) = [
        a
        for a in recorded().all("aws:cloudwatch/metricAlarm:MetricAlarm")
        if a.name == f"{name}-dead-letters"
    ]
    assert alarm.inputs["region"] == region
    assert alarm.inputs.get("alarmActions", []) == ([TOPIC] if region == "eu-west-1" else [])
    for kind in ("sqs/queuePolicy:QueuePolicy", "sqs/redriveAllowPolicy:RedriveAllowPolicy"):
        policies = [p for p in recorded().all(f"aws:{kind}") if p.name.startswith(name)]
        assert {p.inputs["region"] for p in policies} == {region}


def test_data_are_read_of_what_tests_restored_alone() -> None:
    allowed = statements(recorded(), "acme-backup-restore-checks-eu-west-1")
    for sid in ("CountItems", "ListObjects", "ReadObjects"):
        assert all("awsbackup-restore-test-" in one for one in allowed[sid]["Resource"]), sid
    here = "eu-west-1:333333333333"
    assert allowed["AskOwnChecks"]["Resource"] == [f"arn:aws:lambda:{here}:function:own-check"]
    assert allowed["TellVerdicts"]["Condition"]["StringEquals"]["events:source"] == "backup-org"
