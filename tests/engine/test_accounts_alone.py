"""Accounts in no organization: a member with all of the way inside it, and the one-account role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import Organization
from fleet.sandbox import stage as stages
from fleet.sandbox.stage import Stage, running, staged
from fleet.sandbox.tour import give_credentials
from stacks.load import CUSTOMERS, KEY

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


def fail_a_job(stage: Stage, account: str, region: str, number: int) -> Mapping[str, Any]:
    """Its incident."""
    resource = f"arn:aws:ec2:{region}:{account}:volume/vol-{number:017x}"
    told = {"kind": "backup", "vault": "standard", "state": "FAILED", "message": "It is broken."}
    stage.sandbox.call("backup.job", account=account, region=region, resource_arn=resource, **told)
    stage.sandbox.call("settle")
    incidents = stage.sandbox.call("servicenow")["incidents"]
    (about,) = [i for i in incidents if resource in i["description"]]
    return about


def test_a_member_in_no_organization_opens_its_incidents_itself(member: Stage) -> None:
    session = member.sandbox.session(ACCOUNT, REGION)
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        session.client("organizations").describe_organization()
    (deployment,) = member.deployments()
    deployment.up()
    exported = deployment.outputs()
    assert exported["contracts"].keys() >= {"alerts", "forwarding", "ticketing"}
    bus = session.client("events").describe_event_bus(Name="umbrella-backup-alerts")
    assert "Policy" not in bus
    assert fail_a_job(member, ACCOUNT, REGION, 1)["state"] == "1"
    assert deployment.preview().changes.keys() == {"same"}


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
    assert fail_a_job(globex, "777777777777", "eu-west-1", 2)["state"] == "1"
