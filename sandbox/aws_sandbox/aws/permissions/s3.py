"""S3: objects, multipart uploads, lists, and what encrypted objects need of their key."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto.s3.models import FakeKey, s3_backends

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.keys import EncryptionKey, bucket_key, find_key
from aws_sandbox.aws.permissions.needs import Mapper, Need, Request
from aws_sandbox.aws.resources import bucket_account
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.iam.requests import ContextValue

_HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)
_OWNERS_ACL = "bucket-owner-full-control"


def _bucket(request: Request) -> str:
    return f"arn:aws:s3:::{request.text('Bucket')}"


def _object(request: Request) -> str:
    return f"{_bucket(request)}/{request.text('Key')}"


def _context(request: Request) -> dict[str, ContextValue]:
    headers = request.call.request.headers
    keys: dict[str, ContextValue] = {
        f"s3:{name}": headers[name] for name in _HEADER_KEYS if name in headers
    }
    parameters = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:VersionId": "VersionId"}
    given = {key: request.text(name) for key, name in parameters.items() if request.text(name)}
    if request.text("MaxKeys"):
        given["s3:max-keys"] = request.text("MaxKeys")
    presigned = "X-Amz-Signature" in request.call.request.args
    return {**keys, **given, "s3:authType": "REST-QUERY-STRING" if presigned else "REST-HEADER"}


def _stored(bucket: str, key: str) -> FakeKey | None:
    """The object as it is stored, None when there is none."""
    account = bucket_account(Arn(service="s3", region="", account="", resource=bucket))
    if not account:
        return None
    found = s3_backends[account][PARTITION].get_object(bucket, key)
    return found if isinstance(found, FakeKey) else None


def _reads(request: Request, action: str, bucket: str, key: str) -> Iterator[Need]:
    """Reading an object: its key too, and the right to list where it is not there, for AWS says
    whether an object exists only to who may list."""
    context = _context(request)
    versioned = f"{action}Version" if request.text("VersionId") else action
    yield Need(action=versioned, resource=f"arn:aws:s3:::{bucket}/{key}", context=context)
    stored = _stored(bucket, key)
    if stored is None:
        yield Need(action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", context=context)
    elif action == "s3:GetObject" and stored.encryption == "aws:kms":
        at = _place(bucket)
        used = find_key(stored.kms_key_id or "alias/aws/s3", at) if at else None
        yield from _key_needs(used, "kms:Decrypt")


def _place(bucket: str) -> Arn | None:
    """Where a bucket is, to find a key that is named without account and Region."""
    account = bucket_account(Arn(service="s3", region="", account="", resource=bucket))
    if not account:
        return None
    region = s3_backends[account][PARTITION].get_bucket(bucket).region_name
    return Arn(service="s3", region=region, account=account, resource=bucket)


def _key_needs(key: EncryptionKey | None, *actions: str) -> Iterator[Need]:
    for action in actions if key else ():
        assert key is not None
        yield Need(action=action, resource=key.arn, key=key)


def _read(action: str, request: Request) -> Iterator[Need]:
    yield from _reads(request, action, request.text("Bucket"), request.text("Key"))


def _attributes(request: Request) -> Iterator[Need]:
    yield from _read("s3:GetObject", request)
    yield from _read("s3:GetObjectAttributes", request)


def _write(request: Request, *, parts: bool = False) -> Iterator[Need]:
    """Writing an object or a part of one; its key must give a data key, for parts also decrypt."""
    context = _context(request)
    headers = request.call.request.headers
    yield Need(action="s3:PutObject", resource=_object(request), context=context)
    if headers.get("x-amz-acl", _OWNERS_ACL) != _OWNERS_ACL:
        yield Need(action="s3:PutObjectAcl", resource=_object(request), context=context)
    if "x-amz-tagging" in headers:
        yield Need(action="s3:PutObjectTagging", resource=_object(request), context=context)
    actions = ("kms:GenerateDataKey", "kms:Decrypt") if parts else ("kms:GenerateDataKey",)
    yield from _key_needs(_write_key(request), *actions)


def _write_key(request: Request) -> EncryptionKey | None:
    """The key that the request names, or the bucket's default."""
    headers, bucket = request.call.request.headers, request.text("Bucket")
    algorithm = headers.get("x-amz-server-side-encryption")
    if algorithm is None:
        return bucket_key(bucket)
    named = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "alias/aws/s3")
    at = _place(bucket)
    return find_key(named, at) if at and algorithm.startswith("aws:kms") else None


def _source(request: Request) -> tuple[str, str]:
    """Bucket and key of a copy's source; as an access point or by ARN it is not known here."""
    source = unquote(request.call.request.headers["x-amz-copy-source"]).lstrip("/")
    bucket, _, key = source.partition("?")[0].partition("/")
    return bucket, key


def _copy(request: Request, *, parts: bool = False) -> Iterator[Need]:
    yield from _reads(request, "s3:GetObject", *_source(request))
    yield from _write(request, parts=parts)


def _delete(request: Request) -> Iterator[Need]:
    action = "s3:DeleteObjectVersion" if request.text("VersionId") else "s3:DeleteObject"
    yield Need(action=action, resource=_object(request), context=_context(request))


def _delete_several(request: Request) -> Iterator[Need]:
    objects: list[Mapping[str, Any]] = request.call.params["Delete"]["Objects"]
    for entry in objects:
        action = "s3:DeleteObjectVersion" if entry.get("VersionId") else "s3:DeleteObject"
        yield Need(action=action, resource=f"{_bucket(request)}/{entry['Key']}")


def _on_bucket(action: str) -> Mapper:
    return lambda request: [
        Need(action=action, resource=_bucket(request), context=_context(request))
    ]


def _on_object(action: str) -> Mapper:
    return lambda request: [
        Need(action=action, resource=_object(request), context=_context(request))
    ]


MAPPERS: Mapping[str, Mapper] = {
    "s3:GetObject": partial(_read, "s3:GetObject"),
    "s3:HeadObject": partial(_read, "s3:GetObject"),
    "s3:GetObjectTagging": partial(_read, "s3:GetObjectTagging"),
    "s3:GetObjectAttributes": _attributes,
    "s3:PutObject": _write,
    "s3:PutObjectTagging": _on_object("s3:PutObjectTagging"),
    "s3:DeleteObject": _delete,
    "s3:DeleteObjects": _delete_several,
    "s3:CopyObject": _copy,
    "s3:CreateMultipartUpload": _write,
    "s3:UploadPart": partial(_write, parts=True),
    "s3:UploadPartCopy": partial(_copy, parts=True),
    "s3:CompleteMultipartUpload": partial(_write, parts=True),
    "s3:AbortMultipartUpload": _on_object("s3:AbortMultipartUpload"),
    "s3:ListParts": _on_object("s3:ListMultipartUploadParts"),
    "s3:ListMultipartUploads": _on_bucket("s3:ListBucketMultipartUploads"),
    "s3:ListObjects": _on_bucket("s3:ListBucket"),
    "s3:ListObjectsV2": _on_bucket("s3:ListBucket"),
    "s3:ListObjectVersions": _on_bucket("s3:ListBucketVersions"),
    "s3:HeadBucket": _on_bucket("s3:ListBucket"),
    "s3:GetBucketLocation": _on_bucket("s3:GetBucketLocation"),
    "s3:GetBucketPolicy": _on_bucket("s3:GetBucketPolicy"),
    "s3:GetBucketVersioning": _on_bucket("s3:GetBucketVersioning"),
    "s3:DeleteBucket": _on_bucket("s3:DeleteBucket"),
    "s3:ListBuckets": lambda _request: [
        Need(action="s3:ListAllMyBuckets", resource="arn:aws:s3:::*")
    ],
}
