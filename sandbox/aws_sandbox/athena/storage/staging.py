"""Local copies of objects, as Parquet files that DuckDB reads: made once for each ETag."""

import tempfile
import threading
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from aws_sandbox.athena.opencsv import OpenCsv, Row, split_lines
from aws_sandbox.athena.sql.binder import select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.storage.database import Database
from aws_sandbox.athena.storage.objects import StoredObject

_BETWEEN, _NULL = "\x1f", "\x1e"  # separate the fields of a staged row, and stand for NULL

Fetch = Callable[[StoredObject], bytes]


class Staging:
    """A cache in a folder; it is never emptied but with the folder."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
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
                with self._database.connect() as connection:
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
