from typing import Any

import pytest

MEMBER, REGION = "333333333333", "eu-west-1"
ABSENT = f"arn:aws:iam::{MEMBER}:role/absent"


@pytest.fixture(scope="module")
def place(aws: Any) -> Any:
    name = aws.name("policies-")
    aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return {
        "bucket": name,
        "key": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
        "queue": aws.client("sqs").create_queue(QueueName=name)["QueueUrl"],
        "topic": aws.client("sns").create_topic(Name=name)["TopicArn"],
        "secret": aws.client("secretsmanager").create_secret(Name=name)["ARN"],
        "role": aws.idle.rpartition("/")[2],
    }


def put(aws: Any, place: Any, service: str, policy: str) -> object:
    client = aws.client(service)
    if service == "s3":
        return client.put_bucket_policy(Bucket=place["bucket"], Policy=policy)
    if service == "kms":
        return client.put_key_policy(KeyId=place["key"], PolicyName="default", Policy=policy)
    if service == "sqs":
        return client.set_queue_attributes(QueueUrl=place["queue"], Attributes={"Policy": policy})
    if service == "sns":
        return client.set_topic_attributes(
            TopicArn=place["topic"], AttributeName="Policy", AttributeValue=policy
        )
    return client.put_resource_policy(SecretId=place["secret"], ResourcePolicy=policy)


CODES = {
    "s3": "MalformedPolicy",
    "kms": "MalformedPolicyDocumentException",
    "sqs": "InvalidAttributeValue",
    "sns": "InvalidParameter",
    "secretsmanager": "MalformedPolicyDocumentException",
}
STATEMENT = {"Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize("service", CODES)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Principal": {"AWS": ABSENT}}, "Invalid principal in policy"),
        ({"Principal": {"Service": "nonsense.amazonaws.com"}}, "Invalid principal in policy"),
        ({"Principal": {"Federated": "cognito"}}, "Federated"),
        ({"Condition": {"StringMatches": {"a": "b"}}}, "unknown condition operator"),
    ],
)
def test_a_resource_policy_that_aws_refuses_is_not_stored(
    aws: Any, place: Any, service: str, changes: Any, says: str
) -> None:
    policy = aws.policy({**STATEMENT, **changes})
    code, message = aws.error(lambda: put(aws, place, service, policy))
    assert code == CODES[service]
    assert says in message


@pytest.mark.parametrize("service", CODES)
def test_a_policy_without_principals_is_no_resource_policy(
    aws: Any, place: Any, service: str
) -> None:
    code, message = aws.error(
        lambda: put(aws, place, service, aws.policy({"Action": "*", "Resource": "*"}))
    )
    assert (code, "needs a Principal" in message) == (CODES[service], True)


def test_an_identity_policy_names_no_principal(aws: Any, place: Any) -> None:
    iam = aws.client("iam")
    for document in (aws.policy(STATEMENT), aws.policy({"Action": "read", "Resource": "*"})):
        code, _ = aws.error(
            lambda document=document: iam.put_role_policy(
                RoleName=place["role"], PolicyName="p", PolicyDocument=document
            )
        )
        assert code == "MalformedPolicyDocument"


def test_a_role_cannot_trust_a_role_that_is_not_there_yet(aws: Any) -> None:
    trust = aws.policy({"Principal": {"AWS": ABSENT}, "Action": "sts:AssumeRole"})
    code, message = aws.error(
        lambda: aws.client("iam").create_role(
            RoleName=aws.name("role"), AssumeRolePolicyDocument=trust
        )
    )
    assert (code, ABSENT in message) == ("MalformedPolicyDocument", True)


def test_a_vaults_policy_too_names_only_who_is_there(aws: Any, vault: str) -> None:
    policy = aws.policy({**STATEMENT, "Principal": {"AWS": ABSENT}})
    code, message = aws.error(
        lambda: aws.client("backup").put_backup_vault_access_policy(
            BackupVaultName=vault, Policy=policy
        )
    )
    assert code == "InvalidParameterValueException"
    assert "Invalid principal" in message
