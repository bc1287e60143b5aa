"""Parquet: columns by name, types checked, and only what is needed is counted."""

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from aws_sandbox.athena import parquet
from aws_sandbox.athena.sql_types import type_name

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

COLUMNS = {
    "job": "string",
    "size": "bigint",
    "started": "timestamp",
    "cost": "double",
    "ok": "boolean",
    "later": "string",
}


def written(tmp_path: Path, query: str, *, row_group_rows: int = 2048) -> bytes:
    file = tmp_path / "made.parquet"
    duckdb.sql(query).write_parquet(str(file), row_group_size=row_group_rows, overwrite=True)
    return file.read_bytes()


ROWS = (
    "SELECT 'job-' || lpad(i::varchar, 5, '0') AS Job, (i * 3000000000)::bigint AS size, "
    "timestamp '2026-11-01 00:00:00' + to_hours(i::integer) AS started, "
    "i / 4 AS cost, i % 2 = 0 AS ok FROM range(8192) AS r(i)"
)


@pytest.fixture(autouse=True)
def _none_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_READ_WHOLE_BYTES", 0)


@pytest.fixture(scope="module")
def curated(memory: "MemoryLake", tmp_path_factory: pytest.TempPathFactory) -> str:
    name = memory.make(memory.name(), COLUMNS, parquet=True)
    memory.put(f"{name}/part.parquet", written(tmp_path_factory.mktemp("parquet"), ROWS))
    return name


def test_columns_are_found_by_name_with_their_types_and_null_where_a_file_lacks_them(
    memory: "MemoryLake", curated: str
) -> None:
    sql = "SELECT job, size, started, cost, ok, later FROM {t} WHERE job = 'job-00005'"
    assert memory.rows(sql, t=curated) == [
        ("job-00005", "15000000000", "2026-11-01 05:00:00.000", "1.25", "false", None)
    ]
    types = [type_name(type_) for _, type_ in memory.result(sql, t=curated).columns]
    assert types == ["varchar", "bigint", "timestamp", "double", "boolean", "varchar"]


def test_only_the_columns_that_the_result_needs_are_counted(
    memory: "MemoryLake", curated: str
) -> None:
    everything = memory.scanned("SELECT * FROM {t}", t=curated)
    footer = memory.scanned("SELECT count(*) FROM {t}", t=curated)
    job = memory.scanned("SELECT max(job) FROM {t}", t=curated)
    size = memory.scanned("SELECT sum(size) FROM {t}", t=curated)
    assert 0 < footer < job < everything
    assert memory.scanned("SELECT max(job), sum(size) FROM {t}", t=curated) == job + size - footer
    through = "SELECT count(n) FROM (SELECT *, row_number() OVER (ORDER BY size) AS n FROM {t})"
    assert memory.scanned(through, t=curated) == size
    unused = "SELECT job FROM (SELECT job, size, started FROM {t})"
    assert memory.scanned(unused, t=curated) == job
    distinct = "SELECT job FROM (SELECT DISTINCT job, size FROM {t})"
    assert memory.scanned(distinct, t=curated) == job + size - footer


@pytest.mark.parametrize(
    "condition",
    [
        "size < 3000000000",
        "job IN ('job-00001', 'job-00002')",
        "'job-00003' >= job",
        "started BETWEEN timestamp '2026-11-01 00:00' AND timestamp '2026-11-02 00:00'",
        "cost < 2.5 AND ok",
    ],
)
def test_row_groups_that_their_statistics_exclude_are_not_counted(
    memory: "MemoryLake", curated: str, condition: str
) -> None:
    name = condition.split(maxsplit=1)[0].strip("'") if condition[0] != "'" else "job"
    query = "SELECT count({c}), count(ok) FROM {t}"
    whole = memory.scanned(query, c=name, t=curated)
    some = memory.scanned(query + " WHERE {w}", c=name, t=curated, w=condition)
    footer = memory.scanned("SELECT count(*) FROM {t}", t=curated)
    assert some - footer < (whole - footer) / 3  # one row group of four


@pytest.mark.parametrize(
    ("join", "spared"),
    [
        ("JOIN {t} AS b ON a.job = b.job", True),
        ("JOIN {t} AS b ON b.ok = a.ok AND (b.job = a.job)", True),
        ("JOIN {t} AS b ON a.job > b.job AND a.size = b.size", False),
        ("LEFT JOIN {t} AS b ON a.job = b.job", False),
        ("JOIN {t} AS b ON a.job = b.job OR a.ok", False),
    ],
)
def test_what_an_inner_join_makes_equal_spares_row_groups_of_both_sides(
    memory: "MemoryLake", curated: str, join: str, *, spared: bool
) -> None:
    asked = "SELECT count(a.cost), count(b.cost) FROM {t} AS a {join}"
    found, scanned = memory.run(f"{asked} WHERE a.job < 'job-00001'", join=join, t=curated)
    assert int(found[0][0] or 0) > 0 or not spared
    one = memory.scanned("SELECT count(cost) FROM {t} WHERE job < 'job-00001'", t=curated)
    both_in_full = memory.scanned(asked, join=join, t=curated)
    assert (scanned < both_in_full / 2 - one) == spared


def test_when_no_row_group_can_match_only_footers_are_read(
    memory: "MemoryLake", curated: str
) -> None:
    footer = memory.scanned("SELECT count(*) FROM {t}", t=curated)
    assert memory.scanned("SELECT job FROM {t} WHERE size < 0", t=curated) == footer


def test_a_small_file_is_read_whole(
    memory: "MemoryLake", curated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    whole = len(memory.objects[f"{curated}/part.parquet"])
    assert memory.scanned("SELECT job FROM {t} WHERE size < 0", t=curated) == whole


def test_files_with_different_columns_are_read_together(
    memory: "MemoryLake", tmp_path: Path
) -> None:
    name = memory.make(memory.name(), {"a": "string", "b": "bigint"}, parquet=True)
    memory.put(f"{name}/1.parquet", written(tmp_path, "SELECT 'x' AS a"))
    memory.put(f"{name}/2.parquet", written(tmp_path, "SELECT 7::bigint AS b, 'y' AS a, 1 AS c"))
    assert memory.rows("SELECT a, b FROM {t} ORDER BY a", t=name) == [("x", None), ("y", "7")]


def test_a_file_with_another_type_fails_the_query_that_reads_the_column(
    memory: "MemoryLake", tmp_path: Path
) -> None:
    name = memory.make(memory.name(), {"a": "string", "b": "bigint"}, parquet=True)
    memory.put(f"{name}/1.parquet", written(tmp_path, "SELECT 1.5::double AS b, 'x' AS a"))
    reason = memory.reason("SELECT b FROM {t}", t=name)
    assert "HIVE_BAD_DATA: Field b's type DOUBLE in parquet file s3://data/" in reason
    assert memory.rows("SELECT a FROM {t}", t=name) == [("x",)]


def test_what_is_no_parquet_fails_the_query(memory: "MemoryLake") -> None:
    name = memory.make(memory.name(), {"a": "string"}, parquet=True)
    memory.put(f"{name}/1.parquet", b"a,b,c\n")
    assert "Malformed Parquet file" in memory.reason("SELECT * FROM {t}", t=name)
