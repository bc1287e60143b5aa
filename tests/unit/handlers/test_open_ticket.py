"""Job events: which of them open, repeat and resolve an incident."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from handlers.open_ticket import core
from handlers.open_ticket.core import Action, IncidentStyle, JobKind, Memory, UnrecognisedEvent

EVENTS = Path(__file__).parent / "events"
STYLE = IncidentStyle(
    customer="acme", assignment_group="Backup", urgency="2", impact="2", close_code="Solved"
)


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def memory(name: str, *, is_open: bool, hours: int = 0) -> Memory:
    job = core.job_end(event(name))
    return Memory(open=is_open, job_id="another", time=job.time + datetime.timedelta(hours=hours))


@pytest.mark.parametrize(
    ("name", "kind", "state", "failed"),
    [
        ("backup-failed", JobKind.BACKUP, "FAILED", True),
        ("backup-expired", JobKind.BACKUP, "EXPIRED", True),
        ("backup-aborted", JobKind.BACKUP, "ABORTED", True),
        ("backup-completed", JobKind.BACKUP, "COMPLETED", False),
        ("copy-failed", JobKind.COPY, "FAILED", True),
        ("restore-failed", JobKind.RESTORE, "FAILED", True),
        ("restore-completed", JobKind.RESTORE, "COMPLETED", False),
    ],
)
def test_the_end_of_a_job_is_read_from_its_event(
    name: str, kind: JobKind, state: str, failed: bool
) -> None:
    job = core.job_end(event(name))
    assert (job.kind, job.state, job.failed) == (kind, state, failed)
    assert job.resource.startswith("arn:aws:")


def test_the_quotes_around_a_backups_message_are_not_part_of_it() -> None:
    assert core.job_end(event("backup-aborted")).message == "Backup job was stopped by user."


def test_a_restore_that_failed_and_one_that_completed_are_about_the_same_recovery_point() -> None:
    failed, completed = event("restore-failed"), event("restore-completed")
    completed["resources"] = failed["resources"]
    jobs = [core.job_end(e) for e in (failed, completed)]
    assert len({core.correlation_id("acme", job) for job in jobs}) == 1


def test_a_correlation_id_is_of_one_customer_kind_account_region_and_resource() -> None:
    job = core.job_end(event("backup-failed"))
    others = [
        core.correlation_id("other", job),
        *(
            core.correlation_id("acme", dataclasses.replace(job, **{field: "other"}))
            for field in ("account", "region", "resource")
        ),
        core.correlation_id("acme", dataclasses.replace(job, kind=JobKind.COPY)),
    ]
    mine = core.correlation_id("acme", job)
    assert len({mine, *others}) == 6
    assert len(mine) <= 100
    assert mine == core.correlation_id("acme", dataclasses.replace(job, job_id="next night"))


@pytest.mark.parametrize("name", ["backup-failed", "backup-expired", "backup-aborted"])
def test_a_failure_is_reported(name: str) -> None:
    job = core.job_end(event(name))
    assert core.action(job, None) is Action.REPORT
    assert core.action(job, memory(name, is_open=True, hours=-24)) is Action.REPORT


def test_the_same_event_twice_does_nothing_the_second_time() -> None:
    job = core.job_end(event("backup-failed"))
    seen = Memory(open=True, job_id=job.job_id, time=job.time)
    assert core.action(job, seen) is Action.NOTHING


def test_a_job_that_completes_resolves_what_is_open_and_is_remembered_otherwise() -> None:
    job = core.job_end(event("backup-completed"))
    assert core.action(job, memory("backup-completed", is_open=True, hours=-24)) is Action.RESOLVE
    assert core.action(job, memory("backup-completed", is_open=False)) is Action.REMEMBER
    assert core.action(job, None) is Action.REMEMBER


@pytest.mark.parametrize("name", ["backup-completed", "backup-failed"])
def test_an_event_that_was_overtaken_does_nothing(name: str) -> None:
    late = memory(name, is_open=True, hours=24)
    assert core.action(core.job_end(event(name)), late) is Action.NOTHING


@pytest.mark.parametrize(
    "change",
    [
        {"detail-type": "Backup Vault State Change"},
        {"detail": {"state": "RUNNING", "backupJobId": "1", "resourceArn": "arn:x"}},
        {"detail": {"state": "FAILED", "resourceArn": "arn:x"}},
        {"detail": {"backupJobId": "1", "resourceArn": "arn:x"}},
        {"detail": "FAILED"},
    ],
)
def test_what_is_no_end_of_a_job_is_not_recognised(change: dict[str, Any]) -> None:
    with pytest.raises(UnrecognisedEvent):
        core.job_end({**event("backup-failed"), **change})


def test_an_incident_says_what_failed_where_and_why() -> None:
    job = core.job_end(event("backup-failed"))
    fields = core.incident_fields(job, STYLE)
    assert len(fields["short_description"]) <= 160
    for fact in (job.job_id, job.resource, job.account, job.region, job.message, job.vault):
        assert fact in fields["description"]
    assert fields["assignment_group"] == "Backup"
    assert "priority" not in fields  # the platform computes it from urgency and impact


def test_a_resolution_has_what_the_resolved_state_demands() -> None:
    fields = core.resolution_fields(core.job_end(event("backup-completed")), STYLE)
    assert fields["state"] == "6"
    assert fields["close_code"] == "Solved"
    assert fields["close_notes"]
