"""A customer's state in its own bucket, secrets under its own key, both reached by its own role
alone: brought up, read by another stack, locked, destroyed, in this order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from fleet import access
from fleet.deploy.deployment import Deployment, Engine, StackFailed
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS

OPERATIONS, EXTERNAL_ID, REGION = "backup-org-operations", "of-acme", "eu-central-1"
BUCKET = "acme-backup-org-state"
STATE = {
    "backend": f"s3://{BUCKET}?region={REGION}",
    "secrets_provider": f"awskms://alias/acme-state?region={REGION}",
}
Over = Callable[[str, dict[str, Any]], None]


@pytest.fixture(scope="module")
def management(stage: Stage) -> Any:
    return stage.sandbox.session("111111111111", REGION)


@pytest.fixture(scope="module")
def engine(stage: Stage, management: Any) -> Iterator[Engine]:
    """Has nothing of AWS's itself: what it gets is what `access` says."""
    make_role(management, "111111111111")
    management.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    kms = management.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/acme-state", TargetKeyId=key)
    over(stage, "state", STATE)
    over(stage, "access", {"role": role("111111111111"), "external_id": EXTERNAL_ID})
    shell = pytest.MonkeyPatch()
    for name, value in stage.engine.environment.items():
        if name.startswith("AWS_"):
            shell.setenv(name, value)
    shell.setenv(access.OPERATOR, "jo@example.com")
    home = {n: v for n, v in stage.engine.environment.items() if n == "PULUMI_HOME"}
    yield replace(stage.engine, environment=home)
    shell.undo()


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{OPERATIONS}"


def make_role(session: Any, account: str, external_id: str = EXTERNAL_ID) -> None:
    """The customer's, which its administrators let the account's principals assume."""
    iam = session.client("iam")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_role(RoleName=OPERATIONS, AssumeRolePolicyDocument=policy(trust))
    iam.put_role_policy(RoleName=OPERATIONS, PolicyName="all", PolicyDocument=policy(everything))


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def over(stage: Stage, field: str, values: dict[str, Any], customer: str = "acme") -> None:
    """Sets a field in the customer's own file."""
    path = stage.workspace.project / CUSTOMERS / f"{customer}.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), field: values}))


def keys(management: Any) -> list[str]:
    found = management.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [each["Key"] for each in found]


def test_a_stack_comes_up_with_its_state_in_the_bucket(
    engine: Engine, stage: Stage, management: Any
) -> None:
    Deployment(engine, "acme-audit").up()
    assert ".pulumi/stacks/backup-org/acme-audit.json" in keys(management)
    assert not list((stage.workspace.root / "state").rglob("acme-audit*"))


def test_its_file_says_which_key_its_secrets_are_under(engine: Engine) -> None:
    file = engine.project / CUSTOMERS / "Pulumi.acme-audit.yaml"
    written = yaml.safe_load(file.read_text())
    assert written["secretsprovider"] == STATE["secrets_provider"]
    assert "encryptedkey" in written
    assert "encryptionsalt" not in written


def test_its_outputs_are_read_there(engine: Engine) -> None:
    assert "alert_bus_arn" in Deployment(engine, "acme-audit").outputs()


def test_another_stack_reads_it_there(engine: Engine) -> None:
    outcome = Deployment(engine, "acme-member-web").preview()
    assert outcome.changes["create"] > 1


def test_the_engine_acts_in_the_operators_name(engine: Engine, stage: Stage) -> None:
    given = access.engine_environment(stage.stacks["acme-audit"])
    with pytest.MonkeyPatch.context() as shell:
        for name, value in given.items():
            shell.delenv(name, raising=False) if value is None else shell.setenv(name, value)
        caller = boto3.Session().client("sts").get_caller_identity()
    assert caller["Arn"].endswith(f"assumed-role/{OPERATIONS}/backup-org-jo@example.com")


def test_a_stack_that_is_worked_on_is_not_touched(engine: Engine, management: Any) -> None:
    s3 = management.client("s3")
    lock = ".pulumi/locks/organization/backup-org/acme-audit/somebody.json"
    who = {"pid": 1, "username": "somebody", "hostname": "elsewhere"}
    body = json.dumps({**who, "timestamp": "2026-11-27T10:00:00Z"})
    s3.put_object(Bucket=BUCKET, Key=lock, Body=body.encode())
    try:
        with pytest.raises(StackFailed) as caught:
            Deployment(engine, "acme-audit").refresh()
    finally:
        s3.delete_object(Bucket=BUCKET, Key=lock)
    assert "somebody@elsewhere" in str(caught.value)
    assert f"PULUMI_BACKEND_URL='{STATE['backend']}'" in str(caught.value)


def test_a_backend_of_somebody_else_is_refused_with_place_and_cure(
    engine: Engine, stage: Stage, tmp_path: Path
) -> None:
    other = "s3://hooli-backup-org-state?region=eu-central-1"
    over(stage, "state", {**STATE, "backend": other})
    try:
        with pytest.raises(StackFailed) as caught:
            Deployment(engine, "acme-audit").preview()
    finally:
        over(stage, "state", STATE)
    assert f"state.backend is {other}: it must exist, and be acme's own, which" in str(caught.value)


def test_it_is_destroyed_from_there(engine: Engine, management: Any) -> None:
    Deployment(engine, "acme-audit").destroy()
    state = management.client("s3").get_object(
        Bucket=BUCKET, Key=".pulumi/stacks/backup-org/acme-audit.json"
    )
    assert "resources" not in json.loads(state["Body"].read())["checkpoint"]["latest"]
