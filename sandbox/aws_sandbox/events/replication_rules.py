"""A bucket's replication configuration: read as moto keeps it, or refused when it is put.

What AWS refuses is refused in its words; what the sandbox does not carry out is refused too, so
that no object stays uncopied in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.utils import STORAGE_CLASS

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.resources import bucket_account
from aws_sandbox.aws.sessions import PARTITION

_ELEMENTS = {
    "ID",
    "Priority",
    "Status",
    "Filter",
    "DeleteMarkerReplication",
    "ExistingObjectReplication",
    "SourceSelectionCriteria",
    "Destination",
}
_NOT_CARRIED: Mapping[tuple[str, ...], str] = {
    ("DeleteMarkerReplication", "Status"): "delete markers",
    ("ExistingObjectReplication", "Status"): "objects that exist already",
    ("SourceSelectionCriteria", "ReplicaModifications", "Status"): "modifications of replicas",
    ("Destination", "Metrics", "Status"): "with metrics",
    ("Destination", "ReplicationTime", "Status"): "with replication time control",
}
"""What may be Disabled, but not Enabled."""
_SCHEMA = "must be specified for this version of Cross Region Replication configuration schema."


@dataclass(frozen=True, kw_only=True)
class Rule:
    id: str
    enabled: bool
    priority: int
    prefix: str
    destination: str
    """The ARN of the bucket."""
    account: str
    """Who owns that, "" where the rule does not say."""
    overrides_owner: bool
    takes_kms: bool
    """Whether objects that are encrypted with a KMS key are replicated."""
    replica_key: str
    storage_class: str
    """"": the object's own."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    role: str
    rules: Sequence[Rule]

    def concerning(self, key: str) -> Sequence[Rule]:
        """The rules for a key: of those with one destination, that of the highest priority."""
        chosen: dict[str, Rule] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.priority):
            if rule.enabled and key.startswith(rule.prefix):
                chosen[rule.destination] = rule
        return list(chosen.values())


def configuration_of(bucket: FakeBucket) -> Configuration | None:
    """None where the bucket is not replicated."""
    kept = s3_backends[bucket.account_id][PARTITION].get_bucket_replication(bucket.name)
    return _read(kept) if kept else None


def check(bucket: FakeBucket, kept: Mapping[str, Any]) -> None:
    """Raises S3's error for what AWS refuses, and NotImplemented for what is not carried out."""
    if bucket.object_lock_enabled:
        raise _not_carried("buckets with Object Lock")
    for rule in _rules(kept):
        _check_schema(rule)
        _check_encryption(rule)
    for rule in _read(kept).rules:
        _check_destination(bucket, rule)


def described(kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """What GetBucketReplication answers: all of it, of which moto forgets the most."""
    rules = [
        {**rule, "Filter": {"Prefix": _text(rule, "Filter", "Prefix")}} for rule in _rules(kept)
    ]
    return {"ReplicationConfiguration": {"Role": kept["Role"], "Rules": rules}}


def find_bucket(arn: str) -> FakeBucket | None:
    """The bucket, whoever owns it."""
    parsed = Arn.parse(arn)
    owner = bucket_account(parsed)
    return s3_backends[owner][PARTITION].get_bucket(parsed.resource) if owner else None


def _check_schema(rule: Mapping[str, Any]) -> None:
    if unknown := sorted(rule.keys() - _ELEMENTS):
        raise _not_carried(f"by rules with {', '.join(unknown)}, the schema without Filter")
    if "Filter" not in rule:
        raise _not_carried("by rules without Filter")
    wanted = cast("Mapping[str, Any]", rule["Filter"] or {})
    if by_tag := sorted(wanted.keys() - {"Prefix"}):
        raise _not_carried(f"by filters with {', '.join(by_tag)}")
    for name in ("DeleteMarkerReplication", "Priority"):
        if name not in rule:
            raise _invalid(f"{name} {_SCHEMA}")
    for path, what in _NOT_CARRIED.items():
        if _text(rule, *path) == "Enabled":
            raise _not_carried(what)
    if (_text(rule, "Destination", "StorageClass") or "STANDARD") not in STORAGE_CLASS:
        raise S3ClientError("MalformedXML", "The storage class of the destination is none of S3's.")


def _check_encryption(rule: Mapping[str, Any]) -> None:
    selected = _text(rule, "SourceSelectionCriteria", "SseKmsEncryptedObjects", "Status")
    key = _text(rule, "Destination", "EncryptionConfiguration", "ReplicaKmsKeyID")
    if key and not selected:
        raise _invalid(
            "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present."
        )
    if selected == "Enabled" and not key:
        raise _invalid(
            "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present."
        )


def _check_destination(bucket: FakeBucket, rule: Rule) -> None:
    if rule.overrides_owner and not rule.account:
        raise _invalid("Account must be specified if AccessControlTranslation has an Owner.")
    destination = find_bucket(rule.destination)
    if destination is None:
        raise _invalid("Destination bucket must exist.")
    if destination.arn == bucket.arn:
        raise _invalid("Destination bucket cannot be the same as the source bucket.")
    if not destination.is_versioned:
        raise _invalid("Destination bucket must have versioning enabled.")
    if destination.account_id == bucket.account_id or rule.overrides_owner:
        return
    if cast("str | None", destination.ownership_rule) not in (None, "BucketOwnerEnforced"):
        raise _not_carried("to where replicas stay the source account's own")


def _read(kept: Mapping[str, Any]) -> Configuration:
    return Configuration(
        role=str(kept["Role"]),
        rules=[
            Rule(
                id=_text(rule, "ID"),
                enabled=_text(rule, "Status") == "Enabled",
                priority=int(_text(rule, "Priority")),
                prefix=_text(rule, "Filter", "Prefix"),
                destination=_text(rule, "Destination", "Bucket"),
                account=_text(rule, "Destination", "Account"),
                overrides_owner=bool(
                    _text(rule, "Destination", "AccessControlTranslation", "Owner")
                ),
                takes_kms=_text(rule, "SourceSelectionCriteria", "SseKmsEncryptedObjects", "Status")
                == "Enabled",
                replica_key=_text(
                    rule, "Destination", "EncryptionConfiguration", "ReplicaKmsKeyID"
                ),
                storage_class=_text(rule, "Destination", "StorageClass"),
            )
            for rule in _rules(kept)
        ],
    )


def _rules(kept: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """moto has read the XML: a single rule is no list."""
    found = kept["Rule"]
    yield from found if isinstance(found, list) else [found]


def _text(rule: Mapping[str, Any], *path: str) -> str:
    """An element's text; "" where it, or what it lies in, is not there."""
    found: Any = rule
    for name in path:
        found = cast("Mapping[str, Any]", found or {}).get(name)
    return str(found or "")


def _invalid(message: str) -> S3ClientError:
    return S3ClientError("InvalidRequest", message)


def _not_carried(what: str) -> S3ClientError:
    return S3ClientError("NotImplemented", f"The sandbox does not replicate {what}.")
