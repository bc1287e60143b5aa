"""Amazon S3's buckets, what is set on them, and objects that a program puts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aws_sandbox.plugin.aws import AbsentError, Api
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.resources.access import same_key
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props

BUCKET_NAME: Final = re.compile(r"(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
"""S3's rules for names of general purpose buckets."""


class BucketTagging(Tagging):
    """S3 puts all tags of a bucket at once."""

    def read(self, api: Api, target: str) -> Any:
        try:
            return api("GetBucketTagging", Bucket=target)["TagSet"]
        except AbsentError:
            return None

    def change(self, api: Api, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        del old  # all of them are put
        tags = [{"Key": key, "Value": value} for key, value in new.items()]
        api("PutBucketTagging", Bucket=target, Tagging={"TagSet": tags})


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
    tagging = BucketTagging(listing="GetBucketTagging", by="id")

    def create(self, call: ResourceCall) -> str:
        request = call.request()
        if call.api.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": call.api.region}
        call("CreateBucket", **request)
        return call.props["bucket"]

    def read(self, call: ResourceCall) -> Document:
        bucket = call.rid
        head = call("HeadBucket", Bucket=bucket)
        return {
            "Bucket": bucket,
            "Arn": f"arn:aws:s3:::{bucket}",
            "BucketRegion": head.get("BucketRegion", call.api.region),
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": f"{bucket}.s3.{call.api.region}.amazonaws.com",
        }

    def delete(self, call: ResourceCall) -> None:
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


BUCKET: Final = Field("Bucket", replaces=True)


class BucketSetting(Setting):
    """A setting by one Put and one Delete of the bucket; its id is the bucket's name."""

    service, key = "s3", "bucket"

    def put(self, call: ResourceCall) -> None:
        call(self.operation, **call.request())

    def delete(self, call: ResourceCall) -> None:
        call(self.operation.replace("Put", "Delete", 1), Bucket=call.rid)


@register("aws:s3/bucketPolicy:BucketPolicy")
class BucketPolicy(BucketSetting):
    """A bucket's policy."""

    operation = "PutBucketPolicy"
    properties = members(bucket=BUCKET, policy=Field("Policy", json=True))

    def read(self, call: ResourceCall) -> Document:
        policy = call("GetBucketPolicy", Bucket=call.rid)["Policy"]
        return {"Bucket": call.rid, "Policy": policy}


@register("aws:s3/bucketVersioning:BucketVersioning")
class BucketVersioning(BucketSetting):
    """Whether a bucket keeps versions; once it does, it can only be suspended."""

    operation = "PutBucketVersioning"
    properties = members(
        bucket=BUCKET,
        versioningConfiguration=Field(
            "VersioningConfiguration",
            fields=members("status"),
        ),
    )

    def read(self, call: ResourceCall) -> Document | None:
        found = call("GetBucketVersioning", Bucket=call.rid)
        if "Status" not in found:
            return None
        return {"Bucket": call.rid, "VersioningConfiguration": found}

    def delete(self, call: ResourceCall) -> None:
        suspended = {"Status": "Suspended"}
        call("PutBucketVersioning", Bucket=call.rid, VersioningConfiguration=suspended)


@register("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
class BucketEncryption(BucketSetting):
    """How a bucket encrypts what is put into it."""

    operation = "PutBucketEncryption"
    properties = members(
        bucket=BUCKET,
        rules=Field(
            "ServerSideEncryptionConfiguration.Rules",
            fields=members(
                applyServerSideEncryptionByDefault=Field(
                    "ApplyServerSideEncryptionByDefault",
                    fields=members(
                        sseAlgorithm="SSEAlgorithm",
                        kmsMasterKeyId=Field("KMSMasterKeyID", same=same_key),
                    ),
                ),
                bucketKeyEnabled=Field("BucketKeyEnabled", computed=True),
            ),
            unordered=True,
        ),
    )

    def read(self, call: ResourceCall) -> Document:
        return call("GetBucketEncryption", Bucket=call.rid) | {"Bucket": call.rid}


@register("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(BucketSetting):
    """What of public access to a bucket is blocked."""

    operation = "PutPublicAccessBlock"
    properties = members(
        bucket=BUCKET,
        blockPublicAcls=Field("PublicAccessBlockConfiguration.BlockPublicAcls", default=False),
        blockPublicPolicy=Field("PublicAccessBlockConfiguration.BlockPublicPolicy", default=False),
        ignorePublicAcls=Field("PublicAccessBlockConfiguration.IgnorePublicAcls", default=False),
        restrictPublicBuckets=Field(
            "PublicAccessBlockConfiguration.RestrictPublicBuckets", default=False
        ),
    )

    def read(self, call: ResourceCall) -> Document:
        return call("GetPublicAccessBlock", Bucket=call.rid) | {"Bucket": call.rid}


def _only_rule(rules: list[Document]) -> Props:
    return {"objectOwnership": rules[0]["ObjectOwnership"]}


@register("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(BucketSetting):
    """Who owns what others put into a bucket; S3 takes exactly one rule."""

    operation = "PutBucketOwnershipControls"
    properties = members(
        bucket=BUCKET,
        rule=Field(
            "OwnershipControls.Rules",
            fields=members("objectOwnership"),
            convert=Converter(
                to_api=lambda rule: [{"ObjectOwnership": rule["objectOwnership"]}],
                from_api=_only_rule,
            ),
        ),
    )

    def read(self, call: ResourceCall) -> Document:
        return call("GetBucketOwnershipControls", Bucket=call.rid) | {"Bucket": call.rid}


@register("aws:s3/bucketNotification:BucketNotification")
class BucketNotification(BucketSetting):
    """To whom a bucket tells of what happens in it; there is one configuration a bucket."""

    operation = "PutBucketNotificationConfiguration"
    properties = members(
        bucket=BUCKET,
        eventbridge=Field(
            "NotificationConfiguration.EventBridgeConfiguration",
            convert=Converter(
                to_api=lambda on: {} if on else None, from_api=lambda found: found is not None
            ),
            default=False,
        ),
    )

    def put(self, call: ResourceCall) -> None:
        wanted = call.request().get("NotificationConfiguration", {})
        call(self.operation, Bucket=call.props["bucket"], NotificationConfiguration=wanted)

    def read(self, call: ResourceCall) -> Document | None:
        found = call("GetBucketNotificationConfiguration", Bucket=call.rid)
        found.pop("ResponseMetadata")
        if call.state.get("eventbridge"):
            found.setdefault("EventBridgeConfiguration", {})  # moto does not give it back
        return {"Bucket": call.rid, "NotificationConfiguration": found} if found else None

    def delete(self, call: ResourceCall) -> None:
        call(self.operation, Bucket=call.rid, NotificationConfiguration={})


STATUS: Final = members("status")


@register("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
class BucketLifecycleConfiguration(BucketSetting):
    """When a bucket's objects, their former versions and unfinished uploads end."""

    operation = "PutBucketLifecycleConfiguration"
    properties = members(
        bucket=BUCKET,
        rules=Field(
            "LifecycleConfiguration.Rules",
            fields=members(
                "status",
                id="ID",
                abortIncompleteMultipartUpload=Field(
                    "AbortIncompleteMultipartUpload",
                    fields=members("daysAfterInitiation"),
                ),
                expiration=Field("Expiration", fields=members("days")),
                filter=Field("Filter", fields=members("prefix"), computed=True),
                noncurrentVersionExpiration=Field(
                    "NoncurrentVersionExpiration", fields=members("noncurrentDays")
                ),
            ),
            unordered=True,
        ),
    )

    def put(self, call: ResourceCall) -> None:
        """S3 wants a filter, if an empty one."""
        wanted = call.request()
        for rule in wanted["LifecycleConfiguration"]["Rules"]:
            rule.setdefault("Filter", {"Prefix": ""})
        call(self.operation, **wanted)

    def read(self, call: ResourceCall) -> Document:
        """Moto gives an empty prefix back as no filter at all; AWS gives back what it took."""
        rules = call("GetBucketLifecycleConfiguration", Bucket=call.rid)["Rules"]
        for rule in rules:
            if rule.get("Filter") == {}:
                rule["Filter"] = {"Prefix": ""}
        return {"Bucket": call.rid, "LifecycleConfiguration": {"Rules": rules}}

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBucketLifecycle", Bucket=call.rid)


@register("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
class BucketReplicationConfig(BucketSetting):
    """Where a bucket's objects are copied to; with what the sandbox carries out, and no more."""

    operation = "PutBucketReplication"
    properties = members(
        bucket=BUCKET,
        role="ReplicationConfiguration.Role",
        rules=Field(
            "ReplicationConfiguration.Rules",
            fields=members(
                "priority",
                "status",
                id=Field("ID", computed=True),
                deleteMarkerReplication=Field("DeleteMarkerReplication", fields=STATUS),
                filter=Field("Filter", fields=members("prefix"), computed=True),
                sourceSelectionCriteria=Field(
                    "SourceSelectionCriteria",
                    fields=members(
                        sseKmsEncryptedObjects=Field("SseKmsEncryptedObjects", fields=STATUS),
                    ),
                ),
                destination=Field(
                    "Destination",
                    fields=members(
                        "bucket",
                        "account",
                        accessControlTranslation=Field(
                            "AccessControlTranslation", fields=members("owner")
                        ),
                        encryptionConfiguration=Field(
                            "EncryptionConfiguration",
                            fields=members(replicaKmsKeyId=Field("ReplicaKmsKeyID", same=same_key)),
                        ),
                    ),
                ),
            ),
            unordered=True,
        ),
    )

    def put(self, call: ResourceCall) -> None:
        """A filter that is there, if an empty one, makes another rule than none at all."""
        wanted = call.request()
        rules = wanted["ReplicationConfiguration"]["Rules"]
        for given, rule in zip(call.props["rules"], rules, strict=True):
            if "filter" in given:
                rule.setdefault("Filter", {"Prefix": ""})
        call(self.operation, **wanted)

    def read(self, call: ResourceCall) -> Document:
        return call("GetBucketReplication", Bucket=call.rid) | {"Bucket": call.rid}


@register("aws:s3/bucketObjectv2:BucketObjectv2")
class BucketObject(Setting):
    """An object whose content a program knows; its id is its key. Its bucket encrypts it."""

    service, operation, key = "s3", "PutObject", "key"
    properties = members(
        bucket=BUCKET,
        key=Field("Key", replaces=True),
        content=Field("Body", unread=True),
        contentType=Field("ContentType", computed=True),
    )
    outputs = outputs(arn="Arn", etag="ETag", kmsKeyId="SSEKMSKeyId", versionId="VersionId")
    volatile = frozenset({"etag", "versionId"})

    def put(self, call: ResourceCall) -> None:
        call("PutObject", **call.request())

    def read(self, call: ResourceCall) -> Document:
        bucket = call.state["bucket"]
        head = call("HeadObject", Bucket=bucket, Key=call.rid)
        arn = f"arn:aws:s3:::{bucket}/{call.rid}"
        return head | {
            "Arn": arn,
            "Bucket": bucket,
            "Key": call.rid,
            "ETag": head["ETag"].strip('"'),
        }

    def delete(self, call: ResourceCall) -> None:
        """All versions, where the bucket keeps them."""
        at = {"Bucket": call.state["bucket"]}
        for each in [*call.pages("ListObjectVersions", "Versions", Prefix=call.rid, **at)]:
            if each["Key"] == call.rid:
                version = {"Key": call.rid, "VersionId": each["VersionId"]}
                call("DeleteObject", **at, **version)

    def imported(self, rid: str) -> Props:
        bucket, _, key = rid.removeprefix("s3://").partition("/")
        return {"bucket": bucket, "key": key, "id": key}
