"""Amazon S3's buckets and objects."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aws_sandbox.plugin.archives import content, zipped
from aws_sandbox.plugin.aws import AbsentError, Api
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import UNKNOWN, Asset, Problem, Props

BUCKET_NAME: Final = re.compile(r"(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
"""S3's rules for names of general purpose buckets."""


class S3Tagging(Tagging):
    """S3 puts all tags of a bucket or an object at once."""

    def read(self, api: Api, target: str) -> Any:
        try:
            return api(self.listing, **_target(target))["TagSet"]
        except AbsentError:
            return None

    def change(self, api: Api, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        del old  # all of them are put
        tags = [{"Key": key, "Value": value} for key, value in new.items()]
        api(self.adding, Tagging={"TagSet": tags}, **_target(target))


def _target(rid: str) -> Document:
    """The parameters of a bucket's id, its name, or of an object's, `bucket/key`."""
    bucket, _, key = rid.partition("/")
    return {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket}


@register("aws:s3/bucket:Bucket")
class Bucket(Resource):
    """A bucket; its id is its name. What else can be set on it are resources of their own."""

    service, operation = "s3", "CreateBucket"
    properties = members(
        bucket=Field("Bucket", replaces=True, autoname=Autoname(maximum=63, lower=True)),
        forceDestroy=Field(default=False),
    )
    outputs = outputs(
        arn="Arn",
        bucketDomainName="DomainName",
        bucketRegion="BucketRegion",
        bucketRegionalDomainName="RegionalDomainName",
    )
    tagging = S3Tagging(listing="GetBucketTagging", adding="PutBucketTagging", by="id")

    def create(self, call: Call) -> str:
        request = call.request()
        if call.api.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": call.api.region}
        call("CreateBucket", **request)
        return call.props["bucket"]

    def read(self, call: Call) -> Document:
        bucket = call.rid
        head = call("HeadBucket", Bucket=bucket)
        return {
            "Bucket": bucket,
            "Arn": f"arn:aws:s3:::{bucket}",
            "BucketRegion": head.get("BucketRegion", call.api.region),
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": f"{bucket}.s3.{call.api.region}.amazonaws.com",
        }

    def delete(self, call: Call) -> None:
        bucket = call.rid
        if call.state.get("forceDestroy"):
            for kind in ("Versions", "DeleteMarkers"):
                for each in [*call.pages("ListObjectVersions", kind, Bucket=bucket)]:
                    version = {"Key": each["Key"], "VersionId": each["VersionId"]}
                    call("DeleteObject", Bucket=bucket, **version)
        call("DeleteBucket", Bucket=bucket)

    def check(self, props: Props) -> Iterator[Problem]:
        name = props.get("bucket", UNKNOWN)
        if name is not UNKNOWN and not BUCKET_NAME.fullmatch(name):
            reason = f"{name!r} is no name of a bucket: 3 to 63 of a-z, 0-9, hyphens and dots"
            yield Problem(path=("bucket",), reason=reason)


BASE64: Final = Converter(to_api=base64.b64decode, from_api=str)
FILE: Final = Converter(
    to_api=lambda source: content(source) if isinstance(source, Asset) else zipped(source),
    from_api=str,
)


@register("aws:s3/bucketObjectv2:BucketObjectv2")
class BucketObject(Resource):
    """An object; its id is `bucket/key`. Its content is compared by its entity tag."""

    service, operation = "s3", "PutObject"
    properties = members(
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "metadata",
        bucket=Field("Bucket", replaces=True),
        key=Field("Key", replaces=True, autoname=Autoname(maximum=1024, random=0)),
        content=Field("Body", unread=True),
        contentBase64=Field("Body", unread=True, convert=BASE64),
        contentType=Field("ContentType", computed=True),
        forceDestroy=Field(default=False),
        kmsKeyId=Field("SSEKMSKeyId", computed=True),
        serverSideEncryption=Field("ServerSideEncryption", computed=True),
        source=Field("Body", unread=True, convert=FILE),
        sourceHash=Field(),
        storageClass=Field("StorageClass", computed=True),
    )
    outputs = outputs(arn="Arn", etag="Hash", versionId="VersionId")
    volatile = frozenset({"etag", "versionId"})
    tagging = S3Tagging(listing="GetObjectTagging", adding="PutObjectTagging", by="id")

    def create(self, call: Call) -> str:
        self.update(call)
        return f"{call.props['bucket']}/{call.props['key']}"

    def update(self, call: Call) -> None:
        tags = urlencode(call.props["tagsAll"])
        call("PutObject", **call.request(), Tagging=tags)  # a new version has none of the old

    def read(self, call: Call) -> Document:
        target = _target(call.rid)
        head = call("HeadObject", **target)
        bucket, key = target["Bucket"], target["Key"]
        return head | target | {"Arn": f"arn:aws:s3:::{bucket}/{key}", "Hash": _unquoted(head)}

    def delete(self, call: Call) -> None:
        target = _target(call.rid)
        if not call.state.get("versionId"):
            call("DeleteObject", **target)
            return
        where = {"Bucket": target["Bucket"], "Prefix": target["Key"]}
        for kind in ("Versions", "DeleteMarkers"):
            for each in [*call.pages("ListObjectVersions", kind, **where)]:
                if each["Key"] == target["Key"]:
                    call("DeleteObject", VersionId=each["VersionId"], **target)

    def check(self, props: Props) -> Iterator[Problem]:
        given = [name for name in ("content", "contentBase64", "source") if name in props]
        if len(given) > 1:
            yield Problem(path=(given[1],), reason=f"an object has one body: {given[0]!r} is set")


def _unquoted(head: Document) -> str:
    return head["ETag"].strip('"')
