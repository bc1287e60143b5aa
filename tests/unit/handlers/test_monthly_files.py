"""A reader of a month sees the newest rows of every delivered object, each once, whatever happens.

Deliveries, redeliveries, compactions and deletions of two functions go into each other, call by
call, and any of them may end at any call.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import duckdb
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.compact_reports.app import Compactor
from handlers.monthly_files import MonthlyFiles
from reports.curated_tables import curated_table
from reports.keys import parse
from reports.month_lists import MonthLists
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TABLE = curated_table(TEMPLATES["backup_job"])
NOW = datetime.datetime(2026, 11, 30, 7, tzinfo=datetime.UTC)
OBJECTS = 4
Rows = Mapping[str, int]
"""How many rows each object has."""


def report(number: int) -> Any:
    return parse(f"Backup/crossaccount/crossregion/2026/11/0{number + 1}/jobs/a.csv")


class Ended(Exception):
    """A function that was killed."""


@dataclass
class Bucket:
    """A versioned bucket with S3's conditional writes, in memory."""

    versions: dict[str, list[tuple[str, bytes | None]]] = field(
        default_factory=dict[str, list[tuple[str, bytes | None]]]
    )
    number: int = 0

    def newest(self, key: str) -> tuple[str, bytes] | None:
        version, body = self.versions.get(key, [("", None)])[-1]
        return None if body is None else (version, body)

    def write(self, key: str, body: bytes | None) -> None:
        self.number += 1
        self.versions.setdefault(key, []).append((str(self.number), body))


@dataclass(frozen=True)
class S3:
    """What one function calls; `before` is told of each call, and may end it."""

    bucket: Bucket
    before: Callable[[str], None] = lambda _call: None

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        self.before("get")
        found = self.bucket.newest(Key)
        if found is None:
            raise error("NoSuchKey")
        return {"ETag": found[0], "Body": BytesIO(found[1])}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **conditions: str) -> None:  # noqa: N803
        self.before("put")
        found = self.bucket.newest(Key)
        if "IfMatch" in conditions and found is None:
            raise error("NoSuchKey")
        if "IfMatch" in conditions and found and found[0] != conditions["IfMatch"]:
            raise error("PreconditionFailed")
        if "IfNoneMatch" in conditions and found:
            raise error("PreconditionFailed")
        self.bucket.write(Key, Body if isinstance(Body, bytes) else Body.read())

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> None:  # noqa: N803
        self.before("delete")
        if not VersionId:
            self.bucket.write(Key, None)
            return
        there = self.bucket.versions[Key]
        self.bucket.versions[Key] = [one for one in there if one[0] != VersionId] or [("", None)]

    def get_paginator(self, operation: str) -> Any:
        return Pages(self, operation)


@dataclass(frozen=True)
class Pages:
    s3: S3
    operation: str

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[Any]:  # noqa: N803
        self.s3.before("list")
        keys = sorted(key for key in self.s3.bucket.versions if key.startswith(Prefix))
        if self.operation == "list_objects_v2":
            there = ((key, self.s3.bucket.newest(key)) for key in keys)
            yield {"Contents": [{"Key": k, "Size": len(found[1])} for k, found in there if found]}
        else:
            yield {
                "Versions": [
                    {"Key": key, "VersionId": version}
                    for key in keys
                    for version, body in self.s3.bucket.versions[key]
                    if body is not None
                ]
            }


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "PutObject")


def lake(bucket: Bucket, before: Callable[[str], None] = lambda _: None) -> MonthlyFiles:
    s3 = cast("S3Client", S3(bucket, before))
    return MonthlyFiles(s3=s3, bucket="lake", memory_mb=64, pause=lambda _: None)


def compactor(bucket: Bucket, before: Callable[[str], None] = lambda _: None) -> Compactor:
    return Compactor(lake=lake(bucket, before), expire_after_days=None, has_time=lambda: True)


def publish(files: MonthlyFiles, number: int, rows: int, folder: Path) -> None:
    """An object of so many rows; of none at all for 0."""
    about = report(number)
    file = folder / f"{number}-{rows}.parquet"
    if rows and not file.exists():
        with duckdb.connect() as duck:
            duck.execute(
                "COPY (SELECT 'FAILED' AS job_status, '1' AS account_id, 'r' AS region, "
                "$object AS report_object, "
                "$date AS report_date, n AS report_repeat FROM range($rows) AS t(n)) TO $file "
                "(FORMAT parquet)",
                {
                    "object": about.key,
                    "date": str(about.date),
                    "rows": rows,
                    "file": str(file),
                },
            )
    files.publish(TABLE, about, file if rows else None)


def visible(bucket: Bucket) -> Rows:
    """What a query finds: whatever a list names must be there, and every row but once."""
    lists = MonthLists(s3=cast("S3Client", S3(bucket)), bucket="lake")
    counts: dict[str, int] = {}
    with TemporaryDirectory() as scratch, duckdb.connect() as duck:
        for month in lists.months(TABLE):
            for name in lists.read(TABLE, month).files:
                found = bucket.newest(f"{TABLE.files_folder(month)}{name}")
                assert found is not None, f"{name} is named, and not there"
                file = Path(scratch) / name
                file.write_bytes(found[1])
                rows = duck.execute(
                    "SELECT report_object, count(*), count(DISTINCT report_repeat) "
                    "FROM read_parquet($file) GROUP BY 1",
                    {"file": str(file)},
                ).fetchall()
                for key, count, distinct in rows:
                    assert key not in counts, f"{key} is in two files"
                    assert count == distinct
                    counts[key] = count
    return counts


def test_what_an_older_version_left_is_no_month(tmp_path: Path) -> None:
    bucket = Bucket()
    publish(lake(bucket), 0, 1, tmp_path)
    bucket.write("curated/backup_job/report_date=2026-11-01/jobs-0123456789abcdef.parquet", b"")
    counts = replace(compactor(bucket), expire_after_days=400).run(NOW)
    assert counts["MonthsLeft"] == counts["DeletedFiles"] == 0
    assert visible(bucket) == {report(0).key: 1}


OBJECT = st.integers(0, OBJECTS - 1)
DELIVERY = st.tuples(st.just("deliver"), OBJECT, st.integers(0, 3))
STEP = st.one_of(DELIVERY, st.just(("compact", 0, 0)), st.just(("a day passes", 0, 0)))
ENDS = st.one_of(st.none(), st.integers(0, 12))
"""The call before which a step is killed, and tried again from its beginning."""


@given(steps=st.lists(st.tuples(STEP, ENDS), max_size=14))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_step_leaves_the_newest_rows_of_each_object_once_though_functions_are_killed(
    steps: list[tuple[tuple[str, int, int], int | None]],
) -> None:
    bucket, now, expected = Bucket(), NOW, dict[str, int]()

    def ending(at: int | None) -> Callable[[str], None]:
        left = iter(range(at)) if at is not None else None

        def before(_call: str) -> None:
            if left is not None and next(left, None) is None:
                raise Ended

        return before

    with TemporaryDirectory() as scratch:
        for (what, number, rows), end in steps:
            before_it = {k: v for k, v in expected.items() if v}
            if what == "deliver":
                expected[report(number).key] = rows
            elif what == "a day passes":
                now += datetime.timedelta(days=1)
            for at in (end, None):
                try:
                    if what == "deliver":
                        publish(lake(bucket, ending(at)), number, rows, Path(scratch))
                    else:
                        compactor(bucket, ending(at)).run(now)
                except Ended:
                    assert visible(bucket) in (before_it, {k: v for k, v in expected.items() if v})
            assert visible(bucket) == {k: v for k, v in expected.items() if v}


class Turns:
    """Lets one of two functions make its next call, as is drawn."""

    def __init__(self, draws: list[bool]) -> None:
        self._draws = draws
        self._condition = threading.Condition()
        self._running = {False, True}

    def before(self, who: bool) -> Callable[[str], None]:
        def wait(_call: str) -> None:
            with self._condition:
                self._condition.wait_for(lambda: self._next() == who, timeout=30)
                if self._draws:
                    self._draws.pop()
                self._condition.notify_all()

        return wait

    def _next(self) -> bool:
        wanted = self._draws[-1] if self._draws else min(self._running)
        return wanted if wanted in self._running else min(self._running)

    def ended(self, who: bool) -> None:
        with self._condition:
            self._running.discard(who)
            self._running = self._running or {False}
            self._condition.notify_all()


Deliveries = list[tuple[int, int]]
"""Objects, and how many rows each has."""


@dataclass(frozen=True)
class Race:
    """Two functions over one bucket, of which one makes its next call, as is drawn."""

    bucket: Bucket
    turns: Turns
    folder: Path
    failed: list[BaseException] = field(default_factory=list[BaseException])

    def deliver(self, who: bool, deliveries: Deliveries) -> None:
        def does() -> None:
            files = lake(self.bucket, self.turns.before(who))
            for number, rows in deliveries:
                publish(files, number, rows, self.folder)

        self._run(who, does)

    def compact(self, who: bool) -> None:
        self._run(who, lambda: compactor(self.bucket, self.turns.before(who)).run(NOW))

    def _run(self, who: bool, does: Callable[[], object]) -> None:
        try:
            does()
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.failed.append(error)
        finally:
            self.turns.ended(who)


@given(
    there=st.lists(st.integers(0, 2), min_size=OBJECTS, max_size=OBJECTS),
    delivered=st.lists(st.tuples(OBJECT, st.integers(0, 3)), min_size=1, max_size=3),
    compacts=st.booleans(),
    draws=st.lists(st.booleans(), max_size=60),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_two_functions_at_once_lose_nothing_and_double_nothing(
    there: list[int], delivered: Deliveries, *, compacts: bool, draws: list[bool]
) -> None:
    """One delivers; the other compacts, or delivers other objects of the month."""
    with TemporaryDirectory() as scratch:
        race = Race(Bucket(), Turns(draws), Path(scratch))
        for number, rows in enumerate(there):
            publish(lake(race.bucket), number, rows, race.folder)
        compactor(race.bucket).run(NOW)
        mine, theirs = (
            [one for one in delivered if compacts or one[0] % 2 == odd] for odd in (0, 1)
        )
        second = (race.compact, (True,)) if compacts else (race.deliver, (True, theirs))
        threads = [
            threading.Thread(target=target, args=args)
            for target, args in ((race.deliver, (False, mine)), second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert race.failed == []
        expected = {report(n).key: rows for n, rows in [*enumerate(there), *delivered]}
        assert visible(race.bucket) == {k: v for k, v in expected.items() if v}
