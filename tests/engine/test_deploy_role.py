"""Stacks deployed by a role that has the deploy role's policies and no more, under path, boundary
and external id, from nothing to nothing, in this order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from fleet import access
from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.deploy_role.documents import documents
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, KEY, Settings
from tests.engine.test_lifecycle import changed

ROLE, BOUNDARY, EXTERNAL_ID = "deployer", "limits", "of-the-provider"
OWN = {
    "deploy_role": ROLE,
    "deploy_role_external_id": EXTERNAL_ID,
    "iam": {"role_path": "/backup/", "permissions_boundary": BOUNDARY},
}


@pytest.fixture(scope="module", autouse=True)
def _deploy_roles(stage: Stage) -> None:
    for stack in stage.stacks:
        path = stage.workspace.project / CUSTOMERS / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text())
        content["config"][KEY] |= OWN
        path.write_text(yaml.safe_dump(content))
    for settings in stage.stacks.values():
        make_deploy_role(stage, settings)


def make_deploy_role(stage: Stage, settings: Settings) -> None:
    """As an operator makes it: docs/deploy-role.md."""
    iam: Any = stage.sandbox.session(settings.account, settings.region).client("iam")
    limits = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_policy(PolicyName=BOUNDARY, PolicyDocument=policy(limits))
    management = settings.organization.management_account
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{management}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(trust))
    for number, text in enumerate(documents([settings]), 1):
        made = iam.create_policy(PolicyName=f"{ROLE}-{number}", PolicyDocument=text)
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=made["Policy"]["Arn"])


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_all_stacks_come_up(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.up)
    assert all(changed(outcome).keys() == {"create"} for outcome in outcomes)


def test_all_roles_stand_under_path_and_boundary(stage: Stage) -> None:
    for settings in stage.stacks.values():
        iam: Any = stage.sandbox.session(settings.account, settings.region).client("iam")
        ours = [r for r in iam.list_roles()["Roles"] if r["RoleName"].startswith("acme-backup-")]
        assert ours
        for role in ours:
            assert role["Path"] == "/backup/"
            told = iam.get_role(RoleName=role["RoleName"])["Role"]
            assert told["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(f"/{BOUNDARY}")


def test_a_second_up_changes_nothing(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.up)
    assert [changed(outcome) for outcome in outcomes] == [{}] * 4


def test_tags_and_a_schedule_are_changed(stage: Stage) -> None:
    path = stage.workspace.project / CUSTOMERS / "Pulumi.acme-member-web.yaml"
    before = path.read_text()
    content = yaml.safe_load(before)
    own = content["config"][KEY]
    own["tags"] = {"cost-center": "elsewhere"}
    own["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21
    path.write_text(yaml.safe_dump(content))
    assert changed(Deployment(stage.engine, "acme-member-web").up()).keys() == {"update"}
    path.write_text(before)


@pytest.fixture
def deployer(stage: Stage) -> Iterator[Any]:
    environment = pytest.MonkeyPatch()
    settings = stage.stacks["acme-member-web"]
    for name, value in stage.engine.environment.items():
        environment.setenv(name, value)
    yield access.session(settings)
    environment.undo()


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sns", "create_topic", {"Name": "anothers"}),
        ("iam", "create_role", {"RoleName": "acme-backup-x", "AssumeRolePolicyDocument": "{}"}),
        ("iam", "delete_role", {"RoleName": "OrganizationAccountAccessRole"}),
        ("s3", "create_bucket", {"Bucket": "anothers"}),
        ("kms", "decrypt", {"CiphertextBlob": b"x"}),
        ("glue", "delete_database", {"Name": "anothers"}),
    ],
)
def test_the_role_may_do_nothing_else(
    deployer: Any, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Nor make a role of its own without path and boundary."""
    with pytest.raises(ClientError) as caught:
        getattr(deployer.client(service), operation)(**parameters)
    assert "not authorized to perform" in str(caught.value)


def test_destroy_leaves_nothing_that_refused(stage: Stage) -> None:
    in_order(stage.deployments(), Deployment.destroy, backwards=True)
    for settings in stage.stacks.values():
        iam: Any = stage.sandbox.session(settings.account, settings.region).client("iam")
        left = [r["RoleName"] for r in iam.list_roles()["Roles"]]
        assert not [name for name in left if name.startswith("acme-backup-")]
