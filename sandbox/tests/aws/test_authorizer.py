from typing import Any

import pytest

MEMBER, OTHER, REGION = "333333333333", "444444444444", "eu-west-1"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def worker(aws: Any, *actions: str, resource: str = "*", account: str = MEMBER) -> str:
    """A role that may do these actions."""
    allows = {"Action": list(actions), "Resource": resource}
    return aws.role(trusts=LAMBDA, allows=allows if actions else None, account=account)


@pytest.fixture(scope="module")
def place(aws: Any) -> Any:
    """What the calls below act on, in the member's account."""
    name = aws.name("place-")
    aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws.client("s3").put_object(Bucket=name, Key="there", Body=b"x")
    of_nobody = {"Effect": "Deny", "Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": "*"}
    aws.client("s3").put_bucket_policy(Bucket=name, Policy=aws.policy(of_nobody))
    glue, database = aws.client("glue"), "lake"
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "jobs"})
    table = aws.name("table")
    aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secret = aws.client("secretsmanager").create_secret(Name=name, SecretString="s")
    aws.client("ses").verify_domain_identity(Domain="example.com")
    return {
        "bucket": name,
        "database": database,
        "table": table,
        "secret": secret["ARN"],
        "queue": aws.client("sqs").create_queue(QueueName=name)["QueueUrl"],
        "key": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
        "name": name,
    }


CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "s3:PutObject": ("s3", "put_object", {"Bucket": "{bucket}", "Key": "k", "Body": b"x"}),
    "s3:GetObject": ("s3", "get_object", {"Bucket": "{bucket}", "Key": "there"}),
    "s3:GetObjectTagging": ("s3", "get_object_tagging", {"Bucket": "{bucket}", "Key": "there"}),
    "s3:DeleteObject": ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "k"}),
    "s3:ListBucket": ("s3", "list_objects_v2", {"Bucket": "{bucket}"}),
    "s3:ListBucketVersions": ("s3", "list_object_versions", {"Bucket": "{bucket}"}),
    "s3:GetBucketPolicy": ("s3", "get_bucket_policy", {"Bucket": "{bucket}"}),
    "sqs:SendMessage": ("sqs", "send_message", {"QueueUrl": "{queue}", "MessageBody": "m"}),
    "sqs:ReceiveMessage": ("sqs", "receive_message", {"QueueUrl": "{queue}"}),
    "sqs:GetQueueAttributes": ("sqs", "get_queue_attributes", {"QueueUrl": "{queue}"}),
    "secretsmanager:GetSecretValue": (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "{name}"},
    ),
    "kms:DescribeKey": ("kms", "describe_key", {"KeyId": "{key}"}),
    "dynamodb:GetItem": (
        "dynamodb",
        "get_item",
        {"TableName": "{table}", "Key": {"id": {"S": "1"}}},
    ),
    "dynamodb:DescribeTable": ("dynamodb", "describe_table", {"TableName": "{table}"}),
    "glue:GetTable": ("glue", "get_table", {"DatabaseName": "{database}", "Name": "jobs"}),
    "glue:BatchCreatePartition": (
        "glue",
        "batch_create_partition",
        {"DatabaseName": "{database}", "TableName": "jobs", "PartitionInputList": []},
    ),
    "logs:CreateLogGroup": ("logs", "create_log_group", {"logGroupName": "/{name}"}),
    "ses:SendEmail": (
        "sesv2",
        "send_email",
        {
            "FromEmailAddress": "reports@example.com",
            "Destination": {"ToAddresses": ["a@example.com"]},
            "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        },
    ),
    "athena:GetWorkGroup": ("athena", "get_work_group", {"WorkGroup": "primary"}),
    "backup:ListBackupJobs": ("backup", "list_backup_jobs", {}),
}


def filled(arguments: dict[str, Any], place: Any) -> dict[str, Any]:
    return {
        name: value.format(**place) if isinstance(value, str) else value
        for name, value in arguments.items()
    }


@pytest.mark.parametrize("action", CALLS)
def test_a_role_may_make_a_call_with_its_action_and_not_without(
    aws: Any, place: Any, refusal: Any, action: str
) -> None:
    service, method, arguments = CALLS[action]
    arguments = filled(arguments, place)
    without = aws.acting(aws.idle, service)
    code, message = refusal(lambda: getattr(without, method)(**arguments))
    assert code in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    assert f"is not authorized to perform: {action} on resource: " in message
    assert "assumed-role/" in message
    granted = aws.acting(worker(aws, action), service)
    getattr(granted, method)(**arguments)


def test_a_call_that_is_not_mapped_needs_what_awss_own_list_says(aws: Any, refusal: Any) -> None:
    code, message = refusal(aws.acting(worker(aws, "iam:GetRole"), "iam").list_roles)
    assert code == "AccessDenied"
    assert "is not authorized to perform: iam:ListRoles" in message
    aws.acting(worker(aws, "iam:ListRoles"), "iam").list_roles()


def test_a_permissions_boundary_limits_a_role(aws: Any, place: Any, refusal: Any) -> None:
    iam, role = aws.client("iam"), worker(aws, "sqs:*", "s3:*")
    boundary = iam.create_policy(
        PolicyName=aws.name("boundary"),
        PolicyDocument=aws.policy({"Action": "sqs:*", "Resource": "*"}),
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(
        RoleName=role.rpartition("/")[2], PermissionsBoundary=boundary
    )
    aws.acting(role, "sqs").get_queue_attributes(QueueUrl=place["queue"])
    assert refusal(aws.acting(role, "s3").list_buckets)[0] == "AccessDenied"


def test_a_managed_policy_of_aws_is_known(aws: Any, place: Any, refusal: Any) -> None:
    role = worker(aws)
    aws.client("iam").attach_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
    )
    aws.acting(role, "sqs").receive_message(QueueUrl=place["queue"])
    send = {"QueueUrl": place["queue"], "MessageBody": "m"}
    assert refusal(lambda: aws.acting(role, "sqs").send_message(**send))[0] == "AccessDenied"


def test_an_administrator_too_is_stopped_by_an_explicit_deny(aws: Any, refusal: Any) -> None:
    s3, bucket = aws.client("s3"), aws.name("denies-")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": arns,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": arns,
        "Sid": "Keep",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=aws.policy(tls, deny))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    code, message = refusal(lambda: s3.delete_object(Bucket=bucket, Key="k"))
    assert code == "AccessDenied"
    assert "(Keep) denies it" in message


def test_a_vaults_policy_guards_its_recovery_points(
    aws: Any, backup: Any, vault: str, refusal: Any
) -> None:
    done = aws.call(
        "backup.job",
        kind="backup",
        account=MEMBER,
        region=REGION,
        state="COMPLETED",
        vault=vault,
        resource_arn=f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-guarded",
    )
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "backup:DeleteRecoveryPoint",
        "Resource": "*",
    }
    backup.put_backup_vault_access_policy(BackupVaultName=vault, Policy=aws.policy(deny))
    code, message = refusal(
        lambda: backup.delete_recovery_point(
            BackupVaultName=vault, RecoveryPointArn=done["RecoveryPointArn"]
        )
    )
    assert code == "AccessDeniedException"
    assert f"backup-vault:{vault} policy statement 0 denies it" in message


def test_passing_a_role_is_a_permission_of_its_own(
    aws: Any, vault: str, role: str, refusal: Any
) -> None:
    start = {
        "BackupVaultName": vault,
        "ResourceArn": f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-passed",
        "IamRoleArn": role,
    }
    unable = aws.acting(worker(aws, "backup:StartBackupJob"), "backup")
    code, message = refusal(lambda: unable.start_backup_job(**start))
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)
    able = aws.acting(worker(aws, "backup:StartBackupJob", "iam:PassRole"), "backup")
    assert able.start_backup_job(**start)["BackupJobId"]
