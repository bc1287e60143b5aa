"""What a text is: a query, a statement that the sandbox knows, or neither."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import SyntaxRefusedError
from aws_sandbox.athena.sql.parsing import parse
from aws_sandbox.athena.statements import partitions, shows, tables, views
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.names import NAME

Action = Callable[[Surroundings, Mapping[str, str | None]], Result]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement with its parts, ready to be carried out."""

    type: str
    """As GetQueryExecution has it: DDL, DML or UTILITY."""
    subtype: str
    extension: str
    query: exp.Expr | None = None
    """For a query: what it asks."""
    action: Callable[[Surroundings], Result] | None = None


_IF_EXISTS = r"(?P<if_exists>IF\s+EXISTS\s+)?"
_IF_NOT_EXISTS = r"(?P<if_not_exists>IF\s+NOT\s+EXISTS\s+)?"
_ON = rf"(?:IN|FROM)\s+(?P<name>{NAME})"
_PATTERN = r"(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?"

_KNOWN: tuple[tuple[str, str, str, Action], ...] = (
    (
        rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<name>{NAME})\s+AS\s+(?P<query>.+)",
        "DDL",
        "CREATE_VIEW",
        views.create,
    ),
    (rf"DROP\s+VIEW\s+{_IF_EXISTS}(?P<name>{NAME})", "DDL", "DROP_VIEW", views.drop),
    (r"(?P<statement>CREATE\s+EXTERNAL\s+TABLE\s+.+)", "DDL", "CREATE_TABLE", tables.create),
    (rf"DROP\s+TABLE\s+{_IF_EXISTS}(?P<name>{NAME})", "DDL", "DROP_TABLE", tables.drop),
    (
        rf"CREATE\s+(?:DATABASE|SCHEMA)\s+{_IF_NOT_EXISTS}(?P<name>{NAME})"
        r"(?:\s+COMMENT\s+'(?P<comment>[^']*)')?",
        "DDL",
        "CREATE_DATABASE",
        tables.create_database,
    ),
    (
        rf"DROP\s+(?:DATABASE|SCHEMA)\s+{_IF_EXISTS}(?P<name>{NAME})(?P<cascade>\s+CASCADE)?",
        "DDL",
        "DROP_DATABASE",
        tables.drop_database,
    ),
    (
        rf"ALTER\s+TABLE\s+(?P<name>{NAME})\s+ADD\s+{_IF_NOT_EXISTS}(?P<partitions>PARTITION.+)",
        "DDL",
        "ALTER_TABLE",
        partitions.add,
    ),
    (
        rf"ALTER\s+TABLE\s+(?P<name>{NAME})\s+DROP\s+{_IF_EXISTS}(?P<partitions>PARTITION.+)",
        "DDL",
        "ALTER_TABLE",
        partitions.drop,
    ),
    (rf"MSCK\s+REPAIR\s+TABLE\s+(?P<name>{NAME})", "DDL", "MSCK_REPAIR", partitions.repair),
    (rf"SHOW\s+PARTITIONS\s+(?P<name>{NAME})", "UTILITY", "SHOW_PARTITIONS", partitions.show),
    (rf"SHOW\s+TABLES(?:\s+{_ON})?{_PATTERN}", "UTILITY", "SHOW_TABLES", shows.tables),
    (rf"SHOW\s+VIEWS(?:\s+{_ON})?{_PATTERN}", "UTILITY", "SHOW_VIEWS", shows.views),
    (rf"SHOW\s+(?:DATABASES|SCHEMAS){_PATTERN}", "UTILITY", "SHOW_DATABASES", shows.databases),
    (rf"SHOW\s+COLUMNS\s+{_ON}", "UTILITY", "SHOW_COLUMNS", shows.columns),
    (rf"(?:DESCRIBE|DESC)\s+(?P<name>{NAME})", "UTILITY", "DESCRIBE_TABLE", shows.describe),
)


def read(text: str) -> Statement:
    """Reads one statement; SyntaxRefusedError says what the sandbox knows."""
    bare = re.sub(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", text, flags=re.DOTALL).rstrip(
        "; \n\t\r"
    )
    if re.match(r"(?:SELECT|WITH|VALUES|TABLE)\b|\(", bare, re.IGNORECASE):
        query = parse(text)
        return Statement(type="DML", subtype="SELECT", extension="csv", query=query)
    for pattern, type_, subtype, action in _KNOWN:
        match = re.fullmatch(pattern, bare, re.IGNORECASE | re.DOTALL)
        if match is not None:
            parts: dict[str, Any] = match.groupdict()
            if query_text := parts.get("query"):
                parse(query_text)
            return Statement(
                type=type_,
                subtype=subtype,
                extension="txt",
                action=lambda around, action=action, parts=parts: action(around, parts),
            )
    word = " ".join(bare.split()[:3]) or "nothing"
    known = ", ".join(sorted({subtype for _, _, subtype, _ in _KNOWN}))
    raise SyntaxRefusedError(
        f"line 1:1: mismatched input '{word}': the sandbox knows queries and {known}"
    )
