"""What is known of each key, and who is at it, however invocations interleave."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from handlers.open_ticket import events
from handlers.open_ticket.decision import Step
from handlers.open_ticket.entries import Entry
from handlers.open_ticket.ledger import Busy, Ledger
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.records import Record
from reports.ticket_ledger import NOT_WELL
from tests.support.in_memory_dynamodb import LEDGER

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
LEASE_SECONDS = 105
KEY, PLACE = "backup-org-1", "backup-org-2"
_SESSION = boto3.Session("testing", "testing", region_name="eu-central-1")


def record(name: str, minute: int = 0, looked: Looked | None = None) -> Record:
    event = json.loads((Path(__file__).parent / "events" / f"{name}.json").read_text())
    when = NOW + timedelta(minutes=minute)
    event["time"] = when.isoformat()
    event["detail"] |= {"completionDate": when.isoformat(), "backupJobId": f"{name} {minute}"}
    return Record.of(json.dumps(event), events.read_alert(event), looked)


def failed(minute: int = 0, looked: Looked | None = None) -> Record:
    return record("backup-failed", minute, looked)


def completed(minute: int = 0) -> Record:
    return record("backup-completed", minute)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with mock_aws():
        dynamodb = _SESSION.client("dynamodb")
        dynamodb.create_table(**LEDGER, TableName="ledger")
        yield Ledger(dynamodb, "ledger", lease_seconds=LEASE_SECONDS)


def fail(ledger: Ledger, told: Record, entry: Entry | None = None, *, place: str = "") -> Entry:
    """With what is known as `entry`, or as it is."""
    return ledger.fail(entry or ledger.read(KEY), told, NOW, place=place)


def passes(ledger: Ledger, minute: int = 0) -> bool:
    return ledger.pass_over([KEY, PLACE], completed(minute).alert, NOW)


def test_nothing_is_known_of_what_never_was(ledger: Ledger) -> None:
    assert ledger.read(KEY) == Entry(key=KEY)
    assert ledger.read(KEY).standing.step is Step.NOTHING


def test_a_failure_is_read_as_it_was_written(ledger: Ledger) -> None:
    looked = Looked(rule="r", rule_name="daily", ended=NOW, tags={"a": "b"})
    entry = fail(ledger, failed(looked=looked))
    assert entry == ledger.read(KEY)
    assert entry.failure == failed(looked=looked)
    assert entry.trouble.alert.rule == "r"
    assert entry.standing.step is Step.OPEN


def test_an_end_is_counted_once(ledger: Ledger) -> None:
    fail(ledger, failed())
    assert fail(ledger, failed()).failures == 1
    assert fail(ledger, failed(5)).failures == 2
    assert ledger.key_of(failed().alert) == KEY
    assert ledger.key_of(failed(10).alert) == ""


def test_the_latest_failure_is_the_one_that_is_told(ledger: Ledger) -> None:
    fail(ledger, failed(5))
    assert fail(ledger, failed()).trouble.alert.job_id == "backup-failed 5"


def test_what_others_wrote_meanwhile_is_not_overwritten(ledger: Ledger) -> None:
    before = ledger.read(KEY)
    fail(ledger, failed(5))
    assert fail(ledger, failed(3), before).failures == 2
    well = ledger.succeed(before, completed(10), NOW)
    assert well == ledger.read(KEY)
    assert well.success == completed(10)
    assert fail(ledger, failed(7), before).failures == 2


def test_a_failure_that_comes_after_its_completion_was_passed_over_does_nothing(
    ledger: Ledger,
) -> None:
    assert passes(ledger, 10)
    assert fail(ledger, failed(5)).standing.step is Step.NOTHING
    assert fail(ledger, failed(15)).standing.step is Step.OPEN


def test_a_completion_is_passed_over_in_one_call_with_what_its_recovery_point_is_of(
    ledger: Ledger,
) -> None:
    alert = completed().alert
    assert ledger.resource_of(alert.recovery_point) == ""
    assert passes(ledger)
    assert ledger.resource_of(alert.recovery_point) == alert.resource


def test_nothing_is_passed_over_where_something_is_open_or_a_later_end_is_known(
    ledger: Ledger,
) -> None:
    assert passes(ledger, 10)
    assert not passes(ledger, 5)
    fail(ledger, failed(15))
    assert not passes(ledger, 20)
    assert ledger.read(PLACE).state.well_ended == NOW + timedelta(minutes=10)


def test_ends_within_one_second_are_told_apart(ledger: Ledger) -> None:
    late = dataclasses.replace(completed().alert, ended=NOW + timedelta(milliseconds=500))
    assert ledger.pass_over([KEY], late, NOW)
    assert not passes(ledger)


def test_what_is_not_well_of_one_rule_is_known_where_no_rule_is_named(ledger: Ledger) -> None:
    looked = Looked(plan="p", rule_name="every month")
    fail(ledger, failed(looked=looked), place=PLACE)
    fail(ledger, failed(5, looked), place=PLACE)
    (told,) = ledger.read(PLACE).rules_open
    assert told.split(" ", 1)[0] == KEY
    assert told.endswith("p every month")
    assert not ledger.pass_over([PLACE], completed(10).alert, NOW)
    ledger.forget_rules(PLACE, frozenset({told}))
    assert ledger.pass_over([PLACE], completed(10).alert, NOW)


def test_one_holds_a_key_and_others_come_again_later(ledger: Ledger) -> None:
    entry = fail(ledger, failed())
    lease = ledger.lease(entry, NOW)
    with pytest.raises(Busy) as busy:
        ledger.lease(entry, NOW)
    assert busy.value.until == NOW + timedelta(seconds=LEASE_SECONDS)
    ledger.release(lease)
    assert ledger.lease(ledger.read(KEY), NOW).entry.failures == 1


def test_a_holder_that_died_loses_it_when_its_time_is_up_and_leaves_doubt(ledger: Ledger) -> None:
    dead = ledger.lease(fail(ledger, failed()), NOW)
    late = NOW + timedelta(seconds=LEASE_SECONDS + 1)
    entry = ledger.read(KEY)
    assert entry.doubtful
    lease = ledger.lease(entry, late)
    ledger.release(dead)  # too late: it is another's
    with pytest.raises(Busy):
        ledger.note(dead, {"episode": 9})
    assert ledger.finish(lease, {"incident_open": True, "told": 1}, forget=False) is None
    assert ledger.read(KEY).standing.step is Step.NOTHING


def test_whoever_did_not_know_of_the_doubt_gets_no_lease(ledger: Ledger) -> None:
    entry = fail(ledger, failed())
    ledger.lease(entry, NOW)
    with pytest.raises(Busy):
        ledger.lease(entry, NOW + timedelta(seconds=LEASE_SECONDS + 1))


def test_a_lease_that_is_given_back_with_nothing_done_leaves_no_doubt(ledger: Ledger) -> None:
    ledger.release(ledger.lease(fail(ledger, failed()), NOW))
    assert not ledger.read(KEY).doubtful


def test_what_comes_while_somebody_tells_service_now_is_not_forgotten(ledger: Ledger) -> None:
    fail(ledger, failed())
    entry = ledger.succeed(ledger.read(KEY), completed(5), NOW)
    lease = ledger.lease(entry, NOW)
    fail(ledger, failed(10))
    held = ledger.finish(lease, {"incident_open": False}, forget=True)
    assert held is not None
    assert held.entry.standing.step is Step.OPEN
    assert held.entry.trouble.alert.job_id == "backup-failed 10"
    assert ledger.finish(held, {"incident_open": True, "told": 2}, forget=False) is None
    assert ledger.read(KEY).standing.step is Step.NOTHING


def test_who_read_it_before_it_was_forgotten_gets_no_lease_and_leaves_no_doubt(
    ledger: Ledger,
) -> None:
    fail(ledger, failed())
    entry = ledger.succeed(ledger.read(KEY), completed(5), NOW)
    ledger.finish(ledger.lease(entry, NOW), {"incident_open": False}, forget=True)
    with pytest.raises(Busy):
        ledger.lease(entry, NOW)
    assert ledger.read(KEY).standing.step is Step.NOTHING


def test_what_is_not_well_is_listed_until_service_now_knows_it_to_be_well(ledger: Ledger) -> None:
    fail(ledger, failed())
    assert [item["correlation_id"] for item in ledger.table.listed(NOT_WELL)] == [KEY]
    entry = ledger.succeed(ledger.read(KEY), completed(5), NOW)
    assert len([*ledger.table.listed(NOT_WELL)]) == 1
    ledger.finish(ledger.lease(entry, NOW), {"incident_open": False}, forget=True)
    assert [*ledger.table.listed(NOT_WELL)] == []


def test_it_is_known_until_when_another_message_sees_to_a_key(ledger: Ledger) -> None:
    ledger.will_be_seen_to([KEY], int(NOW.timestamp()) + 60)
    assert ledger.read(KEY).is_seen_to(NOW)
    assert not ledger.read(KEY).is_seen_to(NOW + timedelta(seconds=56))


def test_what_became_of_a_replayed_message_is_told(ledger: Ledger) -> None:
    ledger.tell_replay("one", "opened", "", "INC1", NOW)
    told = ledger.table.get("replay|one")
    assert (told["outcome"], told["incident_number"]) == ("opened", "INC1")
