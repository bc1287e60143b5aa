"""The rules by which a bucket of Amazon S3 ages and replicates its objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from aws_sandbox.plugin.fields import Converter, Document, Field, members
from aws_sandbox.plugin.resource import Call, register
from aws_sandbox.plugin.resources.kms import same_key
from aws_sandbox.plugin.resources.s3_settings import BUCKET, BucketSetting

STATUS: Final = members("status")
TAGS: Final = Field(
    "Tags",
    convert=Converter(
        to_api=lambda tags: [{"Key": key, "Value": value} for key, value in tags.items()],
        from_api=lambda tags: {tag["Key"]: tag["Value"] for tag in tags},
    ),
)
TAG: Final = Field("Tag", fields=members("key", "value"))


def _midnight(date: Any) -> str:
    return f"{date:%Y-%m-%dT00:00:00Z}" if isinstance(date, datetime) else str(date)


DATE: Final = Field("Date", convert=Converter(to_api=str, from_api=_midnight))


@register("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
class BucketLifecycleConfiguration(BucketSetting):
    """When a bucket's objects move to another storage class, and when they end."""

    operation = "PutBucketLifecycleConfiguration"
    properties = members(
        bucket=BUCKET,
        rules=Field(
            "LifecycleConfiguration.Rules",
            fields=members(
                "status",
                "prefix",
                id="ID",
                abortIncompleteMultipartUpload=Field(
                    "AbortIncompleteMultipartUpload",
                    fields=members("daysAfterInitiation"),
                ),
                expiration=Field(
                    "Expiration",
                    fields=members(
                        "days",
                        date=DATE,
                        expiredObjectDeleteMarker=Field("ExpiredObjectDeleteMarker", computed=True),
                    ),
                ),
                filter=Field(
                    "Filter",
                    fields=members(
                        "prefix",
                        **{"and": Field("And", fields=members("prefix", tags=TAGS))},
                        tag=TAG,
                    ),
                    computed=True,
                ),
                noncurrentVersionExpiration=Field(
                    "NoncurrentVersionExpiration",
                    fields=members("noncurrentDays", "newerNoncurrentVersions"),
                ),
                noncurrentVersionTransitions=Field(
                    "NoncurrentVersionTransitions",
                    fields=members("noncurrentDays", "newerNoncurrentVersions", "storageClass"),
                    unordered=True,
                ),
                transitions=Field(
                    "Transitions",
                    fields=members("days", "storageClass", date=DATE),
                    unordered=True,
                ),
            ),
            unordered=True,
        ),
    )

    def put(self, call: Call) -> None:
        """S3 wants a filter, if an empty one, where there is no prefix."""
        wanted = call.request()
        for rule in wanted["LifecycleConfiguration"]["Rules"]:
            if "Prefix" not in rule:
                rule.setdefault("Filter", {"Prefix": ""})
        call(self.operation, **wanted)

    def read(self, call: Call) -> Document:
        """Moto gives an empty prefix back as no filter at all; AWS gives back what it took."""
        rules = call("GetBucketLifecycleConfiguration", Bucket=call.rid)["Rules"]
        for rule in rules:
            if rule.get("Filter") == {}:
                rule["Filter"] = {"Prefix": ""}
        return {"Bucket": call.rid, "LifecycleConfiguration": {"Rules": rules}}

    def delete(self, call: Call) -> None:
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
                        "storageClass",
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

    def put(self, call: Call) -> None:
        """A filter that is there, if an empty one, makes another rule than none at all."""
        wanted = call.request()
        rules = wanted["ReplicationConfiguration"]["Rules"]
        for given, rule in zip(call.props["rules"], rules, strict=True):
            if "filter" in given:
                rule.setdefault("Filter", {"Prefix": ""})
        call(self.operation, **wanted)

    def read(self, call: Call) -> Document:
        return call("GetBucketReplication", Bucket=call.rid) | {"Bucket": call.rid}
