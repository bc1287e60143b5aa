from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sandbox.aws.organization import SECRET_ACCESS_KEY, Organization

MANAGEMENT, MEMBER, OTHER = "111111111111", "333333333333", "444444444444"
ADMINISTRATOR = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"


@pytest.fixture(scope="module")
def sts(aws: Any) -> Any:
    """STS as the management account's sandbox user."""
    keys = {"AccessKeyId": Organization().access_key_id, "SecretAccessKey": SECRET_ACCESS_KEY}
    return aws.with_credentials({**keys, "SessionToken": None}).client("sts")


def assume(sts: Any, role_arn: str, **more: Any) -> Any:
    return sts.assume_role(RoleArn=role_arn, RoleSessionName="testing", **more)


def test_the_sandboxes_own_key_is_a_user_of_the_management_account(sts: Any) -> None:
    identity = sts.get_caller_identity()
    assert identity["Account"] == MANAGEMENT
    assert identity["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/sandbox-administrator"


def test_an_assumed_role_acts_in_its_own_account(aws: Any, sts: Any) -> None:
    assumed = assume(sts, ADMINISTRATOR)
    session = aws.with_credentials(assumed["Credentials"])
    identity = session.client("sts").get_caller_identity()
    assert identity["Account"] == MEMBER
    assert identity["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    assert identity["Arn"].endswith("assumed-role/OrganizationAccountAccessRole/testing")
    bucket = aws.name("mine-")
    session.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    names = [found["Name"] for found in aws.client("s3").list_buckets()["Buckets"]]
    others = [found["Name"] for found in aws.client("s3", OTHER).list_buckets()["Buckets"]]
    assert bucket in names
    assert bucket not in others


def test_a_role_that_does_not_exist_cannot_be_assumed(sts: Any, refusal: Any) -> None:
    code, message = refusal(lambda: assume(sts, f"arn:aws:iam::{MEMBER}:role/absent"))
    assert code == "AccessDenied"
    assert "sts:AssumeRole" in message
    assert "user/sandbox-administrator" in message


def test_a_role_that_does_not_trust_the_caller_cannot_be_assumed(
    aws: Any, sts: Any, refusal: Any
) -> None:
    role = aws.role(trusts={"AWS": OTHER})
    code, message = refusal(lambda: assume(sts, role))
    assert code == "AccessDenied"
    assert f"{role} trust" in message


def test_trusting_a_role_by_name_needs_its_own_permission_across_accounts(
    aws: Any, refusal: Any
) -> None:
    may = {"Action": "sts:AssumeRole", "Resource": "*"}
    able = aws.role(trusts={"AWS": OTHER}, allows=may, account=OTHER)
    unable = aws.role(trusts={"AWS": OTHER}, account=OTHER)
    target = aws.role(trusts={"AWS": [able, unable]})
    assert assume(aws.acting(able, "sts"), target)["Credentials"]
    assert refusal(lambda: assume(aws.acting(unable, "sts"), target))[0] == "AccessDenied"


def test_an_external_id_is_asked_for(aws: Any, sts: Any, refusal: Any) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    role = aws.role(trusts={"AWS": MANAGEMENT}, condition=condition)
    assert assume(sts, role, ExternalId="secret")["Credentials"]
    assert refusal(lambda: assume(sts, role))[0] == "AccessDenied"


def test_durations_have_the_limits_of_the_role_and_of_chaining(
    aws: Any, sts: Any, refusal: Any
) -> None:
    role = aws.role(trusts={"AWS": [MANAGEMENT, MEMBER]})
    code, message = refusal(lambda: assume(sts, role, DurationSeconds=7200))
    assert (code, "MaxSessionDuration" in message) == ("ValidationError", True)
    code, message = refusal(lambda: assume(aws.client("sts"), role, DurationSeconds=3601))
    assert (code, "role chaining" in message) == ("ValidationError", True)
    hasty = aws.session().client("sts", validated=False)
    code, message = refusal(lambda: assume(hasty, role, DurationSeconds=899))
    assert (code, "or equal to 900" in message) == ("ValidationError", True)


def test_a_session_policy_narrows_the_role(aws: Any, sts: Any, refusal: Any) -> None:
    only = aws.policy({"Action": "sqs:*", "Resource": "*"})
    narrowed = aws.with_credentials(assume(sts, ADMINISTRATOR, Policy=only)["Credentials"])
    narrowed.client("sqs").list_queues()
    assert refusal(narrowed.client("s3").list_buckets)[0] == "AccessDenied"
    assert refusal(lambda: assume(sts, ADMINISTRATOR, Policy="{}"))[0] == (
        "MalformedPolicyDocument"
    )


def test_a_session_ends_at_its_expiration(aws: Any, sts: Any, refusal: Any) -> None:
    session = aws.with_credentials(assume(sts, ADMINISTRATOR)["Credentials"])
    session.client("sqs").list_queues()
    with aws.at(datetime.now(UTC) + timedelta(hours=2)):
        assert refusal(session.client("s3").list_buckets)[0] == "ExpiredToken"
        assert refusal(session.client("events").list_rules)[0] == "ExpiredTokenException"


def test_a_session_ages_by_what_the_clock_is_advanced_and_a_new_one_is_new(
    aws: Any, sts: Any, refusal: Any
) -> None:
    old = aws.with_credentials(assume(sts, ADMINISTRATOR, DurationSeconds=900)["Credentials"])
    aws.server.services.ageing.advance(timedelta(seconds=890))
    old.client("sqs").list_queues()
    new = aws.with_credentials(assume(sts, ADMINISTRATOR, DurationSeconds=900)["Credentials"])
    aws.server.services.ageing.advance(timedelta(seconds=20))
    assert refusal(old.client("s3").list_buckets)[0] == "ExpiredToken"
    new.client("sqs").list_queues()


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("backup", "list_backup_vaults", "UnrecognizedClientException"),
        ("events", "list_rules", "UnrecognizedClientException"),
    ],
)
def test_an_unknown_access_key_is_refused_by_every_service(
    aws: Any, refusal: Any, service: str, call: str, code: str
) -> None:
    unknown = {"AccessKeyId": "AKIAUNKNOWN", "SecretAccessKey": "x", "SessionToken": None}
    client = aws.with_credentials(unknown).client(service)
    assert refusal(getattr(client, call))[0] == code


def test_a_stolen_key_without_its_token_is_refused(aws: Any, sts: Any, refusal: Any) -> None:
    credentials = {**assume(sts, ADMINISTRATOR)["Credentials"], "SessionToken": "another"}
    client = aws.with_credentials(credentials).client("sts")
    assert refusal(client.get_caller_identity)[0] == "InvalidToken"


def test_a_users_access_key_acts_with_the_users_and_its_groups_policies(
    aws: Any, refusal: Any
) -> None:
    iam, name = aws.client("iam"), aws.name("user")
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(UserName=name, GroupName=name)
    allows = aws.policy({"Action": "s3:ListAllMyBuckets", "Resource": "*"})
    iam.put_group_policy(GroupName=name, PolicyName="own", PolicyDocument=allows)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = aws.with_credentials({**key, "SessionToken": None})
    assert session.client("sts").get_caller_identity()["Arn"].endswith(f"user/{name}")
    session.client("s3").list_buckets()
    assert refusal(session.client("sqs").list_queues)[0] == "AccessDenied"


def test_the_tokens_that_moto_would_make_up_are_refused(sts: Any, refusal: Any) -> None:
    assert refusal(sts.get_session_token)[0] == "NotImplemented"
