"""Copies by the plans of a regulated customer: where they land, and what keeps them from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import yaml

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS

MANAGEMENT, AUDIT, MEMBER = "888888888888", "999999999999", "000000000000"
STRANGER = "111111111111"
REGION, SECOND = "eu-central-1", "eu-west-1"
CENTRAL = f"arn:aws:backup:{REGION}:{AUDIT}:backup-vault:central"
ELSEWHERE = f"arn:aws:backup:{SECOND}:{MEMBER}:backup-vault:standard"

Account = Callable[..., Any]
"""A client of a service in an account's Region: the member's in the first one by default."""
Obstacle = Callable[[Account], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def hooli(stage_of: Callable[[str], Stage]) -> Stage:
    """Deployed, with tags on recovery points and a plan of continuous backups."""
    stage = stage_of("hooli")
    path = stage.workspace.project / CUSTOMERS / "hooli.yaml"
    settings = yaml.safe_load(path.read_text())
    daily = settings["tiers"]["regulated"]["rules"]["daily"]
    daily["recovery_point_tags"] = {"kept-for": "the regulator"}
    nightly = {"schedule": "cron(0 23 ? * * *)", "delete_after_days": 35, "continuous": True}
    plans = settings["member_defaults"]["plans"]
    plans["continuous"] = {"regions": [REGION], "rules": {"nightly": nightly}}
    path.write_text(yaml.safe_dump(settings))
    in_order(stage.deployments(), Deployment.up)
    return stage


@pytest.fixture(scope="module")
def account(hooli: Stage) -> Account:
    sessions: dict[tuple[str, str], Any] = {}

    def client(service: str, account: str = MEMBER, region: str = REGION) -> Any:
        place = (account, region)
        if place not in sessions:
            sessions[place] = hooli.sandbox.session(*place)
        return sessions[place].client(service)

    return client


@pytest.fixture(autouse=True)
def nothing_is_left_to_back_up(account: Account) -> Generator[None]:
    """Five failures of one cause would be one storm, and a run backs up whatever has the tag."""
    yield
    ec2 = account("ec2")
    chosen = [{"Name": "tag-key", "Values": ["backup-plan"]}]
    for found in ec2.describe_volumes(Filters=chosen)["Volumes"]:
        ec2.delete_volume(VolumeId=found["VolumeId"])


def tagged(plan: str) -> Sequence[Mapping[str, str]]:
    return [{"Key": "backup-plan", "Value": plan}]


def volume(account: Account, plan: str = "regulated", **own: Any) -> str:
    """A new volume's ARN."""
    made = account("ec2").create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=1,
        TagSpecifications=[{"ResourceType": "volume", "Tags": tagged(plan)}],
        **own,
    )
    return f"arn:aws:ec2:{REGION}:{MEMBER}:volume/{made['VolumeId']}"


def bucket(account: Account, plan: str) -> str:
    """A new bucket's ARN."""
    s3, name = account("s3"), f"of-the-plan-{plan}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tagged(plan)})
    return f"arn:aws:s3:::{name}"


def run(hooli: Stage, plan: str = "regulated", rule: str = "daily") -> None:
    hooli.sandbox.call("backup.run_rule", account=MEMBER, region=REGION, plan=plan, rule=rule)
    hooli.sandbox.call("settle")


def points(backup: Any, vault: str, resource: str) -> Sequence[Mapping[str, Any]]:
    """A resource's recovery points in a vault, as the vault's account lists them."""
    return backup.list_recovery_points_by_backup_vault(
        BackupVaultName=vault, ByResourceArn=resource
    )["RecoveryPoints"]


def copies(account: Account, resource: str) -> Mapping[str, Mapping[str, Any]]:
    """A resource's copy jobs by destination, as the source's account lists them."""
    jobs = account("backup").list_copy_jobs(ByResourceArn=resource)["CopyJobs"]
    return {job["DestinationBackupVaultArn"]: job for job in jobs}


def test_a_rule_that_runs_leaves_a_point_at_home_in_the_second_region_and_in_the_audit_account(
    hooli: Stage, account: Account
) -> None:
    resource = volume(account)
    run(hooli)
    jobs = copies(account, resource)
    assert {arn: job["State"] for arn, job in jobs.items()} == dict.fromkeys(
        (CENTRAL, ELSEWHERE), "COMPLETED"
    )
    places = {
        "": (account("backup"), "standard"),
        ELSEWHERE: (account("backup", MEMBER, SECOND), "standard"),
        CENTRAL: (account("backup", AUDIT), "central"),
    }
    for destination, (backup, vault) in places.items():
        (point,) = points(backup, vault, resource)
        assert point["Lifecycle"]["DeleteAfterDays"] == 35
        tags = backup.list_tags(ResourceArn=point["RecoveryPointArn"])["Tags"]
        assert tags == {"backup-plan": "regulated", "kept-for": "the regulator"}
        if destination:
            assert jobs[destination]["DestinationRecoveryPointArn"] == point["RecoveryPointArn"]
            key = backup.describe_backup_vault(BackupVaultName=vault)["EncryptionKeyArn"]
            assert point["EncryptionKeyArn"] == key
    assert account("backup", AUDIT).list_copy_jobs()["CopyJobs"] == []


def test_what_carries_no_tag_of_the_plan_is_not_backed_up(hooli: Stage, account: Account) -> None:
    resource = volume(account, plan="another")
    run(hooli)
    assert points(account("backup"), "standard", resource) == []


def test_the_monthly_copy_goes_to_cold_storage_as_its_rule_says(
    hooli: Stage, account: Account
) -> None:
    resource = volume(account)
    run(hooli, rule="monthly")
    (point,) = points(account("backup", AUDIT), "central", resource)
    lifecycle = point["Lifecycle"]
    assert (lifecycle["MoveToColdStorageAfterDays"], lifecycle["DeleteAfterDays"]) == (90, 2555)


def test_a_continuous_backup_is_one_point_however_often_its_rule_runs(
    hooli: Stage, account: Account
) -> None:
    resource = bucket(account, "continuous")
    for _ in range(2):
        run(hooli, "continuous", "nightly")
    (point,) = points(account("backup"), "standard", resource)
    assert (point["Status"], point["Lifecycle"]["DeleteAfterDays"]) == ("AVAILABLE", 35)


def test_what_the_isolated_plan_backs_up_lies_in_the_air_gapped_vault_alone(
    hooli: Stage, account: Account
) -> None:
    resources = [volume(account, "isolated"), bucket(account, "isolated")]
    run(hooli, "isolated")
    for resource in resources:
        (point,) = points(account("backup"), "isolated", resource)
        assert point["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
        assert points(account("backup"), "standard", resource) == []


@contextmanager
def copies_switched_off(account: Account) -> Generator[None]:
    backup, name = account("backup", MANAGEMENT), "isCrossAccountBackupEnabled"
    backup.update_global_settings(GlobalSettings={name: "false"})
    yield
    backup.update_global_settings(GlobalSettings={name: "true"})


@contextmanager
def vault_closed(account: Account) -> Generator[None]:
    backup = account("backup", AUDIT)
    policy = backup.get_backup_vault_access_policy(BackupVaultName="central")["Policy"]
    backup.delete_backup_vault_access_policy(BackupVaultName="central")
    yield
    backup.put_backup_vault_access_policy(BackupVaultName="central", Policy=policy)


@contextmanager
def lock_of_longer_retention(account: Account) -> Generator[None]:
    backup = account("backup", AUDIT)
    vault = backup.describe_backup_vault(BackupVaultName="central")

    def put(least: int) -> None:
        backup.put_backup_vault_lock_configuration(
            BackupVaultName="central",
            MinRetentionDays=least,
            MaxRetentionDays=vault["MaxRetentionDays"],
            ChangeableForDays=14,
        )

    put(60)
    yield
    put(vault["MinRetentionDays"])


@contextmanager
def key_closed(account: Account) -> Generator[None]:
    kms, backup = account("kms", AUDIT), account("backup", AUDIT)
    key = backup.describe_backup_vault(BackupVaultName="central")["EncryptionKeyArn"]
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

    def put(text: str) -> None:
        kms.put_key_policy(
            KeyId=key, PolicyName="default", Policy=text, BypassPolicyLockoutSafetyCheck=True
        )

    own = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "kms:*"}
    put(json.dumps({"Version": "2012-10-17", "Statement": {**own, "Resource": "*"}}))
    yield
    put(policy)


@contextmanager
def role_denied(account: Account) -> Generator[None]:
    iam = account("iam")
    role = account("backup").list_backup_jobs()["BackupJobs"][0]["IamRoleArn"].rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": "backup:CopyFromBackupVault", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=document)
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="deny")


@pytest.mark.parametrize(
    ("obstacle", "message"),
    [
        (copies_switched_off, "Cross-account backup is not enabled"),
        (vault_closed, "Access Denied trying to call AWS Backup service"),
        (lock_of_longer_retention, "does not satisfy the lock of vault central"),
        (key_closed, "Given key ID is not accessible"),
        (role_denied, "Access Denied trying to call AWS Backup service"),
    ],
)
def test_a_copy_that_something_is_in_the_way_of_fails_and_opens_an_incident(
    hooli: Stage, account: Account, obstacle: Obstacle, message: str
) -> None:
    resource = volume(account)
    with obstacle(account):
        run(hooli)
    assert_failed(hooli, account, resource, message)


def assert_failed(hooli: Stage, account: Account, resource: str, message: str) -> None:
    job = copies(account, resource)[CENTRAL]
    assert (job["State"], message in job["StatusMessage"]) == ("FAILED", True)
    assert points(account("backup", AUDIT), "central", resource) == []
    found = hooli.sandbox.call("servicenow")["incidents"]
    descriptions = [incident["description"] for incident in found]
    told = [text for text in descriptions if resource in text and CENTRAL in text]
    assert [message in text for text in told] == [True], told


def test_snapshots_under_a_key_of_aws_do_not_leave_their_account(
    hooli: Stage, account: Account
) -> None:
    resource = volume(account, Encrypted=True)
    run(hooli)
    message = "Snapshots encrypted with the AWS managed key can't be shared."
    assert_failed(hooli, account, resource, message)
    assert copies(account, resource)[ELSEWHERE]["State"] == "COMPLETED"


def test_snapshots_leave_their_account_once_their_own_key_is_shared(
    hooli: Stage, account: Account
) -> None:
    def policy(*accounts: str) -> str:
        roots = [f"arn:aws:iam::{account}:root" for account in accounts]
        allow = {"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "kms:*"}
        return json.dumps({"Version": "2012-10-17", "Statement": {**allow, "Resource": "*"}})

    kms = account("kms")
    key = kms.create_key(Policy=policy(MEMBER))["KeyMetadata"]["Arn"]
    resource = volume(account, Encrypted=True, KmsKeyId=key)
    run(hooli)
    assert_failed(hooli, account, resource, "Given key ID is not accessible")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(MEMBER, AUDIT))
    run(hooli)
    assert len(points(account("backup", AUDIT), "central", resource)) == 1


def test_a_copy_to_another_organizations_account_fails(hooli: Stage, account: Account) -> None:
    resource, backup = volume(account), account("backup")
    (plan_id,) = (
        plan["BackupPlanId"]
        for plan in backup.list_backup_plans()["BackupPlansList"]
        if plan["BackupPlanName"] == "regulated"
    )
    plan = backup.get_backup_plan(BackupPlanId=plan_id)["BackupPlan"]
    for rule in plan["Rules"]:
        del rule["RuleId"]
    strange = json.loads(json.dumps(plan).replace(AUDIT, STRANGER))
    backup.update_backup_plan(BackupPlanId=plan_id, BackupPlan=strange)
    run(hooli)
    backup.update_backup_plan(BackupPlanId=plan_id, BackupPlan=plan)
    job = copies(account, resource)[CENTRAL.replace(AUDIT, STRANGER)]
    assert job["State"] == "FAILED"
    assert "must be a member of the same organization" in job["StatusMessage"]
