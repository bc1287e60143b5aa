"""How fast CSV is read: for benchmarks."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aws_sandbox.athena.opencsv import OpenCsv
from aws_sandbox.athena.storage.database import Database
from aws_sandbox.athena.storage.objects import StoredObject
from aws_sandbox.athena.storage.staging import Staging


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read, and how long it took."""

    bytes: int
    seconds: float


def csv_reading(content: bytes, columns: int) -> Reading:
    """Stages one CSV file, as the first query that needs it does; later ones read Parquet."""
    item = StoredObject(bucket="measured", key="file.csv", etag="", size=len(content))
    with tempfile.TemporaryDirectory() as folder:
        staging = Staging(Path(folder), Database(Path(folder)))
        started = time.perf_counter()
        staging.csv(item, OpenCsv(), columns, 1, lambda _item: content)
        return Reading(bytes=len(content), seconds=time.perf_counter() - started)
