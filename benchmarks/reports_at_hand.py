"""S3 as a stub that keeps nothing: a bucket's reports are computed from their number.

It answers as boto3's client does where the code under measurement asks, in pages of 1000, and
counts. moto answers as much, at 3 ms a call: minutes for what is counted here.
"""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from reports.keys import ReportKey
from reports.plans import ORGANIZATION, Plan
from reports.raw_tables import PARTITION_KEYS, storage_descriptor
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

BUCKET = "reports"
PLANS = {
    f"acme_{name}_report": Plan(template=name, account=ORGANIZATION, numbered=True)
    for name in TEMPLATES
}
PAGE = 1000
_FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Reports of the five plans: day by day, the parts spread evenly over the folders."""

    folders: int
    objects: int

    def key(self, number: int) -> str:
        """Of an object, by its number: those of a folder follow each other."""
        folder = number * self.folders // self.objects
        part = number - -(-folder * self.objects // self.folders)
        day, plan = divmod(folder, len(PLANS))
        return ReportKey(
            account="crossaccount",
            region="crossregion",
            date=_FIRST_DAY + timedelta(days=day),
            plan=list(PLANS)[plan],
            file=f"report-{part:03}.csv",
        ).key

    def all_keys(self) -> Iterator[str]:
        return map(self.key, range(self.objects))


def make_raw_tables(glue: GlueClient, database: str, bucket: str) -> None:
    glue.create_database(DatabaseInput={"Name": database})
    for template in TEMPLATES.values():
        columns = [column.raw for column in template.columns]
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": template.table,
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in PARTITION_KEYS],
                "StorageDescriptor": storage_descriptor(columns, f"s3://{bucket}/"),
            },
        )


@dataclass(frozen=True, kw_only=True)
class ReportsAtHand:
    """The client. Every report is its header and one row."""

    reports: Reports
    others: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """The keys in other buckets."""
    calls: Counter[str] = field(default_factory=Counter[str])
    lock: threading.Lock = field(default_factory=threading.Lock)
    """The backfill reads in several threads, and adding to a counter is not atomic."""

    @property
    def client(self) -> S3Client:
        return cast("S3Client", self)

    @property
    def exceptions(self) -> Any:
        return _Exceptions

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        assert Bucket == BUCKET
        with self.lock:
            self.calls["GetObject"] += 1
        plan = Key.rsplit("/", 2)[1]
        return {"Body": _Body(_CONTENT[PLANS[plan].template])}

    def get_paginator(self, operation: str) -> _Pages:
        assert operation == "list_objects_v2"
        return _Pages(self)

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        if bucket != BUCKET:
            return (key for key in self.others.get(bucket, ()) if key.startswith(prefix))
        if not prefix:
            return self.reports.all_keys()
        return iter(self._folders.get(prefix, ()))

    @property
    def _folders(self) -> Mapping[str, Sequence[str]]:
        if not self._by_folder:
            for key in self.reports.all_keys():
                self._by_folder.setdefault(key.rpartition("/")[0] + "/", []).append(key)
        return self._by_folder

    _by_folder: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


@dataclass(frozen=True)
class _Pages:
    """A paginator: one call a page, and one for a listing that is empty."""

    s3: ReportsAtHand

    def paginate(self, *, Bucket: str, Prefix: str = "") -> Iterator[Mapping[str, Any]]:  # noqa: N803
        page: list[Mapping[str, Any]] = []
        for key in self.s3.keys(Bucket, Prefix):
            if len(page) == PAGE:
                self.s3.calls["ListObjectsV2"] += 1
                yield {"Contents": page}
                page = []
            page.append({"Key": key, "Size": 1000})
        self.s3.calls["ListObjectsV2"] += 1
        yield {"Contents": page} if page else {}


class _Exceptions:
    class NoSuchKey(Exception):
        """Raised by nothing here: what is asked for is there."""


@dataclass(frozen=True)
class _Body:
    content: bytes

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        return iter((self.content,))


def _content(name: str) -> bytes:
    titles = [column.name for column in TEMPLATES[name].columns]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([titles, ["value"] * len(titles)])
    return text.getvalue().encode()


_CONTENT = {name: _content(name) for name in TEMPLATES}
