"""Who was heard of, and the one incident of who is silent."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from handlers.open_ticket.desk import Outcome
from handlers.open_ticket.settings import TicketSettings
from tests.support.in_memory_dynamodb import LEDGER
from tests.support.tickets_in_memory import Bureau

ACME = TicketSettings(customer="acme", storm=None)
ACCOUNT = "333333333333"


@pytest.fixture
def bureau() -> Iterator[Bureau]:
    """On moto's table, as a daily look asks its index."""
    with mock_aws():
        dynamodb = boto3.Session("testing", "testing", region_name="eu-central-1").client(
            "dynamodb"
        )
        dynamodb.create_table(**LEDGER, TableName="ledger")
        yield Bureau(ACME, dynamodb=dynamodb)


def tell(bureau: Bureau, detail_type: str, region: str = "eu-central-1", **detail: str) -> Outcome:
    event = {
        "id": f"{detail_type} of {bureau.now}",
        "detail-type": detail_type,
        "source": "backup-org",
        "account": ACCOUNT,
        "region": region,
        "time": f"{bureau.now:%Y-%m-%dT%H:%M:%SZ}",
        "detail": detail,
    }
    return bureau.take(json.dumps(event))


def beat(bureau: Bureau, region: str) -> None:
    tell(bureau, "Heartbeat", region, stack="acme-production", name="production")


def test_who_is_silent_is_one_incident_until_all_are_heard_of(bureau: Bureau) -> None:
    beat(bureau, "eu-central-1")
    beat(bureau, "eu-west-1")
    tell(bureau, "Daily Look")
    assert bureau.service_now.calls == []
    bureau.wait(hours=12)
    beat(bureau, "eu-central-1")
    bureau.wait(hours=2)
    tell(bureau, "Daily Look")
    (incident,) = bureau.service_now.fields.values()
    assert (
        f"{ACCOUNT} (production) eu-west-1, last heard 2026-11-22 06:00" in incident["description"]
    )
    assert "eu-central-1, last heard" not in incident["description"]
    bureau.wait(hours=24)
    tell(bureau, "Daily Look")
    assert "eu-central-1, last heard" in incident["work_notes"]
    for region in ("eu-central-1", "eu-west-1"):
        beat(bureau, region)
    bureau.wait(hours=12)
    tell(bureau, "Daily Look")
    assert bureau.service_now.open == []
    assert len(bureau.service_now.fields) == 1


def test_an_account_is_called_as_its_heartbeat_says(bureau: Bureau) -> None:
    beat(bureau, "eu-central-1")
    bureau.wait(hours=14)
    tell(bureau, "Daily Look")
    (incident,) = bureau.service_now.fields.values()
    assert "production" in incident["description"]


def test_a_heartbeat_of_nobody_is_parked(bureau: Bureau) -> None:
    assert tell(bureau, "Heartbeat", region="").what == "parked"
    assert "region is missing" in bureau.parked[0].attributes["Reason"]
