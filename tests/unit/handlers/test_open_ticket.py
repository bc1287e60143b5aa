"""Job events: which of them open, repeat and resolve an incident."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.open_ticket import decision, events, wording
from handlers.open_ticket.decision import State
from handlers.open_ticket.events import Alert, Kind, UnrecognisedEvent
from handlers.open_ticket.settings import TicketSettings
from reports.correlation import correlation_id

EVENTS = Path(__file__).parent / "events"
STYLE = TicketSettings(
    customer="acme", assignment_group="Backup", urgency="2", impact="2", close_code="Solved"
)


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def ended(job_id: str, state: str, milliseconds: int = 0) -> Alert:
    """An end of a backup job of one volume."""
    job = events.read_alert(event("backup-failed"))
    when = job.time + datetime.timedelta(milliseconds=milliseconds)
    return dataclasses.replace(job, job_id=job_id, state=state, ended=when)


def after(*alerts: Alert) -> State:
    state = State()
    for alert in alerts:
        state = state.after(alert)
    return state


@pytest.mark.parametrize(
    ("name", "kind", "state", "failed"),
    [
        ("backup-failed", Kind.BACKUP, "FAILED", True),
        ("backup-expired", Kind.BACKUP, "EXPIRED", True),
        ("backup-aborted", Kind.BACKUP, "ABORTED", True),
        ("backup-completed", Kind.BACKUP, "COMPLETED", False),
        ("copy-failed", Kind.COPY, "FAILED", True),
        ("restore-failed", Kind.RESTORE, "FAILED", True),
        ("restore-completed", Kind.RESTORE, "COMPLETED", False),
    ],
)
def test_the_end_of_a_job_is_read_from_its_event(
    name: str, kind: Kind, state: str, failed: bool
) -> None:
    job = events.read_alert(event(name))
    assert (job.kind, job.state, job.failed) == (kind, state, failed)
    assert (job.resource or job.recovery_point).startswith("arn:aws:")


def test_the_quotes_around_a_backups_message_are_not_part_of_it() -> None:
    assert events.read_alert(event("backup-aborted")).message == "Backup job was stopped by user."


def ids(job: Alert) -> Sequence[str]:
    return decision.keys("acme", job)


def test_a_key_is_of_one_customer_kind_account_region_and_resource() -> None:
    job = events.read_alert(event("backup-failed"))
    others = [
        *decision.keys("other", job),
        *(
            ids(dataclasses.replace(job, **{field: "other"}))[0]
            for field in ("account", "region", "resource")
        ),
        *ids(dataclasses.replace(job, kind=Kind.COPY)),
    ]
    (mine,) = ids(job)
    assert len({mine, *others}) == 6
    assert len(correlation_id(mine, 999_999)) <= 100
    assert [mine] == ids(dataclasses.replace(job, job_id="next night"))


def test_a_copy_that_completes_says_nothing_of_the_copy_in_another_vault() -> None:
    failed = events.read_alert(event("copy-failed"))
    elsewhere = event("copy-failed")
    elsewhere["detail"]["destinationBackupVaultArn"] = (
        "arn:aws:backup:eu-central-1:222222222222:backup-vault:standard"
    )
    assert set(ids(events.read_alert(elsewhere))) & set(ids(failed)) == set()
    assert failed.destination in wording.incident_fields(failed, STYLE)["description"]


INSTANCE = "arn:aws:ec2:eu-central-1:333333333333:instance/i-0515aee7de03f58e1"
PLAN = "arn:aws:backup:eu-central-1:333333333333:restore-testing-plan:nightly-1"


def restore(name: str, recovery_point: str = "ami-1", **detail: str) -> Alert:
    told = event(name)
    told["resources"] = [f"arn:aws:ec2:eu-central-1::image/{recovery_point}"]
    told["detail"] |= detail
    return events.read_alert(told)


def test_a_restore_that_completes_ends_what_is_open_of_its_resource_and_of_its_recovery_point() -> (
    None
):
    completed = restore("restore-completed")
    assert completed.resource == INSTANCE
    unknown = restore("restore-failed")
    assert (unknown.resource, len(ids(unknown))) == ("", 1)
    known = restore("restore-failed", "ami-2", sourceResourceArn=INSTANCE)
    assert list(ids(completed)) == [ids(known)[0], ids(unknown)[0]]
    assert not set(ids(completed)) & set(ids(restore("restore-failed", "ami-2")))


def test_a_restore_test_is_of_its_plan_and_resource_and_no_other_restore_ends_it() -> None:
    failed = restore("restore-failed", restoreTestingPlanArn=PLAN, sourceResourceArn=INSTANCE)
    next_night = restore("restore-completed", "ami-2", restoreTestingPlanArn=PLAN)
    assert ids(failed) == ids(next_night)
    other_plan = restore("restore-completed", restoreTestingPlanArn=f"{PLAN}0")
    by_hand = restore("restore-completed")
    assert not set(ids(failed)) & {*ids(other_plan), *ids(by_hand)}
    assert "restore test failed" in wording.incident_fields(failed, STYLE)["short_description"]
    assert PLAN in wording.incident_fields(failed, STYLE)["description"]


def test_restore_tests_of_unknown_resources_are_told_by_type_and_end_with_none_of_them() -> None:
    failed = restore("restore-failed", restoreTestingPlanArn=PLAN)
    again = restore("restore-failed", "ami-2", restoreTestingPlanArn=PLAN)
    other_type = restore("restore-failed", restoreTestingPlanArn=PLAN, resourceType="EBS")
    completed = restore("restore-completed", restoreTestingPlanArn=PLAN)
    assert ids(failed) == ids(again) != ids(other_type)
    assert not set(ids(failed)) & set(ids(completed))


def test_a_job_names_the_recovery_point_that_it_made() -> None:
    made = events.read_alert(event("backup-completed"))
    assert made.recovery_point == "arn:aws:ec2:eu-central-1::snapshot/snap-0f1d966fe0a1b2c3d"
    assert events.read_alert(event("copy-failed")).recovery_point == ""
    copied = event("copy-failed")
    copied["detail"] |= {"state": "COMPLETED", "destinationRecoveryPointArn": "arn:x"}
    assert events.read_alert(copied).recovery_point == "arn:x"


def test_a_restore_of_no_recovery_point_is_not_recognised() -> None:
    told = event("restore-failed")
    told["resources"] = []
    with pytest.raises(UnrecognisedEvent, match="recoveryPointArn is missing"):
        events.read_alert(told)
    told["detail"]["recoveryPointArn"] = "arn:x"
    assert events.read_alert(told).recovery_point == "arn:x"


@pytest.mark.parametrize("state", ["FAILED", "PARTIAL"])
def test_a_job_that_completes_after_all_is_well(state: str) -> None:
    failed, completed = ended("A", state), ended("A", "COMPLETED", 5000)
    assert not after(failed).well
    assert after(failed, completed).well
    assert after(completed).outdates(failed)


def test_of_two_jobs_that_end_at_once_the_one_that_completes_counts() -> None:
    failed, completed = ended("A", "FAILED"), ended("B", "COMPLETED")
    assert after(failed, completed).well
    assert after(completed, failed).well
    assert after(completed).outdates(failed)


def test_ends_are_compared_with_ends_and_times_of_events_with_such() -> None:
    """A failure without completion date that was told after the success had ended, and before
    that was told, failed before."""
    failed = dataclasses.replace(ended("A", "FAILED"), ended=None)
    completed = dataclasses.replace(
        ended("B", "COMPLETED", -60_000), told=failed.told + datetime.timedelta(seconds=60)
    )
    assert after(failed, completed).well
    assert after(completed).outdates(failed)
    later = dataclasses.replace(failed, told=completed.told + datetime.timedelta(seconds=1))
    assert not after(failed, completed, later).well


def told(job_id: str, state: str, ended_at: int | None, told_at: int) -> Alert:
    """As `ended`, in milliseconds; where the event does not say when the job ended, None."""
    end = None if ended_at is None else ended(job_id, state, ended_at).time
    return dataclasses.replace(
        ended(job_id, state), ended=end, told=ended(job_id, state, told_at).time
    )


_TIMES = st.integers(0, 5).map(lambda half: half * 500)
_ENDS = st.lists(
    st.builds(
        told,
        st.sampled_from("ABC"),
        st.sampled_from(["FAILED", "PARTIAL", "ABORTED", "COMPLETED"]),
        st.none() | _TIMES,
        _TIMES,
    ),
    max_size=8,
)


@given(st.data(), _ENDS)
def test_whatever_the_order_and_however_often_it_is_well_or_not_alike(
    data: st.DataObject, ends: list[Alert]
) -> None:
    again = data.draw(st.lists(st.sampled_from(ends), max_size=4)) if ends else []
    assert after(*data.draw(st.permutations([*ends, *again]))) == after(*ends)


@given(_ENDS)
def test_what_is_outdated_makes_nothing_unwell(ends: list[Alert]) -> None:
    state = after(*ends)
    for job in ends:
        if job.failed and state.outdates(job):
            assert after(*(each for each in ends if each is not job)).well == state.well


@given(_ENDS)
def test_the_latest_end_decides_where_all_say_when_they_ended(ends: list[Alert]) -> None:
    said = [job for job in ends if job.ended is not None]
    in_order = sorted(said, key=lambda job: (job.time, not job.failed))
    assert after(*said).well == (not in_order or not in_order[-1].failed)


def test_a_job_ended_when_its_event_says_so_or_else_at_the_events_time() -> None:
    completed, failed = event("backup-completed"), event("backup-failed")
    assert events.read_alert(completed).time.isoformat() == "2026-11-22T20:14:12.043000+00:00"
    assert events.read_alert(failed).time.isoformat() == "2026-11-21T20:15:26+00:00"
    completed["time"] = "2026-11-22T22:15:26+02:00"
    for odd in ("Nov 22, 2026 9:39:07 PM", "2026-11-22T20:14:12", None, 1):
        completed["detail"]["completionDate"] = odd
        assert events.read_alert(completed).time.isoformat() == "2026-11-22T20:15:26+00:00"


@pytest.mark.parametrize("time", ["yesterday", "2026-11-22T20:15:26", None, 1])
def test_an_event_at_no_certain_time_is_refused_with_that_time(time: Any) -> None:
    with pytest.raises(UnrecognisedEvent, match=f"time {time!r} is no ISO 8601 time with a zone"):
        events.read_alert({**event("backup-failed"), "time": time})


@pytest.mark.parametrize(
    "change",
    [
        {"detail-type": "Backup Vault State Change"},
        {"detail": {"state": "RUNNING", "backupJobId": "1", "resourceArn": "arn:x"}},
        {"detail": {"state": "FAILED", "resourceArn": "arn:x"}},
        {"detail": {"backupJobId": "1", "resourceArn": "arn:x"}},
        {"detail": "FAILED"},
        {"detail": {"state": "FAILED", "backupJobId": None, "resourceArn": "arn:x"}},
        {"detail": {"state": "FAILED", "backupJobId": "1", "resourceArn": {}}},
        {"account": None},
        {"region": ""},
        {"time": None},
    ],
)
def test_what_is_no_end_of_a_job_is_not_recognised(change: dict[str, Any]) -> None:
    with pytest.raises(UnrecognisedEvent):
        events.read_alert({**event("backup-failed"), **change})


@pytest.mark.parametrize(
    ("name", "vault"), [("backup-failed", "standard"), ("copy-failed", "copies")]
)
def test_a_job_is_of_the_vault_that_it_writes_to(name: str, vault: str) -> None:
    told = event(name)
    if name == "copy-failed":
        told["detail"]["destinationBackupVaultArn"] = (
            "arn:aws:backup:eu-west-1:222222222222:backup-vault:copies"
        )
    assert events.read_alert(told).vault == vault


def test_what_an_event_has_as_null_or_an_empty_object_is_not_told() -> None:
    told = event("backup-failed")
    told["detail"] |= {
        "statusMessage": None,
        "resourceType": None,
        "backupVaultName": None,
        "backupVaultArn": {},
        "destinationBackupVaultArn": {"a": "b"},
    }
    job = events.read_alert(told)
    assert (job.message, job.resource_type, job.vault) == ("", "", "")
    description = wording.incident_fields(job, STYLE)["description"]
    assert not any(name in description for name in ("Message", "Vault", "None", "{"))
