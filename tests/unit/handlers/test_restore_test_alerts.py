"""What becomes of a restore test for an operator: of its restore, and of the verdict on it."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.open_ticket import events, wording
from handlers.open_ticket.events import Alert, Kind, UnrecognisedEvent
from tests.unit.handlers.test_open_ticket import PLAN, STYLE, event, ids, restore

VOLUME = "vol-0515aee7de03f58e1"
MISSED = (
    "Restore job was unable to start within the specified start window. "
    "Try increasing your start window."
)


def verdict(status: str = "FAILED", message: str = "the volume is error", **detail: str) -> Alert:
    told = event("restore-test-verdict")
    told["detail"] |= {"validationStatus": status, "validationStatusMessage": message, **detail}
    return events.read_alert(told)


def headline(job: Alert) -> str:
    return wording.incident_fields(job, STYLE)["short_description"]


@pytest.mark.parametrize(
    ("status", "message", "failed", "said"),
    [
        ("FAILED", "the volume is error", True, "what it restored is not good: {}: "
         "the volume is error"),
        ("FAILED", "not judged: it is gone", True,
         "nobody could judge what it restored: {}: it is gone"),
        ("TIMED_OUT", "", True, "nobody judged in time what it restored: {}"),
        ("SUCCESSFUL", "available, 8 GiB", False,
         "what it restored is good: {}: available, 8 GiB"),
    ],
)  # fmt: skip
def test_a_verdict_says_which_it_is(status: str, message: str, failed: bool, said: str) -> None:
    job = verdict(status, message)
    assert (job.kind, job.failed) == (Kind.VERDICT, failed)
    what = f"EBS {VOLUME} in eu-central-1"
    assert headline(job) == f"acme 333333333333: restore test: {said.format(what)}"
    assert "Restored as: arn:aws:ec2" in wording.incident_fields(job, STYLE)["description"]


def test_a_verdict_is_of_its_plan_and_resource_and_no_restore_ends_it() -> None:
    failed, next_week = verdict(), verdict("SUCCESSFUL", restoreJobId="next week")
    source = {"restoreTestingPlanArn": PLAN, "sourceResourceArn": failed.resource}
    restored = restore("restore-completed", **source)
    assert failed.testing_plan == restored.testing_plan
    assert failed.resource == restored.resource
    assert ids(failed) == ids(next_week)
    assert not set(ids(failed)) & set(ids(restored))
    assert not set(ids(failed)) & set(ids(verdict(restoreTestingPlanArn=f"{PLAN}0")))


def test_a_verdict_that_is_told_again_is_the_same_end_of_the_same_time() -> None:
    told = event("restore-test-verdict")
    again = events.read_alert({**told, "time": "2026-11-22T07:00:00Z", "id": "another"})
    assert (again.end, again.time, ids(again)) == (
        verdict().end,
        verdict().time,
        ids(verdict()),
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "somebody"},
        {"detail": {"validationStatus": "VALIDATING"}},
        {"detail": {"validationStatus": "FAILED"}},
    ],
)
def test_what_is_no_verdict_of_this_system_is_not_recognised(changed: dict[str, Any]) -> None:
    with pytest.raises(UnrecognisedEvent):
        events.read_alert({**event("restore-test-verdict"), **changed})


def test_a_missed_start_and_a_failed_restore_are_told_apart() -> None:
    missed = restore("restore-failed", restoreTestingPlanArn=PLAN, statusMessage=MISSED)
    failed = restore("restore-failed", restoreTestingPlanArn=PLAN)
    assert "restore test did not start in its window" in headline(missed)
    assert "restore test failed" in headline(failed)
    nothing_tried = "no restore was tried"
    assert nothing_tried in wording.incident_fields(missed, STYLE)["description"]
    assert nothing_tried not in wording.incident_fields(failed, STYLE)["description"]
    by_hand = restore("restore-failed", statusMessage=MISSED)
    assert "restore failed" in headline(by_hand)


def test_a_test_that_never_started_may_name_no_recovery_point() -> None:
    told = event("restore-failed")
    told["resources"] = []
    told["detail"] |= {"restoreTestingPlanArn": PLAN, "statusMessage": MISSED}
    assert "start in its window: EC2 in" in headline(events.read_alert(told))
