"""What is set on a bucket of Amazon S3: policy, versioning, encryption, access, logs, events."""

from __future__ import annotations

from typing import Final

from aws_sandbox.plugin.fields import Converter, Document, Field, members
from aws_sandbox.plugin.resource import Call, Setting, register
from aws_sandbox.plugin.resources.kms import same_key
from aws_sandbox.plugin.values import Props

BUCKET: Final = Field("Bucket", replaces=True)


class BucketSetting(Setting):
    """A setting by one Put and one Delete of the bucket; its id is the bucket's name."""

    service, key = "s3", "bucket"

    def put(self, call: Call) -> None:
        call(self.operation, **call.request())

    def delete(self, call: Call) -> None:
        call(self.operation.replace("Put", "Delete", 1), Bucket=call.rid)


@register("aws:s3/bucketPolicy:BucketPolicy")
class BucketPolicy(BucketSetting):
    """A bucket's policy."""

    operation = "PutBucketPolicy"
    properties = members(bucket=BUCKET, policy=Field("Policy", json=True))

    def read(self, call: Call) -> Document:
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

    def read(self, call: Call) -> Document | None:
        found = call("GetBucketVersioning", Bucket=call.rid)
        if "Status" not in found:
            return None
        return {"Bucket": call.rid, "VersioningConfiguration": found}

    def delete(self, call: Call) -> None:
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

    def read(self, call: Call) -> Document:
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

    def read(self, call: Call) -> Document:
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

    def read(self, call: Call) -> Document:
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

    def put(self, call: Call) -> None:
        call("PutBucketLogging", **call.request(clear=True))  # the prefix may be empty, not absent

    def read(self, call: Call) -> Document | None:
        found = call("GetBucketLogging", Bucket=call.rid)
        if "LoggingEnabled" not in found:
            return None
        return {"Bucket": call.rid, "BucketLoggingStatus": found}

    def delete(self, call: Call) -> None:
        call("PutBucketLogging", Bucket=call.rid, BucketLoggingStatus={})


def _notifications(target: str, member: str) -> Field:
    """The notifications to one kind of target, with the name filters that S3 nests deep."""

    def to_api(notifications: list[Props]) -> list[Document]:
        return [_to_api(each) for each in notifications]

    def _to_api(each: Props) -> Document:
        rules = [
            {"Name": name, "Value": each[key]}
            for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
            if each.get(key)
        ]
        document: Document = {member: each[target], "Events": each["events"]}
        document |= {"Id": each["id"]} if "id" in each else {}
        return document | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})

    def from_api(documents: list[Document]) -> list[Props]:
        return [_from_api(each) for each in documents]

    def _from_api(each: Document) -> Props:
        rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        filters = {f"filter{rule['Name'].capitalize()}": rule["Value"] for rule in rules}
        return {target: each[member], "events": each["Events"], "id": each["Id"], **filters}

    return Field(
        f"NotificationConfiguration.{member.removesuffix('Arn')}Configurations",
        convert=Converter(to_api=to_api, from_api=from_api),
        fields=members(
            **{target: Field()},
            events=Field(unordered=True),
            filterPrefix=Field(),
            filterSuffix=Field(),
            id=Field(computed=True),
        ),
        unordered=True,
    )


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
        lambdaFunctions=_notifications("lambdaFunctionArn", "LambdaFunctionArn"),
        queues=_notifications("queueArn", "QueueArn"),
        topics=_notifications("topicArn", "TopicArn"),
    )

    def put(self, call: Call) -> None:
        wanted = call.request().get("NotificationConfiguration", {})
        call(self.operation, Bucket=call.props["bucket"], NotificationConfiguration=wanted)

    def read(self, call: Call) -> Document | None:
        found = call("GetBucketNotificationConfiguration", Bucket=call.rid)
        found.pop("ResponseMetadata")
        if call.state.get("eventbridge"):
            found.setdefault("EventBridgeConfiguration", {})  # moto does not give it back
        return {"Bucket": call.rid, "NotificationConfiguration": found} if found else None

    def delete(self, call: Call) -> None:
        call(self.operation, Bucket=call.rid, NotificationConfiguration={})
