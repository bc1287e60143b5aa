"""Something that happened to an object of a bucket, as S3 tells it in both of its ways."""

import itertools
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from moto.s3.models import FakeBucket

from aws_sandbox.events.event import Event

_sequence = itertools.count(time.time_ns())
"""Sequencers of a later event are greater, for whichever object."""

_DETAIL_TYPES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "s3:ObjectCreated:Put": ("Object Created", {"reason": "PutObject"}),
    "s3:ObjectCreated:Post": ("Object Created", {"reason": "POST Object"}),
    "s3:ObjectCreated:Copy": ("Object Created", {"reason": "CopyObject"}),
    "s3:ObjectCreated:CompleteMultipartUpload": (
        "Object Created",
        {"reason": "CompleteMultipartUpload"},
    ),
    "s3:ObjectRemoved:Delete": (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"},
    ),
    "s3:ObjectRemoved:DeleteMarkerCreated": (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"},
    ),
    "s3:ObjectTagging:Put": ("Object Tags Added", {}),
    "s3:ObjectTagging:Delete": ("Object Tags Deleted", {}),
    "s3:ObjectAcl:Put": ("Object ACL Updated", {}),
    "s3:ObjectRestore:Post": ("Object Restore Initiated", {}),
    "s3:ObjectRestore:Completed": ("Object Restore Completed", {}),
}
"""EventBridge's detail-type for each event of S3, with what its detail adds."""


@dataclass(frozen=True, kw_only=True)
class ObjectChange:
    """Something that happened to an object, once."""

    name: str
    """`s3:ObjectCreated:Put`"""
    requester: str
    """The account that asked for it."""
    bucket: FakeBucket
    key: str
    size: int | None
    etag: str
    version_id: str
    sequencer: str
    time: datetime

    @staticmethod
    def of(name: str, requester: str, bucket: FakeBucket, key: Any) -> "ObjectChange":
        """From moto's key, or its delete marker, which has neither size nor ETag."""
        return ObjectChange(
            name=name,
            requester=requester,
            bucket=bucket,
            key=key.name,
            size=getattr(key, "size", None),
            etag=getattr(key, "etag", "").strip('"'),
            version_id=str(key.version_id) if bucket.is_versioned else "",
            sequencer=f"{next(_sequence):018X}",
            time=datetime.now(UTC),
        )

    @property
    def creates(self) -> bool:
        """The object, or a version of it, was not there before."""
        return self.name.startswith("s3:ObjectCreated:")

    def event(self) -> Event:
        """For EventBridge: the key is as it is, not URL-encoded."""
        detail_type, more = _DETAIL_TYPES[self.name]
        described = {
            "key": self.key,
            "size": self.size,
            "etag": self.etag,
            "version-id": self.version_id,
            "sequencer": self.sequencer,
        }
        return Event.new(
            source="aws.s3",
            detail_type=detail_type,
            account=self.bucket.account_id,
            region=self.bucket.region_name,
            resources=[self.bucket.arn],
            time=self.time,
            detail={
                "version": "0",
                "bucket": {"name": self.bucket.name},
                "object": {
                    name: value for name, value in described.items() if value not in (None, "")
                },
                "request-id": uuid.uuid4().hex[:16].upper(),
                "requester": self.requester,
                "source-ip-address": "127.0.0.1",
                **more,
            },
        )

    def record(self, configuration_id: str) -> Mapping[str, Any]:
        """For queues, topics and functions: the key is form-encoded (`a b` is `a+b`)."""
        described = {
            "key": quote_plus(self.key),
            "size": self.size,
            "eTag": self.etag,
            "versionId": self.version_id,
            "sequencer": self.sequencer,
        }
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.bucket.region_name,
            "eventTime": timestamp(self.time),
            "eventName": self.name.removeprefix("s3:"),
            "userIdentity": {"principalId": f"AWS:{self.requester}"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper()},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration_id,
                "bucket": {
                    "name": self.bucket.name,
                    "ownerIdentity": {"principalId": self.bucket.account_id},
                    "arn": self.bucket.arn,
                },
                "object": {
                    name: value for name, value in described.items() if value not in (None, "")
                },
            },
        }


def timestamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
