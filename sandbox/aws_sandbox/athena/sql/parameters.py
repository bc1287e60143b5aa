"""ExecutionParameters: the values for the `?` of a query, each an SQL literal as text."""

from collections.abc import Sequence

from sqlglot import exp

from aws_sandbox.athena.sql.binder import text_literal
from aws_sandbox.athena.sql.errors import QueryError, SyntaxRefusedError
from aws_sandbox.athena.sql.parsing import parse, placeholders

_LITERALS = (exp.Literal, exp.Null, exp.Boolean, exp.Cast, exp.Neg)


def with_parameters(text: str, values: Sequence[str]) -> str:
    """The text with the values in place of its question marks, in the order they stand."""
    places = placeholders(text)
    if len(places) != len(values):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(places)} but found {len(values)}",
        )
    for place, value in reversed(list(zip(places, values, strict=True))):
        text = f"{text[:place]}{_literal(value)}{text[place + 1 :]}"
    return text


def _literal(text: str) -> str:
    """`'a text'`, `12`, `DATE '2026-11-22'`; anything else is taken for a text, as Athena does."""
    try:
        items = parse(f"SELECT {text}").expressions
    except SyntaxRefusedError:
        items = []
    return text if len(items) == 1 and isinstance(items[0], _LITERALS) else text_literal(text)
