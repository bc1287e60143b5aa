"""Queries over tables: names, joins, grouping, windows, views."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

JOBS = """\
"Job","AWS Region","State","Size","Started"
"a","eu-west-1","COMPLETED","10","2026-11-01T01:00:00Z"
"b","eu-west-1","FAILED","0","2026-11-02T01:00:00Z"
"c","us-east-1","COMPLETED","30","2026-11-03T01:00:00Z"
"d","us-east-1","COMPLETED","","2026-11-03T02:00:00Z"
"""
COLUMNS = ("job", "aws region", "state", "size", "started")


@pytest.fixture(scope="module")
def jobs(memory: "MemoryLake") -> str:
    name = memory.make(memory.name(), COLUMNS, parameters={"skip.header.line.count": "1"})
    memory.put(f"{name}/file.csv", JOBS.encode())
    return name


CASES: list[tuple[str, list[tuple[str | None, ...]]]] = [
    ('SELECT JOB FROM {t} WHERE "AWS REGION" = \'eu-west-1\' ORDER BY 1', [("a",), ("b",)]),
    ("SELECT j.job FROM lake.{t} AS j WHERE j.size = ''", [("d",)]),
    ("SELECT {t}.job FROM {t} ORDER BY started DESC LIMIT 1", [("d",)]),
    ("SELECT job FROM {t} ORDER BY nullif(size, '') NULLS FIRST, job OFFSET 1 LIMIT 2",
     [("b",), ("a",)]),
    ("SELECT job, nullif(size, '') AS s FROM {t} ORDER BY s DESC FETCH FIRST 2 ROWS ONLY",
     [("c", "30"), ("a", "10")]),
    ("SELECT state, count(*), sum(try_cast(size AS bigint)) FROM {t} GROUP BY 1 ORDER BY 2 DESC",
     [("COMPLETED", "3", "40"), ("FAILED", "1", "0")]),
    ("SELECT state FROM {t} GROUP BY state HAVING count(*) > 1", [("COMPLETED",)]),
    ("SELECT count_if(state = 'FAILED'), count(DISTINCT state), max_by(job, started), "
     "approx_percentile(cast(nullif(size, '') AS bigint), 0.5), approx_distinct(job) FROM {t}",
     [("1", "2", "d", "10", "4")]),
    ("SELECT count(*) FILTER (WHERE size <> ''), array_agg(job ORDER BY job DESC), "
     "listagg(job, '+') WITHIN GROUP (ORDER BY job), avg(cast(nullif(size, '') AS bigint)) "
     "FROM {t}", [("3", "[d, c, b, a]", "a+b+c+d", "13.333333333333334")]),
    ("SELECT 100.0 * count_if(state = 'COMPLETED') / count(*) FROM {t}", [("75.0",)]),
    ("SELECT job, row_number() OVER (PARTITION BY state ORDER BY job DESC), "
     "lag(job) OVER w, sum(length(size)) OVER w FROM {t} WINDOW w AS (ORDER BY job) ORDER BY job",
     [("a", "3", None, "2"), ("b", "1", "a", "3"), ("c", "2", "b", "5"), ("d", "1", "c", "5")]),
    ("SELECT DISTINCT state FROM {t} ORDER BY state", [("COMPLETED",), ("FAILED",)]),
    ("SELECT a.job, b.job FROM {t} a LEFT JOIN {t} b ON a.job = b.job AND b.state = 'FAILED' "
     "ORDER BY 1 LIMIT 2", [("a", None), ("b", "b")]),
    ("SELECT job, a.state, b.state FROM {t} a JOIN {t} b USING (job) WHERE job = 'b'",
     [("b", "FAILED", "FAILED")]),
    ("SELECT count(*) FROM {t} a CROSS JOIN {t} b", [("16",)]),
    ("SELECT count(*) FROM {t} a, {t} b WHERE a.job = b.job", [("4",)]),
    ("SELECT job FROM {t} WHERE size IN (SELECT max(size) FROM {t})", [("c",)]),
    ("SELECT job FROM {t} o WHERE NOT EXISTS (SELECT 1 FROM {t} i WHERE i.started > o.started)",
     [("d",)]),
    ("SELECT (SELECT min(job) FROM {t} i WHERE i.state = o.state) FROM {t} o ORDER BY 1",
     [("a",), ("a",), ("a",), ("b",)]),
    ("WITH f AS (SELECT job, state FROM {t}), g(x) AS (SELECT job FROM f WHERE state = 'FAILED') "
     "SELECT x FROM g UNION ALL SELECT 'z' ORDER BY x DESC", [("z",), ("b",)]),
    ("SELECT state FROM {t} EXCEPT SELECT 'FAILED'", [("COMPLETED",)]),
    ("SELECT NULL AS x UNION ALL SELECT 7 ORDER BY x", [("7",), (None,)]),
    ("SELECT count(*), 5 AS x FROM {t} GROUP BY 2", [("4", "5")]),
    ("SELECT 1 UNION SELECT 1.5 ORDER BY 1", [("1.0",), ("1.5",)]),
    ("SELECT d.day, count(t.job) FROM UNNEST(sequence(date '2026-11-01', date '2026-11-04')) "
     "AS d(day) LEFT JOIN {t} t ON date(from_iso8601_timestamp(t.started)) = d.day "
     "GROUP BY 1 ORDER BY 1",
     [("2026-11-01", "1"), ("2026-11-02", "1"), ("2026-11-03", "2"), ("2026-11-04", "0")]),
    ("SELECT x, n FROM {t} CROSS JOIN UNNEST(ARRAY['p', 'q']) WITH ORDINALITY AS u(x, n) "
     "WHERE job = 'a' ORDER BY n", [("p", "1"), ("q", "2")]),
    ("SELECT k, v FROM UNNEST(map(ARRAY['a', 'b'], ARRAY[1, 2])) AS m(k, v) ORDER BY k",
     [("a", "1"), ("b", "2")]),
    ("VALUES (1, 'x'), (2, NULL)", [("1", "x"), ("2", None)]),
    ("SELECT * FROM (SELECT job AS j, size FROM {t} ORDER BY started LIMIT 1) WHERE j = 'b'", []),
    ('SELECT count(*) FROM {t} WHERE "$path" LIKE \'s3://data/%/file.csv\'', [("4",)]),
    ("SELECT job FROM {t} WHERE size <> '' AND cast(size AS bigint) > 20", [("c",)]),
    ("SELECT job FROM {t} -- a comment\n WHERE job = 'a' /* and another */;", [("a",)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CASES)
def test_queries_give_what_trino_gives(
    memory: "MemoryLake", jobs: str, sql: str, expected: list[tuple[str | None, ...]]
) -> None:
    assert memory.rows(sql, t=jobs) == expected


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM nowhere",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nowhere'",
        ),
        ("SELECT a.job FROM {t} b", "COLUMN_NOT_FOUND: line 1:8: Column 'a.job'"),
        ("SELECT job FROM {t} a JOIN {t} b ON a.job = b.job", "Column 'job' is ambiguous"),
        ("SELECT job AS j FROM {t} WHERE j = 'a'", "Column 'j' cannot be resolved"),
        ("SELECT job AS j, count(*) FROM {t} GROUP BY j", "Column 'j' cannot be resolved"),
        ("SELECT job FROM {t} ORDER BY 2", "ORDER BY position 2 is not in select list"),
        ("SELECT job FROM {t} UNION SELECT job, size FROM {t}", "different number of fields: 1, 2"),
        ("SELECT job FROM {t} UNION SELECT 1", "column 1 in UNION query has incompatible types"),
        ("SELECT state FROM {t} WHERE count(*) > 1", "EXPRESSION_NOT_SCALAR"),
        ("SELECT job FROM {t} TABLESAMPLE BERNOULLI (10)", "does not know SAMPLE"),
        ("SELECT * EXCLUDE (job) FROM {t}", "does not know"),
        ("SELECT state FROM {t} GROUP BY ROLLUP (state)", "groups by plain keys only"),
        ("SELECT * FROM other.lake.{t}", "Catalog 'other' not found"),
    ],
)
def test_queries_that_athena_refuses_or_the_sandbox_does_not_know_fail_with_the_reason(
    memory: "MemoryLake", jobs: str, sql: str, reason: str
) -> None:
    assert reason in memory.reason(sql, t=jobs)


def test_a_view_over_views_means_the_tables_of_the_database_it_was_made_in(
    memory: "MemoryLake", jobs: str
) -> None:
    memory.view("inner_view", f"TABLE {jobs}", dict.fromkeys(COLUMNS, "string"))
    grouped = "SELECT state, count(*) AS jobs FROM inner_view GROUP BY state"
    memory.view("outer_view", grouped, {"state": "string", "jobs": "bigint"})
    query = "SELECT jobs FROM lake.outer_view WHERE state = 'FAILED'"
    assert memory.rows(query) == [("1",)]
