"""moto's S3, whose objects are told of when they are whole, and replicated by their bucket's rule.

What AWS refuses is refused in its words; what the sandbox does not carry out is refused too, so
that nothing stays untold or uncopied in silence.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from aws_sandbox.aws.api_calls import AwsError, not_carried_out
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.principals import PARTITION
from aws_sandbox.aws.resources import bucket_account
from aws_sandbox.moto_changes.replacements import Replacements

_CREATES = ("put_object", "copy_object", "_bucket_response_post", "_key_response_post")
"""Operations that tell of an object before its metadata and tags are on it, an upload in parts even
twice."""
_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}
_ANY = ""
REPLICATION_RULE: Mapping[str, Any] = {
    "ID": _ANY,
    "Status": "Enabled",
    "Priority": _ANY,
    "Filter": {"Prefix": ""},
    "DeleteMarkerReplication": {"Status": "Disabled"},
    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    "Destination": {
        "Bucket": _ANY,
        "Account": _ANY,
        "AccessControlTranslation": {"Owner": "Destination"},
        "EncryptionConfiguration": {"ReplicaKmsKeyID": _ANY},
    },
}
"""The one rule that is carried out: of a whole bucket, to one whose owner owns the copies."""
_OPTIONAL = {"ID", "Prefix", "SourceSelectionCriteria", "EncryptionConfiguration"}


class ObjectListener(Protocol):
    """What is told of objects, and asked about them."""

    def created(self, bucket: FakeBucket, key: FakeKey, reason: str) -> None:
        """An object, or a version of it, is there; the reason is EventBridge's word for how."""

    def removed(self, bucket: FakeBucket, key: str) -> None: ...

    def replication_status(self, key: FakeKey) -> str:
        """As HeadObject says it; "" for most objects."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReplicationRule:
    role: str
    id: str
    destination: str
    """The ARN of the bucket."""
    account: str
    """Who owns that."""
    replica_key: str
    """"" where no object with a KMS key is replicated."""


def replication_rule(bucket: FakeBucket) -> ReplicationRule | None:
    """None where the bucket is not replicated."""
    kept = s3_backends[bucket.account_id][PARTITION].get_bucket_replication(bucket.name)
    if not kept:
        return None
    (rule,) = kept["Rule"]
    destination = rule["Destination"]
    return ReplicationRule(
        role=str(kept["Role"]),
        id=str(rule["ID"]),
        destination=str(destination["Bucket"]),
        account=str(destination["Account"]),
        replica_key=str(destination.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID", "")),
    )


def find_bucket(arn: str) -> FakeBucket | None:
    """The bucket, whoever owns it."""
    parsed = Arn.parse(arn)
    owner = bucket_account(parsed)
    return s3_backends[owner][PARTITION].get_bucket(parsed.resource) if owner else None


def install(replacements: Replacements, objects: ObjectListener) -> None:
    answering = _Answering()

    def send_event(account_id: str, event_name: str, bucket: FakeBucket, key: Any) -> None:  # noqa: ARG001
        name = str(getattr(event_name, "value", event_name))
        if name.startswith("s3:ObjectRemoved:"):
            objects.removed(bucket, key.name)
        elif name in _REASONS and answering.created is None:
            objects.created(bucket, key, _REASONS[name])
        elif name in _REASONS and answering.created is not None:
            answering.created[key.name] = (bucket, key, _REASONS[name])

    def telling(operation: Callable[..., Any]) -> Callable[..., Any]:
        def operate(*args: Any, **kwargs: Any) -> Any:
            created: dict[str, tuple[FakeBucket, FakeKey, str]] = {}
            answering.created = created
            try:
                return operation(*args, **kwargs)
            finally:
                answering.created = None
                for told in created.values():
                    objects.created(*told)

        return operate

    headers = cast("property", FakeKey.__dict__["response_dict"]).fget
    assert headers is not None

    def with_status(self: FakeKey) -> dict[str, Any]:
        status = objects.replication_status(self)
        return headers(self) | ({"x-amz-replication-status": status} if status else {})

    replacements.replace(notifications, "send_event", send_event)
    for name in _CREATES:
        replacements.wrap(S3Response, name, telling)
    replacements.replace(FakeKey, "response_dict", property(with_status))
    replacements.wrap(FakeBucket, "set_notification_configuration", _to_eventbridge_alone)
    replacements.wrap(S3Response, "get_bucket_notification", _notification_whole)
    replacements.wrap(S3Response, "get_bucket_replication", _replication_whole)
    replacements.wrap(S3Backend, "put_bucket_replication", _replication_checked)
    replacements.wrap(S3Backend, "put_bucket_versioning", _kept_while_replicated)


class _Answering(threading.local):
    """What the operation that this thread answers has created, by key; None outside of one."""

    created: dict[str, tuple[FakeBucket, FakeKey, str]] | None = None


def _to_eventbridge_alone(set_configuration: Callable[..., None]) -> Callable[..., None]:
    def set_checked(self: FakeBucket, notification_config: dict[str, Any] | None) -> None:
        for name in ("TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration"):
            if (notification_config or {}).get(name):
                raise not_carried_out(f"{name} of buckets: EventBridgeConfiguration is")
        set_configuration(self, notification_config)

    return set_checked


def _answering_with(self: S3Response, more: Callable[[Any], Mapping[str, Any]]) -> None:
    """Lets what this response serializes go through `more`."""
    serialized = self.serialized

    def serialized_whole(action_result: ActionResult) -> Any:
        return serialized(ActionResult(more(action_result.result)))

    self.serialized = serialized_whole


def _notification_whole(get: Callable[..., Any]) -> Callable[..., Any]:
    """moto keeps that events go to EventBridge, and does not say so when it is asked."""

    def get_whole(self: S3Response) -> Any:
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if configuration is not None and configuration.event_bridge is not None:
            _answering_with(self, lambda content: {**content, "EventBridgeConfiguration": {}})
        return get(self)

    return get_whole


def _replication_whole(get: Callable[..., Any]) -> Callable[..., Any]:
    """All that was put, of which moto forgets the most."""

    def get_whole(self: S3Response) -> Any:
        kept = self.backend.get_bucket_replication(self.bucket_name)
        if kept:
            rules = [{**rule, "Filter": {"Prefix": ""}} for rule in kept["Rule"]]
            whole = {"ReplicationConfiguration": {"Role": kept["Role"], "Rules": rules}}
            _answering_with(self, lambda _content: whole)
        return get(self)

    return get_whole


def _replication_checked(put: Callable[..., None]) -> Callable[..., None]:
    def check_and_put(self: S3Backend, bucket_name: str, replication: dict[str, Any]) -> None:
        found = replication["Rule"]  # moto has read the XML: a single rule is no list
        rules = cast("list[Mapping[str, Any]]", found if isinstance(found, list) else [found])
        if len(rules) != 1:
            raise _not_replicated("by more rules than one")
        _check_carried(rules[0], REPLICATION_RULE, "")
        _check_rule(self.get_bucket(bucket_name), rules[0])
        put(self, bucket_name, replication)

    return check_and_put


def _check_carried(given: Mapping[str, Any], carried: Mapping[str, Any], place: str) -> None:
    """Refuses every element that is not of REPLICATION_RULE, or has another value there."""
    for name, value in given.items():
        if name not in carried:
            raise _not_replicated(f"with {place}{name}")
        expected = carried[name]
        if isinstance(expected, Mapping):
            _check_carried(value or {}, cast("Mapping[str, Any]", expected), f"{place}{name}.")
        elif (value or "") != expected and (expected or name == "Prefix"):
            raise _not_replicated(f"with {place}{name} {value}")
    there = {name for name, value in given.items() if value}
    if missing := sorted(carried.keys() - there - _OPTIONAL):
        raise _not_replicated(f"without {place}{missing[0]}")


def _check_rule(bucket: FakeBucket, rule: Mapping[str, Any]) -> None:
    """As S3 refuses it."""
    destination = rule["Destination"]
    if ("SourceSelectionCriteria" in rule) != ("EncryptionConfiguration" in destination):
        raise S3ClientError(
            "InvalidRequest",
            "SseKmsEncryptedObjects and ReplicaKmsKeyID must be specified together.",
        )
    found = find_bucket(destination["Bucket"])
    if found is None:
        raise S3ClientError("InvalidRequest", "Destination bucket must exist.")
    if found.arn == bucket.arn:
        raise S3ClientError(
            "InvalidRequest", "Destination bucket cannot be the same as the source bucket."
        )
    if not found.is_versioned:
        raise S3ClientError("InvalidRequest", "Destination bucket must have versioning enabled.")


def _not_replicated(what: str) -> AwsError:
    return not_carried_out(f"replication {what}")


def _kept_while_replicated(put: Callable[..., None]) -> Callable[..., None]:
    def put_unless_replicated(self: S3Backend, bucket_name: str, status: str) -> None:
        if status != "Enabled" and replication_rule(self.get_bucket(bucket_name)) is not None:
            raise S3ClientError(
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so you cannot change the "
                "versioning state. To change the versioning state, first delete the replication "
                "configuration.",
            )
        put(self, bucket_name, status)

    return put_unless_replicated


_LACKING = re.compile(
    r"\w*Bucket(Abac|Analytics|IntelligentTiering|Metadata|Metrics|RequestPayment)\w*"
    r"|\w*Annotations?\w*|CreateSession|GetObjectTorrent|ListDirectoryBuckets|RenameObject"
    r"|UpdateObjectEncryption|WriteGetObjectResponse"
)


def is_lacking(operation: str) -> bool:
    """Whether moto would take this operation of S3 for another one and answer that."""
    return _LACKING.fullmatch(operation) is not None


def _permitted(self: FakeBucket, action: str, resource: str) -> Any:  # noqa: ARG001
    """The authorizer has decided already."""
    return PermissionResult.PERMITTED


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(FakeBucket, "get_permission", _permitted)
