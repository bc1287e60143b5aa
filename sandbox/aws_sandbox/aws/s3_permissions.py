"""Which permissions calls of S3 need: objects and lists, and what encryption asks of a key."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from moto.s3.models import FakeKey, s3_backends

from aws_sandbox.aws.permissions import AccountCall, Mapper, Need, named
from aws_sandbox.aws.principals import PARTITION
from aws_sandbox.aws.resources import EncryptionKey, bucket_key, bucket_place, find_key
from aws_sandbox.iam.requests import ContextValue

_HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)
_OWNERS_ACL = "bucket-owner-full-control"


def _bucket(call: AccountCall) -> str:
    return f"arn:aws:s3:::{call.text('Bucket')}"


def _object(call: AccountCall) -> str:
    return f"{_bucket(call)}/{call.text('Key')}"


def _s3_keys(call: AccountCall) -> Mapping[str, ContextValue]:
    """The condition keys of a call of S3."""
    headers = call.request.headers
    keys: dict[str, ContextValue] = {
        f"s3:{name}": headers[name] for name in _HEADER_KEYS if name in headers
    }
    parameters = {
        "s3:prefix": "Prefix",
        "s3:delimiter": "Delimiter",
        "s3:VersionId": "VersionId",
        "s3:max-keys": "MaxKeys",
    }
    return keys | {key: call.text(name) for key, name in parameters.items() if call.text(name)}


def _on_bucket(action: str) -> Mapper:
    return lambda call: [Need(action=action, resource=_bucket(call), context=_s3_keys(call))]


def _on_object(action: str) -> Mapper:
    return lambda call: [Need(action=action, resource=_object(call), context=_s3_keys(call))]


def _read(action: str) -> Mapper:
    return lambda call: _read_object(
        action, call, call.text("Bucket"), call.text("Key"), versioned=bool(call.text("VersionId"))
    )


def _read_object(
    action: str, call: AccountCall, bucket: str, key: str, *, versioned: bool
) -> Iterator[Need]:
    """Reading an object: its key too, and the right to list where it is not there, for AWS says
    whether an object exists only to who may list."""
    context, arn = _s3_keys(call), f"arn:aws:s3:::{bucket}"
    of = f"{action}Version" if versioned else action
    yield Need(action=of, resource=f"{arn}/{key}", context=context)
    at = bucket_place(bucket)
    stored = s3_backends[at.account][PARTITION].get_object(at.resource, key) if at else None
    if not isinstance(stored, FakeKey):
        yield Need(action="s3:ListBucket", resource=arn, context=context)
    elif at and action == "s3:GetObject" and stored.encryption == "aws:kms":
        yield from _use_of(find_key(stored.kms_key_id or "alias/aws/s3", at), "kms:Decrypt")


def _copy_object(call: AccountCall) -> Iterator[Need]:
    """Reading the source, which is `bucket/key` with its version, and writing the object."""
    source, _, query = call.text("CopySource").removeprefix("/").partition("?")
    bucket, _, key = unquote(source).partition("/")
    yield from _write_object(call)
    yield from _read_object("s3:GetObject", call, bucket, key, versioned=bool(query))


def _write_object(call: AccountCall) -> Iterator[Need]:
    """Writing an object; its key must give a data key."""
    headers = call.request.headers
    actions = ["s3:PutObject"]
    if headers.get("x-amz-acl", _OWNERS_ACL) != _OWNERS_ACL:
        actions.append("s3:PutObjectAcl")
    if "x-amz-tagging" in headers:
        actions.append("s3:PutObjectTagging")
    for action in actions:
        yield Need(action=action, resource=_object(call), context=_s3_keys(call))
    yield from _use_of(_write_key(call), "kms:GenerateDataKey")


def _write_key(call: AccountCall) -> EncryptionKey | None:
    """The key that the request names, or the bucket's default."""
    headers, bucket = call.request.headers, call.text("Bucket")
    algorithm = headers.get("x-amz-server-side-encryption")
    if algorithm is None:
        return bucket_key(bucket)
    named = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "alias/aws/s3")
    at = bucket_place(bucket)
    return find_key(named, at) if at and algorithm.startswith("aws:kms") else None


def _use_of(key: EncryptionKey | None, action: str) -> Iterator[Need]:
    if key is not None:
        yield Need(action=action, resource=key.arn, key=key)


def _delete_object(call: AccountCall) -> Iterator[Need]:
    action = "s3:DeleteObjectVersion" if call.text("VersionId") else "s3:DeleteObject"
    yield Need(action=action, resource=_object(call), context=_s3_keys(call))


MAPPERS: Mapping[str, Mapper] = {
    **named("s3", _read, "GetObject", "GetObjectTagging"),
    "s3:HeadObject": _read("s3:GetObject"),
    "s3:PutObject": _write_object,
    "s3:CopyObject": _copy_object,
    **named("s3", _on_object, "PutObjectTagging"),
    "s3:DeleteObject": _delete_object,
    "s3:HeadBucket": _on_bucket("s3:ListBucket"),
    "s3:ListObjectsV2": _on_bucket("s3:ListBucket"),
    "s3:ListObjectVersions": _on_bucket("s3:ListBucketVersions"),
    **named("s3", _on_bucket, "GetBucketPolicy", "GetBucketVersioning", "DeleteBucket"),
    "s3:ListBuckets": lambda _call: [Need(action="s3:ListAllMyBuckets", resource="arn:aws:s3:::*")],
}
