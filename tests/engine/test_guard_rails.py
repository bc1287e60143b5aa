"""An organization's guard rails through the genuine engine: who is refused what, in this order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from fleet.deploy.deployment import Deployment, StackFailed
from fleet.deploy.prepare import prepared
from fleet.sandbox.stage import Stage

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MANAGEMENT, AUDIT, MEMBER = "acme-management", "acme-audit", "acme-member-web"
ACCOUNT, REGION = "444444444444", "eu-central-1"
VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0a1b2c3d4e5f60718"
RESCUE = "break-glass-anna"
BY_GUARD_RAILS = "service control policy acme-backup-guard-rails-principals"


def without_reports(values: dict[str, Any]) -> None:
    values["reports"] = None


def guarded(values: dict[str, Any]) -> None:
    without_reports(values)
    values["guard_rails"] = {
        "targets": [ACCOUNT],
        "break_glass_roles": ["break-glass-*"],
        "deploy_roles": ["OrganizationAccountAccessRole"],
    }


def unguarded_vault(values: dict[str, Any]) -> None:
    """What refuses then is the organization's policy, and not the vault's own."""
    values["policy"] = {"rules": {"vault_denies_deletion": {"level": "disabled"}}}
    values["vaults"]["standard"] = {"deny_deletion": False, "force_destroy": True}


@pytest.fixture(scope="module")
def administrator(stage: Stage) -> boto3.Session:
    """Of the member account; as in the example, also who deploys there."""
    return stage.sandbox.session(ACCOUNT, REGION)


@pytest.fixture(scope="module")
def break_glass(administrator: boto3.Session) -> Callable[..., Any]:
    """Clients of a role with all rights, made before the guard rails."""
    iam: Any = administrator.client("iam")
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=RESCUE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_role_policy(RoleName=RESCUE, PolicyArn=policy)

    def client(service: str) -> Any:
        given = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName="rescue")
        here: Any = administrator.client  # the endpoint of the sandbox is the session's
        return here(
            service,
            aws_access_key_id=given["Credentials"]["AccessKeyId"],
            aws_secret_access_key=given["Credentials"]["SecretAccessKey"],
            aws_session_token=given["Credentials"]["SessionToken"],
        )

    return client


def backed_up(stage: Stage) -> str:
    job = stage.sandbox.call(
        "backup.job",
        kind="backup",
        account=ACCOUNT,
        region=REGION,
        vault="standard",
        resource_arn=VOLUME,
        state="COMPLETED",
    )
    return job["RecoveryPointArn"]


def key_of_vault(session: boto3.Session) -> str:
    """Its id."""
    vault = session.client("backup").describe_backup_vault(BackupVaultName="standard")
    return vault["EncryptionKeyArn"].rpartition("/")[2]


def test_the_members_administrator_deletes_no_backup_and_ends_no_key_and_break_glass_does(
    stage: Stage,
    change_settings: ChangeSettings,
    administrator: boto3.Session,
    break_glass: Callable[..., Any],
) -> None:
    Deployment(stage.engine, AUDIT).up()
    member = change_settings(MEMBER, unguarded_vault)
    member.up()
    management = change_settings(MANAGEMENT, guarded)
    settings = stage.stacks
    session = stage.sandbox.session("111111111111", REGION)
    told = [*prepared(settings[MANAGEMENT], settings.values, session)]
    assert "service control policies of the organization: made" in told
    assert "resource control policies of the organization: made" in told
    management.up()

    point = {"BackupVaultName": "standard", "RecoveryPointArn": backed_up(stage)}
    key = key_of_vault(administrator)
    with pytest.raises(ClientError, match=BY_GUARD_RAILS):
        administrator.client("backup").delete_recovery_point(**point)
    with pytest.raises(ClientError, match=BY_GUARD_RAILS):
        administrator.client("kms").schedule_key_deletion(KeyId=key)
    with pytest.raises(ClientError, match=BY_GUARD_RAILS):
        administrator.client("iam").update_assume_role_policy(
            RoleName=RESCUE, PolicyDocument='{"Statement": []}'
        )
    break_glass("backup").delete_recovery_point(**point)
    break_glass("kms").schedule_key_deletion(KeyId=key)
    break_glass("kms").cancel_key_deletion(KeyId=key)
    break_glass("kms").enable_key(KeyId=key)


def test_who_deploys_changes_what_stands_and_nothing_comes_of_a_second_up(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def guarded_vault(values: dict[str, Any]) -> None:
        values["vaults"]["standard"] = {"break_glass_roles": [RESCUE], "force_destroy": True}

    assert change_settings(MEMBER, guarded_vault).up().changes.get("create") == 1
    assert change_settings(MEMBER, unguarded_vault).up().changes.get("delete") == 1
    unchanged = change_settings(MANAGEMENT, guarded).up().changes
    assert {kind for kind, count in unchanged.items() if count} == {"same"}


def test_nobody_outside_the_organization_uses_a_key_whatever_its_policy_says(
    stage: Stage, stage_of: Callable[[str], Stage], administrator: boto3.Session
) -> None:
    kms: Any = administrator.client("kms")
    key = key_of_vault(administrator)
    outsider = stage_of("globex")
    account = outsider.stacks["globex-management"].account
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    everybody = {"AWS": f"arn:aws:iam::{account}:root"}
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": everybody, "Action": "kms:*", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    theirs = stage.sandbox.session(account, REGION).client("kms")
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
    with pytest.raises(ClientError, match="resource control policy acme-backup-guard-rails"):
        theirs.describe_key(KeyId=arn)
    kms.describe_key(KeyId=key)


def test_a_destroy_that_would_end_a_key_is_refused_until_the_guard_rails_are_lifted(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    member = change_settings(MEMBER, unguarded_vault)
    backed_up(stage)
    with pytest.raises(StackFailed, match=BY_GUARD_RAILS):
        member.destroy()
    change_settings(MANAGEMENT, without_reports).up()
    member.destroy()
    assert (
        stage.sandbox.session(ACCOUNT, REGION)
        .client("backup")
        .list_backup_vaults()["BackupVaultList"]
        == []
    )
