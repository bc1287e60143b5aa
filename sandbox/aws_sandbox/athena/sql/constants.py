"""Arguments that must be literals, checked and rewritten for DuckDB: units, formats, patterns."""

import re
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from aws_sandbox.athena.sql.binder import text_literal
from aws_sandbox.athena.sql.errors import QueryError

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_MYSQL = {
    "Y": "%Y", "y": "%y", "m": "%m", "c": "%-m", "d": "%d", "e": "%-d", "H": "%H", "k": "%-H",
    "h": "%I", "I": "%I", "l": "%-I", "i": "%M", "s": "%S", "S": "%S", "f": "%f", "p": "%p",
    "T": "%H:%M:%S", "r": "%I:%M:%S %p", "j": "%j", "M": "%B", "b": "%b", "W": "%A", "a": "%a",
    "%": "%%",
}  # fmt: skip


def _constant(node: exp.Expr, what: str) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise QueryError("NOT_SUPPORTED", f"the sandbox takes {what} only as a literal")
    return node.name


def _unit(node: exp.Expr, known: Sequence[str] = _UNITS) -> str:
    unit = _constant(node, "a unit of time").lower()
    if unit not in known:
        message = f"'{unit}' is not a valid field; the sandbox knows {', '.join(known)}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
    return unit


def _day_unit(node: exp.Expr) -> str:
    """A unit that a date has, which has no time of day."""
    return _unit(node, _UNITS[_UNITS.index("day") :])


def _mysql_format(node: exp.Expr) -> str:
    """A format of date_parse and date_format, for DuckDB's strptime and strftime."""
    text = _constant(node, "a date format")
    unknown = [found for found in re.findall(r"%(.)", text) if found not in _MYSQL]
    if unknown:
        message = f"the sandbox does not know %{unknown[0]} in a date format"
        raise QueryError("NOT_SUPPORTED", message)
    return text_literal(re.sub(r"%(.)", lambda found: _MYSQL[found[1]], text))


def _path(node: exp.Expr) -> str:
    """A JSON path: `$`, `.name`, `[0]` and `["name"]`."""
    text = _constant(node, "a JSON path")
    parts = re.findall(r'\.(\w+)|\[(\d+)\]|\["([^"]*)"\]|\.?\[\'([^\']*)\'\]', text[1:])
    steps = [f"[{index}]" if index else f'."{a or b or c}"' for a, index, b, c in parts]
    rebuilt = re.sub(r'\.(\w+)|\[(\d+)\]|\["([^"]*)"\]|\.?\[\'([^\']*)\'\]', "", text[1:])
    if not text.startswith("$") or rebuilt:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{text}'")
    return text_literal("$" + "".join(steps))


def _regular_expression(node: exp.Expr) -> str:
    text = _constant(node, "a regular expression")
    if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]|[*+?}]\+", text):
        message = f"the sandbox's regular expressions cannot look around or back: {text!r}"
        raise QueryError("NOT_SUPPORTED", message)
    return text_literal(text)


def _replacement(node: exp.Expr) -> str:
    """Java's `$1` as RE2's `\\1`."""
    text = _constant(node, "a replacement").replace("\\", "\\\\")
    return text_literal(re.sub(r"\$(\d)", r"\\\1", text))


CONSTANTS: Mapping[str, Callable[[exp.Expr], str]] = {
    "unit": _unit,
    "day_unit": _day_unit,
    "mysql": _mysql_format,
    "path": _path,
    "regex": _regular_expression,
    "replacement": _replacement,
}
