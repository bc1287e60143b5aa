"""From a queue's messages to incidents: what opens one, what notes, what resolves."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from aws_sandbox.servicenow import Fault
from handlers.open_ticket import service_now
from tests.engine.tickets.conftest import (
    BASIC,
    COMPLETED,
    FAILED,
    FAILED_AGAIN,
    REGION,
    Bench,
    event,
)

# A run without a job that was filed has no metrics to tell, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")


def test_a_job_fails_completes_and_fails_again(bench: Bench) -> None:
    assert bench(FAILED) == []
    (incident,) = bench.service.incidents()
    assert incident["state"] == "1"
    assert incident["short_description"] == (
        "AWS Backup: backup failed for volume/vol-0a1b2c3d4e5f60718 in 333333333333"
    )
    assert (incident["urgency"], incident["impact"], incident["priority"]) == ("2", "1", "2")
    assert bench(COMPLETED) == []
    (resolved,) = bench.service.incidents()
    assert (resolved["number"], resolved["state"]) == (incident["number"], "6")
    assert resolved["close_code"] == "Resolved by request"
    assert bench(FAILED_AGAIN) == []
    assert bench.states() == ["6", "1"]


def test_a_second_failure_is_a_note_and_the_same_event_twice_is_nothing(bench: Bench) -> None:
    again = event("backup-failed", day=22, backupJobId="second night")
    bench(FAILED, again, FAILED, again)
    assert bench.states() == ["1"]
    assert bench.notes() == 1


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "ABORTED", "PARTIAL"])
def test_each_bad_end_opens_an_incident(bench: Bench, state: str) -> None:
    assert bench(event("backup-failed", state=state)) == []
    assert bench.states() == ["1"]


def test_service_now_is_not_asked_about_a_job_that_completes_as_it_should(bench: Bench) -> None:
    assert bench(COMPLETED, event("backup-completed", day=23, backupJobId="2")) == []
    assert bench.asked() == []


def test_a_failure_that_comes_late_opens_nothing_where_a_later_job_resolved_it(
    bench: Bench,
) -> None:
    bench(FAILED, event("backup-completed", day=23))
    assert bench(event("backup-failed", day=22, backupJobId="second night")) == []
    assert bench.states() == ["6"]


def test_an_incident_that_somebody_resolved_stays_as_it_is_and_a_failure_opens_another(
    bench: Bench,
) -> None:
    bench(FAILED)
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(BASIC))
    (incident,) = bench.service.incidents()
    closing = {"state": "6", "close_code": "Solution provided", "close_notes": "by hand"}
    client.update_incident(incident["sys_id"], closing)
    assert bench(COMPLETED) == []
    (untouched,) = bench.service.incidents()
    assert untouched["close_notes"] == "by hand"
    assert bench(FAILED_AGAIN) == []
    assert bench.states() == ["6", "1"]


@pytest.mark.parametrize("state", ["6", "7", "8"])
def test_what_is_resolved_closed_or_cancelled_is_not_open(bench: Bench, state: str) -> None:
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(BASIC))
    client.create_incident({"correlation_id": "an id", "short_description": "x"})
    (incident,) = bench.service.incidents()
    assert client.open_incident("an id") == incident["sys_id"]
    assert client.open_incident("another id") is None
    closing = {"state": state, "close_code": "Solution provided", "close_notes": "by hand"}
    client.update_incident(incident["sys_id"], closing)
    assert client.open_incident("an id") is None


def test_an_alarm_that_goes_off_is_an_incident_until_it_is_over(bench: Bench) -> None:
    def alarm(value: str, day: int) -> dict[str, Any]:
        return {
            "detail-type": "CloudWatch Alarm State Change",
            "id": f"event {day}",
            "account": "222222222222",
            "region": REGION,
            "time": f"2026-11-{day}T20:15:26Z",
            "resources": [f"arn:aws:cloudwatch:{REGION}:222222222222:alarm:acme-backup-x"],
            "detail": {
                "alarmName": "acme-backup-x",
                "state": {"value": value, "reason": "1 of 1 datapoints was over 0"},
            },
        }

    bench(alarm("ALARM", 21))
    (incident,) = bench.service.incidents()
    assert incident["short_description"] == "AWS Backup: acme-backup-x in 222222222222 goes off"
    assert "1 of 1 datapoints was over 0" in incident["description"]
    bench(alarm("OK", 22))
    assert bench.states() == ["6"]


def test_a_runbook_that_fails_is_an_incident_until_it_ends_well(bench: Bench) -> None:
    def execution(status: str, day: int) -> dict[str, Any]:
        arn = f"arn:aws:ssm:{REGION}:222222222222"
        return {
            "detail-type": "EC2 Automation Execution Status-change Notification",
            "source": "aws.ssm",
            "account": "222222222222",
            "region": REGION,
            "time": f"2026-11-{day}T19:43:35Z",
            "resources": [
                f"{arn}:automation-execution/{day}",
                f"{arn}:automation-definition/acme-backup-report:1",
            ],
            "detail": {
                "ExecutionId": f"execution {day}",
                "Definition": "acme-backup-report",
                "DefinitionVersion": 1.0,
                "Status": status,
                "StartTime": f"Nov {day}, 2026 7:43:20 PM",
                "EndTime": f"Nov {day}, 2026 7:43:26 PM",
                "Time": 5753.0,
                "ExecutedBy": "arn:aws:sts::222222222222:assumed-role/scheduler/x",
            },
        }

    bench(execution("Failed", 21), execution("TimedOut", 22))
    (incident,) = bench.service.incidents()
    told = "AWS Backup: runbook acme-backup-report failed in 222222222222"
    assert incident["short_description"] == told
    assert "execution 21" in incident["description"]
    assert bench(execution("InProgress", 23), execution("Success", 23)) == ["m-0"]
    assert bench.states() == ["6"]


def test_one_bad_message_in_a_batch_costs_the_others_nothing(bench: Bench) -> None:
    assert bench("no JSON", FAILED, {"detail-type": "?"}, event("copy-failed")) == ["m-0", "m-2"]
    assert bench.states() == ["1", "1"]


def test_a_failure_of_one_message_is_logged_with_its_reason(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.service.add_fault(Fault(status=500))
    with caplog.at_level(logging.DEBUG, "aws_lambda_powertools"):
        assert bench(FAILED, event("copy-failed")) == ["m-0"]
    assert "GET /api/now/table/incident answered 500" in caplog.text


def test_a_restore_that_failed_is_told_of_the_resource_that_its_backup_named(bench: Bench) -> None:
    point = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-1"]}
    other = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-2"]}
    instance = "arn:aws:ec2:eu-central-1:333333333333:instance/i-0515aee7de03f58e1"
    bench({**event("backup-completed", resourceArn=instance), **point})
    bench({**event("restore-failed"), **point})
    (incident,) = bench.service.incidents()
    assert f"Resource: {instance}\n" in incident["description"]
    bench({**event("restore-completed", day=22, sourceResourceArn=instance), **other})
    assert bench.states() == ["6"]


def test_a_restore_of_an_unknown_resource_ends_with_one_from_its_recovery_point(
    bench: Bench,
) -> None:
    point = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-1"]}
    bench({**event("restore-failed"), **point})
    bench(event("restore-completed", day=22))
    assert bench.states() == ["1"]
    bench({**event("restore-completed", day=23, restoreJobId="2"), **point})
    assert bench.states() == ["6"]


def test_a_nightly_restore_test_has_one_incident(bench: Bench) -> None:
    plan = "arn:aws:backup:eu-central-1:333333333333:restore-testing-plan:nightly-1"
    instance = "arn:aws:ec2:eu-central-1:333333333333:instance/i-0515aee7de03f58e1"
    for day in (21, 22, 23, 24):
        point = {"resources": [f"arn:aws:ec2:eu-central-1::image/ami-{day}"]}
        told = {"restoreTestingPlanArn": plan, "restoreJobId": f"night {day}"}
        bench({**event("backup-completed", day=day, resourceArn=instance), **point})
        name = "restore-completed" if day == 24 else "restore-failed"
        bench({**event(name, day=day, **told), **point})
    assert bench.states() == ["6"]
    assert bench.notes() == 2


def test_a_message_that_is_not_json_is_told(bench: Bench) -> None:
    assert "a message that is not JSON: 'one two'" in bench.fails("one two")
