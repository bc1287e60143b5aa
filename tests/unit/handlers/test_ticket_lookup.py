"""What the account of a job tells of it, by AWS Backup's answers as botocore's model has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from handlers.member_clients import MemberClients
from handlers.open_ticket import events
from handlers.open_ticket.lookup import Looked, MemberLookup

EVENTS = Path(__file__).parent / "events"
MADE_BY = {
    "BackupPlanId": "plan id",
    "BackupPlanName": "acme-backup-gold",
    "BackupRuleId": "rule id",
    "BackupRuleName": "daily",
}
ENDED = datetime(2026, 11, 21, 20, 14, 12, tzinfo=UTC)
VOLUME = "arn:aws:ec2:eu-central-1:333333333333:volume/vol-0a1b2c3d4e5f60718"


class Members:
    """In place of MemberClients: stubbed clients of one account and Region."""

    def __init__(self) -> None:
        session = boto3.Session("testing", "testing", region_name="eu-central-1")
        self.clients: dict[str, Any] = {
            name: session.client(cast(Any, name)) for name in ("backup", "resourcegroupstaggingapi")
        }
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def backup(self, account: str, region: str) -> Any:
        assert (account, region) == ("333333333333", "eu-central-1")
        return self.clients["backup"]

    def tagging(self, account: str, region: str) -> Any:
        assert (account, region) == ("333333333333", "eu-central-1")
        return self.clients["resourcegroupstaggingapi"]


@pytest.fixture
def members() -> Iterator[Members]:
    made = Members()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


def look(members: Members, name: str, *, with_tags: bool = False) -> Looked | None:
    alert = events.read_alert(json.loads((EVENTS / f"{name}.json").read_text()))
    return MemberLookup(cast(MemberClients, members), with_tags=with_tags).of(alert)


def test_a_backups_account_tells_plan_rule_name_end_and_category(members: Members) -> None:
    job = {
        "CreatedBy": MADE_BY,
        "ResourceArn": VOLUME,
        "ResourceName": "orders-data",
        "CompletionDate": ENDED,
        "MessageCategory": "AccessDenied",
        "StatusMessage": "no",
    }
    members.stubs["backup"].add_response("describe_backup_job", job)
    assert look(members, "backup-failed") == Looked(
        plan="plan id",
        plan_name="acme-backup-gold",
        rule="rule id",
        rule_name="daily",
        resource=VOLUME,
        resource_name="orders-data",
        ended=ENDED,
        category="AccessDenied",
        message="no",
    )


def test_a_copys_job_lies_deeper_and_a_restores_names_its_source(members: Members) -> None:
    members.stubs["backup"].add_response("describe_copy_job", {"CopyJob": {"CreatedBy": MADE_BY}})
    copy = look(members, "copy-failed")
    assert copy is not None
    assert copy.rule_name == "daily"
    members.stubs["backup"].add_response("describe_restore_job", {"SourceResourceArn": VOLUME})
    assert look(members, "restore-failed") == Looked(resource=VOLUME)


def test_tags_are_asked_for_only_where_they_are_wanted(members: Members) -> None:
    for _ in range(2):
        members.stubs["backup"].add_response("describe_backup_job", {"ResourceArn": VOLUME})
    tagged = {"ResourceARN": VOLUME, "Tags": [{"Key": "ci", "Value": "SRV-0815"}]}
    members.stubs["resourcegroupstaggingapi"].add_response(
        "get_resources", {"ResourceTagMappingList": [tagged]}, {"ResourceARNList": [VOLUME]}
    )
    assert look(members, "backup-failed") == Looked(resource=VOLUME)
    assert look(members, "backup-failed", with_tags=True) == Looked(
        resource=VOLUME, tags={"ci": "SRV-0815"}
    )


def test_what_the_account_does_not_tell_is_unknown_and_the_reason_is_logged(
    members: Members, caplog: pytest.LogCaptureFixture
) -> None:
    members.stubs["backup"].add_client_error("describe_backup_job", "AccessDeniedException")
    assert look(members, "backup-failed") is None
    assert "the account does not tell of its job" in caplog.text
    members.stubs["backup"].add_response("describe_backup_job", {"ResourceArn": VOLUME})
    members.stubs["resourcegroupstaggingapi"].add_client_error("get_resources", "Throttled")
    assert look(members, "backup-failed", with_tags=True) == Looked(resource=VOLUME)


@pytest.mark.parametrize("name", ["alarm-goes-off", "change-by-user", "scan-failed", "ticket-test"])
def test_nobody_is_asked_of_what_is_no_such_job(members: Members, name: str) -> None:
    assert look(members, name, with_tags=True) is None
