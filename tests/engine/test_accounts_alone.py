"""Accounts in no organization: a member with all of the way inside it, and the one-account role."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import Organization
from fleet.sandbox import stage as stages
from fleet.sandbox.stage import Stage, running, staged
from fleet.sandbox.tour import give_credentials
from reports.ticket_ledger import heartbeat_key
from stacks.load import CUSTOMERS, KEY
from tests.support.denials import denied

ACCOUNT, REGION = "888888888888", "eu-central-1"
MEMBER: dict[str, Any] = {
    "customer": "umbrella",
    "role": "member",
    "name": "shop",
    "account": ACCOUNT,
    "region": REGION,
    "regions": [REGION],
    "alerts_in": "member",
    "vaults": {"standard": {"force_destroy": True}},
    "plans": {"gold": {}},
    "ticketing": {"url": "https://umbrella.service-now.com", "secret": "backup-org/servicenow"},
}


@pytest.fixture(scope="module")
def member(stage: Stage, pulumi: PulumiCommand, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    source = tmp_path_factory.mktemp("umbrella")
    (source / CUSTOMERS).mkdir(parents=True)
    (source / "Pulumi.yaml").write_text((stage.workspace.source / "Pulumi.yaml").read_text())
    file = source / CUSTOMERS / "Pulumi.umbrella-member-shop.yaml"
    file.write_text(yaml.safe_dump({"config": {KEY: MEMBER}}))
    workspace = replace(stage.workspace, source=source)
    sandbox = running("umbrella", workspace, print)
    made = staged("umbrella", workspace, sandbox, pulumi)
    give_credentials(made)
    return made


def incidents(stage: Stage, about: str) -> list[Mapping[str, str]]:
    found = stage.sandbox.call("servicenow")["incidents"]
    return [incident for incident in found if about in incident["description"]]


def incidents_of_a_failure(stage: Stage, resource: str) -> list[Mapping[str, str]]:
    region, account = resource.split(":")[3:5]
    told = {"kind": "backup", "vault": "standard", "state": "FAILED", "message": "It is broken."}
    stage.sandbox.call("backup.job", account=account, region=region, resource_arn=resource, **told)
    stage.sandbox.call("settle")
    return incidents(stage, resource)


@pytest.fixture(scope="module")
def deployed(member: Stage) -> Stage:
    (deployment,) = member.deployments()
    deployment.up()
    return member


def test_a_member_in_no_organization_opens_its_incidents_itself(deployed: Stage) -> None:
    session = deployed.sandbox.session(ACCOUNT, REGION)
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        session.client("organizations").describe_organization()
    (deployment,) = deployed.deployments()
    exported = deployment.outputs()
    assert exported["contracts"].keys() >= {"alerts", "forwarding", "ticketing"}
    bus = session.client("events").describe_event_bus(Name="umbrella-backup-alerts")
    assert "Policy" not in bus
    volume = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0123456789abcdef0"
    (about,) = incidents_of_a_failure(deployed, volume)
    assert about["state"] == "1"
    assert deployment.preview().changes.keys() == {"same"}


def fire(stage: Stage, schedule: str) -> None:
    stage.sandbox.call(
        "events.fire_schedule", account=ACCOUNT, region=REGION, schedule=f"default/{schedule}"
    )
    stage.sandbox.call("settle")
    time.sleep(1)  # EventBridge tells time in whole seconds, and of two at once the good one counts


def test_a_heartbeat_takes_the_whole_way_and_a_look_tells_of_silence(deployed: Stage) -> None:
    dynamodb: Any = deployed.sandbox.session(ACCOUNT, REGION).client("dynamodb")
    table = "umbrella-backup-tickets"
    key = {"correlation_id": {"S": heartbeat_key(ACCOUNT, REGION)}}
    silent = "heartbeats of accounts and Regions"
    fire(deployed, "umbrella-backup-heartbeat")
    heard = dynamodb.get_item(TableName=table, Key=key)["Item"]
    assert (heard["stack"], heard["name"]) == ({"S": "umbrella-member-shop"}, {"S": "shop"})
    fire(deployed, "umbrella-backup-daily-look")
    assert incidents(deployed, silent) == []
    past = str(int(heard["heard_at"]["N"]) - 14 * 3600)
    dynamodb.put_item(TableName=table, Item={**heard, "heard_at": {"N": past}})
    fire(deployed, "umbrella-backup-daily-look")
    (about,) = incidents(deployed, silent)
    assert (about["state"], f"{ACCOUNT} (shop) {REGION}" in about["description"]) == ("1", True)
    fire(deployed, "umbrella-backup-heartbeat")
    fire(deployed, "umbrella-backup-daily-look")
    assert [about["state"] for about in incidents(deployed, silent)] == ["6"]


def state(stage: Stage, alarm: str, hours: int) -> str:
    """As CloudWatch would judge it in so many hours."""
    at = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    judged = stage.sandbox.call("alarms.evaluate", at=at)["alarms"]
    return next(one["state"] for one in judged if one["name"] == alarm)


@contextmanager
def disabled(session: boto3.Session, function: str) -> Generator[None]:
    """The way from the queue to a function."""
    client = session.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    uuid = mapping.get("UUID", "")
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=uuid, Enabled=True)


@contextmanager
def key_denied(session: boto3.Session, function: str) -> Generator[None]:
    with denied(session.client("iam"), function, "kms:Decrypt"):
        yield
    time.sleep(2)  # the mapping looks every second whether it may receive by now


@pytest.mark.parametrize(("obstacle", "number"), [(disabled, 3), (key_denied, 4)])
def test_an_alarm_tells_of_a_queue_that_nobody_works_off(
    deployed: Stage, obstacle: Callable[..., AbstractContextManager[None]], number: int
) -> None:
    session = deployed.sandbox.session(ACCOUNT, REGION)
    alarm = "umbrella-backup-tickets-not-worked-off"
    resource = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{number:017x}"
    assert state(deployed, alarm, hours=2) == "OK"
    with obstacle(session, "umbrella-backup-tickets"):
        assert incidents_of_a_failure(deployed, resource) == []
        assert state(deployed, alarm, hours=2) == "ALARM"
    deployed.sandbox.call("settle")
    assert len(incidents(deployed, resource)) == 1
    assert state(deployed, alarm, hours=2) == "OK"
    deployed.sandbox.call("settle")
    (about,) = incidents(deployed, alarm)
    assert about["state"] == "6"


def test_one_account_with_all_there_is_comes_up_in_no_organization(
    stage_of: Callable[[str], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stages.organization_for

    def alone(customer: str, settings: Mapping[str, Any]) -> Organization:
        return replace(told(customer, settings), alone=True)

    monkeypatch.setattr(stages, "organization_for", alone)
    globex = stage_of("globex")
    (deployment,) = globex.deployments()
    deployment.up()
    volume = "arn:aws:ec2:eu-west-1:777777777777:volume/vol-0123456789abcdef0"
    (about,) = incidents_of_a_failure(globex, volume)
    assert about["state"] == "1"
