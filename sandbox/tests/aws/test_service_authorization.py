"""Calls that no mapper knows, made by a role that is no administrator."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Refusal = Callable[[Callable[[], object]], tuple[str, str]]


def role_that_may(aws: Any, action: str | list[str], resource: str, **conditions: Any) -> str:
    allows: Mapping[str, Any] = {"Action": action, "Resource": resource, "Condition": conditions}
    return aws.role(trusts={"Service": "lambda.amazonaws.com"}, allows=allows)


CALLS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "sns:CreateTopic": ("create_topic", "sns:*:*:ours-*", {"Name": "ours-x"}),
    "sqs:CreateQueue": ("create_queue", "sqs:*:*:ours-*", {"QueueName": "ours-x"}),
    "events:PutRule": (
        "put_rule",
        "events:*:*:rule/ours-*",
        {"Name": "ours-x", "ScheduleExpression": "rate(1 day)"},
    ),
    "logs:CreateLogGroup": (
        "create_log_group",
        "logs:*:*:log-group:ours-*",
        {"logGroupName": "ours-x"},
    ),
    "iam:CreateUser": (
        "create_user",
        "iam::*:user/backup/ours-*",
        {"UserName": "ours-x", "Path": "/backup/"},
    ),
}


@pytest.mark.parametrize("action", CALLS)
def test_the_action_is_asked_for_on_what_the_request_names(
    aws: Any, refusal: Refusal, action: str
) -> None:
    operation, arn, given = CALLS[action]
    service = action.partition(":")[0]
    getattr(aws.acting(role_that_may(aws, action, f"arn:aws:{arn}"), service), operation)(**given)
    elsewhere = role_that_may(aws, action, f"arn:aws:{arn.replace('ours', 'others')}")
    call = getattr(aws.acting(elsewhere, service), operation)
    _, message = refusal(lambda: call(**given))
    assert f"not authorized to perform: {action} on resource: arn:aws:{service}:" in message


def test_every_resource_that_aws_always_asks_about_must_be_allowed(
    aws: Any, refusal: Refusal
) -> None:
    name = aws.name("database")
    database = f"arn:aws:glue:*:*:database/{name}"
    client = aws.acting(role_that_may(aws, "glue:CreateDatabase", database), "glue")
    _, message = refusal(lambda: client.create_database(DatabaseInput={"Name": name}))
    assert message.partition(" because ")[0].endswith(":catalog")


def test_an_operation_of_s3_may_have_an_action_of_another_name(aws: Any, refusal: Refusal) -> None:
    bucket = aws.name("bucket-")
    place = {"LocationConstraint": "eu-west-1"}
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    client = aws.acting(aws.idle, "s3")
    _, message = refusal(lambda: client.get_public_access_block(Bucket=bucket))
    assert f"perform: s3:GetBucketPublicAccessBlock on resource: arn:aws:s3:::{bucket}" in message


def test_a_role_is_handed_over_to_its_service_alone(aws: Any, refusal: Refusal) -> None:
    profile = aws.name("profile")
    aws.client("iam").create_instance_profile(InstanceProfileName=profile)
    given = {"InstanceProfileName": profile, "RoleName": aws.idle.rpartition("/")[2]}
    passes: dict[str, Any] = {
        "StringEqualsIfExists": {"iam:PassedToService": "lambda.amazonaws.com"}
    }
    may = ["iam:AddRoleToInstanceProfile", "iam:PassRole"]
    client = aws.acting(role_that_may(aws, may, "*", **passes), "iam")
    _, message = refusal(lambda: client.add_role_to_instance_profile(**given))
    assert f"iam:PassRole on resource: {aws.idle}" in message


def test_a_role_is_made_under_the_boundary_that_a_condition_names(
    aws: Any, refusal: Refusal
) -> None:
    under = {"ArnLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/limits"}}
    client = aws.acting(role_that_may(aws, "iam:CreateRole", "*", **under), "iam")
    trust = aws.policy(
        {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = {"RoleName": aws.name("role"), "AssumeRolePolicyDocument": trust}
    assert "iam:CreateRole" in refusal(lambda: client.create_role(**role))[1]
    limits = aws.client("iam").create_policy(
        PolicyName="limits", PolicyDocument=aws.policy({"Action": "*", "Resource": "*"})
    )["Policy"]["Arn"]
    client.create_role(**role, PermissionsBoundary=limits)


def test_a_vault_needs_storage_and_a_grant_of_its_key(aws: Any, refusal: Refusal) -> None:
    """So that a deploy role that has backup:* alone fails here, as it does on AWS."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    vault = {"BackupVaultName": aws.name("vault"), "EncryptionKeyArn": key}
    needed = ["backup:CreateBackupVault", "backup-storage:MountCapsule", "kms:CreateGrant"]
    for lacking in needed:
        others = [action for action in needed if action != lacking]
        client = aws.acting(role_that_may(aws, others, "*"), "backup")
        message = refusal(lambda client=client: client.create_backup_vault(**vault))[1]
        assert f"perform: {lacking} " in message
    aws.acting(role_that_may(aws, needed, "*"), "backup").create_backup_vault(**vault)


def test_what_aws_does_not_list_is_refused(aws: Any, refusal: Refusal) -> None:
    client = aws.acting(role_that_may(aws, "*", "*"), "sqs")
    queue = aws.client("sqs").create_queue(QueueName=aws.name("queue"))["QueueUrl"]
    entries = [{"Id": "1", "ReceiptHandle": "none"}]
    message = refusal(lambda: client.delete_message_batch(QueueUrl=queue, Entries=entries))[1]
    assert "does not know which permission sqs:DeleteMessageBatch needs" in message


def test_aws_backup_acts_in_a_role_for_its_own_account(aws: Any, refusal: Refusal) -> None:
    """Of which EC2 tells nothing."""
    backup, vault = aws.client("backup"), aws.name("vault")
    backup.create_backup_vault(BackupVaultName=vault)
    rules = [{"RuleName": "daily", "TargetBackupVaultName": vault}]
    plan = {"BackupPlanName": aws.name("plan"), "Rules": rules}
    plan_id = backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"]

    def select(account: str) -> None:
        role = aws.role(
            trusts={"Service": "backup.amazonaws.com"},
            condition={"StringEquals": {"aws:SourceAccount": account}},
        )
        selection = {"SelectionName": "all", "IamRoleArn": role, "Resources": ["*"]}
        backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)

    assert "cannot be assumed by backup.amazonaws.com" in refusal(lambda: select("444444444444"))[1]
    select("333333333333")
