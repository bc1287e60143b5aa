"""What was done about a correlation id, and who is at it, however invocations interleave."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import boto3
import pytest
from moto import mock_aws

from handlers.open_ticket import decision, events
from handlers.open_ticket.decision import Memory
from handlers.open_ticket.events import Alert
from handlers.open_ticket.ledger import Busy, Filed, Ledger

NOW = datetime.datetime(2026, 11, 22, 6, tzinfo=datetime.UTC)
LEASE_SECONDS = 75
ID = "backup-org-1"
_SESSION = boto3.Session("testing", "testing", region_name="eu-central-1")


def job(name: str, minute: int = 0) -> Alert:
    event = json.loads((Path(__file__).parent / "events" / f"{name}.json").read_text())
    when = NOW + datetime.timedelta(minutes=minute)
    return dataclasses.replace(events.read_alert(event), ended=when, job_id=f"{name} {minute}")


def noted(name: str, minute: int = 0) -> Memory:
    """What is known when nothing else has happened."""
    return decision.remembered(job(name, minute), None)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with mock_aws():
        dynamodb = _SESSION.client("dynamodb")
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "correlation_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "correlation_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Ledger(dynamodb, "ledger", lease_seconds=LEASE_SECONDS)


def test_nothing_is_recalled_of_what_never_was(ledger: Ledger) -> None:
    assert ledger.recall(ID) is None


def test_a_failure_that_comes_after_its_completion_was_passed_over_does_nothing(
    ledger: Ledger,
) -> None:
    ledger.pass_over(ID, job("backup-completed", 10), NOW)
    assert ledger.recall(ID) == noted("backup-completed", 10)
    assert decision.action(job("backup-failed", 5), ledger.recall(ID)) is decision.Action.NOTHING
    assert decision.action(job("backup-failed", 15), ledger.recall(ID)) is decision.Action.REPORT


def test_one_holds_a_correlation_id_and_others_come_again_later(ledger: Ledger) -> None:
    with ledger.lease(ID, NOW):
        with pytest.raises(Busy), ledger.lease(ID, NOW):
            pytest.fail("two hold it")
        with pytest.raises(Busy):
            ledger.pass_over(ID, job("backup-completed"), NOW)
    with ledger.lease(ID, NOW) as lease:
        assert lease.memory is None


def test_what_is_done_is_remembered_for_the_next_who_holds_it(ledger: Ledger) -> None:
    with ledger.lease(ID, NOW) as lease:
        ledger.remember(lease, job("backup-failed"))
    with ledger.lease(ID, NOW) as lease:
        assert lease.memory == noted("backup-failed")


def test_the_incident_is_remembered_with_when_it_was_opened_and_resolved(ledger: Ledger) -> None:
    def filed(action: Literal["opened", "noted", "resolved"], minute: int, number: str) -> None:
        at = NOW + datetime.timedelta(minutes=minute)
        done = Filed(action=action, number=number, sys_id=f"id of {number}", at=at)
        name = "backup-completed" if action == "resolved" else "backup-failed"
        with ledger.lease(ID, NOW) as lease:
            ledger.remember(lease, job(name, minute), done)

    filed("opened", 1, "INC1")
    filed("noted", 2, "INC1")
    assert incident() == {
        "number": "INC1",
        "sys_id": "id of INC1",
        "opened_at": "2026-11-22T06:01:00.000000+00:00",
    }
    filed("resolved", 3, "INC1")
    assert incident()["resolved_at"] == "2026-11-22T06:03:00.000000+00:00"
    filed("opened", 4, "INC2")
    assert incident() == {
        "number": "INC2",
        "sys_id": "id of INC2",
        "opened_at": "2026-11-22T06:04:00.000000+00:00",
    }


def incident() -> dict[str, str]:
    """What the table has of the last incident."""
    found = (
        _SESSION.client("dynamodb")
        .get_item(TableName="ledger", Key={"correlation_id": {"S": ID}})
        .get("Item", {})
    )
    return {
        name.removeprefix("incident_"): value["S"]
        for name, value in found.items()
        if name.startswith("incident_") and "S" in value
    }


def test_of_jobs_that_end_at_once_each_is_remembered(ledger: Ledger) -> None:
    first, second = job("backup-failed"), dataclasses.replace(job("backup-failed"), job_id="B")
    for one in (first, second):
        with ledger.lease(ID, NOW) as lease:
            ledger.remember(lease, one)
    memory = ledger.recall(ID)
    assert memory is not None
    assert memory.has(first)
    assert memory.has(second)
    with ledger.lease(ID, NOW) as lease:
        ledger.remember(lease, job("backup-completed", 5))
    assert ledger.recall(ID) == noted("backup-completed", 5)


def test_what_an_earlier_version_noted_is_read(ledger: Ledger) -> None:
    failed = job("backup-failed")
    _SESSION.client("dynamodb").put_item(
        TableName="ledger",
        Item={
            "correlation_id": {"S": ID},
            "incident_open": {"BOOL": True},
            "job_id": {"S": failed.job_id},
            "event_time": {"S": "2026-11-22T06:00:00+00:00"},
            "forget_at": {"N": "1800000000"},
        },
    )
    memory = ledger.recall(ID)
    assert memory == Memory(open=True, time=NOW, ends=frozenset({failed.job_id}))
    assert decision.action(failed, memory) is decision.Action.NOTHING


def test_ends_within_one_second_are_told_apart(ledger: Ledger) -> None:
    late = dataclasses.replace(
        job("backup-completed"), ended=NOW + datetime.timedelta(milliseconds=500)
    )
    ledger.pass_over(ID, late, NOW)
    with pytest.raises(Busy):
        ledger.pass_over(ID, job("backup-completed"), NOW)


def test_a_completion_does_not_pass_over_an_incident_that_was_opened_meanwhile(
    ledger: Ledger,
) -> None:
    with ledger.lease(ID, NOW) as lease:
        ledger.remember(lease, job("backup-failed"))
    with pytest.raises(Busy):
        ledger.pass_over(ID, job("backup-completed", 10), NOW)
    assert ledger.recall(ID) == noted("backup-failed")


def test_nor_what_was_noted_later(ledger: Ledger) -> None:
    ledger.pass_over(ID, job("backup-completed", 10), NOW)
    with pytest.raises(Busy):
        ledger.pass_over(ID, job("backup-completed", 5), NOW)


def test_what_a_recovery_point_is_of_is_known_once_it_was_noted(ledger: Ledger) -> None:
    assert ledger.resource_of("arn:point") == ""
    ledger.link("arn:point", "arn:volume", NOW)
    ledger.link("arn:point", "arn:volume", NOW)
    assert ledger.resource_of("arn:point") == "arn:volume"


def test_a_holder_that_died_loses_it_when_its_time_is_up(ledger: Ledger) -> None:
    dead = ledger.lease(ID, NOW)
    dead.__enter__()
    with pytest.raises(Busy), ledger.lease(ID, NOW):
        pytest.fail("two hold it")
    late = NOW + datetime.timedelta(seconds=LEASE_SECONDS + 1)
    with ledger.lease(ID, late) as lease:
        dead.__exit__(None, None, None)  # a release that comes too late leaves it to its holder
        ledger.remember(lease, job("backup-failed"))
    assert ledger.recall(ID) is not None
