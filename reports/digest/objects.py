"""The digests bucket's objects, as the functions of a scheduled report read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reports.digest import definition as definitions
from reports.digest import runs
from reports.digest.definition import Cadence, Definition
from reports.digest.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DigestObjects:
    """Reads of one bucket. Raises what boto3 raises; ValueError on what is no object of ours."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            yield from (item.get("Key", "") for item in page.get("Contents", []))

    def run(self, run_id: str) -> Run:
        return runs.load(self.read(runs.run_key(run_id)))

    def definition(self, cadence: Cadence) -> Definition:
        return definitions.load(self.read(runs.definition_key(cadence)))
