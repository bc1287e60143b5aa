"""What a member lost comes back from the audit account's vault, by the command and its runbooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.errors import ToldError
from fleet.project import PROJECT_VARIABLE
from fleet.recovery.points import NoSuchPoint
from fleet.runbooks.following import RunFailed
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS
from tests.support.command import Answer, backup_org

AUDIT, MEMBER, REGION = "999999999999", "000000000000", "eu-central-1"
STANDARD = f"arn:aws:backup:{REGION}:{MEMBER}:backup-vault:standard"
CENTRAL = f"arn:aws:backup:{REGION}:{AUDIT}:backup-vault:central"
BREAK_GLASS = "backup-break-glass"


@pytest.fixture(scope="module")
def hooli(stage_of: Callable[[str], Stage]) -> Stage:
    """Deployed, with a vault in the member that a break-glass role can empty."""
    stage = stage_of("hooli")
    path = stage.workspace.project / CUSTOMERS / "hooli.yaml"
    settings = yaml.safe_load(path.read_text())
    del settings["member_defaults"]["vaults"]["standard"]["lock"]
    settings["policy"] = {"bundle": "baseline"}  # the other refuses a vault without a lock
    path.write_text(yaml.safe_dump(settings))
    in_order(stage.deployments(), Deployment.up)
    return stage


@pytest.fixture
def recover(hooli: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    monkeypatch.setenv(PROJECT_VARIABLE, str(hooli.workspace.project))
    for name, value in hooli.sandbox.environment(REGION, account=AUDIT).items():
        monkeypatch.setenv(name, value)

    def recover(*arguments: str, typed: str = "") -> Answer:
        start = ("recover", "--customer", "hooli", "--account", "trading")
        return backup_org(*start, *arguments, typed=typed)

    return recover


def client(hooli: Stage, service: str, account: str = MEMBER) -> Any:
    session: Any = hooli.sandbox.session(account, REGION)
    return session.client(service)


def points(hooli: Stage, account: str, vault: str, resource: str) -> Sequence[Mapping[str, Any]]:
    return client(hooli, "backup", account).list_recovery_points_by_backup_vault(
        BackupVaultName=vault, ByResourceArn=resource
    )["RecoveryPoints"]


def backed_up(hooli: Stage) -> str:
    """The ARN of an instance of the member's that its plan has backed up."""
    (instance,) = client(hooli, "ec2").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.large",
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "backup-plan", "Value": "regulated"}]}
        ],
    )["Instances"]
    hooli.sandbox.call(
        "backup.run_rule", account=MEMBER, region=REGION, plan="regulated", rule="daily"
    )
    hooli.sandbox.call("settle")
    return f"arn:aws:ec2:{REGION}:{MEMBER}:instance/{instance['InstanceId']}"


@pytest.fixture(scope="module")
def break_glass(hooli: Stage) -> Any:
    """AWS Backup's client in the member, as the role that may delete recovery points."""
    iam = client(hooli, "iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(RoleName=BREAK_GLASS, AssumeRolePolicyDocument=policy(trust))["Role"]
    allow = {"Effect": "Allow", "Action": "backup:*", "Resource": "*"}
    iam.put_role_policy(RoleName=BREAK_GLASS, PolicyName="all", PolicyDocument=policy(allow))
    return assumed(hooli, MEMBER, role["Arn"], "backup")


def policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assumed(hooli: Stage, account: str, role_arn: str, service: str) -> Any:
    session = hooli.sandbox.session(account, REGION)
    answer = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")
    found = answer["Credentials"]
    unspecific: Any = session
    return unspecific.client(
        service,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


@pytest.fixture
def lost(hooli: Stage, break_glass: Any) -> str:
    """The ARN of an instance that is gone with all that the member had of it there."""
    resource = backed_up(hooli)
    for point in points(hooli, MEMBER, "standard", resource):
        break_glass.delete_recovery_point(
            BackupVaultName="standard", RecoveryPointArn=point["RecoveryPointArn"]
        )
    client(hooli, "ec2").terminate_instances(InstanceIds=[resource.rpartition("/")[2]])
    return resource


def restored(answer: Answer) -> str:
    (line,) = [line for line in answer.output.splitlines() if line.startswith("restored: ")]
    return line.removeprefix("restored: ")


def instance(hooli: Stage, arn: str) -> Mapping[str, Any]:
    found = client(hooli, "ec2").describe_instances(InstanceIds=[arn.rpartition("/")[2]])
    return found["Reservations"][0]["Instances"][0]


def test_what_was_lost_is_listed_copied_back_and_stands_in_the_member_again(
    hooli: Stage, recover: Callable[..., Answer], lost: str
) -> None:
    (kept,) = points(hooli, AUDIT, "central", lost)
    shown = recover().output
    assert f"EC2 {lost}" in shown
    assert max(map(len, shown.splitlines())) <= 80
    answer = recover("--recovery-point", kept["RecoveryPointArn"].rpartition("/")[2], "--yes")
    assert answer.exit_code == 0
    again = instance(hooli, restored(answer))
    assert again["State"]["Name"] == "running"
    assert again["InstanceType"] == "t3.large"
    assert {"Key": "backup-plan", "Value": "regulated"} in again["Tags"]
    (back,) = points(hooli, MEMBER, "standard", lost)
    assert back["SourceBackupVaultArn"] == CENTRAL
    assert back["Lifecycle"]["DeleteAfterDays"] == 30


def test_a_second_run_copies_nothing_again(
    hooli: Stage, recover: Callable[..., Answer], lost: str
) -> None:
    only = recover("--resource", lost, "--copy-only", "--yes")
    (back,) = points(hooli, MEMBER, "standard", lost)
    assert f"lies in standard: {back['RecoveryPointArn']}" in only.output
    answer = recover("--resource", lost, "--yes")
    assert "is in standard already" in answer.output
    assert points(hooli, MEMBER, "standard", lost) == [back]
    assert instance(hooli, restored(answer))["State"]["Name"] == "running"


def test_nothing_is_done_unless_the_question_is_answered(
    hooli: Stage, recover: Callable[..., Answer], lost: str
) -> None:
    assert recover("--resource", lost, typed="n\n").exit_code == 1
    assert points(hooli, MEMBER, "standard", lost) == []


def test_a_restore_that_fails_says_why_and_what_the_next_run_is_told_is_laid_over(
    hooli: Stage, recover: Callable[..., Answer], lost: str
) -> None:
    with pytest.raises(RunFailed, match="the sandbox does not carry out keyname"):
        recover("--resource", lost, "--metadata", "keyName=lost", "--yes")
    answer = recover("--resource", lost, "--metadata", "INSTANCETYPE=t3.small", "--yes")
    assert "is in standard already" in answer.output
    assert instance(hooli, restored(answer))["InstanceType"] == "t3.small"


@pytest.fixture
def closed(hooli: Stage) -> Iterator[None]:
    """The member's vault takes no copies in."""
    backup = client(hooli, "backup")
    policy = backup.get_backup_vault_access_policy(BackupVaultName="standard")["Policy"]
    backup.delete_backup_vault_access_policy(BackupVaultName="standard")
    yield
    backup.put_backup_vault_access_policy(BackupVaultName="standard", Policy=policy)


@pytest.mark.usefixtures("closed")
def test_the_central_account_copies_into_no_vault_that_does_not_want_it(
    hooli: Stage, recover: Callable[..., Answer], lost: str
) -> None:
    with pytest.raises(RunFailed, match="the copy job is FAILED: Access Denied"):
        recover("--resource", lost, "--yes")
    assert points(hooli, MEMBER, "standard", lost) == []


@pytest.fixture
def as_restorer(hooli: Stage) -> Iterator[Any]:
    """AWS Backup's client as the role of the member's runbook, which somebody got hold of."""
    iam, role = client(hooli, "iam"), "hooli-backup-restore"
    before = iam.get_role(RoleName=role)["Role"]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=policy(trust))
    yield assumed(hooli, MEMBER, before["Arn"], "backup")
    document = json.dumps(before["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)


def test_the_member_can_take_nothing_out_of_the_central_vault_by_itself(
    hooli: Stage, as_restorer: Any, lost: str
) -> None:
    (kept,) = points(hooli, AUDIT, "central", lost)
    with pytest.raises(ClientError, match="StartCopyJob"):
        as_restorer.start_copy_job(
            RecoveryPointArn=kept["RecoveryPointArn"],
            SourceBackupVaultName="central",
            DestinationBackupVaultArn=STANDARD,
            IamRoleArn=f"arn:aws:iam::{MEMBER}:role/hooli-backup-service",
        )
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client(hooli, "backup").start_copy_job(
            RecoveryPointArn=kept["RecoveryPointArn"],
            SourceBackupVaultName="central",
            DestinationBackupVaultArn=STANDARD,
            IamRoleArn=f"arn:aws:iam::{MEMBER}:role/hooli-backup-service",
        )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("--recovery-point", "snap-0"), NoSuchPoint, "no recovery point is called snap-0"),
        (("--resource", "arn:aws:s3:::none"), NoSuchPoint, "nothing of arn:aws:s3:::none"),
        (("--resource", "x", "--at", "yesterday"), ToldError, "write it as 2026-06-01T12:00"),
        (("--metadata", "SubnetId"), ToldError, "is not key=value"),
    ],
)
def test_what_is_not_meant_well_is_told_before_anything_is_done(
    recover: Callable[..., Answer],
    arguments: Sequence[str],
    error: type[ToldError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        recover(*arguments, "--yes")


def test_a_time_before_the_first_recovery_point_is_refused(
    recover: Callable[..., Answer], lost: str
) -> None:
    with pytest.raises(NoSuchPoint, match="nothing whole is as old as that"):
        recover("--resource", lost, "--at", "2001-01-01T00:00", "--yes")
