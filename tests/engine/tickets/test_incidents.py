"""From a queue's messages to incidents: what opens one, what notes, what resolves."""

from __future__ import annotations

from typing import Any

import pytest

from aws_sandbox.servicenow import Fault
from tests.engine.tickets.conftest import (
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
    bench(FAILED)
    (incident,) = bench.service.incidents()
    assert incident["state"] == "1"
    told = "acme 333333333333: backup failed: EBS vol-0a1b2c3d4e5f60718 in eu-central-1: "
    assert incident["short_description"].startswith(told)
    assert (incident["urgency"], incident["impact"], incident["priority"]) == ("2", "1", "2")
    bench(COMPLETED)
    (resolved,) = bench.service.incidents()
    assert (resolved["number"], resolved["state"]) == (incident["number"], "6")
    assert resolved["close_code"] == "Resolved by request"
    bench(FAILED_AGAIN)
    assert bench.states() == ["2"]


def test_a_second_failure_is_a_note_and_the_same_event_twice_is_nothing(bench: Bench) -> None:
    again = event("backup-failed", day=22, backupJobId="second night")
    bench(FAILED, again, FAILED, again)
    assert bench.states() == ["1"]
    assert bench.notes() == 0
    bench.later(minutes=1)
    assert bench.notes() == 1
    assert bench.queue.back == []


def test_a_storm_of_repeats_is_one_note_a_minute_with_their_count(bench: Bench) -> None:
    storm = [event("backup-failed", day=22, backupJobId=str(n)) for n in range(50)]
    bench(FAILED, *storm)
    (incident,) = bench.service.incidents()
    assert bench.asked() == [("GET", 200), ("POST", 201)]
    assert len(bench.queue.back) == 1
    bench.later(minutes=1)
    assert bench.notes() == 1
    assert "51 times" in bench.journal(incident["sys_id"])
    bench(*storm)
    assert bench.queue.back == []


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "ABORTED", "PARTIAL"])
def test_each_bad_end_opens_an_incident(bench: Bench, state: str) -> None:
    bench(event("backup-failed", state=state))
    assert bench.states() == ["1"]


def test_service_now_is_not_asked_about_a_job_that_completes_as_it_should(bench: Bench) -> None:
    bench(COMPLETED, event("backup-completed", day=23, backupJobId="2"))
    assert bench.asked() == []


def test_a_failure_that_comes_late_opens_nothing_where_a_later_job_resolved_it(
    bench: Bench,
) -> None:
    bench(FAILED, event("backup-completed", day=23))
    bench(event("backup-failed", day=22, backupJobId="second night"))
    assert bench.states() == ["6"]


CLOSING = {"close_code": "Solution provided", "close_notes": "by hand"}


def test_an_incident_that_somebody_resolved_stays_as_it_is(bench: Bench) -> None:
    bench(FAILED)
    (incident,) = bench.service.incidents()
    bench.client().update_incident(incident["sys_id"], {"state": "6", **CLOSING})
    bench(COMPLETED)
    (untouched,) = bench.service.incidents()
    assert untouched["close_notes"] == "by hand"


def test_a_failure_after_the_resolution_reopens_the_incident(bench: Bench) -> None:
    bench(FAILED, COMPLETED, FAILED_AGAIN)
    assert bench.states() == ["2"]
    assert bench.outcomes[-1].what == "reopened"
    bench(event("backup-completed", day=24, backupJobId="fourth night"))
    assert bench.states() == ["6"]


@pytest.mark.parametrize("state", ["7", "8"])
def test_once_it_is_closed_it_opens_an_episode_of_its_own(bench: Bench, state: str) -> None:
    bench(FAILED, COMPLETED)
    (incident,) = bench.service.incidents()
    bench.client().update_incident(incident["sys_id"], {"state": state, **CLOSING})
    bench(FAILED_AGAIN)
    assert bench.states() == [state, "1"]
    first, second = (each["correlation_id"] for each in bench.service.incidents())
    assert (first[-2:], second) == ("-1", f"{first[:-2]}-2")
    bench(event("backup-completed", day=24, backupJobId="fourth night"))
    assert bench.states() == [state, "6"]


@pytest.mark.parametrize(("state", "then"), [("6", ["2"]), ("7", ["7", "1"]), ("8", ["8", "1"])])
def test_a_repeat_finds_out_that_somebody_closed_the_incident(
    bench: Bench, state: str, then: list[str]
) -> None:
    bench(FAILED)
    (incident,) = bench.service.incidents()
    bench.client().update_incident(incident["sys_id"], {"state": state, **CLOSING})
    bench.later(minutes=2)
    bench(event("backup-failed", day=22, backupJobId="second night"))
    assert bench.states() == then


def test_a_success_resolves_no_other_jobs_failure(bench: Bench) -> None:
    def copied(state: str, region: str, day: int) -> dict[str, Any]:
        vault = f"arn:aws:backup:{region}:333333333333:backup-vault:standard"
        told = {"state": state, "destinationBackupVaultArn": vault, "copyJobId": f"{region} {day}"}
        return event("copy-failed", day=day, **told)

    bench(copied("FAILED", "eu-west-1", 21), copied("COMPLETED", "eu-central-1", 22))
    assert bench.states() == ["1"]
    bench(copied("COMPLETED", "eu-west-1", 22))
    assert bench.states() == ["6"]


def of_rule(name: str, rule: str, day: int) -> dict[str, Any]:
    made_by = {"backupPlanId": "plan", "backupPlanRuleId": rule}
    return event(name, day=day, createdBy=made_by, backupJobId=f"{rule} {day}")


def test_an_hourly_backup_does_not_resolve_the_monthly_ones_failure(bench: Bench) -> None:
    bench(of_rule("backup-failed", "monthly", 21), of_rule("backup-completed", "hourly", 22))
    assert bench.states() == ["1"]
    elsewhere = of_rule("backup-completed", "monthly", 22)
    bench({**elsewhere, "detail": {**elsewhere["detail"], "backupVaultName": "other"}})
    assert bench.states() == ["1"]
    bench(of_rule("backup-completed", "monthly", 23))
    assert bench.states() == ["6"]


@pytest.mark.parametrize("rule", ["hourly", "monthly"])
def test_where_nobody_knows_the_rule_any_later_success_in_the_vault_resolves(
    bench: Bench, rule: str
) -> None:
    bench(FAILED)  # as AWS documents it: without createdBy
    bench(of_rule("backup-completed", rule, 22))
    assert bench.states() == ["6"]


def test_a_success_that_names_no_rule_resolves_no_certain_rules_failure(bench: Bench) -> None:
    bench(of_rule("backup-failed", "monthly", 21), COMPLETED)
    assert bench.states() == ["1"]


def test_sixty_failures_at_once_burn_no_tries(bench: Bench) -> None:
    """Each of them finds the key leased; one waits for it and the others are counted."""
    bench.service.add_fault(Fault(kind="lost", method="POST"))
    bench(*(event("backup-failed", backupJobId=str(n)) for n in range(60)))
    assert len(bench.queue.back) == 1
    bench.later(minutes=3)
    (incident,) = bench.service.incidents()
    assert "60 times" in bench.journal(incident["sys_id"])
    assert bench.queue.parked == []


def test_a_retry_that_really_ended_later_wins_whatever_its_event_says(bench: Bench) -> None:
    """The failure has no completion date, and its event was told after the success had ended, but
    before that was told."""
    failed = {**FAILED, "time": "2026-11-22T20:14:30Z"}
    completed = event("backup-completed", completionDate="2026-11-22T20:14:12.043Z")
    completed["time"] = "2026-11-22T20:15:26Z"
    bench(failed, completed)
    assert bench.states() == ["6"]


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
    told = "acme 222222222222: alarm goes off: CloudWatch alarm acme-backup-x in eu-central-1: "
    assert incident["short_description"].startswith(told)
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

    bench(execution("Failed", 21))
    (incident,) = bench.service.incidents()
    told = "acme 222222222222: runbook failed: Automation runbook acme-backup-report in "
    assert incident["short_description"].startswith(told)
    assert "execution 21" in incident["description"]
    assert "InProgress".upper() in bench.fails(execution("InProgress", 23))
    bench(execution("Success", 23))
    assert bench.states() == ["6"]


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
        bench.later(minutes=2)
    assert bench.states() == ["6"]
    assert bench.notes() == 2


def test_a_message_that_is_not_json_is_told(bench: Bench) -> None:
    assert "a message that is not JSON: 'one two'" in bench.fails("one two")
