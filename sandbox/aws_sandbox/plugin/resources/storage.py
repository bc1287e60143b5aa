"""Amazon S3's buckets and what is set on them, Amazon DynamoDB's tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from aws_sandbox.plugin.archives import content, zipped
from aws_sandbox.plugin.aws import AbsentError, Api
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.resources.access import same_key
from aws_sandbox.plugin.values import UNKNOWN, Asset, Problem, Props, children

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

    def create(self, call: ResourceCall) -> str:
        self.update(call)
        return f"{call.props['bucket']}/{call.props['key']}"

    def update(self, call: ResourceCall) -> None:
        tags = urlencode(call.props["tagsAll"])
        call("PutObject", **call.request(), Tagging=tags)  # a new version has none of the old

    def read(self, call: ResourceCall) -> Document:
        target = _target(call.rid)
        head = call("HeadObject", **target)
        bucket, key = target["Bucket"], target["Key"]
        return head | target | {"Arn": f"arn:aws:s3:::{bucket}/{key}", "Hash": _unquoted(head)}

    def delete(self, call: ResourceCall) -> None:
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
            fields=members("status", mfaDelete=Field("MFADelete", computed=True)),
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


@register("aws:s3/bucketLogging:BucketLogging")
class BucketLogging(BucketSetting):
    """Where a bucket's access logs go."""

    operation = "PutBucketLogging"
    properties = members(
        bucket=BUCKET,
        targetBucket="BucketLoggingStatus.LoggingEnabled.TargetBucket",
        targetPrefix=Field("BucketLoggingStatus.LoggingEnabled.TargetPrefix", empty=""),
    )

    def put(self, call: ResourceCall) -> None:
        call("PutBucketLogging", **call.request(clear=True))  # the prefix may be empty, not absent

    def read(self, call: ResourceCall) -> Document | None:
        found = call("GetBucketLogging", Bucket=call.rid)
        if "LoggingEnabled" not in found:
            return None
        return {"Bucket": call.rid, "BucketLoggingStatus": found}

    def delete(self, call: ResourceCall) -> None:
        call("PutBucketLogging", Bucket=call.rid, BucketLoggingStatus={})


@register("aws:s3/bucketNotification:BucketNotification")
class BucketNotification(BucketSetting):
    """Whether a bucket tells EventBridge of its objects; there is one configuration a bucket."""

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

    def put(self, call: ResourceCall) -> None:
        """S3 wants a filter, if an empty one, where there is no prefix."""
        wanted = call.request()
        for rule in wanted["LifecycleConfiguration"]["Rules"]:
            if "Prefix" not in rule:
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


TAGGING = Tagging(listing="ListTagsOfResource")


@register("aws:dynamodb/table:Table")
class Table(Resource):
    """A table without secondary indexes; its id is its name."""

    service, operation = "dynamodb", "CreateTable"
    properties = members(
        name=Field("TableName", replaces=True, autoname=Autoname()),
        attributes=Field(
            "AttributeDefinitions",
            fields=members(name="AttributeName", type="AttributeType"),
            unordered=True,
        ),
        billingMode=Field("BillingMode", default="PROVISIONED"),
        deletionProtectionEnabled=Field("DeletionProtectionEnabled", default=False),
        hashKey=Field("HashKey", replaces=True, separate=True),
        rangeKey=Field("RangeKey", replaces=True, separate=True),
        readCapacity=Field("ProvisionedThroughput.ReadCapacityUnits", computed=True),
        writeCapacity=Field("ProvisionedThroughput.WriteCapacityUnits", computed=True),
        streamEnabled="StreamSpecification.StreamEnabled",
        streamViewType=Field("StreamSpecification.StreamViewType", computed=True),
        serverSideEncryption=Field(
            "SSESpecification",
            fields=members("enabled", kmsKeyArn=Field("KMSMasterKeyId", computed=True)),
            computed=True,
        ),
        pointInTimeRecovery=Field(
            "PointInTimeRecovery",
            fields=members(
                "enabled", recoveryPeriodInDays=Field("RecoveryPeriodInDays", computed=True)
            ),
            separate=True,
            computed=True,
        ),
        ttl=Field(
            "TimeToLive",
            fields=members("attributeName", enabled=Field("Enabled", default=False)),
            separate=True,
            computed=True,
        ),
    )
    outputs = outputs(arn="TableArn", streamArn="LatestStreamArn", streamLabel="LatestStreamLabel")
    tagging = TAGGING

    def create(self, call: ResourceCall) -> str:
        request, props = call.request(), call.props
        keys = {"HASH": props["hashKey"], "RANGE": props.get("rangeKey")}
        request["KeySchema"] = [
            {"AttributeName": name, "KeyType": kind} for kind, name in keys.items() if name
        ]
        call("CreateTable", **request)
        return props["name"]

    def finish(self, call: ResourceCall) -> None:
        for name, put in (("ttl", self._put_ttl), ("pointInTimeRecovery", self._put_recovery)):
            if call.props.get(name, {}).get("enabled"):
                put(call)

    def read(self, call: ResourceCall) -> Document:
        name = {"TableName": call.rid}
        table = call("DescribeTable", **name)["Table"]
        keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
        backups = call("DescribeContinuousBackups", **name)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]
        ttl = call("DescribeTimeToLive", **name)["TimeToLiveDescription"]
        encryption = table.get("SSEDescription", {})
        billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        return table | {
            "HashKey": keys["HASH"],
            "RangeKey": keys.get("RANGE"),
            "BillingMode": billing,
            "SSESpecification": {
                "Enabled": encryption.get("Status") == "ENABLED",
                "KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
            },
            "PointInTimeRecovery": {
                "Enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
                "RecoveryPeriodInDays": recovery.get("RecoveryPeriodInDays"),
            },
            "TimeToLive": {
                "AttributeName": ttl.get("AttributeName"),
                "Enabled": ttl["TimeToLiveStatus"] == "ENABLED",
            },
        }

    def update(self, call: ResourceCall) -> None:
        props, state = call.props, call.state
        new = {name for name, value in props.items() if value != state.get(name)}
        if changes := new - {"ttl", "pointInTimeRecovery", "name", "tags", "tagsAll"}:
            wanted = call.request()
            parts = {
                self.properties[name].api.partition(".")[0] for name in changes & {*self.properties}
            }
            call("UpdateTable", TableName=call.rid, **{part: wanted[part] for part in parts})
        if "ttl" in new:
            self._put_ttl(call)
        if "pointInTimeRecovery" in new:
            self._put_recovery(call)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteTable", TableName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        if "hashKey" not in props:
            yield Problem(path=("hashKey",), reason="a table needs a hash key; set it")
        defined = {
            dict(children(each)).get("name", UNKNOWN)
            for _, each in children(props.get("attributes"))
        }
        keys = {name: props[name] for name in ("hashKey", "rangeKey") if name in props}
        for name, attribute in keys.items():
            if UNKNOWN not in {attribute, *defined} and attribute not in defined:
                yield Problem(path=(name,), reason=f"{attribute!r} is not among the attributes")
        if props["billingMode"] == "PAY_PER_REQUEST":
            for name in ("readCapacity", "writeCapacity"):
                if props.get(name):
                    yield Problem(path=(name,), reason="a table paid by request has no capacity")

    @staticmethod
    def _put_ttl(call: ResourceCall) -> None:
        wanted = call.props["ttl"]
        specification = {"AttributeName": wanted["attributeName"], "Enabled": wanted["enabled"]}
        call("UpdateTimeToLive", TableName=call.rid, TimeToLiveSpecification=specification)

    @staticmethod
    def _put_recovery(call: ResourceCall) -> None:
        wanted = call.props["pointInTimeRecovery"]
        specification = {"PointInTimeRecoveryEnabled": wanted["enabled"]}
        if "recoveryPeriodInDays" in wanted:
            specification["RecoveryPeriodInDays"] = wanted["recoveryPeriodInDays"]
        call(
            "UpdateContinuousBackups",
            TableName=call.rid,
            PointInTimeRecoverySpecification=specification,
        )
