"""Changes which files a month of a curated table has, so that a reader sees every row once.

A month's list is one object, and it is put on condition that it is as it was read: who comes second
reads it again. Before that whatever it is to name is put; what it no longer names is left for
`compact_reports` to delete once no query can be reading it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handlers.parquet_files import connected, without_object
from reports.curated_tables import (
    CuratedTable,
    file_name,
    is_month_file,
    month_file_name,
    month_of,
    object_name,
    of_object,
)
from reports.keys import ReportKey
from reports.month_lists import Listed, MonthLists, made_of_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 12
_LONGEST_PAUSE = 8.0
"""Seconds."""
_CHANGED = {
    "PreconditionFailed",  # 412: the list was changed since it was read
    "ConditionalRequestConflict",  # 409: it is being changed
    "NoSuchKey",  # 404: it was deleted, as a month is that expires
}


class MonthIsBusy(Exception):
    """A month's list changed each time before it could be put."""

    def __init__(self, table: CuratedTable, month: str) -> None:
        super().__init__(f"{table.list_key(month)} changed {_TRIES} times before it could be put")


@dataclass(frozen=True, kw_only=True)
class MonthlyFiles:
    """The files of a lake's months, as functions change them."""

    s3: S3Client
    bucket: str
    memory_mb: int
    """For DuckDB, where a compacted file has to be written anew."""
    pause: Callable[[float], None] = time.sleep

    @property
    def lists(self) -> MonthLists:
        return MonthLists(s3=self.s3, bucket=self.bucket)

    def publish(self, table: CuratedTable, report: ReportKey, file: Path | None) -> None:
        """Lets the table have these rows of a delivered object, a Parquet file, and no others of
        it; None: it has none. What the table has already, also compacted, costs no write."""
        month = month_of(report)
        name = file_name(report, file.read_bytes()) if file else None
        with TemporaryDirectory(dir=file.parent if file else None) as scratch:
            put: set[str] = set()

            def with_object(files: Collection[str]) -> frozenset[str]:
                kept = self._without(table, report, name, files, Path(scratch))
                if name is None or kept is None:
                    return frozenset(files if kept is None else kept)
                if file is not None and name not in put:
                    self._put(f"{table.files_folder(month)}{name}", file)
                    put.add(name)
                return kept | {name}

            self.change(table, month, with_object)

    def change(
        self,
        table: CuratedTable,
        month: str,
        changed: Callable[[frozenset[str]], frozenset[str]],
    ) -> frozenset[str]:
        """Puts what `changed` makes of the names in a month's list, which it is asked again where
        another was faster; nothing where that is what there is. Gives what the list has then.
        Raises MonthIsBusy."""
        for number in range(_TRIES):
            found = self.lists.read(table, month)
            wanted = changed(found.files)
            if wanted == found.files or self._swap(table, month, found, wanted):
                return wanted
            self.pause(random.uniform(0, min(_LONGEST_PAUSE, 0.1 * 2**number)))  # noqa: S311
        raise MonthIsBusy(table, month)

    def put_month_file(
        self, table: CuratedTable, month: str, file: Path, made_of: Collection[str]
    ) -> str:
        """Puts a compacted file and what it is made of, and gives its name; no list has it yet."""
        name = month_file_name(sorted(made_of))
        body = json.dumps(sorted(made_of)).encode()
        self.s3.put_object(Bucket=self.bucket, Key=made_of_key(table, month, name), Body=body)
        self._put(f"{table.files_folder(month)}{name}", file)
        return name

    def _without(
        self,
        table: CuratedTable,
        report: ReportKey,
        name: str | None,
        files: Collection[str],
        scratch: Path,
    ) -> frozenset[str] | None:
        """The month's files without the object's rows; None where these are the ones of `name`."""
        own, month = object_name(report), month_of(report)
        kept: set[str] = set()
        for file in files:
            made_of = self.lists.made_of(table, month, file) if is_month_file(file) else {file}
            if name in made_of:
                return None
            others = {one for one in made_of if of_object(one) != own}
            if len(others) == len(made_of):
                kept.add(file)
            elif others:
                whole, less = scratch / file, scratch / f"less-{file}"
                self.lists.download(table, month, file, whole)
                with connected(scratch, self.memory_mb) as duck:
                    without_object(duck, whole, less, report.key)
                kept.add(self.put_month_file(table, month, less, others))
        return frozenset(kept)

    def _swap(self, table: CuratedTable, month: str, found: Listed, wanted: frozenset[str]) -> bool:
        """Whether the list was still as it had been found."""
        body = self.lists.text(table, month, wanted).encode()
        put = partial(self.s3.put_object, Bucket=self.bucket, Key=table.list_key(month), Body=body)
        try:
            if found.etag is None:
                put(IfNoneMatch="*")
            else:
                put(IfMatch=found.etag)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _CHANGED:
                return False
            raise
        return True

    def _put(self, key: str, file: Path) -> None:
        with file.open("rb") as body:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
