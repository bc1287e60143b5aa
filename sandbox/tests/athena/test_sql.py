"""Athena's SQL: what Trino's documentation and rules give, and what is refused by name."""

from typing import TYPE_CHECKING

import pytest

from aws_sandbox.athena.sql import SyntaxRefusedError, parse
from aws_sandbox.athena.sql_types import type_name

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

VALUES = [
    # numbers keep Trino's types: integers divide to integers, decimals have rules of their own
    ("7 / 2", "3", "INTEGER"),
    ("-7 / 2", "-3", "INTEGER"),
    ("3000000000 + 1", "3000000001", "BIGINT"),
    ("1.50", "1.50", "DECIMAL(3, 2)"),
    ("0.5 + 1", "1.5", "DECIMAL(12, 1)"),
    ("1.50 * 2", "3.00", "DECIMAL(13, 2)"),
    ("100.0 * 2 / 3", "66.7", "DECIMAL(14, 1)"),
    ("1.0 / 3", "0.3", "DECIMAL(2, 1)"),
    ("-1.00 / 8", "-0.13", "DECIMAL(3, 2)"),
    ("10 / 4e0", "2.5", "DOUBLE"),
    ("1e0 / 0", "Infinity", "DOUBLE"),
    ("1e7", "1.0E7", "DOUBLE"),
    ("123456.5e0", "123456.5", "DOUBLE"),
    ("1.5e-4", "1.5E-4", "DOUBLE"),
    ("round(2.675, 2)", "2.680", "DECIMAL(5, 3)"),
    ("round(2.5e0)", "3.0", "DOUBLE"),
    ("round(CAST(7 AS double) / 1073741824, 3)", "0.0", "DOUBLE"),
    # conditions
    ("NULL IS NULL", "true", "BOOLEAN"),
    ("NOT (1 = 2 OR 3 > 2)", "false", "BOOLEAN"),
    ("2 BETWEEN 1 AND 3", "true", "BOOLEAN"),
    ("2 NOT IN (1, 3)", "true", "BOOLEAN"),
    (r"'a\%b' LIKE 'a\%b'", "true", "BOOLEAN"),
    ("CASE WHEN 1 > 2 THEN 'a' END", None, "VARCHAR"),
    ("CASE 3 WHEN 3 THEN 'c' ELSE 'd' END", "c", "VARCHAR"),
    ("coalesce(NULL, 'x')", "x", "VARCHAR"),
    ("'it''s'", "it's", "VARCHAR"),
    # dates and times, all in UTC
    ("date '2026-11-22' - interval '7' day", "2026-11-15", "DATE"),
    ("date '2026-01-31' + interval '1' month", "2026-02-28", "DATE"),
    ("CAST(timestamp '2026-11-22 10:20:30.5' AS date)", "2026-11-22", "DATE"),
    ("timestamp '2026-11-22 10:20'", "2026-11-22 10:20:00.000", "TIMESTAMP(0)"),
    ("date_format(timestamp '2026-11-02 09:05:07', '%Y-%m-%d %H:%i:%s')", "2026-11-02 09:05:07",
     "VARCHAR"),
    ("current_date = CAST(current_date AS date)", "true", "BOOLEAN"),
]  # fmt: skip

REFUSED = [
    # Trino compares and combines only what has a common type
    ("x = 1", "TYPE_MISMATCH: line 1:8: varchar and integer do not go together"),
    ("n > '5'", "TYPE_MISMATCH: line 1:8: bigint and varchar do not go together"),
    ("d >= '2026-01-01'", "TYPE_MISMATCH: line 1:8: date and varchar do not go together"),
    ("n BETWEEN 1 AND '2'", "bigint and varchar do not go together"),
    ("x IN ('a', 1)", "varchar and integer do not go together"),
    ("x + 1", "varchar and integer do not go together"),
    ("n AND x = 'a'", "takes a boolean, not bigint"),
    ("n LIKE '5%'", "takes a text, not bigint"),
    ("-x", "takes a number, not varchar"),
    ("round(x)", "takes a number, not varchar"),
    ("count_if(n)", "takes a boolean, not bigint"),
    ("coalesce(x, 1)", "varchar and integer do not go together"),
    ("CASE WHEN n > 1 THEN 'a' ELSE 2 END", "varchar and integer do not go together"),
    ("CASE WHEN n THEN 1 END", "takes a boolean, not bigint"),
    ("d + n", "date and bigint do not go together"),
    ("interval '1' day - d", "interval and date do not go together"),
    # other dialects' functions, and those that the product does not need
    ("ifnull(x, 'y')", "FUNCTION_NOT_FOUND: line 1:8: Function 'ifnull' not registered"),
    ("lower(x)", "Function 'lower' not registered (the sandbox knows coalesce, count, "),
    ("max(n, 2)", "does not know EXPRESSIONS in MAX(n, 2)"),
    ("count(DISTINCT x)", "does not know EXPRESSIONS in DISTINCT x"),
    ("sum(n) FILTER (WHERE n > 1)", "does not know SUM(n) FILTER"),
    ("sum(n) OVER (PARTITION BY x)", "does not know OVER in SUM(n) OVER"),
    ("row_number()", "does not know without OVER: ROW_NUMBER()"),
    ("x || 'a'", "does not know x || 'a'"),
    ("ARRAY[1]", "does not know ARRAY[1]"),
    ("try_cast(x AS bigint)", "Function 'try_cast' not registered"),
    ("current_timestamp", "does not know CURRENT_TIMESTAMP"),
    ("x = ?", "does not know ?"),
    ("n IN (SELECT 1)", "does not know QUERY in n IN (SELECT 1)"),
    ("(SELECT 1)", "does not know a subquery outside of FROM: (SELECT 1)"),
    # what differs between Athena and DuckDB, or between engine versions, and is not done here
    ("CAST(x AS bigint)", "does not cast varchar"),
    ("CAST(1e0 AS varchar)", "does not cast double"),
    ("date '2026-1-1'", "does not cast varchar"),
    ("date_format(d, '%W %v')", "formats by %Y, %m, %d, %H, %i and %s alone"),
    ("date_format(d, x)", "formats by %Y, %m, %d, %H, %i and %s alone"),
    ("d + interval '1' hour", "Cannot add hour, minutes or seconds to a date"),
    # names
    ("y", "COLUMN_NOT_FOUND: line 1:8: Column 'y' cannot be resolved"),
    ("other.x", "Column 'other.x' cannot be resolved"),
]


def test_expressions_have_trinos_values_and_types(memory: "MemoryLake") -> None:
    result = memory.result(f"SELECT {', '.join(sql for sql, _, _ in VALUES)}")
    found = [
        (sql, value, type_.sql("trino"))
        for (sql, _, _), value, (_, type_) in zip(
            VALUES, result.rows[0], result.columns, strict=True
        )
    ]
    assert found == VALUES


@pytest.mark.parametrize(("sql", "reason"), REFUSED)
def test_what_athena_refuses_or_the_sandbox_does_not_know_is_refused_by_name(
    memory: "MemoryLake", sql: str, reason: str
) -> None:
    values = "(VALUES ('a', 3000000000, DATE '2026-01-01')) AS t (x, n, d)"
    assert reason in memory.reason("SELECT {s} FROM {v}", s=sql, v=values)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        (
            "SELECT x, count(*) FROM (VALUES (1, 2)) AS t (x, y) GROUP BY y",
            "EXPRESSION_NOT_AGGREGATE",
        ),
        ("SELECT x FROM (VALUES (1)) AS t (x) WHERE count(*) > 1", "EXPRESSION_NOT_SCALAR"),
    ],
)
def test_failures_at_run_time_have_trinos_names(
    memory: "MemoryLake", sql: str, reason: str
) -> None:
    assert reason in memory.reason(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT FROM t",
        "SELECT 'open",
        "SELECT 1 UNION SELECT 2",
        "VALUES 1",
        "SHOW TABLES",
        "MSCK REPAIR TABLE t",
        "CREATE VIEW v AS SELECT 1 AS n",
        "ALTER TABLE t ADD PARTITION (day = '1')",
        "INSERT INTO t VALUES (1)",
        "EXPLAIN SELECT 1",
        "SELEC 1",
        "",
        f"SELECT '{'x' * 262_144}'",
    ],
)
def test_what_is_no_query_is_refused_before_it_starts(sql: str) -> None:
    with pytest.raises(SyntaxRefusedError):
        parse(sql)


JOBS = """\
"Job","AWS Region","State","Size"
"a","eu-west-1","COMPLETED","10"
"b","eu-west-1","FAILED","0"
"c","us-east-1","COMPLETED","30"
"d","us-east-1","COMPLETED",""
"""
COLUMNS = ("job", "aws region", "state", "size")


@pytest.fixture(scope="module")
def jobs(memory: "MemoryLake") -> str:
    name = memory.make(memory.name(), COLUMNS, parameters={"skip.header.line.count": "1"})
    memory.put(f"{name}/file.csv", JOBS.encode())
    return name


CASES: list[tuple[str, list[tuple[str | None, ...]]]] = [
    ('SELECT JOB FROM {t} WHERE "AWS REGION" = \'eu-west-1\' ORDER BY 1', [("a",), ("b",)]),
    ("SELECT j.job FROM lake.{t} AS j WHERE j.size = ''", [("d",)]),
    ("SELECT {t}.job FROM {t} ORDER BY job DESC LIMIT 1", [("d",)]),
    ("SELECT job AS j FROM {t} ORDER BY j LIMIT 1", [("a",)]),
    ("SELECT state, count(*) FROM {t} GROUP BY 1 ORDER BY 2 DESC", [("COMPLETED", "3"),
     ("FAILED", "1")]),
    ("SELECT state, count(*) FROM {t} GROUP BY state HAVING max(size) = '0'", [("FAILED", "1")]),
    ("SELECT 100.0 * count_if(state = 'COMPLETED') / count(*) FROM {t}", [("75.0",)]),
    ("SELECT max_by(x, y) FROM (VALUES ('old', 1), (NULL, 2)) AS t (x, y)", [(None,)]),
    ("SELECT sum(n) FROM (VALUES 9000000000, 1) AS t (n)", [("9000000001",)]),
    ("SELECT job, nth FROM (SELECT job, row_number() OVER (PARTITION BY state ORDER BY job DESC) "
     "AS nth FROM {t}) WHERE nth < 3 ORDER BY job", [("b", "1"), ("c", "2"), ("d", "1")]),
    ("SELECT DISTINCT state FROM {t} ORDER BY state", [("COMPLETED",), ("FAILED",)]),
    ("SELECT x FROM (VALUES ('a'), (NULL)) AS t (x) ORDER BY x DESC", [("a",), (None,)]),
    ("SELECT a.job, b.job FROM {t} a LEFT JOIN {t} b ON a.job = b.job AND b.state = 'FAILED' "
     "ORDER BY 1 LIMIT 2", [("a", None), ("b", "b")]),
    ("SELECT count(*) FROM {t} a CROSS JOIN {t} b", [("16",)]),
    ("SELECT count(*) FROM {t} a, {t} b WHERE a.job = b.job", [("4",)]),
    ("WITH f AS (SELECT job, state FROM {t}), g AS (SELECT job FROM f WHERE state = 'FAILED') "
     "SELECT f.job FROM f JOIN g ON f.job = g.job", [("b",)]),
    ("SELECT day FROM UNNEST(sequence(date '2026-11-01', date '2026-11-03', interval '1' day)) "
     "AS t (day) ORDER BY day DESC", [("2026-11-03",), ("2026-11-02",), ("2026-11-01",)]),
    ("SELECT * FROM (VALUES ('', '')) AS t (a, b) WHERE false", []),
    ("SELECT * FROM (SELECT job AS j, size FROM {t} ORDER BY job LIMIT 1) WHERE j = 'b'", []),
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
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nowhere' does not exist",
        ),
        ("SELECT a.job FROM {t} b", "COLUMN_NOT_FOUND: line 1:"),
        ("SELECT job FROM {t} a JOIN {t} b ON a.job = b.job", "Column 'job' cannot be resolved"),
        # names of the select list mean nothing in WHERE and GROUP BY
        ("SELECT job AS j FROM {t} WHERE j = 'a'", "Column 'j' cannot be resolved"),
        ("SELECT job AS j, count(*) FROM {t} GROUP BY j", "Column 'j' cannot be resolved"),
        ("SELECT state FROM {t} GROUP BY state HAVING y = 'a'", "'y' cannot be resolved"),
        ("SELECT x.* FROM {t}", "SYNTAX_ERROR: Unknown table: x"),
        ("SELECT * FROM {t} WHERE size > 5", "varchar and integer do not go together"),
        ("SELECT job FROM {t} TABLESAMPLE BERNOULLI (10)", "does not know SAMPLE"),
        ("SELECT * EXCLUDE (job) FROM {t}", "does not know"),
        ("SELECT state FROM {t} GROUP BY ROLLUP (state)", "does not know"),
        ("SELECT a.job FROM {t} a FULL JOIN {t} b ON a.job = b.job", "does not know FULL JOIN"),
        ("SELECT job FROM {t} a JOIN {t} b USING (job)", "does not know USING"),
        ("SELECT job FROM {t} OFFSET 1", "does not know OFFSET"),
        ("SELECT * FROM (WITH a AS (SELECT 1 AS n) SELECT n FROM a) b", "WITH in a subquery"),
        ("SELECT * FROM other.lake.{t}", "does not know CATALOG in other.lake."),
    ],
)
def test_queries_that_athena_refuses_or_the_sandbox_does_not_know_fail_with_the_reason(
    memory: "MemoryLake", jobs: str, sql: str, reason: str
) -> None:
    assert reason in memory.reason(sql, t=jobs)


def test_columns_have_trinos_names(memory: "MemoryLake", jobs: str) -> None:
    result = memory.result('SELECT job, Size AS "Bytes", count(*) FROM {t} GROUP BY 1, 2', t=jobs)
    named = [(name, type_name(type_)) for name, type_ in result.columns]
    assert named == [("job", "varchar"), ("bytes", "varchar"), ("_col2", "bigint")]


def test_a_view_over_views_means_the_tables_of_the_database_it_was_made_in(
    memory: "MemoryLake", jobs: str
) -> None:
    memory.view("inner_view", " ".join(("SELECT * FROM", jobs)), dict.fromkeys(COLUMNS, "string"))
    grouped = "SELECT state, count(*) AS jobs FROM inner_view GROUP BY state"
    memory.view("outer_view", grouped, {"state": "string", "jobs": "bigint"})
    query = "SELECT jobs FROM lake.outer_view WHERE state = 'FAILED'"
    assert memory.rows(query) == [("1",)]
