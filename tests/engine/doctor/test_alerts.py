"""The doctor on the way of alerts: trails, the ticket queue, and who was ever heard of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from aws_sandbox.aws.organization import Organization
from aws_sandbox.aws.server import AwsServer
from fleet.doctor.findings import State
from reports.ticket_ledger import heartbeat_key
from tests.engine.conftest import as_administrator
from tests.engine.doctor.conftest import (
    AUDIT,
    MANAGEMENT,
    REGION,
    examined,
    findings,
    policy_of,
    written,
)
from tests.support.in_memory_dynamodb import LEDGER

TICKETING = {"url": "https://acme.service-now.com", "secret": "acme/servicenow"}
TRAIL, ELSEWHERE = f"a trail for {REGION}", "eu-west-1"
READS_ONLY = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
WRITES = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]


def advanced(category: str, **fields: str) -> list[Mapping[str, Any]]:
    equal = {"eventCategory": category, **fields}
    return [{"FieldSelectors": [{"Field": f, "Equals": [v]} for f, v in equal.items()]}]


@pytest.fixture
def trails(session: boto3.Session) -> Any:
    """A client of CloudTrail in another Region, with a bucket for trails."""
    session.client("s3").create_bucket(
        Bucket="trails", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return session.client("cloudtrail", region_name=ELSEWHERE)


def told(folder: Path, session: boto3.Session) -> tuple[str, str]:
    asked = written(folder, "management", monitoring={"changes": True}, reports=None)
    return examined(asked, session)[TRAIL]


class TestTheTrail:
    def test_that_is_not_there_is_told(self, tmp_path: Path, session: boto3.Session) -> None:
        found, cure = told(tmp_path, session)
        assert found.startswith("none logs changes")
        assert "monitoring.changes: false" in cure

    @pytest.mark.parametrize(
        ("chosen", "logs"),
        [
            ({"EventSelectors": WRITES}, True),
            ({"EventSelectors": READS_ONLY}, False),
            ({"EventSelectors": [{"IncludeManagementEvents": False}]}, False),
            ({"AdvancedEventSelectors": advanced("Management")}, True),
            ({"AdvancedEventSelectors": advanced("Management", readOnly="true")}, False),
            ({"AdvancedEventSelectors": advanced("Data")}, False),
        ],
    )
    def test_of_all_regions_counts_where_it_logs_changes(
        self,
        tmp_path: Path,
        session: boto3.Session,
        trails: Any,
        chosen: Mapping[str, Any],
        logs: bool,
    ) -> None:
        trails.create_trail(Name="all", S3BucketName="trails", IsMultiRegionTrail=True)
        trails.put_event_selectors(TrailName="all", **chosen)
        assert told(tmp_path, session)[1] != ""
        trails.start_logging(Name="all")
        assert (told(tmp_path, session)[1] == "") is logs

    def test_of_another_region_alone_does_not_count(
        self, tmp_path: Path, session: boto3.Session, trails: Any
    ) -> None:
        trails.create_trail(Name="there", S3BucketName="trails", IsMultiRegionTrail=False)
        trails.put_event_selectors(TrailName="there", EventSelectors=WRITES)
        trails.start_logging(Name="there")
        assert told(tmp_path, session)[1] != ""


class TestHeartbeats:
    def test_that_never_came_are_told_with_their_stacks(
        self, aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_administrator(aws, Organization(), tmp_path, monkeypatch, columns=1000)
        session = aws.session(AUDIT, REGION)
        written(tmp_path, "management")
        asked = written(tmp_path, "audit", ticketing=TICKETING)
        first = findings(asked, session, tmp_path)["heartbeats"]
        assert (first.state, first.run) == (State.NOT_YET, ("backup-org up acme-audit",))
        dynamodb = session.client("dynamodb")
        dynamodb.create_table(**LEDGER, TableName="acme-backup-tickets")

        def hear(account: str) -> None:
            key = {"S": heartbeat_key(account, REGION)}
            dynamodb.put_item(TableName="acme-backup-tickets", Item={"correlation_id": key})

        hear(AUDIT)
        found = findings(asked, session, tmp_path)["heartbeats"]
        assert found.found == f"none came yet from acme-management in {REGION}"
        assert found.state is State.NOT_YET
        schedule(aws.session(MANAGEMENT, REGION), hours=6)
        assert findings(asked, session, tmp_path)["heartbeats"].state is State.NOT_YET
        schedule(aws.session(MANAGEMENT, REGION), hours=2)
        found = findings(asked, session, tmp_path)["heartbeats"]
        assert (found.state, found.found) == (
            State.CURE,
            f"none ever came from acme-management in {REGION}",
        )
        assert "acme-backup-heartbeat" in found.cure
        assert found.run == ("backup-org replay acme-management alerts --dry-run",)
        hear(MANAGEMENT)
        found = findings(asked, session, tmp_path)["heartbeats"]
        assert (found.found, found.cure) == ("came from each of 2 Regions of accounts", "")


def schedule(session: boto3.Session, hours: int) -> None:
    """The schedule of heartbeats, which is made, and then so much older than it was."""
    name = "acme-backup-heartbeat"
    backend: Any = get_backend("scheduler")[MANAGEMENT][REGION]
    schedules = backend.schedule_groups["default"].schedules
    if name not in schedules:
        trust = {"Service": "scheduler.amazonaws.com"}
        assumed = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
        role = session.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=policy_of(assumed)
        )
        session.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(6 hours)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:scheduler:::aws-sdk:eventbridge:putEvents",
                "RoleArn": role["Role"]["Arn"],
                "Input": "{}",
            },
        )
    schedules[name].creation_date -= hours * 3600


class TestTheTicketQueue:
    def test_that_nobody_works_off_is_told_how_to_be(self, aws: AwsServer, tmp_path: Path) -> None:
        session = aws.session(AUDIT, REGION)
        asked = written(tmp_path, "audit", ticketing=TICKETING)
        assert findings(asked, session)["the ticket queue"].state is State.NOT_YET
        uuid = mapping(session)
        client = session.client("lambda")
        found, cure = examined(asked, session)["the ticket queue"]
        assert (found, cure) == ("is worked off by acme-backup-tickets", "")
        client.update_event_source_mapping(UUID=uuid, Enabled=False)
        found, cure = examined(asked, session)["the ticket queue"]
        assert found.startswith("is not worked off")
        assert cure.startswith(
            f'test "$(aws sts get-caller-identity --query Account --output text)" = {AUDIT} && '
        )
        update = f"aws lambda update-event-source-mapping --uuid {uuid} --enabled"
        assert cure.endswith(f"{update} --region {REGION}")


def mapping(session: boto3.Session) -> str:
    """The UUID of the event-source mapping of a function of that name."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    role = session.client("iam").create_role(
        RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust)
    )
    queue = session.client("sqs").create_queue(QueueName="tickets")["QueueUrl"]
    client = session.client("lambda")
    client.create_function(
        FunctionName="acme-backup-tickets",
        Runtime="python3.11",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": b""},
    )
    arn = f"arn:aws:sqs:{REGION}:{AUDIT}:{queue.rpartition('/')[2]}"
    made = client.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="acme-backup-tickets"
    )
    return made.get("UUID", "")
