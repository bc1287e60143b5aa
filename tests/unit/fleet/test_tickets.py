"""What is not well, as the tickets' ledger tells it at the widths that terminals have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from moto import mock_aws

from fleet import rows
from fleet.errors import ToldError
from fleet.tickets import commands
from fleet.tickets.ledger import Ledger
from reports.ticket_ledger import HEARTBEAT, NOT_WELL, PAUSE_KEY, heartbeat_key
from tests.support.in_memory_dynamodb import LEDGER

REGION, MEMBER = "eu-central-1", "333333333333"
VOLUME = f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-0a1b2c3d4e5f60718"
EVENT = {
    "detail-type": "Backup Job State Change",
    "account": MEMBER,
    "region": REGION,
    "time": "2026-11-21T20:15:26Z",
    "detail": {
        "state": "FAILED",
        "resourceArn": VOLUME,
        "backupVaultName": "standard",
        "statusMessage": '"The volume is in the state error."',
    },
}


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        dynamodb: Any = boto3.client("dynamodb", region_name=REGION)
        dynamodb.create_table(**LEDGER, TableName="ledger")
        made = Ledger(dynamodb=dynamodb, table="ledger")
        monkeypatch.setattr(commands, "_ledger", Mock(return_value=made))
        monkeypatch.setattr(commands, "engine_here", Mock())
        yield made


def put(ledger: Ledger, key: str, **facts: str | int | bool) -> None:
    item: Any = {"correlation_id": {"S": key}}
    for name, value in facts.items():
        kind = "BOOL" if isinstance(value, bool) else "N" if isinstance(value, int) else "S"
        item[name] = {kind: value if kind == "BOOL" else str(value)}
    ledger.dynamodb.put_item(TableName=ledger.table, Item=item)


@pytest.fixture
def _incidents(ledger: Ledger) -> None:
    about = {"kind": "backup", "account": MEMBER, "region": REGION, "resource": VOLUME}
    put(
        ledger,
        "backup-org-open",
        failure=json.dumps(EVENT),
        listed=NOT_WELL,
        about=json.dumps(about),
        failures=3,
        earlier=1,
        incident_open=True,
        incident_number="INC0010001",
        incident_opened_at=(datetime.now(UTC) - timedelta(hours=2, minutes=5)).isoformat(),
        forget_at=1830349756,
    )
    put(ledger, "backup-org-waits", failure=json.dumps(EVENT), failures=1, listed=NOT_WELL)
    put(
        ledger,
        "backup-org-well",
        about=json.dumps({**about, "kind": "copy"}),
        incident_number="INC0010002",
    )
    put(ledger, "backup-org-never", well_told="2026-11-21T20:15:26+00:00")
    put(ledger, VOLUME, resource_arn=VOLUME)


@pytest.mark.usefixtures("_incidents")
def test_what_is_not_well_is_listed_and_what_is_well_only_on_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands.list_tickets()
    told = capsys.readouterr().out
    assert "INC0010001  2 h 5 min" in told
    assert "2 times" in told
    assert "not yet" in told
    assert "2 not well" in told
    assert "1 without an incident yet" in told
    assert "INC0010002" not in told
    commands.list_tickets(all_=True)
    assert "INC0010002" in capsys.readouterr().out


@pytest.mark.usefixtures("_incidents")
@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_cut_and_no_line_is_too_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    commands.list_tickets(all_=True)
    lines = capsys.readouterr().out.splitlines()
    told = "".join("".join(lines).split())
    assert "volume/vol-0a1b2c3d4e5f60718" in told or width == 80  # where it goes on below
    assert "…" not in told
    table = [line for line in lines if "without an incident yet" not in line]
    assert [line for line in table if len(line) > width] == []


@pytest.mark.usefixtures("_incidents")
@pytest.mark.parametrize("what", ["INC0010001", "vol-0a1b2c3d4e5f60718", "backup-org-open-1"])
def test_all_that_the_ledger_has_of_one_is_shown(
    capsys: pytest.CaptureFixture[str], what: str
) -> None:
    commands.show(what)
    told = capsys.readouterr().out
    assert f"INC0010001: backup {VOLUME}: open\n" in told
    assert "  forget_at: 2028-01-01T14:29:16+00:00\n" in told
    assert '"resourceArn": "arn:aws:ec2:' in told


@pytest.mark.usefixtures("_incidents")
def test_what_the_ledger_does_not_have_is_said() -> None:
    with pytest.raises(ToldError, match="the ledger has nothing of INC9"):
        commands.show("INC9")


def test_a_pause_that_service_now_asked_for_is_told_while_it_lasts(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    until = datetime.now(UTC) + timedelta(minutes=5)
    put(ledger, PAUSE_KEY, paused_until=int(until.timestamp()))
    commands.list_tickets()
    told = capsys.readouterr().out
    assert "all is well\n" in told
    assert f"ServiceNow is asked nothing until {until:%Y-%m-%d %H:%M:%S} UTC" in told
    put(ledger, PAUSE_KEY, paused_until=1)
    commands.list_tickets()
    assert "ServiceNow" not in capsys.readouterr().out


def test_an_account_that_left_is_forgotten_in_one_region_or_in_all(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    for region in (REGION, "eu-west-1", "us-east-1"):
        put(ledger, heartbeat_key(MEMBER, region), heard_at=1, listed=HEARTBEAT)
    put(ledger, heartbeat_key("444444444444", REGION), heard_at=1, listed=HEARTBEAT)
    commands.forget("acme-audit", MEMBER, "us-east-1")
    assert ledger.regions_heard(MEMBER) == [REGION, "eu-west-1"]
    commands.forget("acme-audit", MEMBER)
    assert f"{MEMBER} is missed no more in {REGION}, eu-west-1" in capsys.readouterr().out
    assert ledger.regions_heard("444444444444") == [REGION]
    with pytest.raises(ToldError, match=f"{MEMBER} was never heard of"):
        commands.forget("acme-audit", MEMBER)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7500, "2 h 5 min"), (180_000, "2 d 2 h")],
)
def test_how_long_ago_is_told_by_its_two_largest_units(seconds: int, told: str) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert rows.ago(now - timedelta(seconds=seconds), now) == told
