"""From text to syntax tree: sqlglot's Trino parser, with every function left by its own name."""

from typing import Any, ClassVar, cast

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import TokenType

from aws_sandbox.athena.sql.errors import SyntaxRefusedError

LONGEST_QUERY_BYTES = 262_144
"""Athena's quota for a query string."""


class _Parser(TrinoParser):
    # No function is known to the parser: its names would cover other dialects' functions too,
    # and IFNULL, say, would run here and fail in Athena.
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: cast("Any", TrinoParser).FUNCTION_PARSERS[name]
        for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "TRIM")
    }


class _AthenaQueries(Trino):
    INDEX_OFFSET = 0  # subscripts stay as they were written
    Parser = _Parser


_NOT_IN_TRINO = {TokenType.DCOLON: "::", TokenType.ILIKE: "ILIKE", TokenType.HASH: "#"}
_DIALECT = _AthenaQueries()


def parse(text: str) -> exp.Expr:
    """One query or view definition; SyntaxRefusedError says where it stops being one."""
    if len(text.encode()) > LONGEST_QUERY_BYTES:
        raise SyntaxRefusedError(f"the query is longer than {LONGEST_QUERY_BYTES} bytes")
    try:
        tokens = _DIALECT.tokenize(text)
        for token in tokens:
            if token.token_type in _NOT_IN_TRINO or token.text == "==":
                where = f"line {token.line}:{token.col}"
                raise SyntaxRefusedError(f"{where}: mismatched input '{token.text}'")
        statements = _DIALECT.parser().parse(tokens, text)
    except ParseError as error:
        first = error.errors[0]
        near = first["highlight"] or "<EOF>"
        raise SyntaxRefusedError(
            f"line {first['line']}:{first['col']}: mismatched input '{near}': "
            f"{first['description']}"
        ) from error
    except TokenError as error:
        raise SyntaxRefusedError(str(error)) from error
    found = [statement for statement in statements if statement is not None]
    if len(found) != 1:
        raise SyntaxRefusedError(f"Only one sql statement is allowed. Got: {text}")
    for query in found[0].find_all(exp.Select):
        if not query.expressions:
            raise SyntaxRefusedError(f"mismatched input 'FROM': {query.sql('trino')}")
    return found[0]


def placeholders(text: str) -> list[int]:
    """Where the question marks for parameters stand; SyntaxRefusedError for what has no tokens."""
    try:
        tokens = _DIALECT.tokenize(text)
    except TokenError as error:
        raise SyntaxRefusedError(str(error)) from error
    return [token.start for token in tokens if token.token_type is TokenType.PLACEHOLDER]


def place(node: exp.Expr) -> str:
    """`line 1:8: `, where the expression begins, as far as the parser kept it."""
    starts: list[tuple[int, int]] = []
    for part in node.walk():
        if "line" in part.meta:
            quotes = 2 if part.args.get("quoted") else 0
            starts.append((part.meta["line"], part.meta["col"] - len(part.name) - quotes + 1))
    return "line {}:{}: ".format(*min(starts)) if starts else ""
