"""A plan's rule, run now: what its selections mean, and where its copies land or why not."""

from collections.abc import Callable
from typing import Any

import pytest
from moto.backends import get_backend

MANAGEMENT, MEMBER, OTHER, STRANGER = (
    "111111111111",
    "333333333333",
    "444444444444",
    "999999999999",
)
REGION, SECOND = "eu-west-1", "eu-central-1"
LIFECYCLE = {"DeleteAfterDays": 35}
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}

Rule = Callable[..., Any]


@pytest.fixture
def opted_in(backup: Any) -> Any:
    """All types are, again when the test is over."""
    yield
    backup.update_region_settings(ResourceTypeOptInPreference={"EBS": True})


@pytest.fixture
def volume(aws: Any) -> Callable[..., str]:
    """Makes a volume with tags, and gives its ARN."""

    def make(tags: dict[str, str] | None = None, **own: Any) -> str:
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        made = aws.client("ec2").create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=1,
            TagSpecifications=[{"ResourceType": "volume", "Tags": listed}] if listed else [],
            **own,
        )
        return f"arn:aws:ec2:{REGION}:{MEMBER}:volume/{made['VolumeId']}"

    return make


@pytest.fixture
def run(aws: Any, backup: Any, vault: str, role: str) -> Rule:
    """Makes a plan with one rule and one selection, and runs the rule."""

    def run(selection: dict[str, Any], role_arn: str = role, **rule: Any) -> Any:
        plan = aws.name("plan")
        rules = [{"RuleName": "daily", "TargetBackupVaultName": vault, **rule}]
        plan_id = backup.create_backup_plan(BackupPlan={"BackupPlanName": plan, "Rules": rules})[
            "BackupPlanId"
        ]
        backup.create_backup_selection(
            BackupPlanId=plan_id,
            BackupSelection={"SelectionName": "all", "IamRoleArn": role_arn, **selection},
        )
        place = {"account": MEMBER, "region": REGION}
        return aws.call("backup.run_rule", **place, plan=plan, rule="daily")

    return run


def backed_up(ran: Any) -> set[str]:
    return {job["ResourceArn"] for job in ran["backup_jobs"]}


def test_tags_or_arns_select_and_conditions_and_exclusions_narrow(
    aws: Any, run: Rule, volume: Any
) -> None:
    tier = aws.name("tier")
    tagged, excluded = volume({"tier": tier}), volume({"tier": tier})
    other = volume({"tier": tier, "stage": "test-1"})
    volume()
    by_tag = [{"ConditionType": "STRINGEQUALS", "ConditionKey": "tier", "ConditionValue": tier}]
    assert backed_up(run({"ListOfTags": by_tag})) == {tagged, excluded, other}
    named = volume()
    either = {"Resources": [named], "ListOfTags": by_tag, "NotResources": [excluded]}
    assert backed_up(run(either)) == {tagged, other, named}
    stages = [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "test-?"}]
    equal = [{"ConditionKey": "aws:ResourceTag/tier", "ConditionValue": tier}]
    every = {"Resources": ["*"]}
    like = {**every, "Conditions": {"StringLike": stages, "StringEquals": equal}}
    assert backed_up(run(like)) == {other}
    unlike = {**every, "Conditions": {"StringNotLike": stages, "StringEquals": equal}}
    assert backed_up(run(unlike)) == {tagged, excluded}


def test_a_table_a_bucket_and_an_instance_are_selected_by_their_tags(aws: Any, run: Rule) -> None:
    tier = aws.name("tier")
    tags = [{"Key": "tier", "Value": tier}]
    table = aws.client("dynamodb").create_table(
        TableName=aws.name("table"),
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )["TableDescription"]["TableArn"]
    buckets: list[str] = []
    for region in (REGION, SECOND):
        s3, bucket = aws.client("s3", MEMBER, region), aws.name("bucket")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        buckets.append(f"arn:aws:s3:::{bucket}")
    ec2 = get_backend("ec2")[MEMBER][REGION]
    (instance,) = ec2.run_instances(
        ec2.describe_images()[0].id,
        1,
        None,
        [],
        instance_type="t3.micro",
        tags={"instance": {"tier": tier}},
        is_instance_type_default=False,
    ).instances
    by_tag = [{"ConditionType": "STRINGEQUALS", "ConditionKey": "tier", "ConditionValue": tier}]
    assert backed_up(run({"ListOfTags": by_tag})) == {
        table,
        buckets[0],
        f"arn:aws:ec2:{REGION}:{MEMBER}:instance/{instance.id}",
    }


@pytest.mark.usefixtures("opted_in")
def test_a_type_that_is_not_opted_in_is_left_out_unless_it_is_named(
    backup: Any, run: Rule, volume: Any
) -> None:
    arn = volume({"opted": "out"})
    backup.update_region_settings(ResourceTypeOptInPreference={"EBS": False})
    by_tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "opted", "ConditionValue": "out"}
    assert backed_up(run({"ListOfTags": [by_tag]})) == set()
    assert arn not in backed_up(run({"Resources": ["arn:aws:ec2:*"]}))
    assert arn in backed_up(run({"Resources": ["arn:aws:ec2:*:*:volume/*"]}))


def test_a_recovery_point_has_the_rules_lifecycle_and_its_tags(
    backup: Any, run: Rule, volume: Any, vault: str
) -> None:
    arn = volume({"team": "web", "kept": "no"})
    run({"Resources": [arn]}, Lifecycle=LIFECYCLE, RecoveryPointTags={"kept": "yes"})
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    assert (point["Lifecycle"], point["CreatedBy"]["BackupRuleName"]) == (LIFECYCLE, "daily")
    assert point["IsEncrypted"] is False
    tags = backup.list_tags(ResourceArn=point["RecoveryPointArn"])["Tags"]
    assert tags == {"team": "web", "kept": "yes"}


def test_a_continuous_backup_is_one_recovery_point_however_often_its_rule_runs(
    aws: Any, backup: Any, run: Rule, vault: str
) -> None:
    bucket = aws.name("bucket")
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    for _ in range(2):
        run(
            {"Resources": [f"arn:aws:s3:::{bucket}"]},
            EnableContinuousBackup=True,
            Lifecycle=LIFECYCLE,
        )
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    assert point["Status"] == "AVAILABLE"


def test_what_is_held_waits_and_is_copied_when_it_is_finished(
    aws: Any, run: Rule, volume: Any, target: Any
) -> None:
    place = {"account": MEMBER, "region": REGION}
    arn = volume()
    aws.call("backup.hold", **place, resource_arn=arn)
    ran = run({"Resources": [arn]}, CopyActions=[{"DestinationBackupVaultArn": target.arn}])
    (job,) = ran["backup_jobs"]
    assert (job["State"], ran["copy_jobs"]) == ("CREATED", [])
    aws.call("backup.finish", **place, job_id=job["BackupJobId"], state="COMPLETED")
    assert [point["ResourceArn"] for point in target.points()] == [arn]


def test_a_rule_or_plan_that_there_is_not_is_refused_with_those_that_there_are(
    aws: Any, backup: Any, vault: str
) -> None:
    plan = aws.name("plan")
    rules = [{"RuleName": "daily", "TargetBackupVaultName": vault}]
    backup.create_backup_plan(BackupPlan={"BackupPlanName": plan, "Rules": rules})
    place = {"account": MEMBER, "region": REGION}
    refused = aws.refused("backup.run_rule", **place, plan=plan, rule="weekly")
    assert refused == "no RuleName weekly; there are: ['daily']"
    assert plan in aws.refused("backup.run_rule", **place, plan="gold", rule="daily")


class Target:
    """A vault to copy into."""

    def __init__(self, client: Any, name: str, arn: str) -> None:
        self.client = client
        self.name = name
        self.arn = arn

    def points(self) -> Any:
        found = self.client.list_recovery_points_by_backup_vault(BackupVaultName=self.name)
        return found["RecoveryPoints"]


@pytest.fixture
def make_target(aws: Any) -> Callable[..., Target]:
    """Makes a vault in an account and Region, with a key of its own, open to the organization."""

    def make(account: str, region: str = REGION, *, policy: Any = True, key: Any = None) -> Target:
        client, name = aws.client("backup", account, region), aws.name("vault")
        statements = [
            {
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ]
        key = (
            key
            or aws.client("kms", account, region).create_key(Policy=aws.policy(*statements))[
                "KeyMetadata"
            ]["Arn"]
        )
        arn = client.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=key)[
            "BackupVaultArn"
        ]
        if policy:
            allow = {
                "Principal": "*",
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
                "Condition": ORGANIZATION,
            }
            client.put_backup_vault_access_policy(BackupVaultName=name, Policy=aws.policy(allow))
        return Target(client, name, arn)

    return make


@pytest.fixture
def target(make_target: Any) -> Target:
    """In another Region of the member's."""
    return make_target(MEMBER, SECOND, policy=False)


@pytest.fixture
def switched_on(aws: Any) -> Any:
    """Copies across accounts are, in the organization."""
    backup = aws.client("backup", MANAGEMENT)
    backup.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    return backup


@pytest.fixture
def copied(run: Rule, volume: Any) -> Rule:
    """Copies a new volume's backup to a vault, and gives the job as its account lists it."""

    def copied(target: Target, *, encrypted_with: Any = None, **how: Any) -> Any:
        key = {"Encrypted": True, "KmsKeyId": encrypted_with} if encrypted_with else {}
        arn = volume({"team": "web"}, **key)
        action = {"DestinationBackupVaultArn": target.arn, "Lifecycle": LIFECYCLE}
        ran = run({"Resources": [arn]}, CopyActions=[action], **how)
        (job,) = ran["copy_jobs"]
        return job

    return copied


def test_a_copy_in_another_region_is_there_with_its_own_lifecycle_and_the_tags(
    aws: Any, backup: Any, copied: Rule, target: Target
) -> None:
    job = copied(target, Lifecycle={"DeleteAfterDays": 7})
    assert job["State"] == "COMPLETED", job["StatusMessage"]
    (point,) = target.points()
    assert (point["RecoveryPointArn"], point["Lifecycle"]) == (
        job["DestinationRecoveryPointArn"],
        LIFECYCLE,
    )
    assert point["RecoveryPointArn"].startswith(f"arn:aws:ec2:{SECOND}::snapshot/")
    assert point["IsEncrypted"] is True
    tags = target.client.list_tags(ResourceArn=point["RecoveryPointArn"])["Tags"]
    assert tags == {"team": "web"}
    (listed,) = backup.list_copy_jobs(ByDestinationVaultArn=target.arn)["CopyJobs"]
    assert listed["CreatedBy"]["BackupRuleName"] == "daily"
    assert target.client.list_copy_jobs(ByDestinationVaultArn=target.arn)["CopyJobs"] == []
    completed = aws.details("Copy Job State Change", copyJobId=job["CopyJobId"])[-1]
    assert completed["createdBy"]["backupPlanRuleId"] == listed["CreatedBy"]["BackupRuleId"]


@pytest.mark.usefixtures("switched_on")
def test_a_copy_in_another_account_lies_under_that_vaults_key(
    aws: Any, copied: Rule, make_target: Any
) -> None:
    target = make_target(OTHER)
    job = copied(target)
    assert job["State"] == "COMPLETED", job["StatusMessage"]
    (point,) = target.points()
    vault = target.client.describe_backup_vault(BackupVaultName=target.name)
    assert point["EncryptionKeyArn"] == vault["EncryptionKeyArn"]
    assert [account for account, _, event in aws.events if job["CopyJobId"] in str(event)] == [
        MEMBER,
        MEMBER,
    ]


def test_a_copy_across_accounts_needs_the_organizations_setting(
    switched_on: Any, copied: Rule, make_target: Any
) -> None:
    switched_on.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    job = copied(make_target(OTHER))
    assert (job["State"], job["StatusMessage"]) == (
        "FAILED",
        "Cross-account backup is not enabled in the organization's global settings.",
    )


def test_a_copy_to_an_account_outside_the_organization_fails(
    copied: Rule, make_target: Any
) -> None:
    target = make_target(MEMBER, SECOND)
    target.arn = target.arn.replace(MEMBER, STRANGER)
    job = copied(target)
    assert (job["State"], job["StatusMessage"]) == (
        "FAILED",
        "Copy job failed. Both source and destination account must be a member of the same "
        "organization.",
    )


@pytest.mark.usefixtures("switched_on")
def test_a_vault_that_does_not_let_the_organization_in_denies_access(
    copied: Rule, make_target: Any
) -> None:
    job = copied(make_target(OTHER, policy=False))
    assert job["State"] == "FAILED"
    assert job["StatusMessage"].startswith("Access Denied trying to call AWS Backup service: ")


@pytest.mark.parametrize("missing", ["CopyFromBackupVault", "CopyIntoBackupVault"])
def test_a_role_that_may_not_copy_is_denied_access(
    aws: Any, copied: Rule, target: Target, missing: str
) -> None:
    actions = {"CopyFromBackupVault", "CopyIntoBackupVault"} - {missing}
    role = aws.role(
        trusts={"Service": "backup.amazonaws.com"},
        allows={"Action": [f"backup:{action}" for action in actions], "Resource": "*"},
    )
    job = copied(target, role_arn=role)
    assert job["State"] == "FAILED"
    assert f"backup:{missing}" in job["StatusMessage"]


def test_the_destinations_lock_fails_what_it_does_not_allow(copied: Rule, target: Target) -> None:
    target.client.put_backup_vault_lock_configuration(
        BackupVaultName=target.name, MinRetentionDays=90
    )
    job = copied(target)
    assert job["State"] == "FAILED"
    assert "35 days" in job["StatusMessage"]
    assert target.points() == []


@pytest.mark.usefixtures("switched_on")
def test_snapshots_under_a_key_of_aws_do_not_leave_their_account(
    copied: Rule, make_target: Any
) -> None:
    job = copied(make_target(OTHER), encrypted_with="alias/aws/ebs")
    assert (job["State"], job["StatusMessage"]) == (
        "FAILED",
        "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot.",
    )
    within = copied(make_target(MEMBER, SECOND), encrypted_with="alias/aws/ebs")
    assert within["State"] == "COMPLETED"


@pytest.mark.usefixtures("switched_on")
def test_snapshots_are_not_copied_under_a_key_of_aws_in_another_account(
    copied: Rule, make_target: Any, aws: Any
) -> None:
    key = aws.client("kms", OTHER).describe_key(KeyId="alias/aws/backup")["KeyMetadata"]["Arn"]
    job = copied(make_target(OTHER, key=key))
    assert job["State"] == "FAILED"
    assert "is encrypted with the default Backup service managed key" in job["StatusMessage"]


@pytest.mark.usefixtures("switched_on")
def test_a_sources_own_key_must_be_shared_with_the_destination(
    aws: Any, copied: Rule, make_target: Any
) -> None:
    def statement(account: str) -> Any:
        root = {"AWS": f"arn:aws:iam::{account}:root"}
        return {"Principal": root, "Action": "kms:*", "Resource": "*"}

    kms = aws.client("kms")
    key = kms.create_key(Policy=aws.policy(statement(MEMBER)))["KeyMetadata"]["Arn"]
    job = copied(make_target(OTHER), encrypted_with=key)
    assert job["State"] == "FAILED"
    assert job["StatusMessage"].startswith("Given key ID is not accessible: ")
    shared = aws.policy(statement(MEMBER), statement(OTHER))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=shared)
    assert copied(make_target(OTHER), encrypted_with=key)["State"] == "COMPLETED"


@pytest.mark.usefixtures("switched_on")
def test_the_destinations_key_must_serve_the_destination(
    aws: Any, copied: Rule, make_target: Any
) -> None:
    nobody = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}
    key = aws.client("kms", OTHER).create_key(
        Policy=aws.policy(nobody), BypassPolicyLockoutSafetyCheck=True
    )["KeyMetadata"]["Arn"]
    job = copied(make_target(OTHER, key=key))
    assert (job["State"], "key ID is not accessible" in job["StatusMessage"]) == ("FAILED", True)


@pytest.fixture
def isolated(aws: Any) -> Target:
    """The member's air-gapped vault."""
    client, name = aws.client("backup"), aws.name("isolated")
    arn = client.create_logically_air_gapped_backup_vault(
        BackupVaultName=name, MinRetentionDays=7, MaxRetentionDays=60
    )["BackupVaultArn"]
    return Target(client, name, arn)


def test_a_copy_in_an_air_gapped_vault_is_a_recovery_point_of_aws_backup(
    copied: Rule, isolated: Target
) -> None:
    assert copied(isolated)["State"] == "COMPLETED"
    (point,) = isolated.points()
    assert point["RecoveryPointArn"].startswith(f"arn:aws:backup:{REGION}:{MEMBER}:recovery-point:")


def test_an_air_gapped_vault_as_primary_target_keeps_what_may_come_in(
    aws: Any, run: Rule, volume: Any, isolated: Target, vault: str
) -> None:
    bucket = aws.name("bucket")
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    snapshot, managed = volume(), volume(Encrypted=True)
    run(
        {"Resources": [snapshot, managed, f"arn:aws:s3:::{bucket}"]},
        TargetLogicallyAirGappedBackupVaultArn=isolated.arn,
        Lifecycle=LIFECYCLE,
    )
    kept = {point["ResourceArn"] for point in isolated.points()}
    assert kept == {snapshot, f"arn:aws:s3:::{bucket}"}
    client = aws.client("backup")
    (left,) = client.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    assert left["ResourceArn"] == managed
    (job,) = client.list_backup_jobs(
        ByMessageCategory="LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED"
    )["BackupJobs"]
    assert (job["ResourceArn"], job["State"]) == (managed, "COMPLETED")
