"""Pre-signed URLs of S3: as long as AWS would let them live, and no longer."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import MEMBER, REGION, Aws

KEY = "made/2026 11/größe+a.html"
READS = {"Action": "s3:GetObject", "Resource": "*"}


def fetched(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data, method=method)  # noqa: S310 - of this machine
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - of this machine
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def refused(url: str, method: str = "GET") -> tuple[int, Mapping[str, str]]:
    """The status, and the elements of S3's error."""
    status, body = fetched(url, method)
    elements = ElementTree.fromstring(body)  # noqa: S314 - of this machine
    assert elements.tag == "Error"
    return status, {element.tag: element.text or "" for element in elements}


@pytest.fixture(scope="module")
def bucket(aws: Aws) -> str:
    """With one object."""
    name, s3 = aws.name("links-"), aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key=KEY, Body=b"report")
    return name


@pytest.fixture(scope="module")
def signer(aws: Aws) -> str:
    return aws.role(trusts={"AWS": MEMBER}, allows=READS)


def url(client: Any, bucket: str, seconds: int = 3600, **more: Any) -> str:
    given = {"Bucket": bucket, "Key": KEY, **more}
    return client.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds)


def signing(aws: Aws, role_arn: str) -> Any:
    return aws.session_of(role_arn).client("s3", signature="s3v4")


@pytest.fixture
def link(aws: Aws, bucket: str, signer: str) -> str:
    """A URL that is good for a minute."""
    return url(signing(aws, signer), bucket, 60)


def test_a_url_acts_as_its_signer_until_it_expires(aws: Aws, bucket: str, signer: str) -> None:
    link = url(signing(aws, signer), bucket, 3600)
    assert fetched(link) == (200, b"report")
    aws.server.services.ageing.advance(timedelta(seconds=3590))
    assert fetched(link) == (200, b"report")
    fresh = url(signing(aws, signer), bucket, 3600)
    aws.server.services.ageing.advance(timedelta(seconds=20))
    status, error = refused(link)
    assert (status, error["Code"], error["Message"]) == (403, "AccessDenied", "Request has expired")
    assert error["X-Amz-Expires"] == "3600"
    assert error["ServerTime"] > error["Expires"]
    assert {"RequestId", "HostId"} <= error.keys()
    assert fetched(fresh) == (200, b"report")


def test_a_url_of_one_second_is_dead_after_two(aws: Aws, bucket: str, signer: str) -> None:
    link = url(signing(aws, signer), bucket, 1)
    time.sleep(2.1)
    assert refused(link)[1]["Message"] == "Request has expired"


def test_a_url_dies_with_the_session_that_signed_it(aws: Aws, bucket: str, signer: str) -> None:
    assumed = aws.client("sts").assume_role(
        RoleArn=signer, RoleSessionName="link", DurationSeconds=900
    )
    session = aws.with_credentials(assumed["Credentials"])
    link = url(session.client("s3", signature="s3v4"), bucket, 7200)
    assert fetched(link) == (200, b"report")
    aws.server.services.ageing.advance(timedelta(seconds=901))
    status, error = refused(link)
    assert (status, error["Code"]) == (400, "ExpiredToken")


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ("X-Amz-Signature=.", "X-Amz-Signature=_"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61"),
        ("made", "stored"),
        (r"$", "&response-content-type=text%2Fhtml"),
    ],
)
def test_a_url_that_was_changed_is_refused(link: str, pattern: str, replacement: str) -> None:
    status, error = refused(re.sub(pattern, replacement, link, count=1))
    assert (status, error["Code"]) == (403, "SignatureDoesNotMatch")
    assert error["StringToSign"].startswith("AWS4-HMAC-SHA256\n")


def test_a_url_is_good_for_its_method_alone(link: str) -> None:
    assert fetched(link, "HEAD")[0] == 403
    assert refused(link, "DELETE")[1]["Code"] == "SignatureDoesNotMatch"


def test_an_object_is_put_by_a_url(aws: Aws, bucket: str) -> None:
    client = signing(aws, aws.role(trusts={"AWS": MEMBER}, allows={**READS, "Action": "s3:*"}))
    given = {"Bucket": bucket, "Key": "put/new.csv"}
    link = client.generate_presigned_url("put_object", Params=given, ExpiresIn=60)
    assert fetched(link, "PUT", b"rows")[0] == 200
    assert aws.client("s3").get_object(**given)["Body"].read() == b"rows"


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        ("&X-Amz-Expires=60", "", "Query-string authentication version 4 requires"),
        ("X-Amz-Expires=60", "X-Amz-Expires=soon", "should be a number"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "must be non-negative"),
        ("X-Amz-Date=[^&]*", "X-Amz-Date=today", "Query-string authentication version 4 requires"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused(
    link: str, pattern: str, replacement: str, told: str
) -> None:
    status, error = refused(re.sub(pattern, replacement, link))
    assert (status, error["Code"]) == (400, "AuthorizationQueryParametersError")
    assert told in error["Message"]


def test_a_url_of_the_future_is_not_yet_valid(aws: Aws, link: str) -> None:
    with aws.at(datetime.now(UTC) - timedelta(minutes=16)):
        assert refused(link)[1]["Message"] == "Request is not yet valid"


def test_signature_version_2_is_refused_as_for_every_new_bucket(
    aws: Aws, bucket: str, signer: str
) -> None:
    link = url(aws.session_of(signer).client("s3", signature="s3"), bucket)
    status, error = refused(link)
    assert (status, error["Code"]) == (400, "InvalidRequest")


def test_what_the_signer_may_no_longer_do_the_url_does_not_either(aws: Aws, bucket: str) -> None:
    role = aws.role(trusts={"AWS": MEMBER}, allows=READS)
    link = url(signing(aws, role), bucket)
    assert fetched(link)[0] == 200
    aws.client("iam").delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="own")
    assert refused(link)[1]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    "condition",
    [
        {"NumericGreaterThan": {"s3:signatureAge": "600000"}},
        {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
    ids=["signatureAge", "authType", "SecureTransport"],
)
def test_a_buckets_policy_can_deny_urls(
    aws: Aws, signer: str, condition: Mapping[str, Any]
) -> None:
    name, s3 = aws.name("links-"), aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key=KEY, Body=b"report")
    link = url(signing(aws, signer), name)
    assert fetched(link)[0] == 200
    denies = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": condition,
    }
    s3.put_bucket_policy(Bucket=name, Policy=aws.policy(denies))
    if "NumericGreaterThan" in condition:
        assert fetched(link)[0] == 200
        aws.server.services.ageing.advance(timedelta(seconds=601))
    assert refused(link)[1]["Code"] == "AccessDenied"
    if "Bool" not in condition:
        assert s3.get_object(Bucket=name, Key=KEY)["Body"].read() == b"report"


def test_the_clock_is_advanced_by_a_control_call_and_never_turned_back(aws: Aws) -> None:
    aws.server.services.ageing.add_controls(aws.control)
    before = aws.call("clock.advance", seconds=1)["advanced_seconds"]
    aws.call("clock.advance", seconds=60)
    assert aws.call("clock")["advanced_seconds"] == before + 60
    assert "more than 0" in aws.refused("clock.advance", seconds=-60)


def test_a_users_url_lives_for_a_week_and_no_longer(aws: Aws, bucket: str) -> None:
    """The last one: the sessions of all other tests end here."""
    iam, name = aws.client("iam"), aws.name("linker")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=aws.policy(READS))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = aws.with_credentials({**key, "SessionToken": None}).client("s3", signature="s3v4")
    link = url(client, bucket, 604_800)
    aws.server.services.ageing.advance(timedelta(days=6, hours=23))
    assert fetched(link) == (200, b"report")
    longer = url(client, bucket, 604_801)
    status, error = refused(longer)
    assert (status, error["Code"]) == (400, "AuthorizationQueryParametersError")
    assert "less than a week" in error["Message"]
