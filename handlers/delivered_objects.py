"""Delivered reports in S3, whatever way the event spelt their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from reports.object_events import CreatedObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Delivered:
    key: str
    """As S3 knows it."""
    body: StreamingBody

    def chunks(self) -> Iterator[bytes]:
        return self.body.iter_chunks(_CHUNK)


def open_delivered(s3: S3Client, created: CreatedObject) -> Delivered:
    """The object of an event. AWS's guide leaves open whether EventBridge URL-encodes keys, so a
    key that S3 does not have is decoded and asked for once more."""
    try:
        return _open(s3, created.bucket, created.key)
    except s3.exceptions.NoSuchKey:
        decoded = unquote_plus(created.key)
        if decoded == created.key:
            raise
        return _open(s3, created.bucket, decoded)


def _open(s3: S3Client, bucket: str, key: str) -> Delivered:
    return Delivered(key=key, body=s3.get_object(Bucket=bucket, Key=key)["Body"])
