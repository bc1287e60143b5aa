"""S3's own ways: buckets of other accounts, encrypted objects."""

import urllib.error
import urllib.request
from typing import Any

import pytest

MEMBER, OTHER, REGION = "333333333333", "444444444444", "eu-west-1"
LAMBDA = {"Service": "lambda.amazonaws.com"}
REPORTS = "arn:aws:iam::333333333333:role/aws-service-role/reports.backup.amazonaws.com/"


def worker(aws: Any, *actions: str, account: str = MEMBER) -> str:
    allows = {"Action": list(actions), "Resource": "*"}
    return aws.role(trusts=LAMBDA, allows=allows, account=account)


def create_bucket(aws: Any, account: str = MEMBER) -> str:
    name = aws.name("bucket-")
    aws.client("s3", account).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def allow(aws: Any, bucket: str, principal: Any, *actions: str, **more: Any) -> str:
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Principal": principal, "Action": list(actions), "Resource": arns, **more}
    return aws.policy(statement)


def test_a_bucket_of_another_account_needs_both_policies(aws: Any, refusal: Any) -> None:
    bucket, theirs = create_bucket(aws, OTHER), aws.client("s3", OTHER)
    ours = aws.acting(worker(aws, "s3:PutObject"), "s3")
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    code, message = refusal(lambda: ours.put_object(**put))
    assert (code, "has no policy to allow s3:PutObject" in message) == ("AccessDenied", True)
    principal = {"AWS": f"arn:aws:iam::{MEMBER}:root"}
    theirs.put_bucket_policy(Bucket=bucket, Policy=allow(aws, bucket, principal, "s3:PutObject"))
    ours.put_object(**put)
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert refusal(lambda: aws.acting(aws.idle, "s3").put_object(**put))[0] == "AccessDenied"


def test_a_bucket_can_be_open_to_the_organization_alone(aws: Any, refusal: Any) -> None:
    bucket, theirs = create_bucket(aws, OTHER), aws.client("s3", OTHER)
    get = {"Bucket": bucket, "Key": "k"}
    theirs.put_object(**get, Body=b"x")
    ours = aws.acting(worker(aws, "s3:GetObject"), "s3")
    for organization, open_ in (("o-otherorgan1", False), ("o-exampleorg1", True)):
        condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        policy = allow(aws, bucket, "*", "s3:GetObject", Condition=condition)
        theirs.put_bucket_policy(Bucket=bucket, Policy=policy)
        if open_:
            assert ours.get_object(**get)["Body"].read() == b"x"
        else:
            assert refusal(lambda: ours.get_object(**get))[0] == "AccessDenied"


def test_the_reports_service_may_put_with_the_owners_acl_alone(aws: Any, refusal: Any) -> None:
    aws.client("backup").create_report_plan(
        ReportPlanName=aws.name("plan"),
        ReportDeliveryChannel={"S3BucketName": "reports"},
        ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
    )
    role, bucket = f"{REPORTS}AWSServiceRoleForBackupReports", create_bucket(aws)
    service = aws.acting(role, "s3")
    put = {"Bucket": bucket, "Key": "Backup/report.csv", "Body": b"x"}
    owner = {"ACL": "bucket-owner-full-control"}
    assert refusal(lambda: service.put_object(**put, **owner))[0] == "AccessDenied"
    condition = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    policy = allow(aws, bucket, {"AWS": role}, "s3:PutObject", Condition=condition)
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    assert refusal(lambda: service.put_object(**put))[0] == "AccessDenied"
    service.put_object(**put, **owner)


def test_an_encrypted_bucket_asks_its_key_of_writer_and_reader(aws: Any, refusal: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    bucket, s3 = create_bucket(aws), aws.client("s3")
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]
        },
    )
    here = {"Bucket": bucket, "Key": "k"}
    keyless = aws.acting(worker(aws, "s3:*"), "s3")
    code, message = refusal(lambda: keyless.put_object(**here, Body=b"x"))
    assert (code, f"kms:GenerateDataKey on resource: {key}" in message) == ("AccessDenied", True)
    aws.acting(worker(aws, "s3:*", "kms:GenerateDataKey"), "s3").put_object(**here, Body=b"x")
    code, message = refusal(lambda: keyless.get_object(**here))
    assert (code, "kms:Decrypt" in message) == ("AccessDenied", True)
    reader = aws.acting(worker(aws, "s3:*", "kms:Decrypt"), "s3")
    assert reader.get_object(**here)["Body"].read() == b"x"


def test_a_copy_needs_to_read_the_source_and_to_write_the_object(aws: Any, refusal: Any) -> None:
    s3, bucket = aws.client("s3"), create_bucket(aws)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    sse = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket=bucket, Key="made/größe 1.html", Body=b"x", **sse)
    source = {"Bucket": bucket, "Key": "made/größe 1.html"}
    copy = {"Bucket": bucket, "Key": "stored/1.html", "CopySource": source}
    for actions, lacking in (
        (["s3:PutObject", "kms:Decrypt"], "s3:GetObject"),
        (["s3:GetObject", "kms:Decrypt"], "s3:PutObject"),
        (["s3:GetObject", "s3:PutObject"], "kms:Decrypt"),
    ):
        client = aws.acting(worker(aws, *actions), "s3")
        code, message = refusal(lambda client=client: client.copy_object(**copy))
        assert (code, f"perform: {lacking} " in message) == ("AccessDenied", True)
    able = aws.acting(worker(aws, "s3:GetObject", "s3:PutObject", "kms:Decrypt"), "s3")
    able.copy_object(**copy)
    assert s3.get_object(Bucket=bucket, Key="stored/1.html")["Body"].read() == b"x"


def test_an_object_is_put_once_where_it_must_not_be_there(aws: Any, refusal: Any) -> None:
    client = aws.acting(worker(aws, "s3:PutObject"), "s3")
    here = {"Bucket": create_bucket(aws), "Key": "mail.json", "IfNoneMatch": "*"}
    client.put_object(**here, Body=b"1")
    assert refusal(lambda: client.put_object(**here, Body=b"2"))[0] == "PreconditionFailed"


def test_a_keys_use_can_be_kept_to_one_service(aws: Any, refusal: Any) -> None:
    role = worker(aws, "s3:*")
    via = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    own = {"Principal": {"AWS": MEMBER}, "Action": "kms:*", "Resource": "*"}
    use = {"Principal": {"AWS": role}, "Action": "kms:*", "Resource": "*", "Condition": via}
    key = aws.client("kms").create_key(Policy=aws.policy(own, use))["KeyMetadata"]["Arn"]
    sse = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    aws.acting(role, "s3").put_object(Bucket=create_bucket(aws), Key="k", Body=b"x", **sse)
    kms = aws.acting(role, "kms")
    assert refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"p"))[0] == "AccessDeniedException"


def test_aws_managed_keys_serve_their_own_account_alone(aws: Any, refusal: Any) -> None:
    bucket, theirs = create_bucket(aws, OTHER), aws.client("s3", OTHER)
    here = {"Bucket": bucket, "Key": "k"}
    theirs.put_object(**here, Body=b"x", ServerSideEncryption="aws:kms")
    policy = allow(aws, bucket, {"AWS": MEMBER}, "s3:GetObject")
    theirs.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert theirs.get_object(**here)["Body"].read() == b"x"
    ours = aws.acting(worker(aws, "s3:*", "kms:*"), "s3")
    code, message = refusal(lambda: ours.get_object(**here))
    assert (code, "AWS managed key" in message) == ("AccessDenied", True)


def test_who_may_not_list_does_not_learn_what_is_missing(aws: Any, refusal: Any) -> None:
    here = {"Bucket": create_bucket(aws), "Key": "absent"}
    reader = aws.acting(worker(aws, "s3:GetObject"), "s3")
    lister = aws.acting(worker(aws, "s3:GetObject", "s3:ListBucket"), "s3")
    assert refusal(lambda: reader.get_object(**here))[0] == "AccessDenied"
    assert refusal(lambda: lister.get_object(**here))[0] == "NoSuchKey"


def test_an_unsigned_request_is_refused(aws: Any) -> None:
    assert status(f"{aws.server.url}/bucket/key") == 403


def status(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url)  # noqa: S310 - of this machine's sandbox
    with error.value:
        return error.value.code
