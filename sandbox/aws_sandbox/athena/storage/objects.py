"""Objects under the locations of tables and partitions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aws_sandbox.athena.sql.errors import QueryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LISTED_ONE_BY_ONE = 8
_UNREADABLE = {"GLACIER", "DEEP_ARCHIVE"}


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object to read."""

    bucket: str
    key: str
    etag: str
    size: int
    """Bytes."""

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Objects(Protocol):
    """Where objects are found and read."""

    def under(self, locations: Sequence[str]) -> Mapping[str, Sequence[StoredObject]]:
        """For each location the objects in its folder, at any depth, that Athena would read."""
        ...

    def content(self, item: StoredObject) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """S3 as the caller of a query sees it."""

    client: "S3Client"

    def under(self, locations: Sequence[str]) -> Mapping[str, Sequence[StoredObject]]:
        """For each location the objects in its folder, at any depth, that Athena would read.

        What begins with `_` or `.` is hidden, empty objects hold nothing, and archived ones
        (Glacier) are passed over.
        """
        folders = {location: split_location(location) for location in locations}
        if len(locations) <= _LISTED_ONE_BY_ONE:
            return {
                location: [one for one in self._list(*folder) if _visible(one.key, folder[1])]
                for location, folder in folders.items()
            }
        found: dict[str, list[StoredObject]] = {location: [] for location in locations}
        by_folder: dict[tuple[str, str], list[str]] = {}
        for location, folder in folders.items():
            by_folder.setdefault(folder, []).append(location)
        for bucket in {bucket for bucket, _ in by_folder}:
            prefixes = [prefix for one, prefix in by_folder if one == bucket]
            for item in self._list(bucket, _shared(prefixes)):
                for prefix in _ancestors(item.key):
                    for location in by_folder.get((bucket, prefix), ()):
                        if _visible(item.key, prefix):
                            found[location].append(item)
        return found

    def content(self, item: StoredObject) -> bytes:
        return self.client.get_object(Bucket=item.bucket, Key=item.key)["Body"].read()

    def _list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                size = item.get("Size", 0)
                if size and item.get("StorageClass") not in _UNREADABLE:
                    yield StoredObject(
                        bucket=bucket, key=item.get("Key", ""), etag=item.get("ETag", ""), size=size
                    )


def split_location(location: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/folder`, the prefix with a slash at its end."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    if not location.startswith("s3://") or not bucket:
        raise QueryError("HIVE_METASTORE_ERROR", f"'{location}' is no location in S3")
    return bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""


def total_bytes(items: Iterable[StoredObject]) -> int:
    return sum(item.size for item in items)


def _shared(prefixes: Sequence[str]) -> str:
    """The longest beginning that all have: that of the first and the last in order."""
    first, last = min(prefixes), max(prefixes)
    length = next(
        (
            position
            for position, pair in enumerate(zip(first, last, strict=False))
            if len(set(pair)) > 1
        ),
        min(len(first), len(last)),
    )
    return first[:length]


def _ancestors(key: str) -> Iterator[str]:
    """The folders around a key, with a slash at their end; the bucket's root is empty."""
    yield ""
    position = key.find("/")
    while position >= 0:
        yield key[: position + 1]
        position = key.find("/", position + 1)


def _visible(key: str, prefix: str) -> bool:
    return not any(part.startswith(("_", ".")) for part in key.removeprefix(prefix).split("/"))
