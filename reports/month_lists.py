"""Which files the months of the curated tables have, as their lists in the lake bucket say it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reports.curated_tables import PARTITION_KEY, CuratedTable, is_month_file, of_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list said when it was read."""

    files: frozenset[str]
    """Their names."""
    etag: str | None
    """Of the list; None where the month has none yet."""


@dataclass(frozen=True, kw_only=True)
class MonthLists:
    """The lists of a lake, and what compacted files are made of."""

    s3: S3Client
    bucket: str

    def months(self, table: CuratedTable) -> Iterator[str]:
        """Those that have a list, in order. Older versions left folders of other names there."""
        start = f"{table.location}{PARTITION_KEY}="
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=start)
        for page in pages:
            for found in page.get("Contents", []):
                yield found.get("Key", "").removeprefix(start).partition("/")[0]

    def read(self, table: CuratedTable, month: str) -> Listed:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=table.list_key(month))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return Listed(files=frozenset(), etag=None)
            raise
        lines = answer["Body"].read().decode().splitlines()
        return Listed(
            files=frozenset(line.rpartition("/")[2] for line in lines), etag=answer["ETag"]
        )

    def text(self, table: CuratedTable, month: str, files: Collection[str]) -> str:
        """A list as Athena reads it: no line may be empty."""
        folder = f"s3://{self.bucket}/{table.files_folder(month)}"
        return "".join(f"{folder}{name}\n" for name in sorted(files))

    def download(self, table: CuratedTable, month: str, name: str, to: Path) -> None:
        """A month's file."""
        key = f"{table.files_folder(month)}{name}"
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        with to.open("wb") as file:
            shutil.copyfileobj(body, file)

    def made_of(self, table: CuratedTable, month: str, name: str) -> frozenset[str]:
        """The names of the files that a compacted one was made of."""
        key = made_of_key(table, month, name)
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return frozenset(json.loads(body))

    def objects(self, table: CuratedTable) -> Iterator[str]:
        """The names of the delivered objects that a table has, whatever files they are in."""
        for month in self.months(table):
            for name in self.read(table, month).files:
                whole = self.made_of(table, month, name) if is_month_file(name) else (name,)
                yield from map(of_object, whole)


def made_of_key(table: CuratedTable, month: str, name: str) -> str:
    """Of the JSON beside a compacted file."""
    return f"{table.files_folder(month)}{name.removesuffix('.parquet')}.json"
