"""Replication of objects to other buckets, as their bucket's configuration says.

Every permission is asked that AWS documents for the role, and for the destination's bucket policy
and the keys: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from moto.s3.models import FakeBucket, FakeKey, s3_backends

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.keys import EncryptionKey, find_key
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.events.hops import hop
from aws_sandbox.events.object_changes import ObjectChange
from aws_sandbox.events.replication_rules import Configuration, Rule, configuration_of, find_bucket
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.events.work import Work
from aws_sandbox.iam import Principal
from aws_sandbox.journal import Journal

_READ_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
_READ_OBJECT = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl")


class Replication:
    """Copies objects that were created; what it copied is not copied on, as on AWS."""

    def __init__(
        self,
        *,
        access: Access,
        journal: Journal,
        work: Work,
        tell: Callable[[ObjectChange], None],
    ) -> None:
        """`tell` hears of each replica, as an object of its bucket."""
        self._access = access
        self._journal = journal
        self._work = work
        self._tell = tell
        self._placing = threading.Lock()
        self._statuses: WeakKeyDictionary[FakeKey, str] = WeakKeyDictionary()

    def status(self, key: FakeKey) -> str:
        """PENDING, COMPLETED, FAILED or REPLICA, as HeadObject says it; "" for most objects."""
        return self._statuses.get(key, "")

    def follow(self, bucket: FakeBucket, key: FakeKey) -> None:
        """Replicates an object that has just been created."""
        configuration = configuration_of(bucket)
        if configuration is None:
            return
        for rule in configuration.concerning(key.name):
            self._statuses[key] = "PENDING"
            self._work.submit(
                f"the replica of {bucket.arn}/{key.name} in {rule.destination}",
                partial(self._replicate, configuration, rule, bucket, key),
            )

    def _replicate(
        self, configuration: Configuration, rule: Rule, bucket: FakeBucket, key: FakeKey
    ) -> None:
        source, target = f"{bucket.arn}/{key.name}", f"{rule.destination}/{key.name}"
        sender = Sender(
            service="s3.amazonaws.com",
            source_arn=bucket.arn,
            source_account=bucket.account_id,
            role_arn=configuration.role,
        )
        try:
            with hop(self._journal, source, target, rule=rule.id, version=key.version_id) as detail:
                replica = self._copy(sender, rule, bucket, key, detail)
        except DeliveryError:
            # S3 tries again for a while and leaves it then; the journal has it.
            self._statuses[key] = "FAILED"
            return
        if self.status(key) != "FAILED":  # to another destination
            self._statuses[key] = "COMPLETED"
        self._tell(replica)

    def _copy(
        self,
        sender: Sender,
        rule: Rule,
        bucket: FakeBucket,
        key: FakeKey,
        detail: dict[str, Any],
    ) -> ObjectChange:
        """Puts the replica in its place; gives what its bucket has to tell of it."""
        destination = _destination(bucket, rule)
        for action, resource in _needs(bucket, rule, key):
            sender.require(self._access, action, resource)
        replica_key = self._replica_key(sender, rule, bucket, destination, key)
        replica = _replica(destination, rule, key, replica_key)
        self._copy_tags(sender, key, replica, detail)
        with self._placing:
            there = cast("list[FakeKey]", destination.keys.getlist(key.name, []))
            # The newest of the source is the newest here, in whichever order they come.
            versions = sorted([*there, replica], key=lambda version: version.last_modified)
            destination.keys.setlist(key.name, versions)
        self._statuses[replica] = "REPLICA"
        return ObjectChange.of("s3:ObjectCreated:Put", bucket.account_id, destination, replica)

    def _replica_key(
        self,
        sender: Sender,
        rule: Rule,
        bucket: FakeBucket,
        destination: FakeBucket,
        key: FakeKey,
    ) -> EncryptionKey | None:
        """The replica's key; None without one, for a replica is encrypted as its object is."""
        if not _with_kms(key):
            return None
        if not rule.takes_kms:
            raise DeliveryError(
                "UNKNOWN",
                "S3 replicates objects that are encrypted with a KMS key only where "
                "SourceSelectionCriteria enables SseKmsEncryptedObjects",
            )
        opens = find_key(key.kms_key_id or "alias/aws/s3", _place(bucket))
        closes = find_key(rule.replica_key, _place(destination))
        assert opens is not None
        assert closes is not None
        whole = bool(key.bucket_key_enabled) and str(key.bucket_key_enabled).lower() != "false"
        opened = bucket.arn if whole else f"{bucket.arn}/{key.name}"
        self._require_key(sender, opens, opened, "kms:Decrypt")
        closed = f"{destination.arn}/{key.name}"
        self._require_key(sender, closes, closed, "kms:Encrypt", "kms:GenerateDataKey")
        return closes

    def _require_key(self, sender: Sender, key: EncryptionKey, about: str, *actions: str) -> None:
        principal = Principal(arn=sender.role_arn, account=Arn.parse(sender.role_arn).account)
        context = {"kms:EncryptionContext:aws:s3:arn": about}
        for action in actions:
            decision = self._access.check_key(principal, key, action, through="s3", context=context)
            if not decision.allowed:
                raise DeliveryError("NO_PERMISSIONS", decision.reason)

    def _copy_tags(
        self, sender: Sender, key: FakeKey, replica: FakeKey, detail: dict[str, Any]
    ) -> None:
        """Without the permissions for tags S3 replicates the object, and leaves its tags."""
        tags = _tags(key)
        if not tags:
            return
        try:
            for action, of in (
                ("s3:GetObjectVersionTagging", key),
                ("s3:ReplicateTags", replica),
            ):
                sender.require(self._access, action, f"arn:aws:s3:::{of.bucket_name}/{of.name}")
        except DeliveryError as error:
            detail["tags"] = f"left: {error}"
            return
        tagger = s3_backends[replica.account_id][PARTITION].tagger
        tagger.tag_resource(replica.arn, tagger.convert_dict_to_tags_input(dict(tags)))


def _destination(bucket: FakeBucket, rule: Rule) -> FakeBucket:
    destination = find_bucket(rule.destination)
    if destination is None:
        raise DeliveryError("NO_RESOURCE", f"there is no bucket {rule.destination}")
    if rule.account and destination.account_id != rule.account:
        raise DeliveryError(
            "INVALID_PARAMETER",
            f"{rule.destination} belongs to {destination.account_id}, not to {rule.account}",
        )
    for one in (bucket, destination):
        if not one.is_versioned:
            raise DeliveryError("INVALID_PARAMETER", f"{one.arn} is not versioned")
    return destination


def _needs(bucket: FakeBucket, rule: Rule, key: FakeKey) -> Iterator[tuple[str, str]]:
    """Actions and what they act on, tags and keys apart."""
    target = f"{rule.destination}/{key.name}"
    yield from ((action, bucket.arn) for action in _READ_BUCKET)
    yield from ((action, f"{bucket.arn}/{key.name}") for action in _READ_OBJECT)
    yield "s3:ReplicateObject", target
    if rule.overrides_owner:
        yield "s3:ObjectOwnerOverrideToBucketOwner", target


def _replica(
    destination: FakeBucket, rule: Rule, key: FakeKey, encrypted_with: EncryptionKey | None
) -> FakeKey:
    """The same content, metadata, time and version id, in another bucket."""
    # moto's BaseModel hides from the type checker what it makes.
    replica = cast(
        "FakeKey",
        FakeKey(
            name=key.name,
            value=key.value,
            account_id=destination.account_id,
            region_name=destination.region_name,
            storage=rule.storage_class or key.storage_class,
            etag=key.etag.strip('"'),
            is_versioned=True,
            version_id=key.version_id,
            multipart=key.multipart,
            bucket_name=destination.name,
            encryption="aws:kms" if encrypted_with else "AES256",
            kms_key_id=encrypted_with.arn if encrypted_with else None,
            checksum_value=key.checksum_value,
            checksum_type=key.checksum_type,
            checksum_parts=key.checksum_parts,
        ),
    )
    replica.last_modified = key.last_modified
    replica.checksum_algorithm = key.checksum_algorithm
    replica.website_redirect_location = key.website_redirect_location
    replica.set_metadata(dict(key.metadata))
    return replica


def _with_kms(key: FakeKey) -> bool:
    return (key.encryption or "").startswith("aws:kms")


def _place(bucket: FakeBucket) -> Arn:
    """Where a key is that is named without account and Region."""
    return Arn(
        service="s3",
        region=bucket.region_name,
        account=bucket.account_id,
        resource=bucket.name,
    )


def _tags(key: FakeKey) -> Mapping[str, str]:
    tagger = s3_backends[key.account_id][PARTITION].tagger
    return cast("Mapping[str, str]", tagger.get_tag_dict_for_resource(key.arn))
