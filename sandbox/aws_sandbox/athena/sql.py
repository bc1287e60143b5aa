"""Athena's SQL (Trino's dialect) as far as the product writes it, read by sqlglot.

What is not listed here is refused by name: a query that runs in the sandbox means the same in
Athena. Whatever is added, the product has to use: tests/engine/test_sandbox_is_used.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser

LONGEST_QUERY_BYTES = 262_144
"""Athena's quota for a query string."""


class QueryError(Exception):
    """Why a query fails, as Athena's StateChangeReason; `code` is Trino's or Hive's name of it."""

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}{message}")
        self.code = code


class SyntaxRefusedError(Exception):
    """A text that is no query: StartQueryExecution itself refuses it, as MALFORMED_QUERY."""


FUNCTIONS: Mapping[str, tuple[type[exp.Expr], str]] = {
    "coalesce": (exp.Coalesce, "this expressions"),
    "count": (exp.Count, "this big_int"),
    "count_if": (exp.CountIf, "this"),
    "date_format": (exp.TimeToStr, "this format"),
    "max": (exp.Max, "this"),
    "max_by": (exp.ArgMax, "this expression"),
    "min": (exp.Min, "this"),
    "round": (exp.Round, "this decimals"),
    "row_number": (exp.RowNumber, ""),
    "sequence": (exp.GenerateSeries, "start end step"),
    "sum": (exp.Sum, "this"),
}
"""Functions by Athena's names, with sqlglot's node of each and its arguments."""

CLAUSES: Mapping[type[exp.Expr], str] = {
    exp.Select: "expressions from_ joins where group having distinct order limit with_",
    exp.With: "expressions",
    exp.CTE: "this alias",
    exp.From: "this",
    exp.Join: "this on kind side",
    exp.Where: "this",
    exp.Group: "expressions",
    exp.Having: "this",
    exp.Order: "expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Distinct: "",
    exp.Subquery: "this alias",
    exp.Values: "expressions alias",
    exp.Unnest: "expressions alias",
    exp.Window: "this partition_by order over",
    exp.Cast: "this to",
    exp.Case: "this ifs default",
    exp.CurrentDate: "",
    exp.Interval: "this unit",
}
"""What else a query is made of, with the parts of each that are known."""

_EXPRESSIONS: Mapping[type[exp.Expr], str] = {
    **dict.fromkeys((exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE), "this expression"),
    **dict.fromkeys((exp.GT, exp.GTE, exp.Is, exp.Like, exp.Add, exp.Sub), "this expression"),
    **dict.fromkeys((exp.Mul, exp.Alias), "this expression alias"),
    **dict.fromkeys((exp.Not, exp.Neg, exp.Paren, exp.Boolean, exp.Var), "this"),
    **dict.fromkeys((exp.Star, exp.Null), ""),
    exp.Div: "this expression typed",
    exp.Between: "this low high",
    exp.In: "this expressions",
    exp.If: "this true",
    exp.Tuple: "expressions",
    exp.Literal: "this is_string",
    exp.Column: "this table",
    exp.Table: "this db alias",
    exp.TableAlias: "this columns",
    exp.Identifier: "this quoted",
    exp.DataType: "this expressions",
    exp.DataTypeParam: "this",
}
"""Logic, comparison, arithmetic, literals and names."""

_KNOWN = {
    kind: frozenset(parts.split())
    for kind, parts in {**CLAUSES, **_EXPRESSIONS, **dict(FUNCTIONS.values())}.items()
}


_TRINO = cast("Any", TrinoParser)


class _Parser(TrinoParser):
    # A function that is not listed keeps its name and is refused by it: sqlglot knows those of
    # other dialects too, and IFNULL, say, would run here and fail in Athena.
    FUNCTIONS: ClassVar[dict[str, Any]] = {
        name.upper(): _TRINO.FUNCTIONS[name.upper()] for name in FUNCTIONS
    }
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": _TRINO.FUNCTION_PARSERS["CAST"]}


class _Athena(Trino):
    DEFAULT_NULL_TYPE = exp.DType.NULL  # which goes with all, while an unknown type is refused
    Parser = _Parser


ATHENA = _Athena()


def parse(text: str) -> exp.Select:
    """One query or view definition; SyntaxRefusedError says where it stops being one."""
    if len(text.encode()) > LONGEST_QUERY_BYTES:
        raise SyntaxRefusedError(f"the query is longer than {LONGEST_QUERY_BYTES} bytes")
    try:
        found = [statement for statement in ATHENA.parse(text) if statement is not None]
    except ParseError as error:
        first = error.errors[0]
        near = first["highlight"] or "<EOF>"
        where = f"line {first['line']}:{first['col']}"
        raise SyntaxRefusedError(
            f"{where}: mismatched input '{near}': {first['description']}"
        ) from error
    except TokenError as error:
        raise SyntaxRefusedError(str(error)) from error
    if len(found) != 1:
        raise SyntaxRefusedError(f"Only one sql statement is allowed. Got: {text}")
    (query,) = found
    if not isinstance(query, exp.Select):
        words = " ".join(text.split()[:3])
        raise SyntaxRefusedError(f"the sandbox runs SELECT alone, and no {words!r}")
    for select in query.find_all(exp.Select):
        if not select.expressions:
            raise SyntaxRefusedError(f"mismatched input 'FROM': {select.sql('trino')}")
    return query


def refuse_unknown(query: exp.Expr) -> None:
    """Raises QueryError for the first part of a query that the sandbox does not know."""
    for node in query.walk():
        if isinstance(node, exp.Anonymous):
            known = ", ".join(FUNCTIONS)
            message = f"Function '{node.name.lower()}' not registered (the sandbox knows {known})"
            raise QueryError("FUNCTION_NOT_FOUND", message, place(node))
        for reason in _unknown(node):
            message = f"the sandbox does not know {reason}{node.sql('trino')}"
            raise QueryError("NOT_SUPPORTED", message, place(node))


def _unknown(node: exp.Expr) -> Iterator[str]:
    """What is unknown about a node, for a message that goes on with its SQL."""
    known = _KNOWN.get(type(node))
    if known is None:
        yield ""
        return
    for name, value in node.args.items():
        if value and name not in known:
            yield f"{name.strip('_').upper()} in "
    yield from _misplaced(node)


def _misplaced(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.Join() if node.side not in {"", "LEFT"}:
            yield f"{node.side} JOIN in "
        case exp.Window() if not isinstance(node.this, exp.RowNumber):
            yield "OVER in "
        case exp.RowNumber() if not isinstance(node.parent, exp.Window):
            yield "without OVER: "
        case exp.With() if node.parent is not node.root():
            yield "WITH in a subquery: "
        case exp.Subquery() if not isinstance(node.parent, (exp.From, exp.Join)):
            yield "a subquery outside of FROM: "
        case exp.Values() | exp.Unnest() if not node.alias_column_names:
            yield "without names for its columns: "
        case exp.CTE() if node.args["alias"].columns:
            yield "column names in WITH: "
        case _:
            pass


def place(node: exp.Expr) -> str:
    """`line 1:8: `, where an expression begins, as far as the parser kept it."""
    starts = [
        (part.meta["line"], part.meta["col"] - part.meta["end"] + part.meta["start"])
        for part in node.walk()
        if "line" in part.meta
    ]
    return "line {}:{}: ".format(*min(starts)) if starts else ""
