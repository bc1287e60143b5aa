"""A typed query in DuckDB's words: sqlglot's, but where they would give other values than Trino."""

from decimal import Decimal
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from aws_sandbox.athena.sql_types import decimal

_BY_ZERO = "error('DIVISION_BY_ZERO: Division by zero')"


def _as_its_type(sql: str, node: exp.Expr) -> str:
    return f"CAST({sql} AS {node.type.sql('duckdb')})" if node.type else sql


def _function(generator: DuckDBGenerator, node: exp.Func) -> str:
    """DuckDB counts and sums integers as HUGEINT, rounds decimals to fewer places, and makes a
    sequence of dates one of timestamps."""
    return _as_its_type(generator.function_fallback_sql(node), node)


def _moved(generator: DuckDBGenerator, node: exp.Binary) -> str:
    """A date and an interval give a date in Trino, and a timestamp in DuckDB."""
    sign = "+" if isinstance(node, exp.Add) else "-"
    sql = generator.binary(node, sign)
    return _as_its_type(f"({sql})", node) if node.is_type(exp.DType.DATE) else sql


def _quotient(generator: DuckDBGenerator, node: exp.Div) -> str:
    """Whole numbers give whole numbers, and decimals are rounded half away from zero."""
    one, other = generator.sql(node, "this"), generator.sql(node, "expression")
    left, right, found = (decimal(part.type) for part in (node.left, node.right, node))
    if not left or not right or not found:
        return f"{one} / {other}"
    (_, s), (_, t), (_, scale) = left, right, found
    # In whole numbers: twice the quotient, a half away from zero, then its scale.
    dividend = f"CAST({one} * CAST(1{'0' * s} AS DECIMAL(38, 0)) AS HUGEINT)"
    divisor = f"CAST({other} * CAST(1{'0' * t} AS DECIMAL(38, 0)) AS HUGEINT)"
    if node.is_type(exp.DType.DECIMAL):
        doubled = f"({dividend} * 2{'0' * (scale + t - s)} // {divisor})"
        rounded = f"(({doubled} + sign({doubled})) // 2)"
        unit = f"CAST('{Decimal(1).scaleb(-scale):f}' AS DECIMAL({scale + 1}, {scale}))"
        sql = f"CAST({rounded} AS DECIMAL({37 - scale}, 0)) * {unit}"
    else:
        sql = f"{dividend} // {divisor}"
    return _as_its_type(f"(CASE WHEN {other} = 0 THEN {_BY_ZERO} ELSE {sql} END)", node)


def _latest(generator: DuckDBGenerator, node: exp.ArgMax) -> str:
    """DuckDB's ARG_MAX passes over rows whose first argument is NULL."""
    return generator.func("ARG_MAX_NULL", node.this, node.expression)


class _Generator(DuckDBGenerator):
    TRANSFORMS: ClassVar[dict[Any, Any]] = {
        **DuckDBGenerator.TRANSFORMS,
        exp.Add: _moved,
        exp.Sub: _moved,
        exp.Div: _quotient,
        exp.Sum: _function,
        exp.CountIf: _function,
        exp.Round: _function,
        exp.ArgMax: _latest,
        exp.GenerateSeries: _function,
    }


class _DuckDB(DuckDB):
    Generator = _Generator


_DIALECT = _DuckDB()


def duckdb_sql(node: exp.Expr) -> str:
    return _DIALECT.generate(node)


def select(chosen: str, source: str) -> str:
    """A plain query, put together from parts that are SQL already."""
    return " ".join(("SELECT", chosen, "FROM", source))


def text_literal(text: str) -> str:
    """Text as an SQL literal; DuckDB's knows no escapes but the doubled quote."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
