"""Which objects a query reads, and what that costs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aws_sandbox.athena.glue_catalog import Format, Table, TableColumn
from aws_sandbox.athena.partition_projection import projected
from aws_sandbox.athena.sql import QueryError
from aws_sandbox.athena.sql_types import glue_type

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

KEYS = {"year": "string", "month": "bigint"}


@pytest.fixture(scope="module")
def months(memory: "MemoryLake") -> dict[int, int]:
    """Table `months` with three partitions: their sizes in bytes."""
    memory.make("months", ["a", "b"], keys=KEYS)
    sizes = {
        month: memory.put(f"months/2026/{month:02d}/part 1.csv", b"x,y\n" * month)
        for month in (1, 2, 3)
    }
    for month in sizes:
        memory.partition("months", "2026", str(month), folder=f"months/2026/{month:02d}/")
    return sizes


def test_a_folder_without_a_partition_gives_no_rows_until_it_has_one(memory: "MemoryLake") -> None:
    name = memory.make(memory.name(), ["a"], keys={"day": "string"})
    memory.put(f"{name}/deep/er/file.csv", b"1\n2\n")
    assert memory.rows("SELECT * FROM {t}", t=name) == []
    assert memory.scanned("SELECT * FROM {t}", t=name) == 0
    memory.partition(name, "2026-11-22", folder=f"{name}/deep")
    assert memory.rows("SELECT * FROM {t} ORDER BY a", t=name) == [
        ("1", "2026-11-22"),
        ("2", "2026-11-22"),
    ]


CONDITIONS: list[tuple[str, set[int]]] = [
    ("true", {1, 2, 3}),
    ("month = 2", {2}),
    ("month IN (1, 3) AND a = 'x'", {1, 3}),
    ("year = '2026' AND month >= 2", {2, 3}),
    ("year = '2025'", set()),
    ("month = 1 OR a = 'x'", {1, 2, 3}),
    ("month = 1 OR month = 3", {1, 3}),
    ("CASE WHEN year = '2026' THEN month * 2 ELSE 0 END BETWEEN 4 AND 6", {2, 3}),
    ("month = 4 / 2", {2}),
    ("month IS NULL", set()),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "months_read"), CONDITIONS)
def test_only_partitions_that_the_conditions_allow_are_read(
    memory: "MemoryLake", months: dict[int, int], condition: str, months_read: set[int]
) -> None:
    sql = "SELECT count(*) FROM months WHERE {condition}"
    assert memory.scanned(sql, condition=condition) == sum(months[month] for month in months_read)


@pytest.mark.parametrize(
    ("sql", "months_read"),
    [
        ("SELECT a FROM (SELECT * FROM months) WHERE month = 1", {1}),
        ("WITH m AS (SELECT a, month AS n FROM months) SELECT a FROM m WHERE n = 2", {2}),
        ("SELECT n, c FROM (SELECT month n, count(*) c FROM months GROUP BY 1) WHERE n = 2", {2}),
        ("SELECT n FROM (SELECT month n, count(*) c FROM months GROUP BY 1) WHERE c > 0",
         {1, 2, 3}),
        ("SELECT m FROM (SELECT DISTINCT month AS m FROM months) WHERE m = 3", {3}),
        # a window sees rows that a condition outside of it would take away, but by its own keys
        ("SELECT * FROM (SELECT *, row_number() OVER (ORDER BY b) n FROM months) WHERE month = 1",
         {1, 2, 3}),
        ("SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY month, a ORDER BY b) n "
         "FROM months) WHERE month = 1", {1}),
        ("SELECT * FROM (SELECT * FROM months ORDER BY a LIMIT 5) WHERE month = 1", {1, 2, 3}),
        # of an outer join the padded side is read whole for WHERE, and pruned by ON
        ("SELECT 1 FROM (VALUES (1)) v(x) LEFT JOIN months m ON m.month = 2", {2}),
        ("SELECT 1 FROM (VALUES (1)) v(x) LEFT JOIN months m ON m.month = x WHERE m.month IS NULL",
         {1, 2, 3}),
        ("SELECT 1 FROM months m LEFT JOIN (VALUES (1)) v(x) ON m.month = 2", {1, 2, 3}),
        ("SELECT 1 FROM months m LEFT JOIN (VALUES (1)) v(x) ON m.month = v.x WHERE m.month = 3",
         {3}),
        ("SELECT 1 FROM (VALUES (1)) v(x) JOIN months m ON m.month = 1 AND v.x = 1", {1}),
        ("SELECT 1 FROM months m JOIN (VALUES (1)) v(x) ON (m.a = 'x' AND m.month = v.x) "
         "WHERE m.month < 3", {1, 2}),
    ],
)  # fmt: skip
def test_conditions_reach_through_queries_as_far_as_rows_pass_unchanged(
    memory: "MemoryLake", months: dict[int, int], sql: str, months_read: set[int]
) -> None:
    assert memory.scanned(sql) == sum(months[month] for month in months_read)


def test_each_mention_of_a_table_is_read_and_counted(
    memory: "MemoryLake", months: dict[int, int]
) -> None:
    twice = "SELECT 1 FROM months a JOIN months b ON a.a = b.a WHERE a.month = 1 AND b.month = 2"
    assert memory.scanned(twice) == months[1] + months[2]


def test_a_changed_object_is_read_anew(memory: "MemoryLake") -> None:
    name = memory.make(memory.name(), ["a"])
    for text in (b"first\n", b"second\n"):
        memory.put(f"{name}/f.csv", text)
        assert memory.rows("SELECT a FROM {t}", t=name) == [(text.decode().strip(),)]


def test_csv_is_read_as_the_serde_reads_it(memory: "MemoryLake") -> None:
    name = memory.make(
        memory.name(),
        ["a", "b", "c"],
        serde={"separatorChar": ";", "quoteChar": "'"},
        parameters={"skip.header.line.count": "2"},
    )
    content = "head;er\nsecond\n'x;y';;'it''s'\n'line\nbreak';2\n1;2;3;4\n\n"
    memory.put(f"{name}/f.csv", content.encode())
    broken = [(None, None, None)] * 2  # the line break breaks its row, open quotes lose fields
    empty = [(None, None, None)]
    assert sorted(memory.rows("SELECT * FROM {t}", t=name), key=str) == [
        ("1", "2", "3"),
        ("x;y", "", "it's"),
        *broken,
        *empty,
    ]


PROJECTION = {
    "projection.enabled": "true",
    "projection.plan.type": "enum",
    "projection.plan.values": "jobs,copies",
    "projection.month.type": "integer",
    "projection.month.range": "1,12",
    "projection.month.digits": "2",
    "projection.day.type": "date",
    "projection.day.format": "yyyy/MM/dd",
    "projection.day.range": "2026/11/20,2026/11/22",
}


def test_projected_partitions_are_read_without_being_registered(memory: "MemoryLake") -> None:
    name = memory.name()
    template = f"s3://data/{name}/${{plan}}/${{month}}/${{day}}/"
    memory.make(
        name,
        ["a"],
        keys={"plan": "string", "month": "string", "day": "string"},
        parameters={**PROJECTION, "storage.location.template": template},
    )
    size = memory.put(f"{name}/jobs/11/2026/11/21/f.csv", b"hit\n")
    memory.put(f"{name}/copies/11/2026/11/22/f.csv", b"other\n")
    memory.put(f"{name}/jobs/11/2026/11/19/f.csv", b"out of range\n")
    mine = "SELECT a, month, day FROM {t} WHERE plan = 'jobs'"
    assert memory.rows(mine, t=name) == [("hit", "11", "2026/11/21")]
    assert memory.scanned(mine, t=name) == size
    assert memory.rows("SELECT count(*) FROM {t}", t=name) == [("2",)]


def table(**parameters: str) -> Table:
    key = TableColumn(name="day", type=glue_type("string"), declared="string")
    return Table(
        database="d",
        name="t",
        columns=(),
        partition_keys=(key,),
        location="s3://b/t/",
        format=Format.CSV,
        serde={},
        parameters={f"projection.day.{name}": value for name, value in parameters.items()},
    )


def projected_values(**parameters: str) -> list[str]:
    now = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    found = projected(table(**parameters), lambda _key, values: values, now)
    return [partition.values[0] for partition in found]


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ({"type": "enum", "values": "a, b"}, ["a", "b"]),
        ({"type": "integer", "range": "8,10", "digits": "2"}, ["08", "09", "10"]),
        ({"type": "date", "format": "yyyy-MM", "range": "NOW-2MONTHS,NOW", "interval": "1",
          "interval.unit": "MONTHS"}, ["2026-09", "2026-10", "2026-11"]),
        ({"type": "date", "format": "yyyyMMdd", "range": "NOW-2DAYS,NOW"},
         ["20261120", "20261121", "20261122"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2026-11-21,NOW+1DAYS"},
         ["2026-11-21", "2026-11-22", "2026-11-23"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2026-02-27,2026-03-01"},
         ["2026-02-27", "2026-02-28", "2026-03-01"]),
    ],
)  # fmt: skip
def test_projection_gives_the_values_of_its_properties(
    parameters: dict[str, str], values: list[str]
) -> None:
    assert projected_values(**parameters) == values


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "type is ''"),
        ({"type": "enum"}, "projection.day.values is missing"),
        ({"type": "integer", "range": "a,b"}, "is not of whole numbers"),
        ({"type": "injected"}, "type is 'injected', not enum, integer, date"),
        (
            {"type": "integer", "range": "0,10", "interval": "5"},
            "does not know projection.day.interval",
        ),
        ({"type": "date", "format": "yyyy-MM-dd HH", "range": "NOW,NOW"}, "does not know HH"),
        ({"type": "date", "format": "yyyy", "range": "2025,2026"}, "knows days and months alone"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "yesterday,NOW"}, "not in the format"),
    ],
)
def test_projection_refuses_properties_that_make_no_sense(
    parameters: dict[str, str], reason: str
) -> None:
    with pytest.raises(QueryError, match="INVALID_TABLE_PROPERTY") as refusal:
        projected_values(**parameters)
    assert reason in str(refusal.value)
