"""S3: objects that are created are told to EventBridge, and replicated.

Of a replication every permission is asked that AWS documents for the role, the destination's bucket
policy and the keys: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
"""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from moto.s3.models import FakeBucket, FakeKey, s3_backends

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.principals import PARTITION
from aws_sandbox.aws.resources import EncryptionKey, find_key
from aws_sandbox.events.endpoints import DeliveryError, Sender, journaled
from aws_sandbox.events.eventbridge import Event
from aws_sandbox.events.work import Work
from aws_sandbox.iam import Principal
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes.s3 import ReplicationRule, find_bucket, replication_rule

_sequence = itertools.count(time.time_ns())
"""Sequencers of a later event are greater, for whichever object."""


class Objects:
    """What moto's S3 tells of its objects, and what follows from it."""

    def __init__(
        self, *, access: Access, journal: Journal, work: Work, accept: Callable[[Event], None]
    ) -> None:
        """`accept` puts an event on the default bus of its account and Region."""
        self._access = access
        self._journal = journal
        self._work = work
        self._accept = accept
        self._placing = threading.Lock()
        self._statuses: WeakKeyDictionary[FakeKey, str] = WeakKeyDictionary()

    def created(self, bucket: FakeBucket, key: FakeKey, reason: str) -> None:
        self._tell(bucket, key, reason)
        rule = replication_rule(bucket)
        if rule is not None:
            self._statuses[key] = "PENDING"
            self._work.submit(
                f"the replica of {bucket.arn}/{key.name} in {rule.destination}",
                partial(self._replicate, rule, bucket, key),
            )

    def removed(self, bucket: FakeBucket, key: str) -> None:
        if _tells_eventbridge(bucket):
            self._journal.record(
                JournalEntry(
                    source=f"{bucket.arn}/{key}",
                    target="EventBridge",
                    outcome="refused",
                    reason="of objects the sandbox tells EventBridge their creation alone",
                )
            )

    def replication_status(self, key: FakeKey) -> str:
        """PENDING, COMPLETED, FAILED or REPLICA; "" for what is not replicated."""
        return self._statuses.get(key, "")

    def _tell(self, bucket: FakeBucket, key: FakeKey, reason: str) -> None:
        """With the key as it is, not URL-encoded."""
        if not _tells_eventbridge(bucket):
            return
        described: dict[str, Any] = {
            "key": key.name,
            "size": key.size,
            "etag": key.etag.strip('"'),
            "sequencer": f"{next(_sequence):018X}",
        }
        if bucket.is_versioned:
            described["version-id"] = str(key.version_id)
        event = Event.new(
            source="aws.s3",
            detail_type="Object Created",
            account=bucket.account_id,
            region=bucket.region_name,
            resources=[bucket.arn],
            detail={
                "version": "0",
                "bucket": {"name": bucket.name},
                "object": described,
                "request-id": uuid.uuid4().hex[:16].upper(),
                "requester": bucket.account_id,
                "source-ip-address": "127.0.0.1",
                "reason": reason,
            },
        )
        self._accept(event)

    def _replicate(self, rule: ReplicationRule, bucket: FakeBucket, key: FakeKey) -> None:
        source, target = f"{bucket.arn}/{key.name}", f"{rule.destination}/{key.name}"
        sender = Sender(
            service="s3.amazonaws.com",
            source_arn=bucket.arn,
            source_account=bucket.account_id,
            role_arn=rule.role,
        )
        try:
            with journaled(self._journal, source, target, rule=rule.id, version=key.version_id):
                destination = _destination(bucket, rule)
                for action, resource in _needs(bucket, rule, key):
                    sender.require(self._access, action, resource)
                encrypted_with = self._replica_key(rule, bucket, destination, key)
                replica = _replica(destination, key, encrypted_with)
                self._place(destination, replica)
        except DeliveryError:
            # S3 tries again for a while and leaves it then; the journal has it.
            self._statuses[key] = "FAILED"
            return
        self._statuses[key], self._statuses[replica] = "COMPLETED", "REPLICA"
        # Told alone: what was replicated is not replicated again.
        self._tell(destination, replica, "PutObject")

    def _place(self, destination: FakeBucket, replica: FakeKey) -> None:
        """The newest of the source is the newest here, in whichever order they come."""
        with self._placing:
            there = cast("list[FakeKey]", destination.keys.getlist(replica.name, []))
            versions = sorted([*there, replica], key=lambda version: version.last_modified)
            destination.keys.setlist(replica.name, versions)

    def _replica_key(
        self, rule: ReplicationRule, bucket: FakeBucket, destination: FakeBucket, key: FakeKey
    ) -> EncryptionKey | None:
        """The replica's key; None without one, for a replica is encrypted as its object is."""
        if not (key.encryption or "").startswith("aws:kms"):
            return None
        if not rule.replica_key:
            raise DeliveryError(
                "UNKNOWN",
                "S3 replicates objects that are encrypted with a KMS key only where "
                "SourceSelectionCriteria enables SseKmsEncryptedObjects",
            )
        opens = find_key(key.kms_key_id or "alias/aws/s3", _place_of(bucket))
        closes = find_key(rule.replica_key, _place_of(destination))
        assert opens is not None
        assert closes is not None
        whole = bool(key.bucket_key_enabled) and str(key.bucket_key_enabled).lower() != "false"
        opened = bucket.arn if whole else f"{bucket.arn}/{key.name}"
        self._require_key(rule.role, opens, opened, "kms:Decrypt")
        closed = f"{destination.arn}/{key.name}"
        self._require_key(rule.role, closes, closed, "kms:Encrypt", "kms:GenerateDataKey")
        return closes

    def _require_key(self, role: str, key: EncryptionKey, about: str, *actions: str) -> None:
        principal = Principal(arn=role, account=Arn.parse(role).account)
        context = {"kms:EncryptionContext:aws:s3:arn": about}
        for action in actions:
            decision = self._access.check_key(principal, key, action, through="s3", context=context)
            if not decision.allowed:
                raise DeliveryError("NO_PERMISSIONS", decision.reason)


def _tells_eventbridge(bucket: FakeBucket) -> bool:
    configuration = bucket.notification_configuration
    return configuration is not None and configuration.event_bridge is not None


def _destination(bucket: FakeBucket, rule: ReplicationRule) -> FakeBucket:
    destination = find_bucket(rule.destination)
    if destination is None:
        raise DeliveryError("NO_RESOURCE", f"there is no bucket {rule.destination}")
    if destination.account_id != rule.account:
        raise DeliveryError(
            "INVALID_PARAMETER",
            f"{rule.destination} belongs to {destination.account_id}, not to {rule.account}",
        )
    for one in (bucket, destination):
        if not one.is_versioned:
            raise DeliveryError("INVALID_PARAMETER", f"{one.arn} is not versioned")
    return destination


def _needs(bucket: FakeBucket, rule: ReplicationRule, key: FakeKey) -> Iterator[tuple[str, str]]:
    """Actions and what they act on, keys apart."""
    source, target = f"{bucket.arn}/{key.name}", f"{rule.destination}/{key.name}"
    for action in ("s3:GetReplicationConfiguration", "s3:ListBucket"):
        yield action, bucket.arn
    for action in ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"):
        yield action, source
    for action in ("s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner"):
        yield action, target


def _replica(
    destination: FakeBucket, key: FakeKey, encrypted_with: EncryptionKey | None
) -> FakeKey:
    """The same content, metadata, time and version id, in another bucket."""
    if s3_backends[key.account_id][PARTITION].tagger.get_tag_dict_for_resource(key.arn):
        raise DeliveryError("UNKNOWN", "the sandbox replicates no objects with tags")
    # moto's BaseModel hides from the type checker what it makes.
    replica = cast(
        "FakeKey",
        FakeKey(
            name=key.name,
            value=key.value,
            account_id=destination.account_id,
            region_name=destination.region_name,
            storage=key.storage_class,
            etag=key.etag.strip('"'),
            is_versioned=True,
            version_id=key.version_id,
            bucket_name=destination.name,
            encryption="aws:kms" if encrypted_with else "AES256",
            kms_key_id=encrypted_with.arn if encrypted_with else None,
        ),
    )
    replica.last_modified = key.last_modified
    replica.set_metadata(dict(key.metadata))
    return replica


def _place_of(bucket: FakeBucket) -> Arn:
    """Where a key is that is named without account and Region."""
    return Arn(
        service="s3", region=bucket.region_name, account=bucket.account_id, resource=bucket.name
    )
