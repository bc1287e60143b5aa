"""S3 without moto's own reading of bucket policies, and without guesses for what it lacks."""

import re
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

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


def install() -> None:
    FakeBucket.get_permission = _permitted
