"""Objects under the locations of tables and partitions, and copies of them that DuckDB reads."""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb

from aws_sandbox.athena.duckdb_sql import select
from aws_sandbox.athena.opencsv import OpenCsv, Row, split_lines
from aws_sandbox.athena.sql import QueryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LISTED_ONE_BY_ONE = 8
_UNREADABLE = {"GLACIER", "DEEP_ARCHIVE"}
_BETWEEN, _NULL = "\x1f", "\x1e"  # separate the fields of a staged row, and stand for NULL


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


class ObjectReader(Protocol):
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


Fetch = Callable[[StoredObject], bytes]


class Staging:
    """Local copies, made once for each ETag, in a folder; never emptied but with it."""

    def __init__(self, folder: Path, connect: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._folder = folder
        self._connect = connect
        folder.mkdir(parents=True, exist_ok=True)
        self._locks: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()

    def parquet(self, item: StoredObject, fetch: Fetch) -> Path:
        """The object itself, which must be a Parquet file."""

        def make(path: Path) -> None:
            content = fetch(item)
            if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
                message = f"Malformed Parquet file. Expected magic number: PAR1: {item.uri}"
                raise QueryError("HIVE_CANNOT_OPEN_SPLIT", message)
            path.write_bytes(content)

        return self._made(item, "parquet", make)

    def csv(
        self, item: StoredObject, serde: OpenCsv, columns: int, skip: int, fetch: Fetch
    ) -> Path:
        """The rows that OpenCSVSerde reads from the object, in columns c0, c1, … of texts."""
        if item.key.endswith((".gz", ".bz2", ".zst", ".snappy", ".lz4", ".deflate")):
            message = f"the sandbox reads no compressed text: {item.uri}"
            raise QueryError("NOT_SUPPORTED", message)

        def make(path: Path) -> None:
            with tempfile.NamedTemporaryFile("w", dir=self._folder, newline="") as rows:
                longest = 0
                lines = split_lines(fetch(item))[skip:]
                for row in serde.rows(lines, columns):
                    longest = max(longest, rows.write(_staged(row)))
                rows.flush()
                copy = _to_parquet(Path(rows.name), columns, longest, path)
                with self._connect() as connection:
                    connection.execute(copy)

        return self._made(item, f"{serde} {columns} {skip}", make)

    def _made(self, item: StoredObject, how: str, make: Callable[[Path], None]) -> Path:
        key = blake2b(f"{item.uri}\0{item.etag}\0{how}".encode(), digest_size=20).hexdigest()
        path = self._folder / f"{key}.parquet"
        with self._lock:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            if not path.exists():
                unfinished = path.with_suffix(".part")
                make(unfinished)
                unfinished.replace(path)
        return path


def _staged(row: Row) -> str:
    """A row as a line: no field of a line-based format can hold a line's end."""
    fields = [_NULL if field is None else field for field in row]
    text = _BETWEEN + _BETWEEN.join(fields)
    if text.count(_BETWEEN) != len(row) or text.count(_NULL) != row.count(None):
        message = "the sandbox reads no text with the control characters 0x1E and 0x1F"
        raise QueryError("HIVE_BAD_DATA", message)
    return f"{text}\n"


def _to_parquet(rows: Path, columns: int, longest: int, target: Path) -> str:
    """Copies staged rows; the longest one, in characters, decides on DuckDB's buffer."""
    names = ["first", *(f"c{number}" for number in range(columns))]
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    line_bytes = max(2**21, 4 * longest)
    source = (
        f"read_csv('{rows}', delim='{_BETWEEN}', quote='', escape='', header=false, "
        f"auto_detect=false, nullstr='{_NULL}', columns={{{types}}}, max_line_size={line_bytes})"
    )
    return f"COPY ({select(', '.join(names[1:]), source)}) TO '{target}' (FORMAT parquet)"
