"""Types of expressions: Glue's columns, Trino's decimals, and what Trino compares with what.

sqlglot infers types and coerces anything; here is what Trino does otherwise. Texts, numbers, times
and booleans never meet without a CAST: a CSV column is a text, and `size > 5` fails in Athena.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from aws_sandbox.athena.sql import QueryError, place

_GLUE = {"string": "varchar", "bigint": "bigint", "boolean": "boolean", "double": "double",
         "timestamp": "timestamp"}  # fmt: skip
_ATHENA = {exp.DType.INT: "integer", exp.DType.NULL: "varchar", exp.DType.UNKNOWN: "varchar"}
_FAMILIES: Mapping[exp.DType, str] = {
    exp.DType.VARCHAR: "text",
    **dict.fromkeys((exp.DType.INT, exp.DType.BIGINT, exp.DType.DOUBLE), "number"),
    exp.DType.DECIMAL: "number",
    exp.DType.DATE: "time",
    exp.DType.TIMESTAMP: "time",
    exp.DType.BOOLEAN: "boolean",
    exp.DType.INTERVAL: "interval",
    exp.DType.ARRAY: "array",
    exp.DType.NULL: "",
}
_CASTS = {("text", "text"), ("number", "number"), ("time", "time")}
_LITERALS = {
    exp.DType.DATE: r"\d{4}-\d{2}-\d{2}",
    exp.DType.TIMESTAMP: r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?)?",
}
"""What may stand in DATE '…' and TIMESTAMP '…'."""
_TRINO = cast("Any", Trino).EXPRESSION_METADATA
"""How sqlglot infers the type of each node."""
_FORMAT = re.compile(r"(%[YmdHMS]|[^%])*")


def glue_type(text: str) -> exp.DataType:
    """A Glue column's type; QueryError for one that the sandbox does not read."""
    if text not in _GLUE:
        message = f"the sandbox does not read columns of type {text!r}, but {', '.join(_GLUE)}"
        raise QueryError("NOT_SUPPORTED", message)
    return exp.DataType.build(_GLUE[text], dialect="trino")


def type_name(type_: exp.DataType | None) -> str:
    """As ColumnInfo has it, without precision: `varchar`, `integer`, `decimal`."""
    kind = _kind(type_)
    return _ATHENA.get(kind, str(kind.value).lower())


def _kind(type_: exp.DataType | None) -> exp.DType:
    found = type_.this if type_ else None
    return found if isinstance(found, exp.DType) else exp.DType.UNKNOWN


def family(type_: exp.DataType | None) -> str:
    """The kind of values that a type belongs to; empty for NULL, which goes with all."""
    kind = _kind(type_)
    if kind not in _FAMILIES:
        raise QueryError("NOT_SUPPORTED", f"the sandbox cannot tell a type here ({kind.value})")
    return _FAMILIES[kind]


def decimal(type_: exp.DataType | None) -> tuple[int, int] | None:
    """Precision and scale of a decimal, and of an integer as a decimal; None for all else."""
    match _kind(type_):
        case exp.DType.INT:
            return 10, 0
        case exp.DType.BIGINT:
            return 19, 0
        case exp.DType.DECIMAL if type_:
            precision, *scale = (int(part.name) for part in type_.expressions)
            return precision, scale[0] if scale else 0
        case _:
            return None


def _decimal_type(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"decimal({min(38, precision)}, {scale})", dialect="trino")


def _literal(_annotator: Any, node: exp.Literal) -> exp.Expr:
    if node.is_string:
        node.type = exp.DType.VARCHAR.into_expr()
    elif node.name.isdecimal():
        node.type = (exp.DType.INT if int(node.name) < 2**31 else exp.DType.BIGINT).into_expr()
    elif "e" in node.name.lower():
        node.type = exp.DType.DOUBLE.into_expr()
    else:
        whole, _, fraction = node.name.partition(".")
        node.type = _decimal_type(len(whole.lstrip("0") + fraction) or 1, len(fraction))
    return node


def _arithmetic(annotator: Any, node: exp.Binary) -> exp.Expr:
    """Precision and scale by Trino's rules; a quotient keeps the larger scale."""
    left, right = decimal(node.left.type), decimal(node.right.type)
    if (
        not left
        or not right
        or not any(side.is_type(exp.DType.DECIMAL) for side in (node.left, node.right))
    ):
        _TRINO[type(node)]["annotator"](annotator, node)
        if left and right:  # two integers
            wide = exp.DType.BIGINT if 19 in (left[0], right[0]) else exp.DType.INT
            node.type = wide.into_expr()
        return node
    (p, s), (q, t) = left, right
    scale = max(s, t)
    match node:
        case exp.Mul():
            node.type = _decimal_type(p + q, s + t)
        case exp.Div():
            node.type = _decimal_type(p + t + max(0, t - s), scale)
        case _:
            node.type = _decimal_type(max(p - s, q - t) + scale + 1, scale)
    return node


def _rounded(annotator: Any, node: exp.Round) -> exp.Expr:
    _TRINO[exp.Round]["annotator"](annotator, node)
    if node.is_type(exp.DType.DECIMAL) and (found := decimal(node.this.type)):
        node.type = _decimal_type(found[0] + 1, found[1])
    return node


def _as_argument(_annotator: Any, node: exp.ArgMax) -> exp.Expr:
    node.type = node.this.type
    return node


_METADATA: Any = {
    **_TRINO,
    **{kind: {"annotator": _arithmetic} for kind in (exp.Add, exp.Sub, exp.Mul, exp.Div)},
    exp.Literal: {"annotator": _literal},
    exp.Round: {"annotator": _rounded},
    exp.ArgMax: {"annotator": _as_argument},
    exp.RowNumber: {"returns": exp.DType.BIGINT},
    exp.CountIf: {"returns": exp.DType.BIGINT},
}


def typed(query: exp.Select, schema: MappingSchema) -> exp.Select:
    """The qualified query with a type at each node; QueryError where Trino has none."""
    annotate_types(query, schema=schema, expression_metadata=_METADATA)
    for node in query.walk():
        for kinds, check in _CHECKS:
            if isinstance(node, kinds):
                check(node)
    return query


def _same(node: exp.Expr, operands: Sequence[exp.Expr]) -> None:
    """All operands are of one family."""
    known = [one for one in operands if family(one.type)]
    for other in known[1:]:
        if family(other.type) != family(known[0].type):
            raise _mismatch(node, known[0], other)


def _mismatch(node: exp.Expr, one: exp.Expr, other: exp.Expr) -> QueryError:
    pair = f"{type_name(one.type)} and {type_name(other.type)}"
    return QueryError("TYPE_MISMATCH", f"{pair} do not go together in {_sql(node)}", place(node))


def _all(wanted: str, *names: str) -> Callable[[exp.Expr], None]:
    """A check that these arguments, and all of each, are of a family."""

    def check(node: exp.Expr) -> None:
        for name in names:
            given: Any = node.args.get(name)
            every = cast("list[Any]", given) if isinstance(given, list) else [given]
            for one in every:
                if isinstance(one, exp.Expr) and family(one.type) not in {wanted, ""}:
                    message = f"{_sql(node)} takes a {wanted}, not {type_name(one.type)}"
                    raise QueryError("TYPE_MISMATCH", message, place(one))

    return check


def _computed(node: exp.Binary) -> None:
    left, right = family(node.left.type), family(node.right.type)
    numbers = {left, right} <= {"number", ""}
    moved = (left, right) == ("time", "interval") and isinstance(node, (exp.Add, exp.Sub))
    if not numbers and not moved:
        raise _mismatch(node, node.left, node.right)
    if node.is_type(exp.DType.DATETIME):
        message = "Cannot add hour, minutes or seconds to a date"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, place(node))


def _cast(node: exp.Cast) -> None:
    given, wanted = family(node.this.type), family(node.to)
    form = _LITERALS.get(node.to.this)
    literal = isinstance(node.this, exp.Literal) and form and re.fullmatch(form, node.this.name)
    if not literal and given and (given, wanted) not in _CASTS:
        message = f"the sandbox does not cast {type_name(node.this.type)} in {_sql(node)}"
        raise QueryError("NOT_SUPPORTED", message, place(node))


def _formatted(node: exp.TimeToStr) -> None:
    _all("time", "this")(node)
    form = node.args["format"]
    if not isinstance(form, exp.Literal) or not _FORMAT.fullmatch(form.name):
        message = f"the sandbox formats by %Y, %m, %d, %H, %i and %s alone, not by {_sql(node)}"
        raise QueryError("NOT_SUPPORTED", message, place(node))


def _columns_alike(node: exp.Values) -> None:
    for column in zip(*(row.expressions for row in node.expressions), strict=False):
        _same(node, column)


def _branches(node: exp.Case) -> None:
    ifs: Sequence[exp.If] = node.args["ifs"]
    default = node.args.get("default")
    _same(node, [one.args["true"] for one in ifs] + ([default] if default else []))
    tests = [one.this for one in ifs]
    if node.this:
        _same(node, [node.this, *tests])
    else:
        for one in ifs:
            _all("boolean", "this")(one)


_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Coalesce)
_CHECKS: Sequence[tuple[Any, Callable[[Any], None]]] = (
    (_COMPARED, lambda node: _same(node, list(node.iter_expressions()))),
    ((exp.And, exp.Or), _all("boolean", "this", "expression")),
    ((exp.Not, exp.Where, exp.Having, exp.CountIf), _all("boolean", "this")),
    (exp.Join, _all("boolean", "on")),
    (exp.Like, _all("text", "this", "expression")),
    ((exp.Add, exp.Sub, exp.Mul, exp.Div), _computed),
    ((exp.Neg, exp.Sum, exp.Round), _all("number", "this", "decimals")),
    (exp.GenerateSeries, _all("time", "start", "end")),
    (exp.Unnest, _all("array", "expressions")),
    (exp.TimeToStr, _formatted),
    (exp.Cast, _cast),
    (exp.Case, _branches),
    (exp.Values, _columns_alike),
)


def _sql(node: exp.Expr) -> str:
    return node.sql("trino")
