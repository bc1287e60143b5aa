"""Trino's expressions, with the results that its documentation gives or its rules imply."""

from typing import TYPE_CHECKING

import pytest

from aws_sandbox.athena.catalog.tables import Table, View
from aws_sandbox.athena.sql.errors import QueryError, SyntaxRefusedError
from aws_sandbox.athena.sql.parsing import parse
from aws_sandbox.athena.sql.queries import plan
from aws_sandbox.athena.statements.reading import read

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import MemoryLake

VALUES = [
    # numbers keep Trino's types: integers divide to integers, decimals have rules of their own
    ("7 / 2", "3", "integer"),
    ("-7 / 2", "-3", "integer"),
    ("-7 % 3", "-1", "integer"),
    ("3000000000 + 1", "3000000001", "bigint"),
    ("1.50", "1.50", "decimal(3,2)"),
    ("0.5 + 1", "1.5", "decimal(12,1)"),
    ("1.50 * 2", "3.00", "decimal(13,2)"),
    ("100.0 * 2 / 3", "66.7", "decimal(14,1)"),
    ("1.0 / 3", "0.3", "decimal(2,1)"),
    ("-1.00 / 8", "-0.13", "decimal(3,2)"),
    ("(SELECT sum(x) / count(*) FROM (VALUES 1.25, 2.50) AS t(x))", "1.88", "decimal(38,2)"),
    ("10 / 4e0", "2.5", "double"),
    ("1e0 / 0", "Infinity", "double"),
    ("1e7", "1.0E7", "double"),
    ("123456.5e0", "123456.5", "double"),
    ("1.5e-4", "1.5E-4", "double"),
    ("round(2.675, 2)", "2.680", "decimal(5,3)"),
    ("round(2.5e0)", "3.0", "double"),
    ("round(-2.5e0)", "-3.0", "double"),
    ("ceil(1.2)", "2", "decimal(2,0)"),
    ("floor(-1.5e0)", "-2.0", "double"),
    ("mod(7, 4)", "3", "bigint"),
    ("greatest(1, 3, 2)", "3", "integer"),
    ("greatest(1, NULL)", None, "integer"),
    ("abs(-3)", "3", "bigint"),
    ("sqrt(-1)", "NaN", "double"),
    # casts round halves away from zero and read texts strictly
    ("cast(2.5e0 AS bigint)", "3", "bigint"),
    ("cast(2.5 AS integer)", "3", "integer"),
    ("cast(' 12 ' AS bigint)", "12", "bigint"),
    ("try_cast('1.5' AS bigint)", None, "bigint"),
    ("try_cast('' AS double)", None, "double"),
    ("try_cast('99999999999999999999' AS bigint)", None, "bigint"),
    ("cast('1.005' AS decimal(10,2))", "1.01", "decimal(10,2)"),
    ("cast('yes' = 'no' AS varchar)", "false", "varchar"),
    ("cast('TRUE' AS boolean)", "true", "boolean"),
    ("cast(1.50 AS varchar)", "1.50", "varchar"),
    ("cast('abc' AS varchar(2))", "ab", "varchar(2)"),
    ("cast('2026-11-22' AS date)", "2026-11-22", "date"),
    ("try_cast('2026-11-22T00:00:00Z' AS date)", None, "date"),
    ("cast('2026-11-22 10:20' AS timestamp)", "2026-11-22 10:20:00.000", "timestamp(3)"),
    ("try_cast('2026-11-22T10:20:00' AS timestamp)", None, "timestamp(3)"),
    ("cast(timestamp '2026-11-22 10:20:30.5' AS varchar)", "2026-11-22 10:20:30.500", "varchar"),
    ("cast(date '2026-11-22' AS timestamp)", "2026-11-22 00:00:00.000", "timestamp(3)"),
    ("try(1 / 0)", None, "integer"),
    ("try(cast('x' AS bigint) + 1)", None, "bigint"),
    # conditions
    ("NULL IS NULL", "true", "boolean"),
    ("1 IS DISTINCT FROM NULL", "true", "boolean"),
    ("NOT (1 = 2 OR 3 > 2)", "false", "boolean"),
    ("2 BETWEEN 1 AND 3", "true", "boolean"),
    ("2 NOT IN (1, 3)", "true", "boolean"),
    ("'100%' LIKE '1__!%' ESCAPE '!'", "true", "boolean"),
    (r"'a\%b' LIKE 'a\%b'", "true", "boolean"),
    ("CASE WHEN 1 > 2 THEN 1 ELSE 2.5 END", "2.5", "decimal(11,1)"),
    ("CASE 3 WHEN 3 THEN 'c' END", "c", "varchar(1)"),
    ("if(1 > 2, 'a')", None, "varchar(1)"),
    ("coalesce(NULL, 'x')", "x", "varchar(1)"),
    ("nullif(2, 2)", None, "integer"),
    ("typeof(1.5 * 2)", "decimal(12,1)", "varchar"),
    # texts
    ("'it''s' || '!'", "it's!", "varchar"),
    ("concat('a', 'b', 'c')", "abc", "varchar"),
    ("concat('a', NULL)", None, "varchar"),
    ("concat_ws('-', 'a', NULL, 'b')", "a-b", "varchar"),
    ("substr('abc', 0)", "", "varchar"),
    ("substr('abc', -2, 1)", "b", "varchar"),
    ("split_part('a,b', ',', 3)", None, "varchar"),
    ("split('a,b', ',')", "[a, b]", "array(varchar)"),
    ("strpos('abc', 'c')", "3", "bigint"),
    ("position('b' IN 'abc')", "2", "bigint"),
    ("length('Grüße')", "5", "bigint"),
    ("lpad('7', 3, '0')", "007", "varchar"),
    ("trim('  a ')", "a", "varchar"),
    ("replace('banana', 'an')", "ba", "varchar"),
    ("regexp_like('arn:aws:s3', 's[0-9]$')", "true", "boolean"),
    ("regexp_extract('no digits', '[0-9]+')", None, "varchar"),
    ("regexp_extract('job-42', '([a-z]+)-([0-9]+)', 2)", "42", "varchar"),
    ("regexp_replace('aXbX', 'X([a-z])?', '<$1>')", "a<b><>", "varchar"),
    # dates and times, all in UTC
    ("date '2026-11-22' - interval '7' day", "2026-11-15", "date"),
    ("date '2026-01-31' + interval '1' month", "2026-02-28", "date"),
    ("date '2026-11-22' - date '2026-11-20'", "2 00:00:00.000", "interval day to second"),
    (
        "timestamp '2026-11-22 01:00:00' - timestamp '2026-11-21 00:00:00.5'",
        "1 00:59:59.500",
        "interval day to second",
    ),
    ("date_diff('day', timestamp '2026-11-21 12:00:00', timestamp '2026-11-22 11:00:00')", "0",
     "bigint"),
    ("date_diff('hour', timestamp '2026-11-22 03:00:00', timestamp '2026-11-22 01:30:00')", "-1",
     "bigint"),
    ("date_diff('month', date '2026-01-31', date '2026-03-01')", "1", "bigint"),
    ("date_add('day', -1, date '2026-03-01')", "2026-02-28", "date"),
    ("date_trunc('month', date '2026-11-22')", "2026-11-01", "date"),
    ("date_trunc('week', timestamp '2026-11-22 10:00:00')", "2026-11-16 00:00:00.000",
     "timestamp(3)"),
    ("date_parse('22/11/2026 09:05', '%d/%m/%Y %H:%i')", "2026-11-22 09:05:00.000", "timestamp(3)"),
    ("try(date_parse('soon', '%Y'))", None, "timestamp(3)"),
    ("date_format(timestamp '2026-11-02 09:05:07', '%Y-%m-%e %k:%i:%s %%')", "2026-11-2 9:05:07 %",
     "varchar"),
    ("from_iso8601_timestamp('2026-11-22T02:17:33Z')", "2026-11-22 02:17:33.000 UTC",
     "timestamp(3) with time zone"),
    ("from_iso8601_timestamp('2026-11-22T02:17:33.5')", "2026-11-22 02:17:33.500 UTC",
     "timestamp(3) with time zone"),
    ("date(from_iso8601_timestamp('2026-11-22'))", "2026-11-22", "date"),
    ("to_iso8601(from_unixtime(1.5e0))", "1970-01-01T00:00:01.500Z", "varchar"),
    ("to_unixtime(timestamp '1970-01-02 00:00:00')", "86400.0", "double"),
    ("day_of_week(date '2026-11-22')", "7", "bigint"),
    ("extract(YEAR FROM date '2026-11-22')", "2026", "bigint"),
    ("last_day_of_month(date '2026-02-03')", "2026-02-28", "date"),
    ("current_date = cast(current_timestamp AS date)", "true", "boolean"),
    # JSON, arrays and maps
    ("json_extract_scalar('{\"a\":{\"b c\":[7]}}', '$.a[\"b c\"][0]')", "7", "varchar"),
    ("json_extract_scalar('{\"a\":{}}', '$.a')", None, "varchar"),
    ("json_extract_scalar('no json', '$.a')", None, "varchar"),
    ("json_format(json_parse('{\"a\": [1, 2]}'))", '{"a":[1,2]}', "varchar"),
    ("cast(json_parse('[1,2]') AS array(bigint))", "[1, 2]", "array(bigint)"),
    ("cast(json_parse('{\"k\":\"v\"}') AS map(varchar, varchar))['k']", "v", "varchar"),
    ("cast(json_extract('{\"n\":\"5\"}', '$.n') AS bigint)", "5", "bigint"),
    ("ARRAY[1, 2.5]", "[1.0, 2.5]", "array(decimal(11,1))"),
    ("ARRAY['a', NULL]", "[a, null]", "array(varchar(1))"),
    ("element_at(ARRAY[1, 2], -1)", "2", "integer"),
    ("element_at(ARRAY[1, 2], 5)", None, "integer"),
    ("contains(ARRAY[1, NULL], 2)", None, "boolean"),
    ("cardinality(map(ARRAY['a'], ARRAY[1]))", "1", "bigint"),
    ("map(ARRAY['a', 'b'], ARRAY[1, NULL])", "{a=1, b=null}", "map(varchar(1), integer)"),
    ("array_join(array_sort(ARRAY['b', 'a']), '+')", "a+b", "varchar"),
    ("array_max(ARRAY[1, NULL])", None, "integer"),
    ("cardinality(sequence(date '2026-11-01', date '2026-11-30'))", "30", "bigint"),
]  # fmt: skip

REFUSED = [
    # Trino compares and combines only what has a common type
    ("x = 1", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar = integer"),
    ("n > '5'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: bigint > varchar(1)"),
    ("d >= '2026-01-01'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: date >= varchar(10)"),
    ("n BETWEEN 1 AND '2'", "Cannot check if bigint is BETWEEN integer and varchar(1)"),
    ("x IN ('a', 1)", "Cannot find common type between varchar and integer"),
    ("x || n", "Cannot apply operator: varchar || bigint"),
    ("x + 1", "Cannot apply operator: varchar + integer"),
    ("coalesce(x, 1)", "All COALESCE operands must be the same type"),
    ("if(n > 1, 'a', 2)", "All CASE results must be the same type"),
    ("CASE WHEN n THEN 1 END", "CASE WHEN clause must evaluate to a boolean: bigint"),
    ("cast(d AS bigint)", "Cannot cast date to bigint"),
    ("d + interval '1' hour", "Cannot add hour, minutes or seconds to a date"),
    ("lower(n)", "Unexpected parameters (bigint) for function lower. Expected: lower(varchar)"),
    # other dialects' functions and spellings
    ("ifnull(x, 'y')", "FUNCTION_NOT_FOUND: line 1:8: Function 'ifnull' not registered"),
    ("strftime(d, '%Y')", "Function 'strftime' not registered"),
    ("x IS TRUE", "mismatched input after IS"),
    ("n::varchar", "mismatched input '::'"),
    ("x ILIKE 'a'", "mismatched input 'ILIKE'"),
    # what differs between Athena and DuckDB, or between engine versions, and is not done here
    ("cast(1e0 AS varchar)", "cast it to a decimal first"),
    ("current_timestamp AT TIME ZONE 'Europe/Berlin'", "keeps all times in UTC"),
    ("date_format(d, '%W %v')", "does not know %v in a date format"),
    ("date_format(d, x)", "takes a date format only as a literal"),
    ("date_trunc('decade', d)", "'decade' is not a valid field"),
    ("date_diff('hour', d, d)", "'hour' is not a valid field"),
    (r"regexp_like(x, '(?=a)')", "cannot look around or back"),
    ("json_extract_scalar(x, 'lax $.a')", "Invalid JSON path"),
    ("try(coalesce(1 / 0, 2))", "within TRY the sandbox knows no condition or COALESCE"),
    ("transform(ARRAY[1], v -> v + 1)", "does not know v -> v + 1"),
    ("interval '1-2' year to month", "the sandbox knows intervals like INTERVAL '1' DAY"),
    ("cast(x AS row(a bigint))", "the sandbox has no type ROW"),
    # names
    ("y", "COLUMN_NOT_FOUND: line 1:8: Column 'y' cannot be resolved"),
    ("other.x", "Column 'other.x' cannot be resolved"),
    ("row_number()", "Window function row_number requires OVER"),
]


class Empty:
    """No tables at all."""

    def table(self, database: str, name: str) -> Table | View | None:
        return None


def bound(sql: str) -> list[str]:
    return [str(column.type) for column in plan(parse(sql), Empty(), "default").columns]


def test_expressions_have_trinos_values(memory: "MemoryLake") -> None:
    (row,) = memory.rows(f"SELECT {', '.join(sql for sql, _, _ in VALUES)}")
    found = dict(zip((sql for sql, _, _ in VALUES), row, strict=True))
    assert found == {sql: value for sql, value, _ in VALUES}


def test_expressions_have_trinos_types() -> None:
    types = bound(f"SELECT {', '.join(sql for sql, _, _ in VALUES)}")
    assert dict(zip((sql for sql, _, _ in VALUES), types, strict=True)) == {
        sql: type_ for sql, _, type_ in VALUES
    }


@pytest.mark.parametrize(("sql", "reason"), REFUSED)
def test_what_athena_refuses_or_the_sandbox_does_not_know_is_refused_by_name(
    sql: str, reason: str
) -> None:
    values = "(VALUES (CAST('a' AS varchar), BIGINT '1', DATE '2026-01-01')) AS t(x, n, d)"
    with pytest.raises((QueryError, SyntaxRefusedError)) as refusal:
        bound(" ".join(("SELECT", sql, "FROM", values)))
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT cast('1.5' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to BIGINT"),
        ("SELECT try_cast(1 / 0 AS varchar)", "DIVISION_BY_ZERO"),
        ("SELECT ARRAY[1][2]", "INVALID_FUNCTION_ARGUMENT: Array subscript"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT from_iso8601_timestamp('2026-11-22T00:00:00+02:00')", "not in UTC"),
        ("SELECT (SELECT x FROM (VALUES 1, 2) AS t(x))", "SUBQUERY_MULTIPLE_ROWS"),
        (
            "SELECT x, count(*) FROM (VALUES (1, 2)) AS t(x, y) GROUP BY y",
            "EXPRESSION_NOT_AGGREGATE",
        ),
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
        "INSERT INTO t VALUES (1)",
        "DELETE FROM t",
        "SELECT x FROM t QUALIFY row_number() OVER (ORDER BY x) = 1",
        "EXPLAIN SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'PARQUET')",
        "",
        f"SELECT '{'x' * 262_144}'",
    ],
)
def test_what_is_no_known_statement_is_refused_before_it_starts(sql: str) -> None:
    with pytest.raises(SyntaxRefusedError):
        read(sql)
